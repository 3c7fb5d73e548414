"""A local AWS with authorisation on, for the time of a `with`:

    with local_aws(log) as url:
        ...

It runs in the Python that has ministack: target/ci/venvs/aws. The keys in ROOT_KEYS may do everything there; any other is checked:
its signature, and what its policies allow.
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

from emulator import free_port

REGION = "us-west-2"
ROOT_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
SECONDS_TO_START = 40


@contextlib.contextmanager
def local_aws(log):
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ministack-") as directory:
        process = subprocess.Popen(
            [pathlib.Path(sys.executable).parent / "ministack"],
            env=variables(port, directory),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            wait(process, f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def variables(port, directory):
    """What it gets instead of this machine's environment; the functions that it runs inherit it, too."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": directory,
        # It listens on every interface otherwise.
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        # Functions as processes: there is no container engine.
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "false",
        "SFTP_ENABLED": "false",
        "TMPDIR": directory,
        "STATE_DIR": f"{directory}/state",
        "S3_DATA_DIR": f"{directory}/s3",
    }


def wait(process, url):
    until = time.monotonic() + SECONDS_TO_START
    while True:
        assert process.poll() is None, f"ministack ended with {process.returncode}"
        try:
            urllib.request.urlopen(f"{url}/_ministack/health", timeout=2).close()
            return
        except OSError:
            assert time.monotonic() < until, f"ministack does not answer after {SECONDS_TO_START} s"
            time.sleep(0.1)
