"""The official runtime interface emulator, out of SAM's package, with a built function:

    with Emulator(bootstrap, variables) as function:
        answer = function.invoke(event)

It takes one event at a time; it does not survive a second one beside the first.
"""

import http.client
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BOOTSTRAP = ROOT / ".aws-sam/build/Function/bootstrap"
SECONDS_TO_START = 20
# More than the 28 s that the template gives the function.
SECONDS_TO_ANSWER = 40


def program():
    packages = ROOT.glob("target/ci/venvs/sam/lib/python*/site-packages")
    found = [path for package in packages for path in package.glob("samcli/local/rapid/aws-lambda-rie-x86_64")]
    assert found, "no emulator: run ci/tools sam"
    return found[0]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Emulator:
    def __init__(self, bootstrap, variables, log=None):
        """`log` is a file for what the function and the emulator say; without it, standard error is."""
        self.one_at_a_time = threading.Lock()
        self.port = free_port()
        log = log or sys.stderr
        bootstrap = pathlib.Path(bootstrap)
        assert bootstrap.is_file(), f"no {bootstrap}: run ci/build"
        # What a build reads, and no test alone.
        sources = [path for path in ROOT.glob("src/**/*.rs") if "tests" not in str(path) and "queries" not in path.parts]
        newest = max(sources, key=lambda source: source.stat().st_mtime)
        assert bootstrap.stat().st_mtime > newest.stat().st_mtime, f"{bootstrap} is older than {newest}: run ci/build"
        self.process = subprocess.Popen(
            [
                program(),
                "--log-level",
                "error",
                "--runtime-interface-emulator-address",
                f"127.0.0.1:{self.port}",
                "--runtime-api-address",
                f"127.0.0.1:{free_port()}",
                bootstrap,
            ],
            # Nothing of this machine's environment, credentials above all, reaches the function.
            env={"PATH": os.environ["PATH"], **variables},
            cwd=bootstrap.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            self.wait_until_it_listens()
        except BaseException:
            self.stop()
            raise

    def wait_until_it_listens(self):
        until = time.monotonic() + SECONDS_TO_START
        while True:
            assert self.process.poll() is None, f"the emulator ended with {self.process.returncode}"
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < until, f"the emulator does not listen after {SECONDS_TO_START} s"
                time.sleep(0.01)

    def invoke(self, event):
        """The answer to an event, both as JSON text."""
        with self.one_at_a_time:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_TO_ANSWER)
            try:
                connection.request("POST", "/2015-03-31/functions/function/invocations", event.encode())
                return connection.getresponse().read().decode()
            finally:
                connection.close()

    def stop(self):
        # The emulator ends the function with it.
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
