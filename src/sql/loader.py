"""Named queries, read from the ``.sql`` file beside the module that calls them.

A file is a sequence of blocks::

    -- name: get_site :one
    -- The site with this id.
    SELECT id, name
      FROM sites
     WHERE id = %(site_id)s::int4;

The kind says what comes back: ``:one`` no row or one, ``:many`` rows, ``:value``
the one column of the one row, ``:exec`` the number of rows affected, ``:stream`` rows,
some at a time, which is for what may be too many to hold.

A query is planned once for each connection, for any values (``plan_cache_mode`` in
sql.pool): planning anew often takes longer than the answer. One whose filters are optional
adds ``:replan``: it is planned for the values of each call, which are written into it, since
a plan made for all of them could use no index.
"""

import re
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

from psycopg import AsyncClientCursor, AsyncCursor
from psycopg.rows import AsyncRowFactory, args_row, scalar_row, tuple_row
from psycopg.sql import SQL, Composed
from psycopg.sql import Literal as Value

from sql.pool import Connection

Kind = Literal["one", "many", "value", "exec", "stream"]
Row = TypeVar("Row")
Parameters = Mapping[str, object]

_HEADER = re.compile(r"^-- name: (?P<name>\w+) :(?P<kind>\w+)(?P<replan> :replan)?$", re.MULTILINE)
_PARAMETER = re.compile(r"%\((\w+)\)s")
_BATCH = 500


class BadQueryFile(Exception):  # noqa: N818 - says what is bad
    """An ``.sql`` file that does not follow the form above."""


@dataclass(frozen=True, slots=True)
class Query:
    """One statement. ``parameters`` are the names it has placeholders for."""

    name: str
    kind: Kind
    replan: bool
    description: str
    statement: bytes
    parameters: frozenset[str]

    async def one(
        self, conn: Connection, row: Callable[..., Row], parameters: Parameters
    ) -> Row | None:
        """The row made of the result's columns in their order, or None if there is none."""
        cursor = self._cursor(conn, args_row(row))
        await cursor.execute(self.statement, parameters)
        return await cursor.fetchone()

    async def only(self, conn: Connection, row: Callable[..., Row], parameters: Parameters) -> Row:
        """The row that there must be.

        :raises LookupError: if there is none, which is a mistake of the caller's.
        """
        found = await self.one(conn, row, parameters)
        if found is None:
            message = f"{self.name} found nothing for {dict(parameters)}"
            raise LookupError(message)
        return found

    async def many(
        self, conn: Connection, row: Callable[..., Row], parameters: Parameters
    ) -> list[Row]:
        """The rows, each made of the result's columns in their order."""
        cursor = self._cursor(conn, args_row(row))
        await cursor.execute(self.statement, parameters)
        return await cursor.fetchall()

    async def stream(
        self, conn: Connection, row: Callable[..., Row], parameters: Parameters
    ) -> AsyncGenerator[list[Row], None]:
        """The rows, some at a time, from a cursor of the server's; only in a transaction."""
        async with conn.cursor(name=self.name, row_factory=args_row(row)) as cursor:
            await cursor.execute(self.statement, parameters)
            while rows := await cursor.fetchmany(_BATCH):
                yield rows

    async def value(self, conn: Connection, parameters: Parameters) -> Any:  # noqa: ANN401 - any type
        """The one column of the one row."""
        cursor = self._cursor(conn, scalar_row)
        await cursor.execute(self.statement, parameters)
        return await cursor.fetchone()

    async def exec(self, conn: Connection, parameters: Parameters) -> int:
        """The number of rows affected."""
        cursor = self._cursor(conn, tuple_row)
        await cursor.execute(self.statement, parameters)
        return cursor.rowcount

    def written(self, parameters: Parameters) -> Composed:
        """The statement with its values written into it: see sql.statement."""
        first, *rest = _PARAMETER.split(self.statement.decode())
        parts: list[SQL | Value] = [_plain(first)]
        for name, text in zip(*(iter(rest),) * 2, strict=True):
            parts += [Value(parameters[name]), _plain(text)]
        return Composed(parts)

    def _cursor(self, conn: Connection, row: AsyncRowFactory[Row]) -> AsyncCursor[Row]:
        if self.replan:
            return AsyncClientCursor(conn, row_factory=row)
        return conn.cursor(row_factory=row)


def _plain(text: str) -> SQL:
    return SQL(text.replace("%%", "%"))  # ours, from a file


def load(module_file: str) -> dict[str, Query]:
    """The queries of the ``.sql`` file beside a module, by name.

    :raises BadQueryFile: for a name given twice, an unknown kind, a query without
        a description or a stray percent sign.
    """
    path = Path(module_file).with_suffix(".sql")
    return parse(path.read_text(encoding="utf-8"), path.name)


def parse(text: str, source: str) -> dict[str, Query]:
    """The queries of a text in the form of an ``.sql`` file; ``source`` names it in errors."""
    preamble, *parts = _HEADER.split(text)
    if any(line and not line.startswith("--") for line in preamble.splitlines()):
        message = f"{source}: there is SQL before the first '-- name:' line."
        raise BadQueryFile(message)
    queries: dict[str, Query] = {}
    for name, kind, replan, body in zip(*(iter(parts),) * 4, strict=True):
        if name in queries:
            message = f"{source}: {name} is there twice."
            raise BadQueryFile(message)
        if kind not in get_args(Kind):
            message = f"{source}: {name} is of no known kind: {kind}."
            raise BadQueryFile(message)
        queries[name] = _query(name, cast("Kind", kind), replan is not None, body, source)
    return queries


def _query(name: str, kind: Kind, replan: bool, body: str, source: str) -> Query:  # noqa: FBT001
    lines = body.strip().splitlines()
    told = [line for line in lines if line.startswith("--")]
    # Without the indents: psycopg remembers no conversion of what is longer than 4 kB.
    statement = "\n".join(line.strip() for line in lines if not line.startswith("--")).strip()
    description = " ".join(line.removeprefix("--").strip() for line in told)
    if "name:" in description or not description:
        message = f"{source}: {name} lacks a sentence, or the next name's line is malformed."
        raise BadQueryFile(message)
    if not statement.endswith(";") or ";" in statement[:-1]:
        message = f"{source}: {name} is not one statement with a semicolon at its end."
        raise BadQueryFile(message)
    if "%" in _PARAMETER.sub("", statement).replace("%%", ""):
        message = f"{source}: {name} has a percent sign that is no placeholder; double it."
        raise BadQueryFile(message)
    # The name goes along as a comment, so that pg_stat_activity and the log show it.
    return Query(
        name=name,
        kind=kind,
        replan=replan,
        description=description,
        statement=f"/* {name} */ {statement[:-1]}".encode(),
        parameters=frozenset(_PARAMETER.findall(statement)),
    )
