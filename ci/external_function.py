"""An external function, from Snowflake's side: the event that API Gateway makes of a batch, and what Snowflake demands of
the answer."""

import base64
import json
import uuid


def event(function, rows, method="POST", batch_id=None):
    """`rows` are tuples of arguments; a body is base64 because the API's binary media types are */*."""
    body = json.dumps({"data": [[number, *row] for number, row in enumerate(rows)]}).encode()
    batch_id = batch_id or f"{uuid.uuid4()}:1:1:0:0"
    return {
        "resource": "/{function}",
        "path": f"/{function}",
        "httpMethod": method,
        "headers": {
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            # Snowflake compresses, API Gateway decompresses, and leaves the header.
            "Content-Encoding": "gzip",
            "Content-Type": "application/json",
            "sf-external-function-format": "json",
            "sf-external-function-format-version": "1.0",
            "sf-external-function-name": function.upper(),
            "sf-external-function-query-batch-id": batch_id,
            "User-Agent": "snowflake/1.0",
        },
        "pathParameters": {"function": function},
        "requestContext": {"httpMethod": method, "stage": "v1", "path": f"/v1/{function}"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def values(answer, rows):
    """One value for each of so many rows, out of the answer of the function; anything that Snowflake refuses, fails."""
    status, body = answer["statusCode"], answer["body"]
    assert status == 200, f"{status}: {body}"
    assert not answer.get("isBase64Encoded"), "gzipped, although it is small"
    data = json.loads(body)["data"]
    assert [row[0] for row in data] == list(range(rows)), "row numbers out of order, or not one for each row"
    assert all(len(row) == 2 for row in data), "not one value a row"
    return [row[1] for row in data]
