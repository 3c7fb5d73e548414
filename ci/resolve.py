"""A transformed template with values in place of its functions, as CloudFormation would create it in one account and Region:

    stack = resolve(template, parameters, region="us-west-2")

What only CloudFormation knows, such as a role's full name, gets a name of the right form.
"""

import re

ACCOUNT = "111122223333"
STACK = "functions"
PARTITIONS = {"us-gov": "aws-us-gov", "cn": "aws-cn"}
# Attributes, and what Ref gives where it is not the name.
FORMS = {
    ("AWS::IAM::Role", "Arn"): "arn:{partition}:iam::{account}:role/{name}",
    ("AWS::Lambda::Alias", "Ref"): "arn:{partition}:lambda:{region}:{account}:function:functions:live",
    ("AWS::SQS::Queue", "Ref"): "https://sqs.{region}.amazonaws.com/{account}/{name}",
    ("AWS::SQS::Queue", "Arn"): "arn:{partition}:sqs:{region}:{account}:{name}",
    ("AWS::S3::Bucket", "Arn"): "arn:{partition}:s3:::{name}",
    ("AWS::Location::PlaceIndex", "IndexArn"): "arn:{partition}:geo:{region}:{account}:place-index/{name}",
    ("AWS::DynamoDB::Table", "Arn"): "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
    ("AWS::Logs::LogGroup", "Arn"): "arn:{partition}:logs:{region}:{account}:log-group:{name}:*",
    ("AWS::KinesisFirehose::DeliveryStream", "Arn"): "arn:{partition}:firehose:{region}:{account}:deliverystream/{name}",
}
NO_VALUE = object()


def resolve(template, parameters, region="us-west-2"):
    partition = next((name for prefix, name in PARTITIONS.items() if region.startswith(prefix)), "aws")
    pseudo = {
        "AWS::Region": region,
        "AWS::Partition": partition,
        "AWS::AccountId": ACCOUNT,
        "AWS::StackName": STACK,
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::NoValue": NO_VALUE,
    }
    values = {name: parameters.get(name, inner.get("Default", "")) for name, inner in template["Parameters"].items()}
    for name, inner in template["Parameters"].items():
        if inner["Type"] == "CommaDelimitedList":
            values[name] = values[name].split(",")

    def attribute(name, which):
        kind = template["Resources"][name]["Type"]
        form = FORMS.get((kind, which), "{name}" if which == "Ref" else f"{{name}}.{which}")
        return form.format(partition=partition, region=region, account=ACCOUNT, name=f"{STACK}-{name}")

    def reference(name):
        for known in (pseudo, values):
            if name in known:
                return known[name]
        return attribute(*name.split(".")) if "." in name else attribute(name, "Ref")

    def substitute(argument):
        text, own = (argument, {}) if isinstance(argument, str) else (argument[0], plain(argument[1]))
        return re.sub(r"\$\{([^!}][^}]*)\}", lambda match: str(own.get(match[1]) or reference(match[1])), text)

    def condition(name):
        return plain(template["Conditions"][name])

    functions = {
        "Ref": reference,
        "Condition": condition,
        "Fn::GetAtt": lambda a: attribute(*(a.split(".", 1) if isinstance(a, str) else a)),
        "Fn::Sub": substitute,
        "Fn::If": lambda a: plain(a[1] if condition(a[0]) else a[2]),
        "Fn::Equals": lambda a: plain(a[0]) == plain(a[1]),
        "Fn::Not": lambda a: not plain(a[0]),
        "Fn::And": lambda a: all(plain(a)),
        "Fn::Or": lambda a: any(plain(a)),
        "Fn::Join": lambda a: a[0].join(plain(a[1])),
        "Fn::Split": lambda a: plain(a[1]).split(a[0]),
        "Fn::Select": lambda a: plain(a[1])[int(a[0])],
        "Fn::FindInMap": lambda a: template["Mappings"][a[0]][plain(a[1])][plain(a[2])],
    }

    def plain(value):
        if isinstance(value, dict):
            if len(value) == 1 and (name := next(iter(value))) in functions:
                return functions[name](value[name])
            return {key: made for key, inner in value.items() if (made := plain(inner)) is not NO_VALUE}
        if isinstance(value, list):
            return [made for inner in value if (made := plain(inner)) is not NO_VALUE]
        return value

    return {
        name: plain({"Type": inner["Type"], "Properties": inner.get("Properties", {})})
        for name, inner in template["Resources"].items()
        if "Condition" not in inner or condition(inner["Condition"])
    }
