"""Creates the journal's table, as template.yaml describes it, in the DynamoDB at AWS_ENDPOINT_URL_DYNAMODB."""

import os
import pathlib
import time

import boto3
import yaml


class Template(yaml.SafeLoader):
    """CloudFormation's short forms, of which this needs none, are read as nothing."""


Template.add_multi_constructor("!", lambda loader, suffix, node: None)

template = yaml.load((pathlib.Path(__file__).parent.parent / "template.yaml").read_text(), Template)
table = template["Resources"]["Journal"]["Properties"]
name = os.environ["JOURNAL_TABLE_NAME"]
client = boto3.client("dynamodb", region_name="us-west-2", aws_access_key_id="x", aws_secret_access_key="x")

for attempt in range(100):
    try:
        client.create_table(
            TableName=name,
            AttributeDefinitions=table["AttributeDefinitions"],
            KeySchema=table["KeySchema"],
            BillingMode=table["BillingMode"],
        )
        break
    except Exception:  # the server may still be starting
        if attempt == 99:
            raise
        time.sleep(0.2)
client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
print(f"the table {name} is there")
