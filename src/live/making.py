"""Bookings that are made: several of them by one statement."""

from collections.abc import Sequence
from datetime import timedelta

from psycopg import DataError, IntegrityError
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

from sql.pool import Connection
from sql.terms import MadeRow, NewBooking, book_at_terms

PATIENCE = timedelta(milliseconds=100)
"""How long those who share a statement wait for a rival who is about to book one of their times.

A rival's commit takes some milliseconds; an import takes seconds.
"""

_REFUSED = (
    DataError,
    DeadlockDetected,
    IntegrityError,
    LockNotAvailable,
    SerializationFailure,
)
"""What ends a statement for the sake of one booking, with nothing done."""


async def make_bookings(conn: Connection, new: Sequence[NewBooking]) -> list[MadeRow | None]:
    """Each of the bookings as it was made, or None if it was not; see book_at_terms.

    None of them is if one cannot even be tried: the database does not say which. Each has then
    to be made by itself, where it waits for as long as it must, and is told what is wrong.
    """
    made: list[MadeRow | None] = [None] * len(new)
    try:
        rows = await book_at_terms(conn, new, patience=PATIENCE)
    except _REFUSED:
        return made
    for row in rows:
        made[row.attempt - 1] = row
    return made
