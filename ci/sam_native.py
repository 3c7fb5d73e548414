"""SAM's command line on a machine without a container engine: where SAM would start a container, the emulator that it
carries runs the built function as a process. What SAM reads from the template, the events that it makes and how it takes
the answers stay SAM's own.

    export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-west-2
    target/ci/venvs/sam/bin/python ci/sam_native.py local invoke Function --event events/pipes.json
    target/ci/venvs/sam/bin/python ci/sam_native.py local start-api --host 127.0.0.1 --port 13000

SAM passes only variables that the template names. Those that lead the SDK to other endpoints, AWS_ENDPOINT_URL_*, are
taken from this program's environment. SAM finds credentials by itself.
"""

import atexit
import os
import pathlib
import sys

from emulator import Emulator


class NoEngine:
    """Where SAM keeps its client of a container engine: there is one, and nobody may use it."""

    def __getattr__(self, name):
        raise RuntimeError(f"SAM wants a container engine, for {name}")

    def is_available(self):
        return True

    def events(self, *_, **__):
        return iter(())


def client(*_, **__):
    return NoEngine()


# The name has to be replaced in its own module before the others import it, and in those that have it already.
import samcli.local.docker.utils

samcli.local.docker.utils.get_validated_container_client = client

import samcli.lib.utils.file_observer
import samcli.local.docker.container
import samcli.local.docker.lambda_image
import samcli.local.docker.manager
import samcli.local.lambdafn.runtime

for module in (
    samcli.lib.utils.file_observer,
    samcli.local.docker.container,
    samcli.local.docker.lambda_image,
    samcli.local.docker.manager,
):
    module.get_validated_container_client = client
samcli.local.docker.manager.ContainerManager.is_docker_reachable = property(lambda _: True)

# One environment for each function, warm until SAM ends.
environments = {}


def variables(function):
    endpoints = {name: value for name, value in os.environ.items() if name.startswith("AWS_ENDPOINT_URL_")}
    return endpoints | {name: str(value) for name, value in function.env_vars.resolve().items()}


def invoke(_runtime, function_config, event, *_, stdout=None, **__):
    name = function_config.full_path
    if name not in environments:
        bootstrap = pathlib.Path(function_config.code_abs_path, "bootstrap")
        environments[name] = Emulator(bootstrap, variables(function_config))
    stdout.write_str(environments[name].invoke(event))


def stop():
    for environment in environments.values():
        environment.stop()


samcli.local.lambdafn.runtime.LambdaRuntime.invoke = invoke
atexit.register(stop)

from samcli.cli.main import cli

sys.exit(cli(prog_name="sam"))
