"""Hands the same files of events/ to the function that was built for arm64, under qemu, in the official emulator.

    target/ci/venvs/sam/bin/python ci/invoke_arm64.py
"""

import json
import tempfile

from emulator import Emulator
from invoke_events import EXPECTED, OUT, ROOT, checked
from sandbox import PLACE_INDEX, sandbox

BOOTSTRAP = ROOT / "target/ci/arm64/Function/bootstrap"


def main():
    assert BOOTSTRAP.is_file(), f"no {BOOTSTRAP}: run ci/build"
    log = OUT / "arm64.log"
    with tempfile.TemporaryDirectory() as directory, sandbox() as services, log.open("w") as output:
        wrapper = ROOT.joinpath(directory, "bootstrap")
        wrapper.write_text(f"#!/bin/sh\nexec qemu-aarch64 -L /usr/aarch64-linux-gnu {BOOTSTRAP}\n")
        wrapper.chmod(0o755)
        with Emulator(wrapper, services | {"PLACE_INDEX_NAME": PLACE_INDEX}, output) as function:
            for name, check in sorted(EXPECTED.items()):
                answer = json.loads(function.invoke((ROOT / "events" / name).read_text()))
                checked(f"{name} on arm64", check, answer, log)


main()
