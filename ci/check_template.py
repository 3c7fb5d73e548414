"""Checks what no linter knows of template.yaml, on the template as SAM transforms it.

    target/ci/venvs/lint/bin/python ci/check_template.py
"""

import json
import os
import pathlib

from cfnlint.decode.cfn_yaml import load
from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform


# SAM fills in the pseudo parameters, and asks no service.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-west-2")


class NoManagedPolicies:
    """The template names none, so nothing has to be asked for."""

    def load(self):
        return {}


def transformed(parameters):
    template = json.loads(json.dumps(load(str(pathlib.Path(__file__).parent.parent / "template.yaml"))))
    # What sam package would do.
    template["Resources"]["Function"]["Properties"]["CodeUri"] = "s3://bucket/key"
    return transform(template, parameters, NoManagedPolicies())


def statements(resource, policy_key="Policies"):
    for policy in resource["Properties"].get(policy_key, []):
        if "Fn::If" in policy:
            policy = policy["Fn::If"][1]
        yield from policy["PolicyDocument"]["Statement"]


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


def check_least_privilege(resources):
    allowed = {
        "bedrock:InvokeModel": {"Ref": "ModelArns"},
        "geo:SearchPlaceIndexForText": {"Fn::GetAtt": ["PlaceIndex", "IndexArn"]},
        "dynamodb:GetItem": {"Fn::GetAtt": ["Journal", "Arn"]},
        "dynamodb:PutItem": {"Fn::GetAtt": ["Journal", "Arn"]},
        "dynamodb:UpdateItem": {"Fn::GetAtt": ["Journal", "Arn"]},
        "logs:CreateLogStream": {"Fn::GetAtt": ["LogGroup", "Arn"]},
        "logs:PutLogEvents": {"Fn::GetAtt": ["LogGroup", "Arn"]},
        "kms:Decrypt": {"Ref": "JournalKeyArn"},
        "kms:Encrypt": {"Ref": "JournalKeyArn"},
        "kms:GenerateDataKey": {"Ref": "JournalKeyArn"},
        "kms:DescribeKey": {"Ref": "JournalKeyArn"},
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
            assert allowed[action] == resource, f"{action} on {resource}"
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
    (statement,) = body["x-amazon-apigateway-policy"]["Statement"]
    principal = statement["Principal"]["AWS"]["Fn::Sub"]
    assert principal.endswith(":assumed-role/${SnowflakeRole}/snowflake"), principal
    assert [r["Fn::Sub"].split("/")[2] for r in statement["Resource"]] == ["POST", "GET"]
    assert resources["Api"]["Properties"]["EndpointConfiguration"]["Types"] == ["REGIONAL"]


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
    assert variables["PLACE_INDEX_NAME"] == {"Ref": "PlaceIndex"}


def check_journal(resources):
    table = resources["Journal"]["Properties"]
    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": "pk", "AttributeType": "S"}]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def check_timeouts(template):
    for seconds, timeout in template["Mappings"]["Timeout"].items():
        assert timeout["Gateway"] == int(seconds) * 1000 and timeout["Function"] == int(seconds) - 1


def main():
    template = transformed({})
    resources = template["Resources"]
    check_no_circle(resources)
    check_least_privilege(resources)
    check_api(resources)
    check_trust(resources)
    check_place_index(resources)
    check_journal(resources)
    check_timeouts(template)
    print(f"template.yaml: {len(resources)} resources, as they should be")


main()
