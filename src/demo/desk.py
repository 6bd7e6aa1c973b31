"""What became of a booking by the time the demo is loaded: kept, decided about, given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.slots import Slot
from demo.values import Person
from domain.lifecycle import CancellationCause, Status, decide_by
from domain.rules import Rules

CANCELLED_BY_STAFF_SHARE = 0.15
EXPIRED_SHARE = 0.06
REJECTED_SHARE = 0.16
"""Those expired included."""

REASONS_TO_CANCEL = (
    "The heating is out; the room next door is warm.",
    "Double use with the evening school. Sorry: please pick another day.",
    "A pipe burst above, and the ceiling drips.",
    "The caretaker is ill, and nobody else has the key.",
)
REASON_TO_REJECT = "That many people need a second steward, and there is none on that day."

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Luck:
    """What chance says of a booking: how it ends, how soon that is said, and how staff explain."""

    ending: float
    pace: float
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Who books, who of the staff has to do with it, and the rules they both go by."""

    person: Person
    clerk: Person
    on_behalf: bool
    luck: Luck
    rules: Rules


@dataclass(frozen=True, slots=True)
class Outcome:
    """A booking's state, how it came to that, and who brought it about."""

    status: Status
    decide_by: datetime | None = None
    cause: CancellationCause | None = None
    reason: str | None = None
    changed_by: str | None = None


def outcome(slot: Slot, asked: Asked, midnight: datetime) -> Outcome | None:
    """What is known at that midnight, when a day of loading begins.

    None for what would expire in the course of the day: nobody can say whether it has.
    """
    deadline = _deadline(slot, asked)
    if slot.given_up:
        return _given_up(asked, deadline)
    if slot.closure is not None and slot.closure.created_at < midnight:
        closure = slot.closure
        return Outcome("cancelled", deadline, "closure", closure.reason, closure.made_by)
    if deadline is None:
        return Outcome("confirmed")
    if asked.luck.ending < EXPIRED_SHARE and not slot.is_welcome:
        return _undecided(deadline, midnight)
    return _decided(slot, asked, deadline, midnight)


def _given_up(asked: Asked, deadline: datetime | None) -> Outcome:
    if asked.luck.ending < CANCELLED_BY_STAFF_SHARE and not asked.person.runs_site:
        reason, clerk = asked.luck.reason, asked.clerk.username
        return Outcome("cancelled", deadline, "staff", reason, clerk)
    return Outcome("cancelled", deadline, "owner", None, asked.person.username)


def _decided(slot: Slot, asked: Asked, deadline: datetime, midnight: datetime) -> Outcome:
    # Whoever decides does so a day before time is up, so nothing waits that may expire today.
    decided_at = slot.created_at + asked.luck.pace * (deadline - _DAY - slot.created_at)
    if decided_at >= midnight:
        return Outcome("pending", deadline)
    clerk = asked.clerk.username
    if asked.luck.ending < REJECTED_SHARE and not slot.is_welcome:
        return Outcome("cancelled", deadline, "rejected", REASON_TO_REJECT, clerk)
    return Outcome("confirmed", deadline, changed_by=clerk)


def _deadline(slot: Slot, asked: Asked) -> datetime | None:
    """Until when staff had to decide; None where nobody had to ask them."""
    if not asked.rules.requires_approval or asked.person.runs_site or asked.on_behalf:
        return None
    timeout = asked.rules.approval_timeout
    return decide_by(slot.created_at, slot.period.start, slot.period.end, timeout)


def _undecided(deadline: datetime, midnight: datetime) -> Outcome | None:
    if deadline <= midnight:
        return Outcome("cancelled", deadline, "expired")
    return Outcome("pending", deadline) if deadline >= midnight + _DAY else None
