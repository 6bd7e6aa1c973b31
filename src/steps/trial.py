"""Changes that may be tried first: done in a transaction that is taken back."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from exchange.request import Request
from sql.pool import Connection

T = TypeVar("T")


class _TakenBack(Exception, Generic[T]):  # noqa: N818 - an answer, not a malfunction
    """What came of the work; to raise it takes the work back."""

    def __init__(self, outcome: T) -> None:
        super().__init__()
        self.outcome = outcome


async def tried_or_done(request: Request, work: Callable[[Connection], Awaitable[T]]) -> T:
    """What the work returns, done in one transaction, which ``dry_run`` has rolled back."""
    if not request.param("dry_run", False):
        return await request.write(work)

    async def try_out(conn: Connection) -> T:
        raise _TakenBack(await work(conn))

    try:
        return await request.write(try_out)
    except _TakenBack as taken_back:
        return taken_back.outcome  # type: ignore[no-any-return]  # an except clause names no T
