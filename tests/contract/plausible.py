"""Requests about bookings and facilities that say something the service can agree to.

A generated time lies in any year at any second, and a generated id names nothing: nearly
every request would end at the same first rule. So most requests that match the contract are
given plausible times, places and ids; one in eight goes out as it was generated. What is
made wrong on purpose always does.
"""

from datetime import timedelta
from typing import Any

from schemathesis import HookContext

from tests.contract.lots import (
    DAYS,
    MARK,
    MOST_KNOWN,
    TOMORROW,
    TOWN,
    Body,
    Case,
    Lot,
    hook_for,
    is_valid,
    known,
    number,
    object_of,
    path_id,
    times,
    wire,
)
from tests.contract.town import BOOKINGS, FACILITIES

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC")
"""Of some 600 that there are."""

DECISIONS = {"bookings_approve", "bookings_reject"}

_PENDING = sorted(TOWN.ids["pending"])
_BOOKINGS = sorted([*TOWN.ids["bookings"], *_PENDING])
_LEAST = {"bookings_update": _BOOKINGS[-1], **dict.fromkeys(DECISIONS, _PENDING[0] - 1)}
"""Up to this id, an operation is given another booking than the request names."""
_USERS = [*TOWN.ids["people"], *TOWN.ids["guests"]]
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@hook_for("map_case", operation_id="bookings_create")
def plausible_booking(_: HookContext, case: Case) -> Case:
    """A time in the coming weeks, at a facility there is, for as many as it may hold."""
    lot = Lot(case.body)
    body = object_of(case)
    if body and not lot.leaves_as_is():
        asked: Body = {**body, **_place(lot), **times(lot), **_people(body, lot)}
        if "user_id" in asked and lot.below(2):
            del asked["user_id"]
        case.body = known(asked, {"user_id": lot.one_of(*_USERS)})
    return case


@hook_for("map_case", operation_id="bookings_update")
def plausible_move(_: HookContext, case: Case) -> Case:
    """As plausible_booking, for what the change is about."""
    lot = Lot([case.body, path_id(case)])
    body = object_of(case)
    if body and not lot.leaves_as_is():
        changes: Body = {**body, **_people(body, lot)}
        if "facility_id" in changes:
            changes.update(_place(lot))
        if not changes.keys().isdisjoint({"start_time", "end_time"}):
            changes.update(times(lot))
        case.body = changes
    return case


@hook_for("map_case", path_regex=r"/bookings/\{id\}/")
def existing_booking(_: HookContext, case: Case) -> Case:
    """A booking of the town, or one that the run has made; links bring their own.

    What is decided about is one that waits for it, and what is changed is seldom the town's that
    the request names, for many in a row name the same: once that is cancelled, nothing can be
    learnt from changing it.
    """
    name = case.operation.definition.raw["operationId"]
    lot = Lot([case.body, case.path_parameters])
    least = _LEAST.get(name, 0)
    if is_valid(case) and not least < path_id(case) <= MOST_KNOWN and not lot.leaves_as_is():
        waiting, any_one = lot.one_of(*_PENDING), lot.id_or_later(_BOOKINGS, later=BOOKINGS)
        found = waiting if name in DECISIONS else any_one
        case.path_parameters = {**case.path_parameters, "id": found}
    return case


@hook_for("map_case", operation_id="admin_bookings_decide")
def plausible_decisions(_: HookContext, case: Case) -> Case:
    """Bookings that wait for a decision, or did."""
    lot = Lot(case.body)
    body = object_of(case)
    if body and not lot.leaves_as_is():
        wanted = lot.ids("pending") or [lot.id("pending")]
        case.body = known(body, {"booking_ids": wanted})
    return case


@hook_for("map_case", operation_id=["facilities_create", "facilities_update"])
def plausible_facility(_: HookContext, case: Case) -> Case:
    """A site, groups and a time zone there are; hours and rules that bookings can meet."""
    lot = Lot([case.body, path_id(case)])
    body = object_of(case)
    if body and not lot.leaves_as_is():
        values: Body = {
            "site_id": lot.id("sites"),
            "time_zone": lot.one_of(*ZONES),
            "user_group_ids": lot.ids("user-groups", 2),
        }
        given = _with_hours(known(body, values), lot)
        if isinstance(given.get("rules"), dict):
            given["rules"] = known(given["rules"], _rules(lot))
        case.body = given
    return case


@hook_for("map_case", operation_id=["sites_create", "sites_update"])
def plausible_site(_: HookContext, case: Case) -> Case:
    """A time zone and a country there are, and hours in which something can be booked."""
    lot = Lot([case.body, path_id(case)])
    body = object_of(case)
    if body and not lot.leaves_as_is():
        given = _with_hours(known(body, {"time_zone": lot.one_of(*ZONES)}), lot)
        if given.get("holiday_calendar"):
            calendars = ({"country": "DE", "subdivision": "BE"}, {"country": "US"})
            given["holiday_calendar"] = lot.one_of(*calendars)
        case.body = given
    return case


_SEARCHES = ["availability_search", "availability_timeline"]


@hook_for("map_case", operation_id=[*_SEARCHES, "admin_bookings_list", "closures_list"])
def plausible_window(_: HookContext, case: Case) -> Case:
    """Some of the days in which bookings are; or less, which can be booked as one."""
    lot = Lot(case.query)
    if is_valid(case) and "start_time" in case.query and not lot.leaves_as_is():
        start = TOMORROW + MARK * lot.below(96 * DAYS)
        minutes = lot.below(8 * 60) if lot.below(4) else lot.below(31 * 24 * 60)
        end = start + timedelta(minutes=15 + minutes)
        case.query = {**case.query, "start_time": wire(start), "end_time": wire(end)}
    return case


@hook_for("map_case", operation_id=[*_SEARCHES, "facilities_list"])
def plausible_filters(_: HookContext, case: Case) -> Case:
    """Conditions that some facility meets; the more of them, the fewer do."""
    lot = Lot([case.query, "filters"])
    if not is_valid(case) or lot.leaves_as_is():
        return case
    met: Body = {
        "site_id": lot.id("sites"),
        "search": "Place",
        "min_capacity": lot.up_to(4 * FACILITIES),
    }
    if number(case.query.get("facility_id")) > MOST_KNOWN:  # Links bring their own.
        met["facility_id"] = lot.id("facilities")
    case.query = _without_hard(known(case.query, met), {"amenities", "facility_type"}, lot)
    return case


@hook_for("map_case", operation_id="admin_bookings_list")
def plausible_desk(_: HookContext, case: Case) -> Case:
    """What waits for a decision, or else conditions that some booking meets."""
    lot = Lot([case.query, "filters"])
    if not is_valid(case) or lot.leaves_as_is():
        return case
    if lot.below(4):
        case.query = {"status": "pending"}
        return case
    met: Body = {
        "site_id": lot.id("sites"),
        "facility_id": lot.id("facilities"),
        "user_id": lot.id("people"),
        "search": lot.one_of("Meeting", "Rehearsal"),
    }
    hard = {"booked_by_id", "cancellation_cause", "status", "user_id"}
    case.query = _without_hard(known(case.query, met), hard, lot)
    return case


def _without_hard(query: Body, hard: set[str], lot: Lot) -> Body:
    return {name: value for name, value in query.items() if name not in hard or lot.below(2)}


def _place(lot: Lot) -> Body:
    return {"facility_id": lot.id("facilities")}


def _people(body: Body, lot: Lot) -> Body:
    return {"attendee_count": lot.up_to(6)} if "attendee_count" in body else {}


def _with_hours(body: Body, lot: Lot) -> Body:
    """The body with opening hours of nearly every day, where it has any."""
    if not body.get("opening_hours"):
        return body
    opens, closes = lot.one_of(("00:00", "24:00"), ("03:30", "23:00"), ("06:00", "02:15"))
    hours = [{"weekday": day, "opens": opens, "closes": closes} for day in _WEEK[lot.below(2) :]]
    return {**body, "opening_hours": hours}


def _rules(lot: Lot) -> dict[str, Any]:
    return {
        "min_duration_minutes": lot.one_of(15, 30, 60),
        "max_duration_minutes": lot.one_of(120, 240, 480),
        "min_notice_minutes": lot.one_of(0, 60, 1440),
        "horizon_days": lot.one_of(30, 365, None),
        "start_step_minutes": lot.one_of(15, 30, 60),
        "cancellation_notice_minutes": lot.one_of(0, 60, 2880),
        "buffer_before_minutes": lot.one_of(0, 15, 30),
        "buffer_after_minutes": lot.one_of(0, 15, 30),
    }
