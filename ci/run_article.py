"""Runs a file of SQL in fakesnow, a Snowflake engine on DuckDB. `ask_bedrock` and `get_coordinate` are there as functions
that speak Snowflake's external-function format to the built Lambda function. Bedrock and Location are the sandbox's.

    target/ci/venvs/snowflake/bin/python ci/run_article.py ci/fixtures/article-demo.sql

The file's last result has to be the article's table: restaurants of Las Vegas, each with its coordinates.
"""

import json
import pathlib
import sys

import pyarrow
from fakesnow.instance import FakeSnow

from emulator import BOOTSTRAP, Emulator
from external_function import event, values
from sandbox import PLACE_INDEX, sandbox

MODEL = "us.amazon.nova-lite-v1:0"
COLUMNS = ["PLACE", "ADDR", "CITY", "STATE", "LAT", "LON"]


def external_function(lambda_function, name, is_variant):
    """A function on columns: they go as one batch, and come back as one column."""

    def call(columns):
        rows = list(zip(*(column.to_pylist() for column in columns)))
        answer = json.loads(lambda_function.invoke(json.dumps(event(name, rows))))
        column = values(answer, len(rows))
        print(f"{name}: {len(rows)} rows", file=sys.stderr)
        if not is_variant:
            return pyarrow.array(column, pyarrow.string())
        # A VARIANT is JSON text in this engine.
        texts = [None if value is None else json.dumps(value) for value in column]
        return pyarrow.ExtensionArray.from_storage(pyarrow.json_(), pyarrow.array(texts, pyarrow.string()))

    return call


def register(connection, lambda_function):
    def create(name, function, arguments, result):
        # "special": NULL arguments are sent, as CALLED ON NULL INPUT says.
        connection._duck_conn.create_function(
            name, function, ["VARCHAR"] * arguments, result, type="arrow", null_handling="special"
        )

    ask_bedrock = external_function(lambda_function, "ask_bedrock", is_variant=False)
    get_coordinate = external_function(lambda_function, "get_coordinate", is_variant=True)
    # The engine counts the parameters.
    create("ask_bedrock", lambda a, b, c: ask_bedrock([a, b, c]), 3, "VARCHAR")
    create("get_coordinate", lambda a: get_coordinate([a]), 1, "JSON")


def run(connection, sql):
    """The columns and rows of each statement's result."""
    return [([column[0] for column in cursor.description], cursor.fetchall()) for cursor in connection.execute_string(sql)]


def check_table(columns, rows):
    assert columns == COLUMNS, columns
    assert len(rows) >= 3, f"{len(rows)} restaurants"
    for place, address, city, state, latitude, longitude in rows:
        assert place and address, "a restaurant without a name or an address"
        assert (city, state) == ("Las Vegas", "Nevada"), (city, state)
        # Fails, too, when the two are the wrong way round.
        assert 35.9 < float(latitude) < 36.4 and -115.4 < float(longitude) < -114.9, (latitude, longitude)


def main(path):
    sql = pathlib.Path(path).read_text().replace("<% model_id %>", MODEL)
    with sandbox() as services, Emulator(BOOTSTRAP, services | {"PLACE_INDEX_NAME": PLACE_INDEX}) as function:
        connection = FakeSnow().connect(database="DB", schema="S")
        register(connection, function)
        columns, rows = run(connection, sql)[-1]
    for row in rows:
        print(" | ".join(str(value) for value in row))
    check_table(columns, rows)
    print(f"{path}: {len(rows)} places, each with its coordinates")


if __name__ == "__main__":
    main(sys.argv[1])
