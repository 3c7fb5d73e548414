"""Checks what no linter knows of template.yaml, on the template as SAM transforms it.

    target/ci/venvs/lint/bin/python ci/check_template.py
"""

import json
import pathlib
import re
from unittest import mock

from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from resolve import resolve
from transform import transformed

ROOT = pathlib.Path(__file__).parent.parent


def statements(resource, policy_key="Policies"):
    for policy in resource["Properties"].get(policy_key, []):
        if "Fn::If" in policy:
            policy = policy["Fn::If"][1]
        for statement in policy["PolicyDocument"]["Statement"]:
            # What is granted in either case.
            for either in statement["Fn::If"][1:] if "Fn::If" in statement else [statement]:
                if "Action" in either:
                    yield either


def references(value):
    """The logical names that a value refers to."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                yield inner
            elif key == "Fn::GetAtt":
                yield inner[0] if isinstance(inner, list) else inner.split(".")[0]
            elif key == "Fn::Sub":
                text = inner if isinstance(inner, str) else inner[0]
                for piece in text.split("${")[1:]:
                    yield piece.split("}")[0].split(".")[0]
            elif key == "DependsOn":
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def check_no_circle(resources):
    done, path = set(), []

    def visit(name):
        if name in done or name not in resources:
            return
        assert name not in path, f"a circle: {' -> '.join(path + [name])}"
        path.append(name)
        for other in set(references(resources[name])):
            visit(other)
        path.pop()
        done.add(name)

    for name in resources:
        visit(name)


def attribute(value):
    """`Name.Attribute` of a GetAtt, in whichever form it is."""
    parts = value["Fn::GetAtt"]
    return parts if isinstance(parts, str) else ".".join(parts)


def check_least_privilege(resources):
    allowed = {
        # Which models these are is asked in check_policies.py.
        "bedrock:InvokeModel": None,
        # Which guardrails and profiles these are, too.
        "bedrock:ApplyGuardrail": None,
        "bedrock:InvokeGuardrailChecks": "*",
        "geo:SearchPlaceIndexForPosition": {"Fn::GetAtt": ["PlaceIndex", "IndexArn"]},
        "geo:SearchPlaceIndexForSuggestions": {"Fn::GetAtt": ["PlaceIndex", "IndexArn"]},
        "geo:SearchPlaceIndexForText": {"Fn::GetAtt": ["PlaceIndex", "IndexArn"]},
        "geo-places:Geocode": {"Fn::Sub": "arn:${AWS::Partition}:geo-places:${AWS::Region}::provider/default"},
        "geo-places:ReverseGeocode": {"Fn::Sub": "arn:${AWS::Partition}:geo-places:${AWS::Region}::provider/default"},
        "geo-places:Suggest": {"Fn::Sub": "arn:${AWS::Partition}:geo-places:${AWS::Region}::provider/default"},
        "dynamodb:BatchGetItem": {"Fn::GetAtt": ["Journal", "Arn"]},
        "dynamodb:BatchWriteItem": {"Fn::GetAtt": ["Journal", "Arn"]},
        "dynamodb:GetItem": {"Fn::GetAtt": ["Journal", "Arn"]},
        "dynamodb:PutItem": {"Fn::GetAtt": ["Journal", "Arn"]},
        "dynamodb:UpdateItem": {"Fn::GetAtt": ["Journal", "Arn"]},
        "logs:CreateLogStream": {"Fn::GetAtt": ["LogGroup", "Arn"]},
        "logs:PutLogEvents": {"Fn::GetAtt": ["LogGroup", "Arn"]},
        "kms:Decrypt": {"Ref": "JournalKeyArn"},
        "kms:Encrypt": {"Ref": "JournalKeyArn"},
        "kms:GenerateDataKey": {"Ref": "JournalKeyArn"},
        "kms:DescribeKey": {"Ref": "JournalKeyArn"},
        "xray:PutTelemetryRecords": "*",
        "xray:PutTraceSegments": "*",
    }
    role = resources["FunctionRole"]
    assert "ManagedPolicyArns" not in role["Properties"]
    seen = set()
    for statement in statements(role):
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            resource = statement["Resource"]
            if isinstance(resource, dict) and isinstance(resource.get("Fn::GetAtt"), str):
                resource = {"Fn::GetAtt": resource["Fn::GetAtt"].split(".")}
            assert allowed[action] in (resource, None), f"{action} on {resource}"
            seen.add(action)
    assert seen == set(allowed), f"not granted: {set(allowed) - seen}"


def check_api(resources):
    body = resources["Api"]["Properties"]["Body"]
    methods = body["paths"]["/{function}"]
    assert set(methods) == {"post", "get"}
    for method in methods.values():
        assert method["security"] == [{"sigv4": []}]
        assert method["x-amazon-apigateway-integration"]["type"] == "aws_proxy"
    assert body["components"]["securitySchemes"]["sigv4"]["x-amazon-apigateway-authtype"] == "awsSigv4"
    assert body["x-amazon-apigateway-binary-media-types"] == ["*/*"]
    statement, denial = body["x-amazon-apigateway-policy"]["Statement"]
    assert (statement["Effect"], denial["Effect"]) == ("Allow", "Deny")
    principal = statement["Principal"]["AWS"]["Fn::Sub"]
    assert principal.endswith(":assumed-role/${SnowflakeRole}/snowflake"), principal
    assert [r["Fn::Sub"].split("/")[2] for r in statement["Resource"]] == ["POST", "GET"]
    assert resources["Api"]["Properties"]["EndpointConfiguration"]["Types"] == ["REGIONAL"]
    assert resources["Api"]["Properties"]["FailOnWarnings"] is True
    posts, polls = resources["ApiStage"]["Properties"]["MethodSettings"]
    assert posts["ThrottlingRateLimit"] == {"Ref": "ThrottlingRate"}
    assert (polls["ResourcePath"], polls["HttpMethod"]) == ("/~1{function}", "GET")
    assert polls["ThrottlingRateLimit"] > 200, "asking again is held up by new batches"
    log = resources["ApiStage"]["Properties"]["AccessLogSetting"]["Fn::If"][1]["Format"]
    # API Gateway writes "-" where there is no value: it has to stand between quotes.
    assert set(json.loads(re.sub(r"\$context[a-zA-Z.]+", "-", log)).values()) == {"-"}
    assert "body" not in log.lower() and "query" not in log.lower() and "header" not in log.lower()


def check_deployment():
    """Whatever changes, also a parameter alone, reaches the stage and the alias: SAM names the deployment anew each time."""

    def made_at(seconds):
        with mock.patch("time.time", return_value=seconds):
            resources = transformed({})["Resources"]
        (deployment,) = (name for name in resources if resources[name]["Type"] == "AWS::ApiGateway::Deployment")
        (version,) = (name for name in resources if resources[name]["Type"] == "AWS::Lambda::Version")
        assert resources["ApiStage"]["Properties"]["DeploymentId"] == {"Ref": deployment}
        return deployment, resources[version]["Properties"]["Description"], resources["Function"]["Properties"]["Description"]

    first, second = made_at(1_800_000_000), made_at(1_800_000_060)
    assert first[0] != second[0], "a changed parameter does not reach the stage"
    assert first[1] != second[1], "a changed setting makes no new version"
    # Lambda makes no version of a function that has not changed.
    assert first[2] != second[2], "a version of a function that has not changed"


def check_alias(template):
    resources = template["Resources"]
    alias = {"Ref": "FunctionAliaslive"}
    assert resources["FunctionAliaslive"]["Properties"]["Name"] == "live"
    uri = "function:${AWS::StackName}:live/invocations"
    assert resources["Function"]["Properties"]["FunctionName"] == {"Ref": "AWS::StackName"}
    for method in resources["Api"]["Properties"]["Body"]["paths"]["/{function}"].values():
        assert method["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"].endswith(uri)
    assert resources["ApiInvokesFunction"]["Properties"]["FunctionName"] == alias
    assert resources["EventPipe"]["Properties"]["Enrichment"] == alias
    assert template["Outputs"]["FunctionArn"]["Value"] == alias
    assert "UpdatePolicy" not in resources["FunctionAliaslive"]
    gradual = transformed({"GradualDeployment": "true"})["Resources"]
    check_no_circle(gradual)
    group = gradual["FunctionDeploymentGroup"]["Properties"]
    assert "Canary10Percent5Minutes" in json.dumps(group["DeploymentConfigName"])
    assert {alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]} == {"FunctionFails", "ApiFails"}
    assert "CodeDeployLambdaAliasUpdate" in gradual["FunctionAliaslive"]["UpdatePolicy"]


def at(properties, path):
    """The value at a path of a schema, such as /properties/Name, if there is one."""
    for name in path.split("/")[2:]:
        properties = properties.get(name, {}) if isinstance(properties, dict) else {}
    return properties


def check_names(template):
    """What has a fixed name cannot be replaced under it: a parameter that replaces the resource has to be in the name."""
    parameters = set(template["Parameters"])
    texts = parameters | {"AWS::StackName"}
    for name, resource in template["Resources"].items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-west-2", resource["Type"]).schema
        properties = resource.get("Properties", {})
        named = {path: set(references(at(properties, path))) for path in schema["primaryIdentifier"]}
        if not all(inner and inner <= texts for inner in named.values()):
            # CloudFormation gives the name, or it is that of another resource.
            continue
        for path in set(schema.get("createOnlyProperties", [])) - set(named):
            missing = (set(references(at(properties, path))) & parameters) - set().union(*named.values())
            assert not missing, f"{name}: {missing} replaces it, and is not in its name"


def check_regions(template):
    """In each Region everything that is on by default exists: cfn-lint knows where, and takes the conditions into account."""
    for region in REGIONS:
        # Bedrock is in none of the isolated partitions.
        if "-iso" in region or region.startswith("eusc"):
            continue
        types = PROVIDER_SCHEMA_MANAGER.get_resource_types(region=region)
        for parameters, wanted in [({}, True), ({"PlaceDataSource": "None"}, False)]:
            stack = resolve(template, parameters, region)
            missing = {name for name, resource in stack.items() if resource["Type"] not in types}
            assert not missing, f"{region} has no {missing}"
            exists = "AWS::Location::PlaceIndex" in types
            assert ("PlaceIndex" in stack) == (wanted and exists), f"{region}: a place index, although {exists=}, {wanted=}"
            variables = stack["Function"]["Properties"]["Environment"]["Variables"]
            assert bool(variables["PLACE_INDEX_NAME"]) == ("PlaceIndex" in stack)
            partition = {"us-g": "aws-us-gov", "cn-n": "aws-cn"}.get(region[:4], "aws")
            arns = re.findall(r'"arn:([a-z-]*):', json.dumps(stack))
            assert set(arns) == {partition}, f"{region}: {set(arns)}"


def check_parameters(template):
    """Aliases of keys are refused, as no policy can name them; and the event path has the pipe's five minutes."""
    for name in ("JournalKeyArn", "SnowflakeSecretKeyArn"):
        pattern = template["Parameters"][name]["AllowedPattern"]
        key = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/"
        for allowed in ("", f"{key}1234abcd-12ab-34cd-56ef-1234567890ab", f"{key}mrk-1234abcd12ab34cd56ef1234567890ab"):
            assert re.fullmatch(pattern, allowed), f"{name} refuses {allowed}"
        for refused in ("arn:aws:kms:us-west-2:111122223333:alias/journal", "alias/journal", "1234abcd"):
            assert not re.fullmatch(pattern, refused), f"{name} takes {refused}"
    rule = template["Rules"]["EventPathKeepsThePipesTime"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "EventPath"}, "on"]}
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "GatewayTimeoutSeconds"}, "300"]}]}
    # Every model of every provider is no default that a company could accept.
    assert template["Parameters"]["AllowedModelIds"]["Default"] != "*"
    prices = template["Parameters"]["ModelPrices"]
    for allowed in ("", '{"my.model": {"input": 1}}', '{\n"a": {"input": 1}\n}\n'):
        assert re.fullmatch(prices["AllowedPattern"], allowed), f"ModelPrices refuses {allowed}"
    assert prices["Default"] == "" and not re.fullmatch(prices["AllowedPattern"], "0.06")
    stack = resolve(template, {"ModelPrices": '{"my.model": {"input": 1}}'})
    assert stack["Function"]["Properties"]["Environment"]["Variables"]["MODEL_PRICES"] == '{"my.model": {"input": 1}}'
    stack = resolve(template, {"ReservedConcurrency": "0"})
    assert stack["Function"]["Properties"]["ReservedConcurrentExecutions"] == "0"
    assert "ReservedConcurrentExecutions" not in resolve(template, {})["Function"]["Properties"]


ALARMS = {
    "FunctionFails": {("AWS/Lambda", "Errors", "FunctionName"), ("AWS/Lambda", "Invocations", "FunctionName")},
    "FunctionThrottled": {("AWS/Lambda", "Throttles", "FunctionName")},
    "FunctionIsLate": {("AWS/Lambda", "Duration", "FunctionName")},
    "ApiFails": {("AWS/ApiGateway", "5XXError", "ApiName", "Stage")},
    "EventDeadLetters": {("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName")},
    "EventPipeFails": {("AWS/EventBridge/Pipes", "ExecutionFailed", "PipeName")},
    "EventStreamIsLate": {("AWS/Firehose", "DeliveryToSnowflake.DataFreshness", "DeliveryStreamName")},
}


def check_alarms(template):
    """Each alarm is explained, notifies the topic when there is one, and is quiet when nothing is called."""
    resources = template["Resources"]
    assert {name for name, inner in resources.items() if inner["Type"] == "AWS::CloudWatch::Alarm"} == set(ALARMS)
    operations = (ROOT / "docs/operations.md").read_text()
    topic = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    for name in ALARMS:
        alarm = resources[name]["Properties"]
        assert f"`{name}`" in operations, f"docs/operations.md does not say what {name} means"
        assert alarm["TreatMissingData"] == "notBreaching" and alarm["AlarmActions"] == topic
        queries = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
        watched = {
            (metric["Namespace"], metric["MetricName"], *(dimension["Name"] for dimension in metric["Dimensions"]))
            for metric in queries or [alarm]
        }
        # As AWS names them: what has no such name is never told, and counts as good for ever.
        assert watched == ALARMS[name], f"{name} watches {watched}"
    for seconds, timeout in template["Mappings"]["Timeout"].items():
        stack = resolve(template, {"GatewayTimeoutSeconds": seconds})
        # The margin of src/deadline.rs, after which even the last write has ended.
        assert stack["FunctionIsLate"]["Properties"]["Threshold"] == timeout["Function"] * 1000 - 300
    rate = resources["FunctionFails"]["Properties"]["Metrics"][0]["Expression"]
    assert rate == "IF(invocations > 0, 100 * errors / invocations, 0)"


def check_role_name(template):
    """CloudFormation's own name, or the one that is chosen, and then the API's policy names that."""
    assert "RoleName" not in resolve(template, {})["SnowflakeRole"]["Properties"]
    stack = resolve(template, {"SnowflakeRoleName": "Snowflake"})
    assert stack["SnowflakeRole"]["Properties"]["RoleName"] == "Snowflake"
    pattern = template["Parameters"]["SnowflakeRoleName"]["AllowedPattern"]
    assert re.fullmatch(pattern, "a" * 64) and not re.fullmatch(pattern, "a" * 65) and not re.fullmatch(pattern, "a/b")


def check_trust(resources):
    (statement,) = resources["SnowflakeRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    condition, known, unknown = statement["Fn::If"]
    assert condition == "TrustIsKnown"
    assert known["Principal"] == {"AWS": {"Ref": "SnowflakeUserArn"}}
    assert known["Condition"] == {"StringEquals": {"sts:ExternalId": {"Ref": "SnowflakeExternalId"}}}
    assert unknown["Principal"]["AWS"]["Fn::Sub"].endswith(":iam::${AWS::AccountId}:root")


def check_place_index(resources):
    place_index = resources["PlaceIndex"]["Properties"]
    assert place_index["DataSourceConfiguration"]["IntendedUse"] == {"Ref": "LocationIntendedUse"}
    variables = resources["Function"]["Properties"]["Environment"]["Variables"]
    assert variables["LOCATION_INTENDED_USE"] == {"Ref": "LocationIntendedUse"}
    assert variables["PLACE_INDEX_NAME"] == {"Fn::If": ["HasPlaceIndex", {"Ref": "PlaceIndex"}, ""]}


def check_journal(resources):
    table = resources["Journal"]["Properties"]
    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": "pk", "AttributeType": "S"}]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def check_timeouts(template):
    for seconds, timeout in template["Mappings"]["Timeout"].items():
        assert timeout["Gateway"] == int(seconds) * 1000 and timeout["Function"] == int(seconds) - 1
        assert timeout["Queue"] == 6 * (timeout["Function"] + 2)


EVENT_PATH = {
    "EventQueue",
    "EventDeadLetterQueue",
    "EventQueuesTakeTlsOnly",
    "EventDeadLetters",
    "EventPipeFails",
    "EventStreamIsLate",
    "EventPipe",
    "EventPipeRole",
    "EventStream",
    "EventStreamRole",
    "EventBackup",
    "EventBackupTakesTlsOnly",
    "EventLogGroup",
    "EventLogStream",
}
EVENT_PARAMETERS = {
    "SnowflakeAccountUrl",
    "SnowflakeDatabase",
    "SnowflakeSchema",
    "SnowflakeTable",
    "SnowflakeSecretArn",
}


def check_event_path_is_off(template):
    """Off by default, all of it; and on only with all that it needs."""
    resources, parameters = template["Resources"], template["Parameters"]
    assert {name for name, inner in resources.items() if inner.get("Condition") == "EventPathIsOn"} == EVENT_PATH
    for name, resource in resources.items():
        if name not in EVENT_PATH:
            assert not EVENT_PATH & set(references(resource)), f"{name} needs the event path"
    for name, output in template["Outputs"].items():
        if EVENT_PATH & set(references(output)):
            assert output["Condition"] == "EventPathIsOn", name
    assert parameters["EventPath"]["Default"] == "off" and parameters["EventPath"]["AllowedValues"] == ["off", "on"]
    is_on = {"Fn::Equals": [{"Ref": "EventPath"}, "on"]}
    rule = template["Rules"]["EventPathKnowsItsTable"]
    assert rule["RuleCondition"] == is_on
    asserted = [assertion["Assert"] for assertion in rule["Assertions"]]
    assert asserted == template["Conditions"]["EventPathIsOn"]["Fn::And"][1:]
    assert template["Conditions"]["EventPathIsOn"]["Fn::And"][0] == is_on
    needed = {name: {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]} for name in EVENT_PARAMETERS}
    assert len(asserted) == len(needed)
    for name, assertion in needed.items():
        assert assertion in asserted and parameters[name]["Default"] == "", name


def check_event_roles(resources):
    queue, function, stream = "EventQueue.Arn", "FunctionAliaslive", "EventStream.Arn"
    backup, objects = "EventBackup.Arn", "${EventBackup.Arn}/*"
    log = (
        "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
        ":log-group:${EventLogGroup}:log-stream:${EventLogStream}"
    )
    allowed = {
        "EventPipeRole": {
            "sqs:ReceiveMessage": queue,
            "sqs:DeleteMessage": queue,
            "sqs:GetQueueAttributes": queue,
            "lambda:InvokeFunction": function,
            "firehose:PutRecord": stream,
            "firehose:PutRecordBatch": stream,
        },
        "EventStreamRole": {
            "s3:GetBucketLocation": backup,
            "s3:ListBucket": backup,
            "s3:ListBucketMultipartUploads": backup,
            "s3:AbortMultipartUpload": objects,
            "s3:GetObject": objects,
            "s3:PutObject": objects,
            "logs:PutLogEvents": log,
            "secretsmanager:GetSecretValue": "SnowflakeSecretArn",
            "kms:Decrypt": "SnowflakeSecretKeyArn",
        },
    }
    for name, expected in allowed.items():
        assert "ManagedPolicyArns" not in resources[name]["Properties"]
        granted = {}
        for statement in statements(resources[name]):
            assert statement["Effect"] == "Allow" and not {"NotAction", "NotResource"} & set(statement)
            resource = statement["Resource"]
            assert isinstance(resource, dict), f"{name}: {resource}"
            resource = resource.get("Ref") or resource.get("Fn::Sub") or attribute(resource)
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                assert "*" not in action and action not in granted, f"{name}: {action}"
                granted[action] = resource
        assert granted == expected, f"{name}: {granted}"

    for name, service, condition in [
        (
            "EventPipeRole",
            "pipes.amazonaws.com",
            {
                "aws:SourceAccount": {"Ref": "AWS::AccountId"},
                "aws:SourceArn": {
                    "Fn::Sub": "arn:${AWS::Partition}:pipes:${AWS::Region}:${AWS::AccountId}"
                    ":pipe/${AWS::StackName}-events"
                },
            },
        ),
        ("EventStreamRole", "firehose.amazonaws.com", {"sts:ExternalId": {"Ref": "AWS::AccountId"}}),
    ]:
        (statement,) = resources[name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": service}
        assert statement["Condition"] == {"StringEquals": condition}, name
    # The trust names the pipe before there is one.
    assert resources["EventPipe"]["Properties"]["Name"] == {"Fn::Sub": "${AWS::StackName}-events"}


def check_event_queue(resources):
    queue, dead = resources["EventQueue"]["Properties"], resources["EventDeadLetterQueue"]["Properties"]
    assert attribute(queue["RedrivePolicy"]["deadLetterTargetArn"]) == "EventDeadLetterQueue.Arn"
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert queue["VisibilityTimeout"] == {"Fn::FindInMap": ["Timeout", {"Ref": "GatewayTimeoutSeconds"}, "Queue"]}
    assert queue["SqsManagedSseEnabled"] and dead["SqsManagedSseEnabled"]
    assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600 > queue["MessageRetentionPeriod"]


def check_event_stream(resources):
    stream = resources["EventStream"]["Properties"]["SnowflakeDestinationConfiguration"]
    assert not {"User", "PrivateKey", "KeyPassphrase"} & set(stream), "a key in the template"
    secret = stream["SecretsManagerConfiguration"]
    assert secret["Enabled"] is True and secret["SecretARN"] == {"Ref": "SnowflakeSecretArn"}
    for role in (stream["RoleARN"], secret["RoleARN"], stream["S3Configuration"]["RoleARN"]):
        assert attribute(role) == "EventStreamRole.Arn"
    assert attribute(stream["S3Configuration"]["BucketARN"]) == "EventBackup.Arn"
    assert stream["CloudWatchLoggingOptions"]["LogStreamName"] == {"Ref": "EventLogStream"}
    bucket = resources["EventBackup"]
    block = bucket["Properties"]["PublicAccessBlockConfiguration"]
    assert set(block) == {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}
    assert all(value is True for value in block.values())
    assert bucket["Properties"]["BucketEncryption"] and bucket["Properties"]["LifecycleConfiguration"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def fill_in(template, record):
    """What EventBridge makes of an input template for one record, as its documentation says.

    The body is read as JSON. A variable between quotes becomes the text in them, one without becomes the JSON of its
    value. What a path that does not exist becomes, and whether a text is escaped, is not documented: neither is used.
    """
    record = record | {"body": json.loads(record["body"])}

    def value(path):
        found = record
        for name in path.removeprefix("$.").split("."):
            found = found[name]
        return found

    def quoted(match):
        text = value(match[1])
        assert isinstance(text, str) and json.dumps(text) == f'"{text}"', f"{match[1]} is no plain text"
        return f'"{text}"'

    def bare(match):
        inner = value(match[1])
        assert isinstance(inner, (dict, list)), f"{match[1]} is no object or array, but not between quotes"
        return json.dumps(inner)

    text = re.sub(r'"<(\$[A-Za-z.]+)>"', quoted, template)
    return json.loads(re.sub(r"<(\$[A-Za-z.]+)>", bare, text))


def sqs_record(message_id, body):
    """A message as a pipe takes it from its queue."""
    return {
        "messageId": message_id,
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": json.dumps(body),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-west-2:111122223333:stack-EventQueue",
        "awsRegion": "us-west-2",
    }


def check_event_pipe(resources):
    """The pipe asks the function, with elements as events/pipes.json has them."""
    pipe = resources["EventPipe"]["Properties"]
    ends = {end: attribute(pipe[end]) for end in ("Source", "Target", "RoleArn")}
    assert ends == {
        "Source": "EventQueue.Arn",
        "Target": "EventStream.Arn",
        "RoleArn": "EventPipeRole.Arn",
    }, ends
    source = pipe["SourceParameters"]["SqsQueueParameters"]
    assert source["BatchSize"] == {"Ref": "EventBatchSize"} and source["MaximumBatchingWindowInSeconds"] >= 1
    template = pipe["EnrichmentParameters"]["InputTemplate"]
    elements = json.loads((ROOT / "events/pipes.json").read_text())
    # The template maps all that an element may have; where the example has no event, the message has an empty one.
    assert any(set(element) == {"messageId", "function", "arguments", "event"} for element in elements)
    for element in elements:
        expected = element | {"event": element.get("event", {})}
        body = {name: value for name, value in expected.items() if name != "messageId"}
        made = fill_in(template, sqs_record(element["messageId"], body))
        assert made == expected, f"{made} instead of {expected}"


def main():
    template = transformed({})
    resources = template["Resources"]
    check_no_circle(resources)
    check_deployment()
    check_alias(template)
    check_names(template)
    check_regions(template)
    check_parameters(template)
    check_alarms(template)
    check_least_privilege(resources)
    check_api(resources)
    check_trust(resources)
    check_role_name(template)
    check_place_index(resources)
    check_journal(resources)
    check_timeouts(template)
    check_event_path_is_off(template)
    check_event_roles(resources)
    check_event_queue(resources)
    check_event_stream(resources)
    check_event_pipe(resources)
    print(f"template.yaml: {len(resources)} resources, as they should be")


main()
