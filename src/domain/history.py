"""What a change did to a booking, told to people.

A change is known by the booking before and after it. Nothing is kept of it but these
two, so that whatever changes a booking, by whichever way, can be told.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from domain.instants import format_instant
from domain.lifecycle import CancellationCause, Status

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Field: TypeAlias = Literal[
    "facility",
    "user",
    "start_time",
    "end_time",
    "title",
    "description",
    "attendee_count",
    "status",
    "booked_by",
    "decide_by",
    "cancellation_cause",
    "buffer_before_minutes",
    "buffer_after_minutes",
]
FIELDS: tuple[Field, ...] = Field.__args__  # type: ignore[attr-defined]  # a Literal has them


@dataclass(frozen=True, slots=True)
class Version:
    """A booking at one time of its life. Facility, user and ``booked_by`` are names.

    ``zone`` is the facility's; ``reason`` the one given with the change that led here.
    """

    facility: str
    zone: ZoneInfo
    user: str
    start_time: datetime
    end_time: datetime
    title: str
    description: str | None
    attendee_count: int
    status: Status
    booked_by: str | None = None
    decide_by: datetime | None = None
    cancellation_cause: CancellationCause | None = None
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different, as text; None where there was, or is, nothing."""

    field: Field
    old: str | None
    new: str | None


def changes(before: Version | None, after: Version) -> list[Change]:
    """Everything that the change made different; nothing where it made the booking."""
    if before is None:
        return []
    return [
        Change(field, _text(getattr(before, field)), _text(getattr(after, field)))
        for field in FIELDS
        if getattr(before, field) != getattr(after, field)
    ]


def summary(before: Version | None, after: Version, actor: str | None) -> str:
    """What was done, in a sentence or two. ``actor`` is who did it, None where no user did."""
    who = actor or "Somebody past the service"
    if before is None:
        told = _made(after, who)
    elif after.status == "cancelled" and before.status != "cancelled":
        told = _ended(after, who)
    else:
        told = f"{who} {_and(_done(before, after))}"
    told += f": {after.reason}" if after.reason else ""
    told += "" if told.endswith((".", "!", "?")) else "."
    if before is not None and (before.status, after.status) == ("confirmed", "pending"):
        told += " The staff have to agree to that."
    return told


def _made(after: Version, who: str) -> str:
    verb = "asked for" if after.status == "pending" else "booked"
    whom = "" if after.booked_by is None else f" for {after.user}"
    told = f"{who} {verb} {after.facility}{whom}: {_when(after)}"
    return f"{told}. The staff have to agree" if after.status == "pending" else told


def _ended(after: Version, who: str) -> str:
    match after.cancellation_cause:
        case "rejected":
            return f"{who} rejected it"
        case "expired":
            return "Nobody decided about it in time, so it expired"
        case "closure":
            return f"{who} closed {after.facility} at that time, so it was cancelled"
        case "anonymised":
            return "It was cancelled because its user asked to be forgotten"
        case _:
            return f"{who} cancelled it"


def _done(before: Version, after: Version) -> list[str]:
    """What was done to a booking that lives on, as verbs with their objects."""
    done: list[str] = []
    if (before.status, after.status) == ("pending", "confirmed"):
        done.append("approved it")
    elif before.status == "cancelled" != after.status:
        done.append("took back its cancellation")
    if before.facility != after.facility:
        old, new = f"{before.facility}, {_when(before)},", f"{after.facility}, {_when(after)}"
        done.append(f"moved it from {old} to {new}")
    elif (before.start_time, before.end_time) != (after.start_time, after.end_time):
        done.append(f"moved it from {_when(before)} to {_when(after)}")
    if before.user != after.user:
        done.append(f"handed it from {before.user} to {after.user}")
    if before.title != after.title:
        done.append(f"renamed it from “{before.title}” to “{after.title}”")
    if before.description != after.description:
        done.append("changed its description" if after.description else "removed its description")
    if before.attendee_count != after.attendee_count:
        done.append(f"changed its attendees from {before.attendee_count} to {after.attendee_count}")
    return done or ["changed it"]


def _and(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _when(version: Version) -> str:
    """The time of the booking by the clock of its facility."""
    start = version.start_time.astimezone(version.zone)
    end = version.end_time.astimezone(version.zone)
    until = f"{end:%H:%M}" if end.date() == start.date() else _moment(end)
    return f"{_moment(start)} to {until} ({version.zone.key})"


def _moment(local: datetime) -> str:
    # Not strftime's names, which are in the language of the machine.
    weekday, month = _WEEKDAYS[local.weekday()], _MONTHS[local.month - 1]
    return f"{weekday} {local.day} {month} {local.year}, {local:%H:%M}"


def _text(value: object) -> str | None:
    if value is None:
        return None
    return format_instant(value) if isinstance(value, datetime) else str(value)
