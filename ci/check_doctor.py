"""`cargo doctor` before the local AWS of check_deploy.py, as a user with the policy of docs/operations.md and no more: on the stack
as it was deployed, and broken in ways that a deployment does not make.
"""

import json
import os
import re
import subprocess

from local_aws import REGION
from sandbox import ROOT

DOCTOR = ROOT / "target/debug/doctor"


def policy():
    """What docs/operations.md says that the doctor needs."""
    text = (ROOT / "docs/operations.md").read_text()
    return re.search(r"### What the doctor may do\n.*?```json\n(.*?)```", text, re.DOTALL)[1]


def told(url, keys, stack, *arguments):
    """What it tells, which crosses it makes and whether it ends well."""
    environment = {
        "HOME": os.environ["HOME"],
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
    }
    command = [DOCTOR, "--stack", stack, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert not done.stderr and keys["SecretAccessKey"] not in done.stdout, done.stderr
    crosses = re.findall(r"^  ✗ (.*)\n      mend: (.*)$", done.stdout, re.MULTILINE)
    assert done.stdout.count("✗") == len(crosses), done.stdout
    assert done.returncode == bool(crosses), (done.returncode, done.stdout)
    return done.stdout, crosses


def complete(url, keys, stack, outputs, template, client):
    """What this local AWS leaves out when it deploys, the doctor sees; then it is there as the template has it."""
    crossed("what the local AWS leaves out", url, keys, stack, "the API has no resource policy", "its items do not expire")
    properties = template["Resources"]["Journal"]["Properties"]
    specification = properties["TimeToLiveSpecification"]
    client("dynamodb", url).update_time_to_live(TableName=outputs["JournalTableName"], TimeToLiveSpecification=specification)
    role = outputs["SnowflakeRoleArn"]
    values = {"AWS::Partition": "aws", "AWS::AccountId": role.split(":")[4], "SnowflakeRole": role.split("/")[-1], "StageName": "v1"}

    def resolve(value):
        if isinstance(value, list):
            return [resolve(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        if "Fn::GetAtt" in value:
            assert value["Fn::GetAtt"] == ["SnowflakeRole", "Arn"]
            return role
        if "Fn::Sub" in value:
            return re.sub(r"\$\{([^}]+)\}", lambda match: values[match[1]], value["Fn::Sub"])
        return {name: resolve(inner) for name, inner in value.items()}

    policy = resolve(template["Resources"]["Api"]["Properties"]["DefinitionBody"]["x-amazon-apigateway-policy"])
    set_policy(client("apigateway", url), outputs, policy)


def set_policy(apis, outputs, policy):
    api = outputs["ApiUrl"].removeprefix("https://").split(".")[0]
    apis.update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/policy", "value": json.dumps(policy)}])


def check_healthy(url, keys, stack):
    text, crosses = told(url, keys, stack, "--as-snowflake")
    assert not crosses, text
    for good in (
        "its timeout is 28 s",
        "ask_bedrock answers an empty batch",
        "get_coordinate answers an empty batch",
        "the API refuses you (403",
        "it denies everybody but that role",
        "the role trusts arn:aws:iam::",
        "with the external id of the stack",
        "its key is pk",
        "its items expire at expires_at",
    ):
        assert f"✓ {good}" in text, f"{good} is not in\n{text}"
    # This local AWS does not know it: it goes on.
    assert "? cannot tell the quotas of the models" in text, text
    print(text, flush=True)


def crossed(what, url, keys, stack, *expected):
    """Every one of these is crossed, and nothing else."""
    text, crosses = told(url, keys, stack)
    missing = [words for words in expected if not any(words in cross for cross, _ in crosses)]
    others = [cross for cross, _ in crosses if not any(words in cross for words in expected)]
    assert not missing and not others, f"{what}: {missing} {others}\n{text}"
    print(f"crossed: {what}", flush=True)


def check_broken(url, keys, stack, outputs, client):
    functions, tables, roles, apis = (client(name, url) for name in ("lambda", "dynamodb", "iam", "apigateway"))
    name, role = outputs["FunctionName"], outputs["SnowflakeRoleArn"].split("/")[-1]

    alias = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables | {"ALLOWED_MODEL_IDS": "*"}})
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    crossed("a variable of the function", url, keys, stack, 'its variable ALLOWED_MODEL_IDS is "*"')
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=alias)

    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    crossed("the kill switch", url, keys, stack, "the function is switched off")
    functions.delete_function_concurrency(FunctionName=name)

    trust = roles.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    other = json.dumps(trust).replace(trust["Statement"][0]["Principal"]["AWS"], "arn:aws:iam::000000000000:user/another")
    roles.update_assume_role_policy(RoleName=role, PolicyDocument=other)
    crossed("the trust", url, keys, stack, 'the role trusts "arn:aws:iam::000000000000:user/another"')
    roles.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))

    anybody = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    set_policy(apis, outputs, {"Version": "2012-10-17", "Statement": [anybody]})
    text, crosses = told(url, keys, stack)
    (mend,) = (mend for cross, mend in crosses if "it allows others, too: *" in cross)
    # What it says does mend it.
    (operation,) = json.loads(re.search("'(.*)'", mend)[1])
    set_policy(apis, outputs, json.loads(operation["value"]))
    text, crosses = told(url, keys, stack)
    assert not crosses, text
    print("crossed, and mended as it says: the API's resource policy", flush=True)

    tables.delete_table(TableName=outputs["JournalTableName"])
    text, crosses = told(url, keys, stack)
    (mend,) = (mend for cross, mend in crosses if "does not exist any more" in cross)
    assert mend.startswith(f"aws dynamodb create-table --table-name {outputs['JournalTableName']} "), mend
    print("crossed: the journal's table", flush=True)

    crossed_stack, crosses = told(url, keys, "another-stack")
    assert len(crosses) == 1 and "no stack another-stack" in crosses[0][0], crossed_stack
    print("crossed: no stack", flush=True)


def check_setup(url, keys, stack, outputs):
    """The commands are those of README.md, with the outputs filled in."""
    text, _ = told(url, keys, stack, "--print-setup")
    for value in (outputs["ApiUrl"], outputs["SnowflakeRoleArn"]):
        assert value in text, text
    assert "API_URL" not in text and "ROLE_ARN\n" not in text, text
