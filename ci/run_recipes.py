"""Runs the SQL of docs/recipes.md, in order, in fakesnow, with the built Lambda function behind the functions' names, and compares the
tables that the page shows. A block that the page says is not run is left out.

    target/ci/venvs/snowflake/bin/python ci/run_recipes.py [BOOTSTRAP]
"""

import json
import pathlib
import re
import sys

import pyarrow
from fakesnow.instance import FakeSnow

from emulator import BOOTSTRAP, Emulator
from external_function import event, values
from sandbox import sandbox

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What each returns; a try_ form returns JSON.
RETURNS = {
    "ask_bedrock": "VARCHAR",
    "classify_text": "VARCHAR",
    "extract_fields": "JSON",
    "filter_text": "BOOLEAN",
    "sentiment": "VARCHAR",
}
KINDS = {"VARCHAR": pyarrow.string(), "BOOLEAN": pyarrow.bool_()}


def external_function(lambda_function, name, returns):
    """A function on any number of columns: they go as one batch, and come back as one column."""

    def argument(value):
        # An OBJECT or an ARRAY is JSON text in this engine; no text of the page looks like one.
        return json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value

    def call(*columns):
        rows = [tuple(map(argument, row)) for row in zip(*(column.to_pylist() for column in columns))]
        column = values(json.loads(lambda_function.invoke(json.dumps(event(name, rows)))), len(rows))
        if returns in KINDS:
            return pyarrow.array(column, KINDS[returns])
        texts = [None if value is None else json.dumps(value) for value in column]
        return pyarrow.ExtensionArray.from_storage(pyarrow.json_(), pyarrow.array(texts, pyarrow.string()))

    return call


def register(connection, lambda_function):
    for name, returns in RETURNS.items():
        for form, kind in ((name, returns), (f"try_{name}", "JSON")):
            function = external_function(lambda_function, form, kind)
            connection._duck_conn.create_function(form, function, None, kind, type="arrow", null_handling="special")


def with_json(sql):
    """Objects between braces as JSON text: this engine folds the names in them to capitals."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(sql):
        if letter == "{":
            if depth == 0:
                parts.append(sql[start:at])
                start = at
            depth += 1
        elif letter == "}":
            depth -= 1
            if depth == 0:
                text = json.dumps(json.loads(re.sub(r"\bNULL\b", "null", sql[start : at + 1].replace("'", '"'))))
                parts.append(f"PARSE_JSON('{text}')")
                start = at + 1
    return "".join([*parts, sql[start:]])


def recipes(page):
    """Each block of SQL with the table after it, if there is one."""
    for block in re.finditer(r"([^\n]*)\n\n```sql\n(.*?)```\n(?:\n((?:\|[^\n]*\n)+))?", page, re.DOTALL):
        before, sql, table = block.groups()
        if before.startswith("Not run in the stand-in"):
            continue
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in (table or "").splitlines()]
        yield sql, lines[:1] + lines[2:]


def shown(value):
    return "NULL" if value is None else f"{value:.8f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def main(bootstrap):
    page = (ROOT / "docs/recipes.md").read_text()
    differ, ran, compared = [], 0, 0
    with sandbox() as services, Emulator(bootstrap, services) as function:
        connection = FakeSnow().connect(database="DB", schema="S")
        register(connection, function)
        for sql, table in recipes(page):
            cursor = list(connection.execute_string(with_json(sql)))[-1]
            rows = [[shown(value) for value in row] for row in cursor.fetchall()]
            ran += 1
            if table:
                compared += 1
                given = [[column[0] for column in cursor.description], *rows]
                if given != table:
                    differ.append(f"{sql}\ngives\n" + "\n".join(f"| {' | '.join(row)} |" for row in given))
    assert not differ, "\n\n".join(differ)
    assert compared >= 10, f"{compared} tables"
    print(f"docs/recipes.md: {ran} blocks, {compared} of them with the table that they show")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else BOOTSTRAP)
