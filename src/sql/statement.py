"""A statement with its values written into it, to be sent in one round trip with others.

PostgreSQL plans it anew each time: this is for what is planned in no time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from psycopg import AsyncConnection
from psycopg.sql import Composed

T = TypeVar("T")

Rows: TypeAlias = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Statement(Generic[T]):
    """What to ask, and what the rows of the answer say."""

    text: Composed
    read: Callable[[Rows], T]

    async def run(self, conn: AsyncConnection[Any]) -> T:
        """What it says when it is asked by itself."""
        cursor = await conn.execute(self.text)
        return self.read(await cursor.fetchall())
