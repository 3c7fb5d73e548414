"""Bedrock and Location of the sandbox, for the time of a `with`:

    with sandbox() as environment:
        ...

`environment` leads an SDK to them. Build the program before: cargo build -p sandbox --bin sandbox
"""

import contextlib
import os
import pathlib
import select
import shlex
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target/debug/sandbox"
PLACE_INDEX = "sandbox-places"
LAST_VARIABLE = "AWS_SESSION_TOKEN"
SECONDS = 10


@contextlib.contextmanager
def sandbox():
    process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield read_environment(process)
    finally:
        # It serves until its input ends.
        process.stdin.close()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def read_environment(process):
    """What it prints: lines of `export NAME=value`."""
    output, until = b"", time.monotonic() + SECONDS
    while not (LAST_VARIABLE.encode() in output and output.endswith(b"\n")):
        ready, _, _ = select.select([process.stdout], [], [], max(0, until - time.monotonic()))
        piece = os.read(process.stdout.fileno(), 65536) if ready else b""
        assert piece, f"the sandbox does not say where it is; so far: {output!r}"
        output += piece
    words = shlex.split(output.decode())
    return dict(word.split("=", 1) for word in words if word != "export")
