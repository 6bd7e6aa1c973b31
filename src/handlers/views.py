"""Rows of the database as the replies of the contract.

The reply types are TypedDicts generated from the contract: mypy holds every
member to it, and nothing is checked or copied at run time. Optional members
are left out rather than sent as null.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.bookings import Caller, may_see
from domain.periods import Period
from sql.bookings import BookingRow, HistoryRow
from sql.facilities import FacilityRow
from sql.sites import SiteRow
from sql.tokens import TokenRow
from sql.users import UserRow
from wire import replies


def user_basic(user_id: int, username: str, display_name: str | None) -> replies.UserBasic:
    """A user as others see one."""
    user: replies.UserBasic = {"id": user_id, "username": username}
    if display_name is not None:
        user["display_name"] = display_name
    return user


def facility_basic(row: FacilityRow) -> replies.FacilityBasic:
    """A facility in brief."""
    return {
        "id": row.id,
        "name": row.name,
        "site": {"id": row.site_id, "name": row.site_name},
        "facility_type": row.facility_type,
        "capacity": row.capacity,
        "time_zone": row.time_zone,
    }


def facility_detail(row: FacilityRow) -> replies.FacilityDetail:
    """A facility in full."""
    facility: replies.FacilityDetail = {
        **facility_basic(row),  # type: ignore[typeddict-item]  # shared members only
        "amenities": row.amenities,
        "status": row.status,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
    if row.description is not None:
        facility["description"] = row.description
    return facility


def facility_of(row: BookingRow) -> replies.FacilityBasic:
    """The facility of a booking, in brief."""
    return {
        "id": row.facility_id,
        "name": row.facility_name,
        "site": {"id": row.site_id, "name": row.site_name},
        "facility_type": row.facility_type,
        "capacity": row.facility_capacity,
        "time_zone": row.facility_time_zone,
    }


def booking_detail(row: BookingRow) -> replies.BookingDetail:
    """A booking in full."""
    booking: replies.BookingDetail = {
        "id": row.id,
        "facility": facility_of(row),
        "user": user_basic(row.user_id, row.username, row.user_display_name),
        "start_time": row.start_time,
        "end_time": row.end_time,
        "title": row.title,
        "attendee_count": row.attendee_count,
        "status": row.status,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
    if row.description is not None:
        booking["description"] = row.description
    return booking


def booking_summary(row: BookingRow) -> replies.BookingSummary:
    """A booking as a line of its owner's list."""
    return {
        "id": row.id,
        "facility": facility_of(row),
        "start_time": row.start_time,
        "end_time": row.end_time,
        "title": row.title,
        "attendee_count": row.attendee_count,
        "status": row.status,
    }


def booking_basic(row: BookingRow, caller: Caller) -> replies.BookingBasic:
    """A booking that is in the caller's way: its time, and what else they may see of it."""
    booking: replies.BookingBasic = {"start_time": row.start_time, "end_time": row.end_time}
    if may_see(caller, row.user_id):
        booking["id"] = row.id
        booking["title"] = row.title
        booking["user"] = user_basic(row.user_id, row.username, row.user_display_name)
    return booking


def time_slot(period: Period) -> replies.TimeSlot:
    """A free period."""
    return {
        "start_time": period.start,
        "end_time": period.end,
        "duration_minutes": period.minutes,
    }


def site_detail(row: SiteRow) -> replies.SiteDetail:
    """A site."""
    return {
        "id": row.id,
        "name": row.name,
        "time_zone": row.time_zone,
        "created_at": row.created_at,
    }


def user_detail(row: UserRow) -> replies.UserDetail:
    """A user in full, for staff and for the user."""
    user: replies.UserDetail = {
        "id": row.id,
        "username": row.username,
        "is_staff": row.is_staff,
        "is_active": row.deactivated_at is None,
        "created_at": row.created_at,
    }
    if row.display_name is not None:
        user["display_name"] = row.display_name
    if row.deactivated_at is not None:
        user["deactivated_at"] = row.deactivated_at
    return user


def token_detail(row: TokenRow) -> replies.TokenDetail:
    """A token without its secret."""
    token: replies.TokenDetail = {
        "id": row.id,
        "name": row.name,
        "prefix": row.token_prefix,
        "created_at": row.created_at,
    }
    if row.expires_at is not None:
        token["expires_at"] = row.expires_at
    return token


def token_created(row: TokenRow, secret: str) -> replies.TokenCreated:
    """A new token with its secret, this once."""
    return {**token_detail(row), "token": secret}


def user_created(row: UserRow, token: replies.TokenCreated) -> replies.UserCreated:
    """A new user with their first token."""
    return {**user_detail(row), "initial_token": token}


def history_entry(row: HistoryRow) -> replies.HistoryEntry:
    """One change of a booking, with who made it where that is known."""
    entry: replies.HistoryEntry = {
        "id": row.id,
        "action": row.action,
        "changed_at": row.changed_at,
    }
    if row.changed_by_id is not None and row.changed_by_username is not None:
        entry["changed_by"] = user_basic(
            row.changed_by_id, row.changed_by_username, row.changed_by_display_name
        )
    if row.request_id is not None:
        entry["request_id"] = row.request_id
    if row.old_values is not None:
        entry["old_values"] = booking_values(row.old_values)
    if row.new_values is not None:
        entry["new_values"] = booking_values(row.new_values)
    return entry


def booking_values(stored: Mapping[str, Any]) -> replies.BookingValues:
    """A booking as an audit row stored it: PostgreSQL's JSON of the row, less its stamps."""
    values: replies.BookingValues = {
        "facility_id": stored["facility_id"],
        "user_id": stored["user_id"],
        "start_time": datetime.fromisoformat(stored["start_time"]),
        "end_time": datetime.fromisoformat(stored["end_time"]),
        "title": stored["title"],
        "attendee_count": stored["attendee_count"],
        "status": stored["status"],
    }
    if stored.get("description") is not None:
        values["description"] = stored["description"]
    return values
