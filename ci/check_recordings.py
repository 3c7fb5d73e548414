"""Compares the answers that the doctor's tests are made of, doctor/tests/data, with botocore's models of the services: every field
is one that the service has, of its type, with one of its values, and none is missing that it always gives.

    target/ci/venvs/boto3/bin/python ci/check_recordings.py
"""

import json
import pathlib
import xml.etree.ElementTree as ElementTree

import botocore.session
from botocore.model import ServiceModel

ROOT = pathlib.Path(__file__).parent.parent
DATA = ROOT / "doctor/tests/data"
# What is called there is a deployed API, which is no service of botocore's.
NO_MODEL = {"execute-api", "snowflake"}
# Any service may say so, and no model lists it.
COMMON_ERRORS = {"AccessDenied", "AccessDeniedException", "ExpiredToken", "ValidationError"}
# Bedrock answers this for models that are to be called by a profile, and its model does not list it.
MORE_VALUES = {"INFERENCE_PROFILE"}
SCALARS = {
    "string": str,
    "integer": int,
    "long": int,
    "double": (int, float),
    "float": (int, float),
    "boolean": bool,
    # As JSON and XML have them.
    "timestamp": (str, int, float),
    "blob": str,
}


def check_json(shape, value, where):
    kind = shape.type_name
    if kind == "structure":
        assert isinstance(value, dict), f"{where} is no object"
        names = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        assert set(value) <= set(names), f"{where}: the service has no {set(value) - set(names)}"
        in_body = {name for name, (own, member) in names.items() if not member.serialization.get("location")}
        missing = {name for name in in_body if names[name][0] in shape.required_members} - set(value)
        assert not missing, f"{where}: {missing} is always there"
        for name, inner in value.items():
            check_json(names[name][1], inner, f"{where}.{name}")
    elif kind == "list":
        assert isinstance(value, list), f"{where} is no list"
        for index, inner in enumerate(value):
            check_json(shape.member, inner, f"{where}[{index}]")
    elif kind == "map":
        assert isinstance(value, dict), f"{where} is no map"
        for name, inner in value.items():
            check_json(shape.value, inner, f"{where}.{name}")
    else:
        assert isinstance(value, SCALARS[kind]), f"{where}: {value!r} is no {kind}"
        assert kind == "boolean" or not isinstance(value, bool), f"{where}: {value!r} is no {kind}"
        check_text(shape, value, where)


def check_text(shape, value, where):
    enum = shape.metadata.get("enum")
    assert not enum or value in enum or value in MORE_VALUES, f"{where}: {value!r} is none of {enum}"


def tag(element):
    return element.tag.rsplit("}", 1)[-1]


def check_xml(shape, element, where):
    kind = shape.type_name
    if kind == "structure":
        names = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        for inner in element:
            assert tag(inner) in names, f"{where}: the service has no {tag(inner)}"
            check_xml(names[tag(inner)][1], inner, f"{where}.{tag(inner)}")
        there = {names[tag(inner)][0] for inner in element}
        assert set(shape.required_members) <= there, f"{where}: {set(shape.required_members) - there} is always there"
    elif kind == "list":
        for index, inner in enumerate(element):
            assert tag(inner) == shape.member.serialization.get("name", "member"), f"{where}: {tag(inner)}"
            check_xml(shape.member, inner, f"{where}[{index}]")
    else:
        assert len(element) == 0, f"{where} has elements"
        text = (element.text or "").strip()
        if kind in ("integer", "long", "double", "float"):
            float(text)
        elif kind == "boolean":
            assert text in ("true", "false"), f"{where}: {text}"
        check_text(shape, text, where)


def read(path):
    head, body = path.read_text().split("\n\n", 1)
    first, *lines = head.splitlines()
    return int(first.removeprefix("HTTP/1.1 ")), dict(line.split(": ", 1) for line in lines), body


def check_refusal(operation, headers, body, status, where):
    if body.startswith("<"):
        root = ElementTree.fromstring(body)
        code = next(element.text for element in root.iter() if tag(element) == "Code")
    else:
        code = headers.get("x-amzn-errortype") or json.loads(body)["__type"].split("#")[-1]
    shapes = {shape.error_code: shape for shape in operation.error_shapes} | {shape.name: shape for shape in operation.error_shapes}
    assert code in shapes or code in COMMON_ERRORS, f"{where}: {operation.name} does not say {code}"
    if code in shapes:
        expected = shapes[code].metadata.get("error", {}).get("httpStatusCode")
        assert expected in (status, None), f"{where}: {code} comes with {expected}"


def check(path, service):
    where = str(path.relative_to(DATA))
    operation = service.operation_model(path.name.split(".")[0])
    status, headers, body = read(path)
    if status >= 300:
        return check_refusal(operation, headers, body, status, where)
    shape = operation.output_shape
    if service.protocol == "query":
        root = ElementTree.fromstring(body)
        (result,) = (element for element in root if tag(element) == shape.serialization["resultWrapper"])
        assert tag(root) == f"{operation.name}Response", where
        return check_xml(shape, result, where)
    payload = shape.serialization.get("payload")
    if payload and shape.members[payload].type_name == "blob":
        # Whatever a function answers.
        known = {member.serialization.get("name", "").lower() for member in shape.members.values()}
        assert set(headers) - {"content-type"} <= known, f"{where}: {headers}"
        return json.loads(body)
    return check_json(shape, json.loads(body), where)


def main():
    loader = botocore.session.get_session().get_component("data_loader")
    count = 0
    for folder in sorted(DATA.iterdir()):
        if folder.name in NO_MODEL:
            continue
        service = ServiceModel(loader.load_service_model(folder.name, "service-2"), folder.name)
        for path in sorted(folder.iterdir()):
            check(path, service)
            count += 1
    assert count > 50, f"{count} recordings in {DATA}"
    print(f"{count} recordings of the doctor's tests: as botocore knows the services")


main()
