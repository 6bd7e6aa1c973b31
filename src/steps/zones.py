"""The time zones there are."""

from functools import cache
from zoneinfo import available_timezones


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA database, read once."""
    return frozenset(available_timezones())
