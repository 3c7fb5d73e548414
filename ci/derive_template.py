"""Makes of the built template one that the local AWS can deploy, and changes nothing else: without what it does not know, and with
the endpoints of what stands in for AWS.

    derive(endpoints, path)
"""

import json
import pathlib

import yaml

from sandbox import PLACE_INDEX, ROOT

# An alarm on a calculation.
UNKNOWN = ["FunctionFails"]
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


def derive(endpoints, path):
    assert BUILT.is_file(), f"no {BUILT}: run ci/build"
    template = yaml.load(BUILT.read_text(), Template)
    for name in UNKNOWN:
        del template["Resources"][name]
    function = template["Resources"]["Function"]["Properties"]
    function["CodeUri"] = str(BUILT.parent / function["CodeUri"])
    function["Environment"]["Variables"] |= endpoints | {"PLACE_INDEX_NAME": PLACE_INDEX}
    pathlib.Path(path).write_text(json.dumps(template, indent=2))
