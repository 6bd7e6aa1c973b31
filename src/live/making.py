"""Bookings that are made: several of them by one statement."""

from collections.abc import Sequence
from datetime import timedelta

from psycopg import DatabaseError

from sql.pool import Connection
from sql.terms import MadeRow, NewBooking, book_at_terms

PATIENCE = timedelta(milliseconds=100)
"""How long those who share a statement wait for what only one of them needs.

A rival's commit takes some milliseconds; a closure of many facilities, or an import, seconds.
"""


async def make_bookings(conn: Connection, new: Sequence[NewBooking]) -> list[MadeRow | None]:
    """Each of the bookings as it was made, or None if it was not; see book_at_terms.

    None of them is if the database refuses the statement: it does not say for which of them. Each
    has then to be made by itself, where it waits for as long as it must, and is told what is wrong.
    """
    made: list[MadeRow | None] = [None] * len(new)
    try:
        rows = await book_at_terms(conn, new, patience=PATIENCE)
    except DatabaseError as error:
        if error.sqlstate is None:  # nobody knows what became of it
            raise
        return made
    for row in rows:
        made[row.attempt - 1] = row
    return made
