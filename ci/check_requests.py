"""Lets the function make every kind of request to Bedrock, and checks the shape of each with botocore's model of the service: its members,
their types, and the limits of their sizes.

    target/ci/venvs/boto3/bin/python ci/check_requests.py target/debug/bootstrap
"""

import json
import pathlib
import re
import sys
import urllib.parse

from botocore.session import get_session
from botocore.validate import ParamValidator

from emulator import Emulator
from relay import relay
from sandbox import sandbox

NOVA, NOVA_PRO = "us.amazon.nova-lite-v1:0", "us.amazon.nova-pro-v1:0"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
TITAN_TEXT, TITAN = "amazon.titan-text-express-v1", "amazon.titan-embed-text-v2:0"
SCHEMA = {
    "type": "object",
    "properties": {"amount": {"type": "number", "minimum": 1}, "tags": {"type": "array", "items": {"type": "string"}}},
    "required": ["amount"],
}
TEXT = "jane@example.com paid an amount of 12.50."
# A header of the account's user that no request may be refused for.
HEADERS = {"sf-external-function-current-query-id": "01b2", "sf-context-current-user": "MÜLLER", "sf-context-current-role": "R"}


def ask(model, **options):
    return "try_ask_bedrock", ["Extract.", TEXT, model, options]


CALLS = [
    ask(NOVA),
    ask(TITAN_TEXT),
    ask(TITAN_TEXT, max_tokens=9),
    ask("mistral.mistral-7b-instruct-v0:2"),
    ask(NOVA, max_tokens=9, temperature=0.5, top_p=1, stop_sequences=["END"]),
    ask(NOVA, guardrail={"id": "abc", "version": 1}),
    ask("mistral.mistral-7b-instruct-v0:2", guardrail={"id": "abc", "version": "DRAFT"}),
    ask(NOVA_PRO, service_tier="flex", additional_fields={"inferenceConfig": {"topK": 5}}),
    ask(HAIKU, performance="optimized", effort="low", response_format=SCHEMA),
    ask(HAIKU, response_format={"type": "array", "items": {"type": "string"}}),
    ask(NOVA, response_format=SCHEMA),
    ask(LLAMA, response_format=SCHEMA),
    ("try_classify_text", [TEXT, ["billing", "other"], HAIKU]),
    ("try_classify_text", [TEXT, {"billing": "Money.", "other": None}, NOVA]),
    ("try_extract_fields", [TEXT, {"amount": {"type": "number"}, "email": "An address."}, HAIKU]),
    ("try_filter_text", ["mentions money", TEXT, NOVA]),
    ("try_sentiment", [TEXT, LLAMA]),
    ("try_embed_text", [TEXT, TITAN]),
    ("try_redact_pii", [TEXT]),
    ("try_moderate_text", [TEXT, {"checks": ["violence", "jailbreak"]}]),
]


def event(function, arguments):
    return {
        "path": f"/{function}",
        "httpMethod": "POST",
        "headers": HEADERS,
        "requestContext": {"stage": "ci", "httpMethod": "POST"},
        "body": json.dumps({"data": [[0, *arguments]]}),
        "isBase64Encoded": False,
    }


def check(service, path, headers, body):
    """The operation that a path names, after a look at what is sent to it."""
    for name in service.operation_names:
        operation = service.operation_model(name)
        uri = operation.http["requestUri"]
        found = re.fullmatch(re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(uri)), path)
        if found and operation.http["method"] == "POST":
            break
    else:
        raise AssertionError(f"no operation has the path {path}")
    names = re.findall(r"\{(\w+)\}", uri)
    shape = operation.input_shape
    if "body" in shape.members and shape.members["body"].type_name == "blob":
        parameters = {"body": body}
    else:
        parameters = json.loads(body)
    parameters |= dict(zip(names, map(urllib.parse.unquote, found.groups())))
    # No header is told from another by its case.
    headers = {name.lower(): value for name, value in headers.items()}
    for member, of in shape.members.items():
        header = of.serialization.get("name") if of.serialization.get("location") == "header" else None
        if header and header.lower() in headers:
            parameters[member] = headers[header.lower()]
    report = ParamValidator().validate(parameters, shape)
    assert not report.has_errors(), f"{name} {json.dumps(json.loads(body))[:2000]}: {report.generate_report()}"
    metadata = parameters.get("requestMetadata", {})
    # InvokeModel has it in a header, as the text of the same object.
    metadata = json.loads(metadata) if isinstance(metadata, str) else metadata
    for value in metadata.values():
        assert re.fullmatch(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}", value), value
    return name, bool(metadata)


def main(bootstrap):
    service = get_session().get_service_model("bedrock-runtime")
    seen = []
    with sandbox() as services, relay("bedrock", services, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", seen) as url:
        with Emulator(pathlib.Path(bootstrap).resolve(), services | {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url}) as function:
            for name, arguments in CALLS:
                before = len(seen)
                answer = json.loads(function.invoke(json.dumps(event(name, arguments))))
                assert answer["statusCode"] == 200, f"{name} {arguments}: {answer}"
                [[_, envelope]] = json.loads(answer["body"])["data"]
                assert envelope["error"] is None, f"{name} {arguments}: {envelope}"
                assert len(seen) > before, f"{name} asked for nothing"
    operations = [check(service, *request) for request in seen]
    assert {("Converse", True), ("InvokeModel", True), ("InvokeGuardrailChecks", False)} <= set(operations), operations
    print(f"{len(operations)} requests of {len(CALLS)} calls are of the shape that botocore knows")


if __name__ == "__main__":
    main(sys.argv[1])
