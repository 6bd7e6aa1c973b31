"""The demo as rows of the database's tables, in the form that JSON carries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias

from demo import house
from demo.values import Booking, Closure, Conflict, Person, Site
from domain.hours import WeeklyHours
from sql.hours import text_of

OPENED_DAYS_AGO = 400
FACILITIES_DAYS_AGO = 390
FIRST_PERSON_DAYS_AGO = 380
DAYS_BETWEEN_PEOPLE = 5
RULES_DAYS_AGO = 200

Row: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Known:
    """The identifiers of what is stored already, by name."""

    users: Mapping[str, int]
    sites: Mapping[str, int]
    facilities: Mapping[str, int]


def users(people: Sequence[Person], today: date) -> list[Row]:
    """Staff were there first; one after the other the members joined."""
    return [
        {
            "username": person.username,
            "display_name": person.display_name,
            "is_staff": person.role == "staff_of_house",
            "created_at": _days_ago(today, FIRST_PERSON_DAYS_AGO - DAYS_BETWEEN_PEOPLE * index),
        }
        for index, person in enumerate(people)
    ]


def sites(given: Sequence[Site], today: date) -> list[Row]:
    """The sites with their hours and calendars of holidays."""
    rows: list[Row] = []
    for site in given:
        country, subdivision = house.HOLIDAY_CALENDARS.get(site.name, (None, None))
        rows.append(
            {
                "name": site.name,
                "time_zone": site.time_zone,
                "opening_hours": _hours(house.SITE_HOURS[site.name]),
                "holiday_country": country,
                "holiday_subdivision": subdivision,
                "created_at": _days_ago(today, OPENED_DAYS_AGO),
            }
        )
    return rows


def facilities(given: Sequence[Site], site_ids: Mapping[str, int], today: date) -> list[Row]:
    """The facilities with their rules; groups are apart."""
    return [
        {
            **asdict(house.rules_of(facility.name)),
            "site_id": site_ids[site.name],
            "name": facility.name,
            "description": facility.description,
            "facility_type": facility.facility_type,
            "capacity": facility.capacity,
            "amenities": sorted(facility.amenities),
            "time_zone": site.time_zone,
            "opening_hours": _hours(house.rules_of(facility.name).opening_hours),
            "created_at": _days_ago(today, FACILITIES_DAYS_AGO),
        }
        for site in given
        for facility in site.facilities
    ]


def site_staff(people: Iterable[Person], known: Known) -> list[Row]:
    """Who is staff of one site only, and of which."""
    return [
        {"user_id": known.users[person.username], "site_id": known.sites[person.site]}
        for person in people
        if person.role == "staff_of_site"
    ]


def user_groups(today: date) -> list[Row]:
    """The groups of users, without their members."""
    created_at = _days_ago(today, RULES_DAYS_AGO)
    return [{"name": name, "created_at": created_at} for name in house.USER_GROUPS]


def user_group_members(group_ids: Mapping[str, int], known: Known) -> list[Row]:
    """Who belongs to which group of users."""
    return [
        {"user_group_id": group_ids[name], "user_id": known.users[username]}
        for name, usernames in house.USER_GROUPS.items()
        for username in usernames
    ]


def facility_user_groups(group_ids: Mapping[str, int], known: Known) -> list[Row]:
    """Which facility is open to which groups of users only."""
    return [
        {"facility_id": known.facilities[name], "user_group_id": group_ids[group]}
        for name, rules in house.RULES.items()
        for group in rules.open_to
    ]


def facility_groups(today: date) -> list[Row]:
    """The groups of facilities, without what belongs to them."""
    created_at = _days_ago(today, RULES_DAYS_AGO)
    return [{"name": name, "created_at": created_at} for name in house.FACILITY_GROUPS]


def facility_group_members(group_ids: Mapping[str, int], known: Known) -> list[Row]:
    """Which facility belongs to which group of facilities."""
    return [
        {"facility_group_id": group_ids[group], "facility_id": known.facilities[name]}
        for group, names in house.FACILITY_GROUPS.items()
        for name in names
    ]


def quotas(group_ids: Mapping[str, int], known: Known, today: date) -> list[Row]:
    """The quotas of facilities, of groups of them, and of all."""
    return [
        {
            "facility_id": known.facilities[quota.facility] if quota.facility else None,
            "facility_group_id": group_ids[quota.facility_group] if quota.facility_group else None,
            "max_active_bookings": quota.max_active_bookings,
            "max_hours_per_week": quota.max_hours_per_week,
            "created_at": _days_ago(today, RULES_DAYS_AGO),
        }
        for quota in house.QUOTAS
    ]


def closure(given: Closure, known: Known) -> Row:
    """A closure that staff entered."""
    return {
        "facility_id": known.facilities[given.facility] if given.facility else None,
        "site_id": known.sites[given.site] if given.site else None,
        "start_time": given.period.start.isoformat(),
        "end_time": given.period.end.isoformat(),
        "reason": given.reason,
        "created_at": given.created_at.isoformat(),
    }


def booking(given: Booking, known: Known) -> Row:
    """A booking as it was made: pending if staff were asked, else confirmed."""
    rules = house.rules_of(given.facility)
    return {
        "facility_id": known.facilities[given.facility],
        "user_id": known.users[given.username],
        "booked_by": known.users[given.booked_by] if given.booked_by else None,
        "start_time": given.start_time.isoformat(),
        "end_time": given.end_time.isoformat(),
        "title": given.title,
        "description": given.description,
        "attendee_count": given.attendee_count,
        "decide_by": given.decide_by.isoformat() if given.decide_by else None,
        "buffer_before_minutes": rules.buffer_before_minutes,
        "buffer_after_minutes": rules.buffer_after_minutes,
        "created_at": given.created_at.isoformat(),
    }


def settlement(booking_id: int, given: Booking) -> Row:
    """What became of a booking after it was made."""
    return {
        "booking_id": booking_id,
        "status": given.status,
        "cancellation_cause": given.cancellation_cause,
        "change_reason": given.change_reason,
    }


def conflicts(given: Iterable[Conflict], known: Known) -> list[Row]:
    """Requests that met a booking in their way."""
    return [
        {
            "facility_id": known.facilities[conflict.facility],
            "user_id": known.users[conflict.username],
            "start_time": conflict.period.start.isoformat(),
            "end_time": conflict.period.end.isoformat(),
            "occurred_at": conflict.occurred_at.isoformat(),
        }
        for conflict in given
    ]


def _hours(hours: WeeklyHours | None) -> str | None:
    return None if hours is None else text_of(hours)


def _days_ago(today: date, days: int) -> str:
    """Nine in the morning (UTC) of a day in the past, as JSON carries it."""
    return datetime.combine(today - timedelta(days=days), time(9), UTC).isoformat()
