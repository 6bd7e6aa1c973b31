"""Requests of the staff's desk that say something the service can agree to: see plausible."""

from datetime import date, timedelta

from schemathesis import HookContext

from tests.contract.lots import (
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
    times,
    wire,
)
from tests.contract.town import FACILITIES, GUESTS, SITES, USER_GROUPS

_GROUPS = [name + TOWN.tag for name in USER_GROUPS]
_PERIODS = [
    "analytics_summary",
    "analytics_top_facilities",
    "analytics_usage",
    "analytics_utilisation",
    "exports_retrieve",
    "my_bookings_list",
]


@hook_for("map_case", operation_id="closures_create")
def plausible_closure(_: HookContext, case: Case) -> Case:
    """A short time of the coming months; of one facility, rarely of more.

    Links bring their own.
    """
    lot = Lot(case.body)
    body = object_of(case)
    if body and not lot.leaves_as_is():
        named = {"facility_id", "site_id"}
        asked: Body = {
            name: value
            for name, value in body.items()
            if name not in named or number(value) <= MOST_KNOWN
        }
        extent = 0 if named & asked.keys() else lot.below(16)
        if extent > 2:
            asked["facility_id"] = lot.id("facilities")
        elif extent:
            asked["site_id"] = lot.id("sites")
        case.body = {**asked, **times(lot, days=60, longest=8)}
    return case


@hook_for("map_case", operation_id="closures_list")
def plausible_closures(_: HookContext, case: Case) -> Case:
    """Of a place there is."""
    lot = Lot([case.query, "filters"])
    if is_valid(case) and not lot.leaves_as_is():
        places: Body = {"facility_id": lot.id("facilities"), "site_id": lot.id("sites")}
        case.query = known(case.query, places)
    return case


@hook_for("map_case", operation_id=["quotas_create", "quotas_update"])
def plausible_quota(_: HookContext, case: Case) -> Case:
    """Of a facility or a group there is, and high enough for what is booked in a run."""
    lot = Lot([case.body, case.path_parameters])
    body = object_of(case)
    if body and not lot.leaves_as_is():
        given: Body = dict(body)
        if {"facility_id", "facility_group_id"} <= given.keys() and lot.below(4):
            del given[lot.one_of("facility_id", "facility_group_id")]
        ids: Body = {
            "facility_id": lot.id_or_later(TOWN.ids["facilities"], later=FACILITIES),
            "facility_group_id": lot.id("facility-groups"),
        }
        limits: Body = {
            "max_active_bookings": 1000 + lot.below(9000),
            "max_hours_per_week": 100 + lot.below(68),
        }
        made_up = {name for name in ids if number(given.get(name)) > MOST_KNOWN}
        stated = {name for name in limits if given.get(name) is not None}
        values: Body = {**ids, **limits}
        case.body = known(given, {name: values[name] for name in made_up | stated})
    return case


@hook_for("map_case", operation_id=["facility_groups_create", "facility_groups_update"])
def plausible_group(_: HookContext, case: Case) -> Case:
    """Of facilities there are."""
    lot = Lot(case.body)
    body = object_of(case)
    if body and not lot.leaves_as_is():
        case.body = known(body, {"facility_ids": lot.ids("facilities")})
    return case


@hook_for("map_case", operation_id=["users_create", "users_update"])
def plausible_user(_: HookContext, case: Case) -> Case:
    """Staff of sites there are."""
    lot = Lot([case.body, case.path_parameters])
    body = object_of(case)
    if body and not lot.leaves_as_is():
        case.body = known(body, {"site_ids": lot.ids("sites", 2)})
    return case


@hook_for("map_case", operation_id="user_group_members_add")
def plausible_member(_: HookContext, case: Case) -> Case:
    """A guest: links bring the group alone."""
    lot = Lot(case.path_parameters)
    if is_valid(case) and number((case.path_parameters or {}).get("user_id")) > MOST_KNOWN:
        case.path_parameters = {**case.path_parameters, "user_id": lot.id("guests")}
    return case


@hook_for("map_case", operation_id=_PERIODS)
def plausible_period(_: HookContext, case: Case) -> Case:
    """Days not too many, about now; and a place there is."""
    lot = Lot(case.query)
    if is_valid(case) and not lot.leaves_as_is():
        start = date.fromordinal(TOMORROW.toordinal() - lot.below(60))
        end = start + timedelta(days=lot.below(90) if lot.below(8) else lot.below(731))
        places: Body = {"facility_id": lot.id("facilities"), "site_id": lot.id("sites")}
        dates: Body = {"start_date": start.isoformat(), "end_date": end.isoformat()}
        case.query = known(case.query, {**places, **dates})
    return case


@hook_for("map_case", operation_id="audit_log_list")
def plausible_audit(_: HookContext, case: Case) -> Case:
    """Changes of today, by people there are."""
    lot = Lot(case.query)
    if is_valid(case) and not lot.leaves_as_is():
        values: Body = {
            "start_time": wire(TOMORROW - timedelta(days=2)),
            "end_time": wire(TOMORROW),
            "record_id": lot.id("sites"),
            "changed_by": lot.id("people"),
        }
        case.query = known(case.query, values)
    return case


@hook_for("map_case", operation_id="imports_facilities")
def plausible_facilities_file(_: HookContext, case: Case) -> Case:
    """Places of the town, and some to build; of one site or of both."""
    lot = Lot([case.body, case.query])
    if is_valid(case) and not lot.leaves_as_is():
        sites, places = lot.one_of((0,), (0, 1)), [f"{name}{TOWN.tag}" for name, _ in SITES]
        lines = ["site,name,facility_type,capacity,opening_hours,buffer_after_minutes,open_to"]
        for _line in range(lot.up_to(4)):
            site = lot.one_of(*sites)
            name = lot.one_of(f"Place {9 + site + 2 * lot.below(4)}", f"Shed {lot.up_to(500)}")
            hours = lot.one_of("", "mon-sat 06:00-02:00", "mon 08:00-12:00; tue-sun 00:00-24:00")
            lines.append(
                f"{places[site]},{name},{lot.one_of('room', 'lab')},{lot.up_to(90)},{hours},"
                f"{lot.one_of(0, 15)},{lot.one_of('', _GROUPS[0], '; '.join(_GROUPS))}"
            )
        case.body = _file(lines)
    return case


@hook_for("map_case", operation_id="imports_users")
def plausible_users_file(_: HookContext, case: Case) -> Case:
    """Guests of the town, and some who are new."""
    lot = Lot([case.body, case.query])
    if is_valid(case) and not lot.leaves_as_is():
        lines = ["username,display_name,groups,sites,status"]
        site = SITES[1][0] + TOWN.tag
        for _line in range(lot.up_to(4)):
            name = lot.one_of(f"guest{lot.up_to(GUESTS)}{TOWN.tag}", f"visitor{lot.up_to(500)}")
            lines.append(
                f"{name},{lot.one_of('', 'A Guest')},{lot.one_of('', _GROUPS[1])},"
                f"{lot.one_of('', site)},{lot.one_of('active', 'active', 'deactivated')}"
            )
        case.body = _file(lines)
    return case


def _file(lines: list[str]) -> str:
    return "".join(f"{line}\r\n" for line in dict.fromkeys(lines))
