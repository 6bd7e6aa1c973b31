"""Doors and queries: each has the other, and they agree on every name.

What the loader refuses is here too, since a file it misreads would make these
agreements worthless.
"""

import dataclasses
import importlib
import inspect
import pkgutil
import re
import types
import typing
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.pq.abc import PGresult

import sql
from sql.loader import BadQueryFile, Query, load, parse
from sql.statement import Statement
from tests import servers

Prepare = Callable[[Query], PGresult]

NOT_DOORS = {"hours", "loader", "migrations", "pool", "search", "statement"}


def _modules() -> Iterator[types.ModuleType]:
    for found in pkgutil.iter_modules(sql.__path__):
        if found.name not in NOT_DOORS:
            yield importlib.import_module(f"sql.{found.name}")


def _queries(module: types.ModuleType) -> dict[str, Query]:
    assert module.__file__ is not None
    return load(module.__file__)


def _doors(module: types.ModuleType) -> dict[str, Callable[..., Any]]:
    return {
        name: function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
        if inspect.iscoroutinefunction(function) or _streams(function) or _is_written(function)
    }


def _streams(function: Callable[..., Any]) -> bool:
    answer = typing.get_type_hints(function).get("return")
    return typing.get_origin(answer) is AsyncGenerator


def _is_written(function: Callable[..., Any]) -> bool:
    """Whether it makes a statement to be sent along with others, and needs no connection yet."""
    return typing.get_origin(typing.get_type_hints(function).get("return")) is Statement


MODULES = list(_modules())
PAIRS = [
    pytest.param(_doors(module).get(name), query, id=f"{module.__name__}.{name}")
    for module in MODULES
    for name, query in _queries(module).items()
]


def _row_of(door: Callable[..., Any]) -> type | None:
    """The dataclass that the door answers with, alone or in lists, if it answers with one."""
    parts = [typing.get_type_hints(door)["return"]]
    for part in parts:
        if dataclasses.is_dataclass(part) and isinstance(part, type):
            return part
        parts += typing.get_args(part)
    return None


@pytest.fixture(scope="module")
def prepared(server: str, template: str) -> Iterator[Prepare]:
    """Prepares a query on the server and tells what it says of it."""
    with servers.clone(server, template) as dsn, psycopg.connect(dsn) as conn:

        def prepare(query: Query) -> PGresult:
            names = sorted(query.parameters)
            numbered = re.sub(
                r"%\((\w+)\)s",
                lambda match: f"${names.index(match[1]) + 1}",
                query.statement.decode(),
            )
            name = query.name.encode()
            result = conn.pgconn.prepare(name, numbered.replace("%%", "%").encode())
            assert not result.error_message, result.error_message.decode()
            return conn.pgconn.describe_prepared(name)

        yield prepare


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_module_has_a_door_for_each_query_and_no_other(module: types.ModuleType) -> None:
    assert set(_queries(module)) == set(_doors(module))


@pytest.mark.parametrize(("door", "query"), PAIRS)
def test_a_door_takes_a_connection_and_then_its_querys_parameters(
    door: Callable[..., Any], query: Query
) -> None:
    parameters = list(inspect.signature(door).parameters)

    assert _is_written(door) or parameters.pop(0) == "conn"
    assert query.parameters == set(parameters)


@pytest.mark.parametrize(("door", "query"), PAIRS)
def test_a_doors_answer_is_of_its_querys_kind(door: Callable[..., Any], query: Query) -> None:
    answer = typing.get_type_hints(door)["return"]

    assert (query.kind == "many") == (typing.get_origin(answer) is list)
    assert (query.kind == "stream") == _streams(door)
    assert (query.kind in {"one", "many", "stream"}) == (_row_of(door) is not None)


@pytest.mark.parametrize(("door", "query"), PAIRS)
def test_every_parameter_is_cast(door: Callable[..., Any], query: Query) -> None:  # noqa: ARG001
    """Psycopg sends a small integer as int2, for which a GiST index has no operator."""
    statement = query.statement.decode()

    for name in query.parameters:
        placeholder = f"%({name})s"
        assert statement.count(placeholder) == statement.count(f"{placeholder}::")


@pytest.mark.parametrize(("door", "query"), PAIRS)
def test_a_query_prepares_and_its_columns_are_its_rows_fields_in_order(
    prepared: Prepare, door: Callable[..., Any], query: Query
) -> None:
    result = prepared(query)
    columns = [_text(result.fname(index)) for index in range(result.nfields)]

    row = _row_of(door)
    if row is not None:
        assert [field.name for field in dataclasses.fields(row)] == columns
    else:
        assert len(columns) == (1 if query.kind == "value" else 0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "-- name: a :one\n-- It.\nSELECT 1;\n-- name: a :one\n-- It.\nSELECT 1;",
            "a is there twice",
        ),
        ("-- name: a :few\n-- It.\nSELECT 1;", "no known kind: few"),
        ("-- name: a :one\nSELECT 1;", "a lacks a sentence"),
        ("-- name: a :one\n-- It.\nSELECT 1;\n-- name: b\n-- It.\nSELECT 1;", "malformed"),
        ("-- name: a :one\n-- It.\nSELECT 1", "semicolon"),
        ("-- name: a :one\n-- It.\nSELECT 1; SELECT 2;", "not one statement"),
        ("-- name: a :one\n-- It.\nSELECT 1 % 2;", "percent sign"),
        ("SELECT 1;\n-- name: a :one\n-- It.\nSELECT 1;", "before the first"),
    ],
)
def test_the_loader_refuses_a_file_that_it_would_misread(text: str, complaint: str) -> None:
    with pytest.raises(BadQueryFile, match=f"bad.sql: .*{complaint}"):
        parse(text, "bad.sql")


def test_the_loader_keeps_what_a_query_says_of_itself() -> None:
    text = "-- name: a :many :replan\n-- Two lines\n-- of prose.\nSELECT %(x)s::int4, '%%';"

    query = parse(text, "good.sql")["a"]

    assert query == Query(
        name="a",
        kind="many",
        replan=True,
        description="Two lines of prose.",
        statement=b"/* a */ SELECT %(x)s::int4, '%%'",
        parameters=frozenset({"x"}),
    )


def _text(name: bytes | None) -> str:
    assert name is not None
    return name.decode()
