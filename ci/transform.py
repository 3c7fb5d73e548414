"""template.yaml as SAM transforms it for CloudFormation.

    transformed(parameters)
    target/ci/venvs/lint/bin/python ci/transform.py >template.json

It runs in the Python that has SAM's translator: target/ci/venvs/lint.
"""

import json
import logging
import os
import pathlib

from cfnlint.decode.cfn_yaml import load
from samtranslator.translator.transform import transform

ROOT = pathlib.Path(__file__).parent.parent
# SAM fills in the pseudo parameters, and asks no service.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-west-2")
# What it warns of are its own switches.
logging.getLogger("samtranslator").setLevel(logging.ERROR)


class NoManagedPolicies:
    """The template names none, so nothing has to be asked for."""

    def load(self):
        return {}


def transformed(parameters):
    template = json.loads(json.dumps(load(str(ROOT / "template.yaml"))))
    # What sam package would do.
    template["Resources"]["Function"]["Properties"]["CodeUri"] = "s3://bucket/key"
    return transform(template, parameters, NoManagedPolicies())


if __name__ == "__main__":
    print(json.dumps(transformed({"GradualDeployment": "true"}), indent=2))
