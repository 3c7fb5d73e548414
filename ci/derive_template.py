"""Makes of the built template one that the local AWS can deploy, and changes nothing else: no place index, which it does not
know, and the endpoints of what stands in for AWS.

    derive(endpoints, path)
"""

import json
import pathlib

import yaml

from sandbox import PLACE_INDEX, ROOT

BUILT = ROOT / ".aws-sam/build/template.yaml"


class Template(yaml.SafeLoader):
    """CloudFormation's short forms as their long ones."""


def long_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        value = value.split(".", 1) if suffix == "GetAtt" else value
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Template.add_multi_constructor("!", long_form)


def without_place_index(value):
    """What refers to the place index names the sandbox's."""
    if value == {"Ref": "PlaceIndex"}:
        return PLACE_INDEX
    if value == {"Fn::GetAtt": ["PlaceIndex", "IndexArn"]}:
        return f"arn:aws:geo:*:*:place-index/{PLACE_INDEX}"
    if isinstance(value, dict):
        return {key: without_place_index(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_place_index(inner) for inner in value]
    return value


def derive(endpoints, path):
    assert BUILT.is_file(), f"no {BUILT}: run ci/build"
    template = yaml.load(BUILT.read_text(), Template)
    del template["Resources"]["PlaceIndex"]
    template = without_place_index(template)
    function = template["Resources"]["Function"]["Properties"]
    function["CodeUri"] = str(BUILT.parent / function["CodeUri"])
    function["Environment"]["Variables"] |= endpoints
    pathlib.Path(path).write_text(json.dumps(template, indent=2))
