"""Groups, quotas, logs and what is stored of one user, as the replies of the contract.

See ``views``: these are more of the same.
"""

from typing import Any, TypedDict

from exchange.views import user_basic, user_detail
from sql.audit_log import FacilityHistoryRow, LogRow
from sql.facility_groups import FacilityGroupRow
from sql.privacy import BookingChangeRow, ConflictRow, FacilityChangeRow
from sql.quotas import ExceedingRow, QuotaRow, UsageRow
from sql.user_groups import MemberRow, UserGroupRow
from sql.users import UserRow
from wire import replies

_MINUTES_OF_HOUR = 60


class _Logged(TypedDict, total=False):
    changed_by: replies.UserBasic
    request_id: str
    old_values: dict[str, Any]


class _QuotaLimits(TypedDict, total=False):
    """What every form of a quota says."""

    facility: replies.QuotaScope
    facility_group: replies.QuotaScope
    max_active_bookings: int
    max_hours_per_week: int


def user_group(row: UserGroupRow) -> replies.UserGroup:
    """A group of users."""
    return {
        "id": row.id,
        "name": row.name,
        "member_count": row.member_count,
        "created_at": row.created_at,
    }


def member(row: MemberRow) -> replies.UserBasic:
    """A user of a group."""
    return user_basic(row.id, row.username, row.display_name)


def facility_group(row: FacilityGroupRow) -> replies.FacilityGroup:
    """A group of facilities."""
    return {
        "id": row.id,
        "name": row.name,
        "facility_ids": row.facility_ids,
        "created_at": row.created_at,
    }


def quota_detail(row: QuotaRow) -> replies.QuotaDetail:
    """A quota."""
    return {
        "id": row.id,
        **_quota_limits(row),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def quota_saved(row: QuotaRow, exceeding: list[ExceedingRow]) -> replies.QuotaSaved:
    """A quota, and who holds more than it allows."""
    return {**quota_detail(row), "exceeded_by": [_exceeding(one) for one in exceeding]}


def quota_usage(row: UsageRow) -> replies.QuotaUsage:
    """A quota, and what a user holds of it."""
    return {
        "id": row.id,
        **_quota_limits(row),
        "active_bookings": row.active_bookings,
        "hours_this_week": row.minutes_this_week / _MINUTES_OF_HOUR,
    }


def me(row: UserRow, usage: list[UsageRow], *, counts_usage: bool) -> replies.Me:
    """A user as they see themselves, and whether their visits are counted."""
    quotas = [quota_usage(one) for one in usage]
    return {**user_detail(row), "quotas": quotas, "counts_usage": counts_usage}


def audit_log_entry(row: LogRow) -> replies.AuditLogEntry:
    """One change of a record."""
    entry: replies.AuditLogEntry = {
        "id": row.id,
        "record_type": row.record_type,
        "action": row.action,
        "changed_at": row.changed_at,
        **_logged(row),  # type: ignore[typeddict-item]  # shared members only
    }
    if row.record_id is not None:
        entry["record_id"] = row.record_id
    if row.new_values is not None:
        entry["new_values"] = row.new_values
    return entry


def facility_history_entry(row: FacilityHistoryRow) -> replies.FacilityHistoryEntry:
    """One change of a facility."""
    return {
        "id": row.id,
        "action": row.action,
        "changed_at": row.changed_at,
        "new_values": row.new_values,
        **_logged(row),
    }


def booking_change(row: BookingChangeRow) -> replies.StoredBookingChange:
    """One change of a booking, as it was stored."""
    change: replies.StoredBookingChange = {
        "id": row.id,
        "booking_id": row.booking_id,
        "action": row.action,
        "changed_at": row.changed_at,
        **_logged(row),  # type: ignore[typeddict-item]  # shared members only
    }
    if row.new_values is not None:
        change["new_values"] = row.new_values
    return change


def facility_change(row: FacilityChangeRow) -> replies.StoredFacilityChange:
    """One change of a facility, as it was stored."""
    change: replies.StoredFacilityChange = {
        "id": row.id,
        "facility_id": row.facility_id,
        "action": row.action,
        "changed_at": row.changed_at,
        "new_values": row.new_values,
    }
    if row.request_id is not None:
        change["request_id"] = row.request_id
    if row.old_values is not None:
        change["old_values"] = row.old_values
    return change


def conflict_record(row: ConflictRow) -> replies.ConflictRecord:
    """A request that met a booking in its way."""
    return {
        "facility_id": row.facility_id,
        "start_time": row.start_time,
        "end_time": row.end_time,
        "occurred_at": row.occurred_at,
    }


def _logged(row: LogRow | FacilityHistoryRow | BookingChangeRow) -> _Logged:
    """What every log tells where it is known: who, in which request, and what was before."""
    logged: _Logged = {}
    if row.changed_by_id is not None and row.changed_by_username is not None:
        logged["changed_by"] = user_basic(
            row.changed_by_id, row.changed_by_username, row.changed_by_display_name
        )
    if row.request_id is not None:
        logged["request_id"] = row.request_id
    if row.old_values is not None:
        logged["old_values"] = row.old_values
    return logged


def _quota_limits(row: QuotaRow) -> _QuotaLimits:
    limits: _QuotaLimits = {}
    if row.facility_id is not None and row.facility_name is not None:
        limits["facility"] = {"id": row.facility_id, "name": row.facility_name}
    if row.facility_group_id is not None and row.facility_group_name is not None:
        limits["facility_group"] = {
            "id": row.facility_group_id,
            "name": row.facility_group_name,
        }
    if row.max_active_bookings is not None:
        limits["max_active_bookings"] = row.max_active_bookings
    if row.max_hours_per_week is not None:
        limits["max_hours_per_week"] = row.max_hours_per_week
    return limits


def _exceeding(row: ExceedingRow) -> replies.QuotaExceeding:
    return {
        "user": user_basic(row.user_id, row.username, row.display_name),
        "active_bookings": row.active_bookings,
        "hours_this_week": row.minutes_this_week / _MINUTES_OF_HOUR,
    }
