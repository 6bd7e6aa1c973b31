"""One change of a booking as a reply of the contract."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from domain.history import Version, changes, summary
from exchange.views import user_basic
from sql.bookings import HistoryRow
from wire import replies

_OPTIONAL: tuple[
    Literal[
        "description",
        "booked_by",
        "cancellation_cause",
        "change_reason",
        "buffer_before_minutes",
        "buffer_after_minutes",
    ],
    ...,
] = (
    "description",
    "booked_by",
    "cancellation_cause",
    "change_reason",
    "buffer_before_minutes",
    "buffer_after_minutes",
)


def history_entry(row: HistoryRow) -> replies.HistoryEntry:
    """One change of a booking, told in a sentence too, with who made it where that is known."""
    before, after = _before(row), _after(row)
    entry: replies.HistoryEntry = {
        "id": row.id,
        "action": row.action,
        "changed_at": row.changed_at,
        "summary": summary(before, after, row.changed_by_display_name or row.changed_by_username),
        "changes": _changes(before, after),
        "user": user_basic(row.user_id, row.username, row.user_display_name),
        "new_values": booking_values(row.new_values),
    }
    if after.reason:
        entry["reason"] = after.reason
    if row.changed_by_id is not None and row.changed_by_username is not None:
        entry["changed_by"] = user_basic(
            row.changed_by_id, row.changed_by_username, row.changed_by_display_name
        )
    if row.request_id is not None:
        entry["request_id"] = row.request_id
    if row.old_values is not None:
        entry["old_values"] = booking_values(row.old_values)
    return entry


def booking_values(stored: Mapping[str, Any]) -> replies.BookingValues:
    """A booking as an audit row stored it: PostgreSQL's JSON of the row, less its stamps.

    What the table did not have yet when the row was written is left out.
    """
    values: replies.BookingValues = {
        "facility_id": stored["facility_id"],
        "user_id": stored["user_id"],
        "start_time": datetime.fromisoformat(stored["start_time"]),
        "end_time": datetime.fromisoformat(stored["end_time"]),
        "title": stored["title"],
        "attendee_count": stored["attendee_count"],
        "status": stored["status"],
    }
    for name in _OPTIONAL:
        if stored.get(name) is not None:
            values[name] = stored[name]
    if stored.get("decide_by") is not None:
        values["decide_by"] = datetime.fromisoformat(stored["decide_by"])
    return values


def _before(row: HistoryRow) -> Version | None:
    old, new = row.old_values, row.new_values
    if old is None or row.old_facility_name is None or row.old_time_zone is None:
        return None
    same = old["user_id"] == new["user_id"]
    user = (row.user_display_name or row.username) if same else f"user {old['user_id']}"
    return _version(old, row.old_facility_name, row.old_time_zone, user, _booked_by(row, old))


def _after(row: HistoryRow) -> Version:
    user = row.user_display_name or row.username
    return _version(
        row.new_values, row.new_facility_name, row.new_time_zone, user, row.booked_by_username
    )


def _booked_by(row: HistoryRow, old: Mapping[str, Any]) -> str | None:
    """Who made it, which no change of the service's ever changes."""
    if old.get("booked_by") == row.new_values.get("booked_by"):
        return row.booked_by_username
    return None if old.get("booked_by") is None else f"user {old['booked_by']}"


def _version(
    stored: Mapping[str, Any], facility: str, zone: str, user: str, booked_by: str | None
) -> Version:
    deadline = stored.get("decide_by")
    return Version(
        facility=facility,
        zone=ZoneInfo(zone),
        user=user,
        start_time=datetime.fromisoformat(stored["start_time"]),
        end_time=datetime.fromisoformat(stored["end_time"]),
        title=stored["title"],
        description=stored.get("description"),
        attendee_count=stored["attendee_count"],
        status=stored["status"],
        booked_by=booked_by,
        decide_by=None if deadline is None else datetime.fromisoformat(deadline),
        cancellation_cause=stored.get("cancellation_cause"),
        buffer_before_minutes=stored.get("buffer_before_minutes", 0),
        buffer_after_minutes=stored.get("buffer_after_minutes", 0),
        reason=stored.get("change_reason"),
    )


def _changes(before: Version | None, after: Version) -> list[replies.BookingChange]:
    told: list[replies.BookingChange] = []
    for change in changes(before, after):
        entry: replies.BookingChange = {"field": change.field}
        if change.old is not None:
            entry["old"] = change.old
        if change.new is not None:
            entry["new"] = change.new
        told.append(entry)
    return told
