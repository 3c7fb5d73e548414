"""Runs what sql/audit.sql reads of Bedrock's log, and its two queries, in fakesnow, on lines in the form that the log has in published
examples. Storage integration, stage and COPY are Snowflake's own, and are parsed by ci/sql only.

    target/ci/venvs/snowflake/bin/python ci/run_audit.py
"""

import json
import pathlib
import re

from fakesnow.instance import FakeSnow

AUDIT = pathlib.Path(__file__).resolve().parent.parent / "sql/audit.sql"
HISTORY = "query_id VARCHAR, query_tag VARCHAR, user_name VARCHAR, role_name VARCHAR, start_time TIMESTAMP_LTZ"


def line(request, tokens, metadata, error=None):
    """A line of the log; a call that failed has no output, and one that told nothing no metadata."""
    counted = {"inputTokenCount": 35, "cacheReadInputTokenCount": 0, "cacheWriteInputTokenCount": 0} if tokens else {}
    record = {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "requestId": request,
        "operation": "Converse",
        "modelId": "us.amazon.nova-lite-v1:0",
        "input": {"inputContentType": "application/json", "inputBodyJson": {"messages": []}} | counted,
    }
    if tokens:
        record["output"] = {"outputContentType": "application/json", "outputTokenCount": 4}
    if error:
        record["errorCode"] = error
    return json.dumps(record | ({"requestMetadata": metadata} if metadata else {}))


def main():
    sql = AUDIT.read_text()
    table = re.search(r"^CREATE TABLE .*?;", sql, re.DOTALL | re.MULTILINE)[0]
    read = re.search(r"COPY INTO bedrock_calls\nFROM \(\n(.*?)\n\)", sql, re.DOTALL)[1]
    queries = re.findall(r"^SELECT\n.*?;", sql, re.DOTALL | re.MULTILINE)
    cursor = FakeSnow().connect(database="DB", schema="S").cursor()
    cursor.execute("CREATE DATABASE snowflake")
    cursor.execute("CREATE SCHEMA snowflake.account_usage")
    cursor.execute(f"CREATE TABLE snowflake.account_usage.query_history ({HISTORY})")
    cursor.execute("INSERT INTO snowflake.account_usage.query_history SELECT 'q1', 'nightly', 'MÜLLER', 'ANALYST', CURRENT_TIMESTAMP()")
    cursor.execute("USE SCHEMA db.s")
    cursor.execute(table)
    cursor.execute("CREATE TABLE bedrock_log (content VARIANT)")
    now = cursor.execute("SELECT TO_VARCHAR(CURRENT_TIMESTAMP(), 'YYYY-MM-DD')").fetchall()[0][0]
    told = {"query_id": "q1", "function": "sentiment", "user": "M_LLER", "role": "ANALYST"}
    for record in (
        line("r1", True, told),
        line("r2", True, told),
        line("r3", False, told, "ThrottlingException"),
        line("r4", True, {"query_id": "q2", "function": "ask_bedrock", "user": "JANE", "role": "ETL"}),
        # Somebody else's call, who tells nothing.
        line("r5", True, None),
    ):
        record = json.dumps(json.loads(record) | {"timestamp": f"{now}T00:00:01Z"})
        cursor.execute(f"INSERT INTO bedrock_log SELECT PARSE_JSON('{record}')")
    cursor.execute("INSERT INTO bedrock_calls " + read.replace("$1:", "content:").replace("@bedrock_log", "bedrock_log"))

    by_query, by_user = ([tuple(row) for row in cursor.execute(query).fetchall()] for query in queries)
    model = "us.amazon.nova-lite-v1:0"
    assert by_query == [
        ("q1", "nightly", "MÜLLER", "ANALYST", "sentiment", model, 3, 1, 70, 8, 0, 0),
        ("q2", None, "JANE", "ETL", "ask_bedrock", model, 1, 0, 35, 4, 0, 0),
    ], by_query
    assert [row[1:] for row in by_user] == [("sentiment", "MÜLLER", 1, 3, 70, 8), ("ask_bedrock", "JANE", 1, 1, 35, 4)], by_user
    print("sql/audit.sql: tokens by query, function and user")


if __name__ == "__main__":
    main()
