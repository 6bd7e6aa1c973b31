"""What an import would do: each line held against what there is, before anything is written."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from psycopg.errors import SerializationFailure

from domain.imports import FACILITY_DEFAULTS, USER_DEFAULTS, check_facility
from domain.tables import BadLine, Line
from exchange.request import Request
from sql import imports
from sql.facilities import FacilityRow
from sql.hours import text_of, weekly
from sql.imports import FacilityMatch, NamedRow, UserMatch
from sql.pool import Connection
from steps.affected import Standing
from steps.reports import sites_of
from steps.zones import time_zones

_NEEDED = ("facility_type", "capacity")
_RULES = ("min_duration_minutes", "max_duration_minutes", "min_notice_minutes", "horizon_days")

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """Records to create and to change, with all their values; and what is wrong, by line."""

    created: list[Values]
    updated: list[Values]
    unchanged: int
    bad: list[BadLine]

    @property
    def changes(self) -> list[Values]:
        """All records that are not as their lines say."""
        return [*self.created, *self.updated]

    def check_added(self, count: int) -> None:
        """Have it all planned anew if others added one of the records meanwhile."""
        if count != len(self.created):
            message = "Others added records of the same names."
            raise SerializationFailure(message)


def is_dry(request: Request) -> bool:
    """Whether only to report what the import would do."""
    return bool(request.param("dry_run", default=False))


async def plan_facilities(
    conn: Connection, request: Request, lines: Sequence[Line], bad: Sequence[BadLine]
) -> Plan:
    """What becomes of facilities, which are held until the commit unless it is a dry run."""
    named = [line for line in lines if {"site", "name"} <= line.values.keys()]
    sites = [line.values["site"] for line in named]
    names = [line.values["name"] for line in named]
    if not is_dry(request):
        await imports.lock_facilities_named(
            conn, site_ids=sites_of(request.caller), sites=sites, names=names
        )
    matches = await imports.match_facilities(conn, sites=sites, names=names)
    groups = _ids(await imports.match_user_groups(conn, names=_all(named, "open_to")))

    def decide(line: Line, match: FacilityMatch) -> _Decision:
        return _facility(request, line, match, groups)

    return _plan(list(zip(named, matches, strict=True)), bad, decide)


async def plan_users(
    conn: Connection, request: Request, lines: Sequence[Line], bad: Sequence[BadLine]
) -> Plan:
    """What becomes of users, who are held until the commit unless it is a dry run."""
    named = [line for line in lines if "username" in line.values]
    names = [line.values["username"] for line in named]
    if not is_dry(request):
        await imports.lock_users_named(conn, names=names)
    matches = await imports.match_users(conn, names=names)
    groups = _ids(await imports.match_user_groups(conn, names=_all(named, "groups")))
    sites = _ids(await imports.match_sites(conn, names=_all(named, "sites")))

    def decide(line: Line, match: UserMatch) -> _Decision:
        return _user(request, line, match, groups, sites)

    return _plan(list(zip(named, matches, strict=True)), bad, decide)


@dataclass(frozen=True, slots=True)
class _Decision:
    """What one line comes to. ``before`` is None for a new record; ``key`` tells records apart."""

    key: object
    before: Values | None
    after: Values
    bad: list[BadLine]


def as_planned(ruled: Standing, plan: Plan) -> Standing:
    """How the facilities would be ruled if the plan were carried out."""
    names = {field.name for field in fields(FacilityRow)}
    rows = dict(ruled.facilities)
    for values in plan.updated:
        if values["id"] in rows:
            given = {name: value for name, value in values.items() if name in names}
            row = rows[values["id"]]
            rows[row.id] = replace(row, **given, user_group_ids=values["open_to"])
    return replace(ruled, facilities=rows)


def _plan(
    pairs: Iterable[tuple[Line, Any]],
    bad: Sequence[BadLine],
    decide: Callable[[Line, Any], _Decision],
) -> Plan:
    """All lines' decisions together. A line with anything wrong counts as nothing else."""
    plan = Plan([], [], 0, list(bad))
    spoilt = {line.line for line in bad}
    told = {(line.line, line.column) for line in bad}
    seen: dict[object, int] = {}
    unchanged = 0
    for line, match in pairs:
        decision = decide(line, match)
        found = [one for one in decision.bad if (one.line, one.column) not in told]
        first = seen.setdefault(decision.key, line.number)
        if first != line.number:
            found = [*found, BadLine(line.number, None, f"Line {first} is about the same.")]
        plan.bad.extend(found)
        if found or line.number in spoilt:
            continue
        if decision.before is None:
            plan.created.append(decision.after)
        elif decision.before != decision.after:
            plan.updated.append(decision.after)
        else:
            unchanged += 1
    ordered = sorted(plan.bad, key=lambda one: one.line)
    return Plan(plan.created, plan.updated, unchanged, ordered)


def _facility(
    request: Request, line: Line, match: FacilityMatch, groups: Mapping[str, int]
) -> _Decision:
    site = line.values["site"]
    if match.site_id is None:
        wrong = BadLine(line.number, "site", f"There is no site named {site!r}.")
        return _Decision((line.number,), None, {}, [wrong])
    if not request.caller.governs(match.site_id):
        wrong = BadLine(line.number, "site", f"Only staff of {site} may import its facilities.")
        return _Decision((line.number,), None, {}, [wrong])
    before = None if match.facility_id is None else _as_it_is(match)
    given = {name: value for name, value in line.values.items() if name != "site"}
    found = _time_zone(line, given)
    if "opening_hours" in given and given["opening_hours"] is not None:
        given["opening_hours"] = text_of(given["opening_hours"])
    if "open_to" in given:
        given["open_to"] = _known(line, "open_to", groups, found)
    if before is None:
        found += [
            BadLine(line.number, name, f"A new facility needs its {name}.")
            for name in _NEEDED
            if name not in given
        ]
        base = {**FACILITY_DEFAULTS, "time_zone": match.site_time_zone, "site_id": match.site_id}
    else:
        base = before
    after = {**base, **given}
    wrong_rules = check_facility(after, request.service.horizon)
    if wrong_rules is not None and not _rules_stay(before, after):
        found.append(BadLine(line.number, None, wrong_rules))
    return _Decision((match.site_id, match.key), before, after, found)


def _rules_stay(before: Values | None, after: Values) -> bool:
    """Whether a line leaves the rules as they are, which it then need not answer for."""
    return before is not None and all(before[name] == after[name] for name in _RULES)


def _as_it_is(match: FacilityMatch) -> Values:
    """The values of a facility that lines can change, and what they are written by."""
    values = asdict(match)
    del values["site_time_zone"], values["key"]
    values["id"] = values.pop("facility_id")
    hours = values["opening_hours"]
    values["opening_hours"] = None if hours is None else text_of(weekly(hours))
    return values


def _time_zone(line: Line, given: Values) -> list[BadLine]:
    """What is wrong with the zone; an empty cell is as good as none."""
    zone = given.get("time_zone")
    if zone is None:
        given.pop("time_zone", None)
    elif zone not in time_zones():
        detail = f"{zone[:70]!r} is not in the IANA time zone database."
        return [BadLine(line.number, "time_zone", detail)]
    return []


def _user(
    request: Request,
    line: Line,
    match: UserMatch,
    groups: Mapping[str, int],
    sites: Mapping[str, int],
) -> _Decision:
    before: Values | None = None
    if match.user_id is not None:
        before = asdict(match)
        before["id"] = before.pop("user_id")
        del before["key"], before["is_anonymised"]
    found: list[BadLine] = []
    given = dict(line.values)
    if "groups" in given:
        given["groups"] = _known(line, "groups", groups, found)
    if "sites" in given:
        given["sites"] = _known(line, "sites", sites, found)
    if before is not None:
        given["username"] = before["username"]  # a name is for good, capitals too
    after = {**(before or USER_DEFAULTS), **given}
    if match.user_id == request.caller.user_id:
        found += [
            BadLine(line.number, name, "You cannot take your own rights: ask another of the staff.")
            for name, wanted in (("is_staff", True), ("status", "active"))
            if after[name] != wanted
        ]
    if match.is_anonymised and after["status"] == "active":
        detail = (
            f"{match.username} was anonymised, which is for good: give this line another username."
        )
        found.append(BadLine(line.number, "status", detail))
    return _Decision(match.key, before, after, found)


def _known(line: Line, column: str, ids: Mapping[str, int], found: list[BadLine]) -> list[int]:
    """The ids of the names in a cell, in order; names that nothing has are told."""
    kind = "site" if column == "sites" else "group of users"
    names: list[str] = line.values[column]
    found += [
        BadLine(line.number, column, f"There is no {kind} named {name[:100]!r}.")
        for name in names
        if name not in ids
    ]
    return sorted({ids[name] for name in names if name in ids})


def _all(lines: Iterable[Line], column: str) -> list[str]:
    """Every name in a column, once."""
    return sorted({name for line in lines for name in line.values.get(column, ())})


def _ids(rows: Iterable[NamedRow]) -> dict[str, int]:
    return {row.name: row.id for row in rows}
