"""Rows of the database as the replies of the contract.

The reply types are TypedDicts generated from the contract: mypy holds every
member to it, and nothing is checked or copied at run time. Optional members
are left out rather than sent as null.
"""

from datetime import timedelta

from domain.access import Caller, may_see
from domain.periods import Period
from domain.scopes import ordered
from exchange.hours import effective_hours, shown_hours
from sql.affected import AffectedRow
from sql.bookings import BookingRow, InTheWayRow, SummaryRow
from sql.closures import ClosureRow
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


def facility_detail(
    row: FacilityRow, open_to: list[replies.UserGroupBasic], horizon: timedelta
) -> replies.FacilityDetail:
    """A facility in full; ``horizon`` is the service's own."""
    facility: replies.FacilityDetail = {
        **facility_basic(row),  # type: ignore[typeddict-item]  # shared members only
        "amenities": row.amenities,
        "status": row.status,
        "opening_hours_of": _opening_hours_of(row),
        "rules": facility_rules(row, horizon),
        "open_to": open_to,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
    if row.description is not None:
        facility["description"] = row.description
    hours = effective_hours(row)
    if hours is not None:
        facility["opening_hours"] = shown_hours(hours)
    return facility


def facility_rules(row: FacilityRow, horizon: timedelta) -> replies.FacilityRules:
    """What a facility asks of bookings; the service's own horizon where it has none."""
    return {
        "min_duration_minutes": row.min_duration_minutes,
        "max_duration_minutes": row.max_duration_minutes,
        "min_notice_minutes": row.min_notice_minutes,
        "horizon_days": horizon.days if row.horizon_days is None else row.horizon_days,
        "start_step_minutes": row.start_step_minutes,
        "cancellation_notice_minutes": row.cancellation_notice_minutes,
        "buffer_before_minutes": row.buffer_before_minutes,
        "buffer_after_minutes": row.buffer_after_minutes,
        "requires_approval": row.requires_approval,
        "approval_timeout_minutes": row.approval_timeout_minutes,
    }


def _opening_hours_of(row: FacilityRow) -> replies.OpeningHoursOf:
    if row.opening_hours is not None:
        return "facility"
    return "nobody" if row.site_opening_hours is None else "site"


def facility_of(row: BookingRow | SummaryRow) -> replies.FacilityBasic:
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
        "buffer_before_minutes": row.buffer_before_minutes,
        "buffer_after_minutes": row.buffer_after_minutes,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
    if row.description is not None:
        booking["description"] = row.description
    if row.booked_by_id is not None and row.booked_by_username is not None:
        booking["booked_by"] = user_basic(
            row.booked_by_id, row.booked_by_username, row.booked_by_display_name
        )
    if row.decide_by is not None:
        booking["decide_by"] = row.decide_by
    if row.cancellation_cause is not None:
        booking["cancellation_cause"] = row.cancellation_cause
    if row.change_reason is not None:
        booking["change_reason"] = row.change_reason
    return booking


def booking_summary(row: SummaryRow) -> replies.BookingSummary:
    """A booking as a line of its owner's list."""
    booking: replies.BookingSummary = {
        "id": row.id,
        "facility": facility_of(row),
        "start_time": row.start_time,
        "end_time": row.end_time,
        "title": row.title,
        "attendee_count": row.attendee_count,
        "status": row.status,
    }
    if row.decide_by is not None:
        booking["decide_by"] = row.decide_by
    if row.cancellation_cause is not None:
        booking["cancellation_cause"] = row.cancellation_cause
    return booking


def booking_basic(row: InTheWayRow, site_id: int, caller: Caller) -> replies.BookingBasic:
    """A booking that is in the caller's way at a site: its time, and what else they may see."""
    booking: replies.BookingBasic = {"start_time": row.start_time, "end_time": row.end_time}
    if may_see(caller, row.user_id, site_id):
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
    site: replies.SiteDetail = {
        "id": row.id,
        "name": row.name,
        "time_zone": row.time_zone,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
    if row.opening_hours is not None:
        site["opening_hours"] = shown_hours(row.opening_hours)
    if row.holiday_country is not None:
        site["holiday_calendar"] = {"country": row.holiday_country}
        if row.holiday_subdivision is not None:
            site["holiday_calendar"]["subdivision"] = row.holiday_subdivision
    return site


def closure_detail(row: ClosureRow) -> replies.ClosureDetail:
    """A closure."""
    closure: replies.ClosureDetail = {
        "id": row.id,
        "start_time": row.start_time,
        "end_time": row.end_time,
        "reason": row.reason,
        "source": row.source,
        "created_at": row.created_at,
    }
    if row.facility_id is not None and row.facility_name is not None:
        closure["facility"] = {"id": row.facility_id, "name": row.facility_name}
    if row.site_id is not None and row.site_name is not None:
        closure["site"] = {"id": row.site_id, "name": row.site_name}
    return closure


def affected_booking(row: AffectedRow, facility: FacilityRow) -> replies.AffectedBooking:
    """A booking that a closure or a change of rules concerns."""
    return {
        "id": row.id,
        "facility": facility_basic(facility),
        "user": user_basic(row.user_id, row.username, row.user_display_name),
        "start_time": row.start_time,
        "end_time": row.end_time,
        "title": row.title,
        "attendee_count": row.attendee_count,
        "status": row.status,
    }


def user_detail(row: UserRow) -> replies.UserDetail:
    """A user in full, for staff and for the user."""
    user: replies.UserDetail = {
        "id": row.id,
        "username": row.username,
        "is_staff": row.is_staff,
        "sites": row.sites,
        "groups": row.groups,
        "is_active": row.deactivated_at is None,
        "created_at": row.created_at,
    }
    if row.display_name is not None:
        user["display_name"] = row.display_name
    if row.deactivated_at is not None:
        user["deactivated_at"] = row.deactivated_at
    if row.anonymised_at is not None:
        user["anonymised_at"] = row.anonymised_at
    return user


def token_detail(row: TokenRow) -> replies.TokenDetail:
    """A token without its secret."""
    token: replies.TokenDetail = {
        "id": row.id,
        "name": row.name,
        "prefix": row.token_prefix,
        "scopes": ordered(row.scopes),
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
