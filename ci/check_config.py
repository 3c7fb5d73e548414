"""Does samconfig.toml say what the template takes, and does the build follow it?

    target/ci/venvs/sam/bin/python ci/check_config.py
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

from samcli.cli.types import CfnParameterOverridesType
from samcli.yamlhelper import yaml_parse

ROOT = pathlib.Path(__file__).parent.parent
# cargo-lambda, as far as SAM asks it: it writes down what it is to build, and builds nothing.
STUB = """#!/bin/sh
echo "$@" >>"$0.log"
[ "$2" = build ] || { echo 'cargo-lambda 1.9.2'; exit; }
mkdir -p target/lambda/bootstrap && touch target/lambda/bootstrap/bootstrap
echo '{"reason":"build-finished","success":true}'
"""


def overrides(environment):
    """The parameters of an environment, as SAM reads them."""
    given = environment["global"]["parameters"]["parameter_overrides"]
    return CfnParameterOverridesType().convert(given, None, None)


def check_parameters(config, template):
    stacks = set()
    for name in ("default", "dev", "prod"):
        environment = config[name]
        stacks.add(environment["global"]["parameters"]["stack_name"])
        # What one command knows, and the other does not, is how a binary of one architecture was deployed as the other.
        assert all("parameter_overrides" not in inner["parameters"] for key, inner in environment.items() if key != "global")
        # Without it a role with a name that was chosen is refused.
        assert environment["deploy"]["parameters"]["capabilities"] == "CAPABILITY_NAMED_IAM", name
        parameters = overrides(environment)
        assert {"SnowflakeUserArn", "SnowflakeExternalId", "Architecture"} <= set(parameters), name
        for parameter, value in parameters.items():
            known = template["Parameters"][parameter]
            assert value in map(str, known.get("AllowedValues", [value])), f"{name}: {parameter}={value}"
            assert re.fullmatch(known.get("AllowedPattern", ".*"), value), f"{name}: {parameter}={value}"
    # The shortest limits of what is named after the stack: a function's 64 characters, a stream's less "-events".
    assert len(stacks) == 3 and max(map(len, stacks)) <= 57, stacks


def check_prices():
    """The line of docs/prices.md for samconfig.toml comes to the function as the object that the page shows."""
    page = (ROOT / "docs/prices.md").read_text()
    shown = json.loads(page.split("```json\n")[1].split("```")[0])
    line = page.split("```toml\n")[1].split("```")[0]
    given = tomllib.loads(f"parameter_overrides = [{line}]")["parameter_overrides"]
    assert json.loads(CfnParameterOverridesType().convert(given, None, None)["ModelPrices"]) == shown, given


def check_build(config_text):
    """`sam build` with nothing else makes a binary for the architecture that samconfig.toml names."""
    with tempfile.TemporaryDirectory() as directory:
        project, tools = pathlib.Path(directory, "project"), pathlib.Path(directory, "tools")
        for path in (project / "src", tools):
            path.mkdir(parents=True)
        for name in ("template.yaml", "Cargo.toml", "Cargo.lock"):
            shutil.copy(ROOT / name, project)
        for name in ("cargo", "cargo-lambda"):
            (tools / name).write_text(STUB)
            (tools / name).chmod(0o755)
        for architecture, expected in [("arm64", True), ("x86_64", False)]:
            (project / "samconfig.toml").write_text(config_text.replace('Architecture="arm64"', f'Architecture="{architecture}"'))
            environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
            environment |= {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-west-2"}
            environment |= {"PATH": f"{tools}:{environment['PATH']}"}
            sam = pathlib.Path(sys.executable).parent / "sam"
            done = subprocess.run([sam, "build"], cwd=project, env=environment, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stdout + done.stderr
            log = tools / "cargo.log"
            (build,) = (line for line in log.read_text().splitlines() if line.startswith("lambda build"))
            log.unlink()
            assert ("--arm64" in build) == expected, f"Architecture={architecture}: {build}"


def main():
    text = (ROOT / "samconfig.toml").read_text()
    template = yaml_parse((ROOT / "template.yaml").read_text())
    check_parameters(tomllib.loads(text), template)
    check_prices()
    check_build(text)
    print("samconfig.toml: three environments, and the build follows it")


main()
