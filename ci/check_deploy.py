"""Deploys the built function with `sam deploy` onto a local AWS that checks signatures and policies, in the two steps of
README.md, and calls its API as Snowflake does, and as others would. Then deploys it again, as somebody who changes a setting.

    target/ci/venvs/aws/bin/python ci/check_deploy.py
"""

import contextlib
import json
import os
import re
import subprocess
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from check_doctor import check_broken, check_healthy, check_setup, complete, policy
from derive_template import derive
from external_function import event
from local_aws import REGION, ROOT_KEYS, local_aws
from relay import relay
from sandbox import ROOT, sandbox

STACK = "snowflake-functions"
EXTERNAL_ID = "SFCRole=3_8Hcmbi9halFOkt+MdilPi7rdgOv="
DIRECTORY = ROOT / "target/ci/deploy"
MODEL = "us.amazon.nova-lite-v1:0"
# What differs here from samconfig.toml as it is: this machine, and a local AWS without place indexes.
LOCAL = {"Architecture": "x86_64", "PlaceDataSource": "None"}


def client(service, url, keys=None):
    keys = keys or {"AccessKeyId": ROOT_KEYS["AWS_ACCESS_KEY_ID"], "SecretAccessKey": ROOT_KEYS["AWS_SECRET_ACCESS_KEY"]}
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        config=Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=40),
    )


def configure(**parameters):
    """samconfig.toml, with these of its parameters as somebody has edited them."""
    text = (ROOT / "samconfig.toml").read_text()
    default, others = text.split("[dev.", 1)
    for name, value in parameters.items():
        default, found = re.subn(f"'{name}=\"[^\"]*\"'", f"'{name}=\"{value}\"'", default)
        assert found == 1, f"{name} is not in samconfig.toml"
    (DIRECTORY / "samconfig.toml").write_text(f"{default}[dev.{others}")


def deploy(url):
    """The outputs of the stack, after `sam deploy` without parameters of its own."""
    arguments = ["deploy", "--template-file", DIRECTORY / "template.json", "--config-file", DIRECTORY / "samconfig.toml"]
    arguments += ["--no-progressbar"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(DIRECTORY),
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.5",
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": REGION,
        **ROOT_KEYS,
    }
    result = subprocess.run(
        [ROOT / "target/ci/venvs/sam/bin/sam", *arguments],
        env=environment,
        cwd=DIRECTORY,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (stack,) = client("cloudformation", url).describe_stacks(StackName=STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


class Api:
    """The deployed API."""

    def __init__(self, url, outputs):
        host, stage = outputs["ApiUrl"].removeprefix("https://").split("/")
        self.url = f"{url}/restapis/{host.split('.')[0]}/{stage}/_user_request_"

    def call(self, keys, function, rows=(), method="POST", batch_id=None):
        """Status and body of a call that is signed with `keys`, if there are any."""
        body = json.dumps({"data": [[number, *row] for number, row in enumerate(rows)]}) if method == "POST" else ""
        headers = event(function, rows, method, batch_id)["headers"]
        # The body is not compressed here.
        del headers["Content-Encoding"]
        request = AWSRequest(method, f"{self.url}/{function}", data=body, headers=headers)
        if keys:
            credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken"))
            SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
        headers = dict(request.headers)
        request = urllib.request.Request(request.url, body.encode() or None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=40) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


def refused(what, function):
    """`function` ends in AWS's refusal."""
    try:
        answer = function()
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", f"{what}: {error}"
    else:
        # A call of the API.
        assert isinstance(answer, tuple), f"{what} is allowed"
        status, body = answer
        assert status == 403, f"{what}: {status}: {body}"
    print(f"refused: {what}", flush=True)


def new_user(iam, name):
    user = iam.create_user(UserName=name)["User"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    # Who assumes a role of the same account that trusts the account needs a policy of its own; Snowflake's user is of
    # another account, and may assume what trusts it.
    policy = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    iam.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=document)
    return user["Arn"], key


def new_role(iam, name, user_arn):
    """A role that `user_arn` may assume, and that may do nothing."""
    trust = {"Effect": "Allow", "Principal": {"AWS": user_arn}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]


def assume(url, user, role, **external_id):
    sts = client("sts", url, user)
    return sts.assume_role(RoleArn=role, RoleSessionName="snowflake", **external_id)["Credentials"]


def check_trust(url, user, other_user, role):
    refused("assuming the role without the external id", lambda: assume(url, user, role))
    refused("assuming it with another external id", lambda: assume(url, user, role, ExternalId="another"))
    refused("another user with the external id", lambda: assume(url, other_user, role, ExternalId=EXTERNAL_ID))
    return assume(url, user, role, ExternalId=EXTERNAL_ID)


def check_refusals(api, snowflake, user, other_role):
    row = [("Eiffel Tower, Paris",)]
    refused("an unsigned call", lambda: api.call(None, "get_coordinate", row))
    wrong = snowflake | {"SecretAccessKey": "wrong"}
    refused("a call with a wrong signature", lambda: api.call(wrong, "get_coordinate", row))
    wrong = snowflake | {"SessionToken": "wrong"}
    refused("a call with a wrong session token", lambda: api.call(wrong, "get_coordinate", row))
    refused("a call of the user that did not assume the role", lambda: api.call(user, "get_coordinate", row))
    refused("a call under another role", lambda: api.call(other_role, "get_coordinate", row))
    refused("a GET under another role", lambda: api.call(other_role, "get_coordinate", method="GET"))
    refused("another method", lambda: api.call(snowflake, "get_coordinate", method="DELETE"))


def check_answers(api, snowflake):
    rows = [("Eiffel Tower, Paris",), (None,)]
    status, body = api.call(snowflake, "get_coordinate", rows)
    assert status == 200, (status, body)
    assert json.loads(body) == {"data": [[0, {"latitude": 48.85837, "longitude": 2.29448}], [1, None]]}, body

    rows = [("Answer in one word.", text, MODEL) for text in ("I love it. 😀", "It is broken.")]
    status, body = api.call(snowflake, "ask_bedrock", rows, batch_id="a:1:1:0:0")
    assert status == 200, (status, body)
    assert json.loads(body) == {"data": [[0, "positive"], [1, "negative"]]}, body
    # It is in the journal, so the function's role may use the table.
    assert api.call(snowflake, "ask_bedrock", method="GET", batch_id="a:1:1:0:0") == (200, body)
    assert api.call(snowflake, "ask_bedrock", method="GET", batch_id="b:1:1:0:0")[0] == 404
    print("answered: POST and GET under the role, session snowflake", flush=True)


def check_later_deployment(url, api, user, other_user, user_arn, role):
    """It keeps the trust, and a setting that has changed reaches the calls: there is another version behind the alias."""
    configure(**LOCAL, SnowflakeUserArn=user_arn, SnowflakeExternalId=EXTERNAL_ID, AllowedModelIds="*amazon.nova-micro*")
    deploy(url)
    snowflake = check_trust(url, user, other_user, role)
    status, body = api.call(snowflake, "ask_bedrock", [("Answer in one word.", "I love it.", MODEL)])
    assert status == 400 and "ALLOWED_MODEL_IDS" in body, (status, body)
    print("deployed again: the trust is kept, and a setting reaches the calls", flush=True)


def check_event_path(url, user):
    """As docs/events.md says it: the lines for samconfig.toml, beside what is there. Then without TLS nobody gets in."""
    lines = re.search(r"```toml\n(.*?)```", (ROOT / "docs/events.md").read_text(), re.DOTALL)[1]
    path = DIRECTORY / "samconfig.toml"
    path.write_text(path.read_text().replace("parameter_overrides = [\n", f"parameter_overrides = [\n{lines}", 1))
    outputs = deploy(url)
    iam = client("iam", url)
    allowed = {"Effect": "Allow", "Action": ["sqs:*", "s3:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="another", PolicyName="queues", PolicyDocument=document)
    # This local AWS has no TLS.
    for name in ("EventQueueUrl", "EventDeadLetterQueueUrl"):
        queue = outputs[name]
        refused(f"a message to {name} without TLS", lambda: client("sqs", url, user).send_message(QueueUrl=queue, MessageBody="{}"))
    bucket = outputs["EventBackupBucket"]
    refused("an object without TLS", lambda: client("s3", url, user).put_object(Bucket=bucket, Key="failed/1", Body=b""))
    print("deployed with the event path", flush=True)
    return outputs


def check_doctor(url, outputs):
    iam = client("iam", url)
    _, keys = new_user(iam, "doctor")
    account = outputs["SnowflakeRoleArn"].split(":")[4]
    document = policy().replace("STACK", STACK).replace("REGION", REGION).replace("ACCOUNT", account)
    # This local AWS reads lambda:GetFunctionConcurrency as lambda:PutFunctionConcurrency, and leaves an alias out of what is invoked.
    document = document.replace('"lambda:GetFunctionConcurrency"', '"lambda:GetFunctionConcurrency", "lambda:PutFunctionConcurrency"')
    document = document.replace(f"{STACK}:live", STACK)
    iam.put_user_policy(UserName="doctor", PolicyName="look", PolicyDocument=document)
    complete(url, keys, STACK, outputs, json.loads((DIRECTORY / "template.json").read_text()), client)
    check_healthy(url, keys, STACK)
    check_setup(url, keys, STACK, outputs)
    check_broken(url, keys, STACK, outputs, client)
    print("the doctor: as expected", flush=True)


def check(url):
    iam = client("iam", url)
    user_arn, user = new_user(iam, "snowflake")
    _, other_user = new_user(iam, "another")
    other_role = assume(url, user, new_role(iam, "another", user_arn))

    # In the two steps of README.md.
    configure(**LOCAL)
    role = deploy(url)["SnowflakeRoleArn"]
    configure(**LOCAL, SnowflakeUserArn=user_arn, SnowflakeExternalId=EXTERNAL_ID)
    outputs = deploy(url)
    assert outputs["SnowflakeRoleArn"] == role, "the second step makes another role"
    print("deployed, in two steps", flush=True)

    snowflake = check_trust(url, user, other_user, role)
    api = Api(url, outputs)
    check_refusals(api, snowflake, user, other_role)
    check_answers(api, snowflake)
    check_later_deployment(url, api, user, other_user, user_arn, role)
    refused("anything else under the role", lambda: client("iam", url, snowflake).list_users())
    outputs = check_event_path(url, other_user)
    check_doctor(url, outputs)


def main():
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        services = stack.enter_context(sandbox())
        bedrock = stack.enter_context(relay("bedrock", services, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"))
        location = stack.enter_context(relay("geo", services, "AWS_ENDPOINT_URL_LOCATION"))
        log = stack.enter_context(open(DIRECTORY / "aws.log", "w"))
        url = stack.enter_context(local_aws(log))
        endpoints = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock,
            "AWS_ENDPOINT_URL_LOCATION": location,
        }
        derive(endpoints, DIRECTORY / "template.json")
        check(url)
    print("deploy: as expected")


main()
