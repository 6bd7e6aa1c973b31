"""What a closure must be: of one thing, for a time still to come, and with a reason."""

from datetime import datetime

from domain.errors import (
    ClosureInPast,
    EndNotAfterStart,
    ReasonBlank,
    ScopeAmbiguous,
    TimeNotOnMark,
)
from domain.instants import format_instant
from domain.periods import Period, on_mark


def check_scope(facility_id: int | None, site_id: int | None) -> None:
    """Refuse a closure of a facility and of a site at once."""
    if facility_id is not None and site_id is not None:
        detail = (
            "A facility and a site are both named: name the one that is to be closed, or neither to"
            " close everything."
        )
        raise ScopeAmbiguous(detail, "/site_id")


def check_closure(start: datetime, end: datetime, reason: str, now: datetime) -> Period:
    """The time of a new closure, or the first refusal that it meets."""
    if not reason.strip():
        detail = "The reason has nothing but white space: say why, so that people understand."
        raise ReasonBlank(detail, "/reason")
    for name, instant in (("start_time", start), ("end_time", end)):
        if not on_mark(instant):
            detail = (
                f"{name} must be on a 15-minute mark (minute 00, 15, 30 or 45, no seconds), and"
                f" {format_instant(instant)} is not."
            )
            raise TimeNotOnMark(detail, f"/{name}")
    if end <= start:
        detail = (
            f"end_time must be at least 15 minutes after start_time ({format_instant(start)}), and"
            f" {format_instant(end)} is not."
        )
        raise EndNotAfterStart(detail, "/end_time")
    if end <= now:
        detail = (
            f"The closure would have ended at {format_instant(end)}: it must end in the future."
        )
        raise ClosureInPast(detail, "/end_time")
    return Period(start, end)
