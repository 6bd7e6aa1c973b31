"""All of it together, as the service has it."""

from dataclasses import dataclass
from datetime import timedelta

from live.callers import Callers
from live.feed import Feed
from live.hub import Hub
from live.refusals import Attempt
from live.shared import SharedDays
from live.terms import TermsMemory
from live.timelines import Timelines
from live.together import Together
from sql.terms import MadeRow, NewBooking, RefusedRow


@dataclass(frozen=True, slots=True)
class Live:
    """What a process knows of the database without asking.

    ``bookings`` makes bookings, and ``refusals`` records those that were refused. ``kept`` is how
    long changes stay in the log, for streams that come back to it. ``shared`` is what it has in
    common with others, where a Redis is given.
    """

    feed: Feed
    callers: Callers
    streams: Hub
    timelines: Timelines
    terms: TermsMemory
    bookings: Together[NewBooking, MadeRow | None]
    refusals: Together[Attempt, list[RefusedRow]]
    kept: timedelta
    shared: SharedDays | None = None
