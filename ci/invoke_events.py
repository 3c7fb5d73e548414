"""Hands each file of events/ to the built function as a user does, with SAM, and compares the answer with what is expected
here. A file without an expectation is a failure. Then runs the local commands of README.md as they stand there.

    target/ci/venvs/sam/bin/python ci/invoke_events.py
"""

import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

from emulator import free_port
from sandbox import PLACE_INDEX, sandbox

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "target/ci/events"
VARIABLES = OUT / "variables.json"
SAM = [sys.executable, str(ROOT / "ci/sam_native.py"), "local"]
OPTIONS = ["--env-vars", str(VARIABLES), "--parameter-overrides", "Architecture=x86_64"]
SECONDS = 60

LAS_VEGAS = {"latitude": 36.10212, "longitude": -115.16946}
EIFFEL_TOWER = {"latitude": 48.85837, "longitude": 2.29448}
TOWER = EIFFEL_TOWER | {
    "label": "Eiffel Tower, 5 Avenue Anatole France, Paris, Île-de-France, 75007, FRA",
    "country": "FRA",
    "region": "Île-de-France",
    "municipality": "Paris",
    "postal_code": "75007",
    "street": "Avenue Anatole France",
    "address_number": "5",
    "interpolated": False,
    "place_type": "PointAddress",
    "time_zone": "Europe/Paris",
}
REDACTED = [[0, "Write to [EMAIL] or call [PHONE]."], [1, "From 10.0.0.1, by [NAME]"], [2, "Nothing to hide."], [3, None]]
SCORES = {"violence": 0.0, "hate": 0.0, "sexual": 0.0, "misconduct": 0.0, "insults": 0.8}
COORDINATES = [[0, LAS_VEGAS], [1, EIFFEL_TOWER], [2, None], [3, {}]]
SENTIMENTS = [[0, "positive"], [1, "negative"], [2, "positive"], [3, None]]


def http(status, rows=None, error=None):
    """An answer in API Gateway's form: with exactly these rows, or with an error that says this."""

    def check(answer):
        assert answer["statusCode"] == status
        assert not answer.get("isBase64Encoded")
        body = json.loads(answer["body"])
        if rows is not None:
            assert body == {"data": rows}
        if error is not None:
            assert error in body["error"]

    return check


def exactly(expected):
    def check(answer):
        assert answer == expected

    return check


def pipes(answer):
    given = json.loads((ROOT / "events/pipes.json").read_text())
    # Everything that an element had comes back, and one member more.
    error = answer[2]["error"]
    assert answer == [given[0] | {"result": LAS_VEGAS}, given[1] | {"result": "positive"}, given[2] | {"error": error}]
    assert (error["code"], error["retryable"]) == ("invalid_argument", False)
    assert "address" in error["message"]


def redshift(answer):
    first, *others = answer.pop("results")
    assert answer == {"success": True, "num_records": 3}
    # Redshift takes text, no objects.
    assert isinstance(first, str) and json.loads(first) == EIFFEL_TOWER
    assert others == [None, None]


def try_geocode(answer):
    (_, no_match), (_, error), (_, null) = answer["data"]
    assert (no_match["value"], no_match["error"], no_match["attempts"]) == (None, None, 1)
    assert (error["value"], error["error"]["code"], error["attempts"]) == (None, "invalid_argument", 0)
    assert null is None


def tried(value):
    """An envelope with this value, one with an error, and NULL."""

    def check(answer):
        (_, first), (_, error), (_, null) = answer["data"]
        assert (first["value"], first["error"], first["attempts"]) == (value, None, 1)
        assert (error["value"], error["error"]["code"], error["attempts"]) == (None, "invalid_argument", 0)
        assert null is None

    return check


def embed_text(answer):
    (_, short), (_, long), (_, again), (_, null) = answer["data"]
    assert (len(short), len(long), again, null) == (256, 1024, long, None)
    assert all(isinstance(number, float) for number in short + long)
    assert abs(sum(number * number for number in short) - 1) < 1e-3


def try_ask_bedrock(answer):
    (_, paid), (_, shared), (_, unknown), (_, null) = answer["data"]
    assert paid["value"] == shared["value"] == {"label": "positive"}
    assert paid["shared"] is None and paid["cost_usd"] > 0 and paid["attempts"] == 1
    assert (shared["shared"], shared["cost_usd"], shared["attempts"]) == ("batch", 0, 0)
    assert (unknown["value"], unknown["error"]["code"], unknown["usage"]) == (None, "model_not_found", None)
    assert null is None


def try_classify_text(answer):
    (_, late), *refused = answer["data"]
    assert (late["value"], late["error"]) == ("delivery", None)
    for _, row in refused:
        assert (row["value"], row["error"]["code"], row["attempts"]) == (None, "invalid_argument", 0)


def envelope_of(value):
    def check(answer):
        assert (answer["value"], answer["error"], answer["truncated"]) == (value, None, False)
        assert answer["cost_usd"] > 0

    return check


ORDER = {"email": "jane.doe@example.com", "order_id": "A-1234", "phone": None, "total": 12.5}
EXPECTED = {
    "api-gateway-v1-ask-bedrock.json": http(200, rows=SENTIMENTS),
    "api-gateway-v1-empty.json": http(200, rows=[]),
    "api-gateway-v1-get-coordinate.json": http(200, rows=COORDINATES),
    # There is no journal in these runs, so no batch is known.
    "api-gateway-v1-poll.json": http(404),
    "api-gateway-v1-unknown-model.json": http(400, error="no.such.model"),
    "api-gateway-v2-get-coordinate.json": http(200, rows=COORDINATES),
    "direct-ask-bedrock.json": exactly({"data": SENTIMENTS}),
    "direct-ask-bedrock-options.json": exactly({"data": [[0, '{"label":"positive"}'], [1, "negative"], [2, None]]}),
    "direct-classify-text.json": exactly({"data": [[0, "delivery"], [1, "delivery"], [2, None]]}),
    "direct-embed-text.json": embed_text,
    "direct-extract-fields.json": exactly({"data": [[0, ORDER], [1, None]]}),
    "direct-filter-text.json": exactly({"data": [[0, True], [1, False], [2, None]]}),
    "direct-geocode.json": exactly({"data": [[0, TOWER | {"relevance": 1.0}], [1, None], [2, None]]}),
    "direct-get-coordinate.json": exactly({"data": COORDINATES}),
    "direct-moderate-text.json": exactly({"insults": 0.8, "prompt_injection": 0.8}),
    "direct-one-call.json": exactly(EIFFEL_TOWER),
    "direct-redact-pii.json": exactly({"data": REDACTED}),
    "direct-reverse-geocode.json": exactly(TOWER | {"distance": 0.0}),
    "direct-sentiment.json": exactly(
        {"data": [[0, "positive"], [1, "negative"], [2, "mixed"], [3, "neutral"], [4, None]]}
    ),
    "direct-suggest-address.json": exactly([TOWER["label"]]),
    "direct-try-ask-bedrock.json": try_ask_bedrock,
    "direct-try-classify-text.json": try_classify_text,
    "direct-try-extract-fields.json": envelope_of({"order_id": "A-1234"}),
    "direct-try-filter-text.json": envelope_of(True),
    "direct-try-geocode.json": try_geocode,
    "direct-try-moderate-text.json": tried(SCORES),
    "direct-try-redact-pii.json": tried("Write to [EMAIL]"),
    "direct-try-sentiment.json": envelope_of("positive"),
    "pipes.json": pipes,
    "redshift.json": redshift,
}


def tail(log):
    return "\n".join(log.read_text(errors="replace").splitlines()[-30:])


def checked(name, check, answer, log):
    try:
        check(answer)
    except (AssertionError, KeyError, IndexError, TypeError, ValueError) as mismatch:
        sys.exit(f"{name}: not as expected: {mismatch!r}\n{json.dumps(answer, indent=2)}\n{tail(log)}")
    print(f"{name}: as expected", flush=True)


def invoke(path, environment):
    log = OUT / f"{path.stem}.log"
    with log.open("w") as errors:
        command = [*SAM, "invoke", "Function", "--event", str(path), *OPTIONS]
        try:
            done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            sys.exit(f"{path.name}: no answer in {SECONDS} s\n{tail(log)}")
    try:
        assert done.returncode == 0
        return json.loads(done.stdout), log
    except (AssertionError, ValueError):
        sys.exit(f"{path.name}: exit {done.returncode}, answer {done.stdout!r}\n{tail(log)}")


def invoke_all(environment):
    files = sorted((ROOT / "events").iterdir())
    names = {path.name for path in files}
    assert names == set(EXPECTED), f"a file without an expectation, or the reverse: {names ^ set(EXPECTED)}"
    for path in files:
        answer, log = invoke(path, environment)
        checked(path.name, EXPECTED[path.name], answer, log)


def request(url, data=None):
    """The answer of the API, in the form that the function has given it."""
    headers = {"Content-Type": "application/json", "sf-external-function-query-batch-id": "no-such-query:1:1:0:0"}
    body = None if data is None else json.dumps({"data": data}).encode()
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=SECONDS)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    return {"statusCode": answer.status, "body": answer.read().decode()}


def wait_until_it_listens(process, url, log):
    until = time.monotonic() + SECONDS
    while True:
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f"start-api does not listen, exit {process.poll()}\n{tail(log)}")
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except urllib.error.HTTPError:
            # Nothing is served there, but something answers.
            return
        except OSError:
            time.sleep(0.1)


def call_api(environment):
    log, port = OUT / "start-api.log", free_port()
    url = f"http://127.0.0.1:{port}"
    with log.open("w") as errors:
        command = [*SAM, "start-api", "--host", "127.0.0.1", "--port", str(port), *OPTIONS]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=errors, stderr=errors)
    try:
        wait_until_it_listens(process, url, log)
        addresses = [[0, "3799 S Las Vegas Blvd, Las Vegas, NV"], [1, "Eiffel Tower, Paris"]]
        answer = request(f"{url}/get_coordinate", addresses)
        checked("POST /get_coordinate", http(200, rows=COORDINATES[:2]), answer, log)
        checked("GET /get_coordinate", http(404), request(f"{url}/get_coordinate"), log)
        checked("POST /no_such_function", http(400), request(f"{url}/no_such_function", addresses), log)
    except OSError as failure:
        sys.exit(f"start-api: {failure}\n{tail(log)}")
    finally:
        # SAM ends by itself, and its environments with it, at an interrupt.
        process.send_signal(2)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run_readme(environment):
    """The local commands of README.md as they stand, with no other settings than the reader has: nobody's place index."""
    commands = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("sam local ")]
    assert commands, "README.md has no local command"
    for command in commands:
        log = OUT / "readme.log"
        # SAM without a container engine, and the function that was built for this machine.
        native = f"{sys.executable} {ROOT}/ci/sam_native.py"
        with log.open("w") as errors:
            done = subprocess.run(
                f"{command.replace('sam', native, 1)} --parameter-overrides Architecture=x86_64",
                shell=True,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                timeout=SECONDS,
            )
        if done.returncode:
            sys.exit(f"{command}: exit {done.returncode}\n{tail(log)}")
        checked(command, EXPECTED[pathlib.Path(command.split()[-1]).name], json.loads(done.stdout), log)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    variables = {"PLACE_INDEX_NAME": PLACE_INDEX, "JOURNAL_TABLE_NAME": ""}
    VARIABLES.write_text(json.dumps({"Function": variables}))
    with sandbox() as services:
        # Nobody's own profile or credentials: what the sandbox gives, and nothing else of AWS.
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = own | services | {"AWS_DEFAULT_REGION": services["AWS_REGION"], "SAM_CLI_TELEMETRY": "0"}
        invoke_all(environment)
        call_api(environment)
        run_readme(environment)


if __name__ == "__main__":
    main()
