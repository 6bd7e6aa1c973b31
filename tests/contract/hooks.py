"""Schemathesis' hooks: what a fuzzer of this service cannot guess, and what it must not do.

A generated time lies in any year at any second, and a generated id names nothing: nearly
every request would end at the same first rule. So most requests that match the contract are
given plausible times, places and ids; one in eight goes out as it was generated. What is
made wrong on purpose always does.

What becomes of a request depends on its content alone, so a seed repeats its run and a
failure can be shrunk; only what the service itself has handed out, cursors and entity tags,
is put in as the request leaves.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeAlias, TypeVar

import schemathesis
from schemathesis import CheckContext, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import UseAfterFree

from tests.contract.town import BOOKINGS, FACILITIES, SITES

KEPT_TOKEN = int(os.environ.get("HOLDFAST_FUZZ_KEPT_TOKEN", "0"))
"""The id of the token that the run itself works with."""

OPEN_FACILITIES = FACILITIES // 2
"""The facilities with the ids 1 to this are never archived."""

TOMORROW = datetime.combine(datetime.now(UTC) + timedelta(days=1), time(), UTC)
MARK = timedelta(minutes=15)
DAYS = 14
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC")
"""Of some 600 that there are."""

Body: TypeAlias = dict[str, Any]
Case: TypeAlias = schemathesis.Case[Any]
Hook = TypeVar("Hook", bound=Callable[..., object])


def hook_for(name: str, **operations: str | list[str]) -> Callable[[Hook], Hook]:
    """Registers a function as the named hook, for some operations only."""
    registered: Any = schemathesis.hook(name)
    decorator: Callable[[Hook], Hook] = registered.apply_to(**operations)
    return decorator


class Lot:
    """Numbers drawn from a request's own content: the same request draws the same ones."""

    def __init__(self, content: object) -> None:
        text = json.dumps(content, sort_keys=True, default=lambda value: type(value).__name__)
        self._left = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")

    def below(self, bound: int) -> int:
        """A number from 0 to just below the bound."""
        self._left, number = divmod(self._left, bound)
        return number

    def leaves_as_is(self) -> bool:
        """One request in eight."""
        return self.below(8) == 0


@hook_for("filter_case", operation_id="my_tokens_revoke")
def keep_the_token_in_use(_: HookContext, case: Case) -> bool:
    """Without it every later request would be 401, and nothing more would be learnt."""
    return _path_id(case) != KEPT_TOKEN


@hook_for("filter_case", operation_id=["facilities_archive", "facilities_update"])
def keep_some_facilities_open(_: HookContext, case: Case) -> bool:
    """Else all are archived after a few dozen requests, and nothing can be booked."""
    archives = case.method == "DELETE" or (
        isinstance(case.body, dict) and case.body.get("status") == "archived"
    )
    return not archives or not 1 <= _path_id(case) <= OPEN_FACILITIES


@hook_for("map_case", operation_id="bookings_create")
def plausible_booking(_: HookContext, case: Case) -> Case:
    """A time in the coming weeks, at a facility there is, for as many as it may hold."""
    lot = Lot(case.body)
    if _is_valid(case) and isinstance(case.body, dict) and not lot.leaves_as_is():
        case.body = {**case.body, **_place(lot), **_times(lot), **_people(case.body, lot)}
    return case


@hook_for("map_case", operation_id="bookings_update")
def plausible_move(_: HookContext, case: Case) -> Case:
    """As plausible_booking, for what the change is about."""
    lot = Lot([case.body, _path_id(case)])
    if _is_valid(case) and isinstance(case.body, dict) and not lot.leaves_as_is():
        changes: Body = {**case.body, **_people(case.body, lot)}
        if "facility_id" in changes:
            changes.update(_place(lot))
        if not changes.keys().isdisjoint({"start_time", "end_time"}):
            changes.update(_times(lot))
        case.body = changes
    return case


@hook_for("map_case", operation_id=["facilities_create", "facilities_update"])
def plausible_facility(_: HookContext, case: Case) -> Case:
    """A site and a time zone there are."""
    lot = Lot(case.body)
    if _is_valid(case) and isinstance(case.body, dict) and not lot.leaves_as_is():
        known: Body = {
            "site_id": 1 + lot.below(len(SITES)),
            "time_zone": ZONES[lot.below(len(ZONES))],
        }
        given: Body = case.body
        case.body = {**given, **{name: known[name] for name in known.keys() & given.keys()}}
    return case


@hook_for("map_case", operation_id="sites_create")
def plausible_site(_: HookContext, case: Case) -> Case:
    """A time zone there is."""
    lot = Lot(case.body)
    if _is_valid(case) and isinstance(case.body, dict) and not lot.leaves_as_is():
        case.body = {**case.body, "time_zone": ZONES[lot.below(len(ZONES))]}
    return case


@hook_for("map_case", operation_id=["availability_search", "admin_bookings_list"])
def plausible_window(_: HookContext, case: Case) -> Case:
    """Some of the days in which bookings are; or less, which can be booked as one."""
    lot = Lot(case.query)
    if _is_valid(case) and "start_time" in case.query and not lot.leaves_as_is():
        start = TOMORROW + MARK * lot.below(96 * DAYS)
        minutes = lot.below(8 * 60) if lot.below(4) else lot.below(31 * 24 * 60)
        end = start + timedelta(minutes=15 + minutes)
        case.query = {**case.query, "start_time": _wire(start), "end_time": _wire(end)}
    return case


@hook_for("map_case", operation_id=["availability_search", "facilities_list"])
def plausible_filters(_: HookContext, case: Case) -> Case:
    """Conditions that some facility meets; the more of them, the fewer do."""
    lot = Lot([case.query, "filters"])
    if not _is_valid(case) or lot.leaves_as_is():
        return case
    met: Body = {
        "site_id": 1 + lot.below(len(SITES)),
        "search": "Place",
        "min_capacity": 1 + lot.below(4 * FACILITIES),
    }
    if _number(case.query.get("facility_id")) > 100 * FACILITIES:  # Links bring their own.
        met["facility_id"] = 1 + lot.below(FACILITIES)
    hard = {"amenities", "facility_type"}
    case.query = {
        name: met.get(name, value)
        for name, value in case.query.items()
        if name not in hard or lot.below(2)
    }
    return case


@hook_for("map_case", path_regex=r"/bookings/\{id\}/")
def existing_booking(_: HookContext, case: Case) -> Case:
    """A booking of the town, or one that the run has made; links bring their own."""
    lot = Lot([case.body, case.path_parameters])
    if _is_valid(case) and _path_id(case) > 100 * BOOKINGS and not lot.leaves_as_is():
        case.path_parameters = {**case.path_parameters, "id": 1 + lot.below(2 * BOOKINGS)}
    return case


_cursors: dict[str, list[str]] = {}
_tags: dict[str, str] = {}
_archived: set[str] = set()
"""What the service has said: cursors by operation, entity tags by path, archived facilities."""

_NEXT = re.compile(r"[?&]cursor=([^&>]+)")


@schemathesis.hook
def after_call(_: HookContext, case: Case, response: Response) -> None:
    """Remember what the service hands out for later requests."""
    place = _header(response, "location") or case.formatted_path
    tag = _header(response, "etag")
    if tag is not None:
        _tags[place] = tag
    link = _header(response, "link")
    if link is not None:
        _cursors.setdefault(case.operation.label, []).extend(_NEXT.findall(link))
    match case.operation.label, response.status_code:
        case "DELETE /api/v1/facilities/{id}/", 204:
            _archived.add(place)
        case "PATCH /api/v1/facilities/{id}/", 200 if response.json()["status"] == "active":
            _archived.discard(place)


@schemathesis.hook
def before_call(_: HookContext, case: Case, __: dict[str, Any]) -> None:
    """Put the service's own cursors and entity tags in place of most generated ones.

    The coverage phase sends one Idempotency-Key with many bodies: in most requests, the key
    goes with the body.
    """
    if not _is_valid(case):
        return
    headers = {name: case.headers.get(name) for name in ("If-Match", "If-None-Match")}
    lot = Lot([case.formatted_path, case.query, headers, case.body])
    if "cursor" in case.query and not lot.leaves_as_is():
        cursors = _cursors.get(case.operation.label)
        if cursors:
            case.query["cursor"] = cursors[lot.below(len(cursors))]
        else:  # The first page may bring some.
            del case.query["cursor"]
    tag = _tags.get(case.formatted_path)
    if tag is not None and "If-Match" in case.headers and not lot.leaves_as_is():
        case.headers["If-Match"] = tag
    if tag is not None and "If-None-Match" in case.headers and lot.below(2):
        case.headers["If-None-Match"] = tag
    key = case.headers.get("Idempotency-Key")
    if key is not None and not lot.leaves_as_is():
        case.headers["Idempotency-Key"] = f"{Lot(case.body).below(2**64):016x}{key[16:]}"


@schemathesis.hook
def filter_failure(_: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """DELETE cancels, archives or deactivates here: what it was done to stays on record.

    So a success after it is no use after free as long as the record says what was done. That
    a booking can still be changed after it was cancelled would be one.
    """
    if not isinstance(failure, UseAfterFree):
        return True
    if case.operation.label in {
        "PATCH /api/v1/facilities/{id}/",  # An archived facility can be changed, and restored.
        "GET /api/v1/bookings/{id}/history/",  # To be cancelled is part of it.
    }:
        return False
    if case.method != "GET" or response.status_code == 304:
        return case.method != "GET"
    match response.json():
        case {"status": "cancelled" | "archived"} | {"is_active": False}:
            return False
        case {"status": "active"}:
            return case.formatted_path in _archived
    return True


@schemathesis.check
def problems_agree_with_their_replies(_: CheckContext, response: Response, case: Case) -> None:
    """Every error is a problem that says what its status line and its headers say.

    Its type is among those that the contract shows for the operation and the status.
    """
    if response.status_code < 400:
        return
    kind = _header(response, "content-type")
    assert kind == "application/problem+json", f"An error is sent as {kind}"
    problem = response.json()
    assert response.status_code == problem["status"], "The problem states another status"
    if _header(response, "idempotency-replayed") is None:  # A replay names the first request.
        stamp = _header(response, "x-request-id")
        assert stamp == problem["request_id"], "The problem states another request id"
    declared = case.operation.definition.raw["responses"].get(str(response.status_code))
    if declared is not None and case.method.upper() == case.operation.method.upper():
        shown = declared["content"]["application/problem+json"]["examples"]
        assert problem["type"] in shown, f"{problem['type']} is not declared for this reply"


def _is_valid(case: Case) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


def _path_id(case: Case) -> int:
    return _number((case.path_parameters or {}).get("id"))


def _number(value: object) -> int:
    """What an id in a path or a query says, be it generated as text; 0 for what is no id."""
    text = str(value)
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,15}", text, re.ASCII) else 0


def _header(response: Response, name: str) -> str | None:
    return next(iter(response.headers.get(name, ())), None)


def _place(lot: Lot) -> Body:
    return {"facility_id": 1 + lot.below(FACILITIES)}


def _times(lot: Lot) -> Body:
    start = TOMORROW + MARK * lot.below(96 * DAYS)
    return {"start_time": _wire(start), "end_time": _wire(start + MARK * (1 + lot.below(32)))}


def _people(body: Mapping[str, Any], lot: Lot) -> Body:
    return {"attendee_count": 1 + lot.below(6)} if "attendee_count" in body else {}


def _wire(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
