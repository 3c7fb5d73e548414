"""Who gets in, and what the roles may do: a simulator of AWS's policy evaluation reads the policies of the transformed template.

    target/ci/venvs/lint/bin/python ci/check_policies.py
"""

import fnmatch
import json
import pathlib
import subprocess

from resolve import ACCOUNT, resolve
from transform import transformed

ROOT = pathlib.Path(__file__).parent.parent
REGION = "us-west-2"
API = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:a1b2c3d4e5"
SNOWFLAKE = f"arn:aws:sts::{ACCOUNT}:assumed-role/functions-SnowflakeRole/snowflake"
ADMINISTRATOR = f"arn:aws:sts::{ACCOUNT}:assumed-role/administrator/session"
USER = f"arn:aws:iam::{ACCOUNT}:user/somebody"
STRANGER = "arn:aws:sts::999999999999:assumed-role/functions-SnowflakeRole/snowflake"
FUNCTION = f"arn:aws:sts::{ACCOUNT}:assumed-role/functions-FunctionRole/functions"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
EVENT_PATH = {
    "EventPath": "on",
    "SnowflakeAccountUrl": "https://orgname-account.snowflakecomputing.com",
    "SnowflakeDatabase": "EVENTS",
    "SnowflakeSchema": "LANDING",
    "SnowflakeTable": "ENRICHED",
    "SnowflakeSecretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:snowflake-AbCdEf",
}


def arn_of(principal):
    """What aws:PrincipalArn has: of a session, its role."""
    if principal and ":assumed-role/" in principal:
        prefix, role, _ = principal.split("/")
        return f"{prefix.replace(':sts:', ':iam:').removesuffix('assumed-role')}role/{role}"
    return principal


class Cases:
    """Questions, each with the answer that is expected."""

    def __init__(self):
        self.cases = []

    def add(self, expected, what, principal, action, resource, identity=(), policy=None, **context):
        if principal:
            context["aws:PrincipalArn"] = arn_of(principal)
        context = {name.replace("__", ":"): value for name, value in context.items()}
        case = {"principal": principal, "action": action, "resource": resource, "account": ACCOUNT}
        case |= {"identity": list(identity), "policy": policy, "context": context}
        self.cases.append((expected, what, case))

    def check(self):
        result = subprocess.run(
            ["node", ROOT / "ci/simulate.mjs"],
            cwd=ROOT / "target/ci/npm",
            input=json.dumps([case for _, _, case in self.cases]),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        answers = json.loads(result.stdout)
        assert len(answers) == len(self.cases)
        wrong = [
            f"{what}: {answer}, and should be {'allowed' if expected else 'denied'}"
            for (expected, what, _), answer in zip(self.cases, answers)
            if (answer == "Allowed") != expected
        ]
        assert not wrong, "\n".join(wrong)


def policies(role):
    """Those of a role that are in it."""
    return [policy["PolicyDocument"] for policy in role["Properties"].get("Policies", [])]


def api(stack, cases):
    # API Gateway puts the API before what begins with execute-api:/
    policy = stack["Api"]["Properties"]["Body"]["x-amazon-apigateway-policy"]
    policy = json.loads(json.dumps(policy).replace('"execute-api:/', f'"{API}/'))
    own = [stack["SnowflakeInvokesApi"]["Properties"]["PolicyDocument"]]
    own = json.loads(json.dumps(own).replace(":functions-Api/", ":a1b2c3d4e5/"))
    for allowed, what, principal, identity in [
        (True, "Snowflake", SNOWFLAKE, own),
        (True, "Snowflake, by the API's policy alone", SNOWFLAKE, []),
        (False, "an administrator of the account", ADMINISTRATOR, [EVERYTHING]),
        (False, "a user of the account who may do all", USER, [EVERYTHING]),
        (False, "the function's role, with what Snowflake may", FUNCTION, own),
        (False, "the same role of another account", STRANGER, [EVERYTHING]),
        (False, "an unsigned call", None, []),
    ]:
        for method in ("POST", "GET"):
            resource = f"{API}/v1/{method}/get_coordinate"
            cases.add(allowed, f"{method} by {what}", principal, "execute-api:Invoke", resource, identity, policy)
    for resource in (f"{API}/v1/DELETE/get_coordinate", f"{API}/other/POST/get_coordinate"):
        cases.add(False, f"{resource} by Snowflake", SNOWFLAKE, "execute-api:Invoke", resource, own, policy)


def models(cases, parameters, region, allowed, denied):
    stack = resolve(transformed(parameters), parameters, region)
    identity = policies(stack["FunctionRole"])
    for expected, resources in ((True, allowed), (False, denied)):
        for resource in resources:
            cases.add(expected, f"{resource} from {region}", FUNCTION, "bedrock:InvokeModel", resource, identity)
    # A global profile wants the model without a Region, too, of which the simulator does not know.
    named = [resource for policy in identity for statement in policy["Statement"] for resource in [statement["Resource"]]]
    patterns = [pattern for resource in named for pattern in ([resource] if isinstance(resource, str) else resource)]
    assert not any(fnmatch.fnmatch(foundation_model(""), pattern) for pattern in patterns if pattern != "*"), patterns


def guardrail_checks(stack, cases):
    """They have no resource, and what allows them allows nothing else: which models the role may ask is asked below."""
    identity = policies(stack["FunctionRole"])
    for action in ("InvokeGuardrailChecks", "CreateGuardrail", "ListGuardrails"):
        allowed = action == "InvokeGuardrailChecks"
        cases.add(allowed, f"{action}, which has no resource", FUNCTION, f"bedrock:{action}", "*", identity)


def guardrails(stack, cases):
    """Those of the Region, of whatever account, and the account's own profiles in the Regions of the geography."""
    identity = policies(stack["FunctionRole"])
    for allowed, resource in [
        (True, f"arn:aws:bedrock:{REGION}:{ACCOUNT}:guardrail/abc123"),
        (True, f"arn:aws:bedrock:{REGION}:999999999999:guardrail/abc123"),
        (True, f"arn:aws:bedrock:us-east-2:{ACCOUNT}:guardrail-profile/us.guardrail.v1:0"),
        (False, f"arn:aws:bedrock:eu-west-1:{ACCOUNT}:guardrail-profile/eu.guardrail.v1:0"),
        (False, f"arn:aws:bedrock:us-east-2:{ACCOUNT}:guardrail/abc123"),
    ]:
        cases.add(allowed, f"to apply {resource}", FUNCTION, "bedrock:ApplyGuardrail", resource, identity)


def foundation_model(region):
    return f"arn:aws:bedrock:{region}::foundation-model/amazon.nova-2-lite-v1:0"


def profile(region, name):
    return f"arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{name}.amazon.nova-2-lite-v1:0"


def tls(stack, cases):
    queues = stack["EventQueuesTakeTlsOnly"]["Properties"]["PolicyDocument"]
    bucket = stack["EventBackupTakesTlsOnly"]["Properties"]["PolicyDocument"]
    for name, policy, action, resource in [
        ("EventQueue", queues, "sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:functions-EventQueue"),
        ("EventDeadLetterQueue", queues, "sqs:ReceiveMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:functions-EventDeadLetterQueue"),
        ("EventBackup", bucket, "s3:PutObject", "arn:aws:s3:::functions-EventBackup/failed/1"),
        ("EventBackup", bucket, "s3:ListBucket", "arn:aws:s3:::functions-EventBackup"),
    ]:
        for encrypted in ("true", "false"):
            what = f"{action} on {name}, with TLS: {encrypted}"
            secure = {"aws__SecureTransport": encrypted}
            cases.add(encrypted == "true", what, ADMINISTRATOR, action, resource, [EVERYTHING], policy, **secure)


def main():
    cases = Cases()
    stack = resolve(transformed({}), {})
    api(stack, cases)
    guardrail_checks(stack, cases)
    guardrails(stack, cases)
    on = EVENT_PATH
    tls(resolve(transformed(on), on), cases)
    models(
        cases,
        {},
        "us-west-2",
        [foundation_model("us-west-2"), foundation_model("us-east-1"), profile("us-west-2", "us")],
        [foundation_model("eu-central-1"), profile("eu-central-1", "eu")],
    )
    models(
        cases,
        {},
        "eu-central-1",
        [foundation_model("eu-north-1"), profile("eu-central-1", "eu")],
        [foundation_model("us-east-1")],
    )
    only = foundation_model("us-west-2")
    models(cases, {"ModelArns": only}, "us-west-2", [only], [foundation_model("us-east-1"), profile("us-west-2", "us")])
    cases.check()
    print(f"policies: {len(cases.cases)} questions answered as they should be")


main()
