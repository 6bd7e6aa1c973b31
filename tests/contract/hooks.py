"""Schemathesis' hooks: what a fuzzer of this service must not do, and what it cannot guess.

What becomes of a request depends on its content alone, so a seed repeats its run and a
failure can be shrunk; only what the service itself has handed out, ids, cursors and entity
tags, is put in as the request leaves.
"""

import os
import re
from typing import Any

import schemathesis
from schemathesis import CheckContext, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import UseAfterFree

# They register hooks of their own, and how CSV is written.
from tests.contract import linking, media, plausible, plausible_desk
from tests.contract.lots import MOST_KNOWN, TOWN, Case, Lot, hook_for, is_valid, path_id

__all__ = ["linking", "media", "plausible", "plausible_desk"]

ONESELF = TOWN.people[os.environ["HOLDFAST_FUZZ_USER"]]
"""Whom the run works as."""

OPEN_FACILITIES = TOWN.ids["facilities"][: len(TOWN.ids["facilities"]) // 2]
"""The facilities that are never archived."""

KEPT_USERS = {TOWN.founder, *TOWN.ids["people"]}
"""The users to whom nothing is done."""


@hook_for("filter_case", operation_id="my_tokens_revoke")
def keep_the_token_in_use(_: HookContext, case: Case) -> bool:
    """Without it every later request would be 401, and nothing more would be learnt."""
    return path_id(case) != ONESELF.token_id


@hook_for("filter_case", operation_id=["facilities_archive", "facilities_update"])
def keep_some_facilities_open(_: HookContext, case: Case) -> bool:
    """Else all are archived after a few dozen requests, and nothing can be booked."""
    archives = case.method == "DELETE" or (
        isinstance(case.body, dict) and case.body.get("status") == "archived"
    )
    return not archives or path_id(case) not in OPEN_FACILITIES


@hook_for("filter_case", operation_id=["users_deactivate", "users_anonymise", "users_update"])
def keep_the_others_as_they_are(_: HookContext, case: Case) -> bool:
    """They are whom Schemathesis holds the caller's rights against.

    The caller may try it on themselves: that they are refused is among what is fuzzed.
    """
    changes = case.body.keys() - {"display_name"} if isinstance(case.body, dict) else {"all"}
    return not changes or path_id(case) not in KEPT_USERS or path_id(case) == ONESELF.id


_ids: dict[str, list[int]] = {
    "closures": [*TOWN.ids["closures"]],
    "facilities": [*TOWN.ids["facilities"][len(OPEN_FACILITIES) :]],
    "facility-groups": [*TOWN.ids["facility-groups"]],
    "quotas": [*TOWN.ids["quotas"]],
    "sites": [*TOWN.ids["sites"]],
    "user-groups": [*TOWN.ids["user-groups"]],
    "users": [*TOWN.ids["guests"]],
}
"""What there is of each noun, as far as anything may be done to it."""
_cursors: dict[str, list[str]] = {}
_tags: dict[str, str] = {}
_shut: set[str] = set()
_event_ids = ["1:1:"]
"""What the service has said: cursors by operation, entity tags by path, and what is shut: archived
facilities and deactivated users; and ids of events, after one that is merely well-formed."""

_NEXT = re.compile(r"[?&]cursor=([^&>]+)")
_PLACE = re.compile(r"/api/v1/([a-z-]+)/([1-9][0-9]*)/")


@schemathesis.hook
def before_load_schema(_: HookContext, schema: dict[str, Any]) -> None:
    """Come with a token only.

    Where there is another way in, Schemathesis takes its cookie for a parameter that no link
    gives, and the token for a header that may be missing: two of its checks would be idle.
    """
    schema["security"] = [way for way in schema["security"] if "SessionCookie" not in way]


@schemathesis.hook
def after_call(_: HookContext, case: Case, response: Response) -> None:
    """Remember what the service hands out for later requests."""
    location = _header(response, "location")
    place = location or case.formatted_path
    tag = _header(response, "etag")
    if tag is not None:
        _tags[place] = tag
    if (_header(response, "content-type") or "").startswith("text/event-stream"):
        _event_ids.extend(re.findall(r"^id: (\S+)$", response.text, re.MULTILINE))
    link = _header(response, "link")
    if link is not None:
        _cursors.setdefault(case.operation.label, []).extend(_NEXT.findall(link))
    found = _PLACE.fullmatch(place)
    if found is not None and found[1] in _ids:
        ids, its_id = _ids[found[1]], int(found[2])
        if location is not None and its_id not in ids:
            ids.append(its_id)
        elif response.status_code == 404 and its_id in ids:  # It is deleted.
            ids.remove(its_id)
    match case.operation.label, response.status_code:
        case "DELETE /api/v1/facilities/{id}/" | "DELETE /api/v1/users/{id}/", 204:
            _shut.add(place)
        case "PATCH /api/v1/facilities/{id}/", 200 if response.json()["status"] == "active":
            _shut.discard(place)
        case "PATCH /api/v1/users/{id}/", 200 if response.json()["is_active"]:
            _shut.discard(place)


@schemathesis.hook
def before_call(_: HookContext, case: Case, __: dict[str, Any]) -> None:
    """Put the service's own ids, cursors and entity tags in place of most generated ones.

    The coverage phase sends one Idempotency-Key with many bodies: in most requests, the key
    goes with the body.
    """
    if not is_valid(case):
        return
    _put_in_what_cannot_be_made_up(case)
    headers = {name: case.headers.get(name) for name in ("If-Match", "If-None-Match")}
    lot = Lot([case.formatted_path, case.query, headers, case.body])
    found = _PLACE.match(case.formatted_path)
    ids = _ids.get(found[1]) if found is not None else None
    if ids and path_id(case) > MOST_KNOWN and not lot.leaves_as_is():
        case.path_parameters["id"] = lot.one_of(*ids)
    if "cursor" in case.query and not lot.leaves_as_is():
        cursors = _cursors.get(case.operation.label)
        if cursors:
            case.query["cursor"] = cursors[lot.below(len(cursors))]
        else:  # The first page may bring some.
            del case.query["cursor"]
    tag = _tags.get(case.formatted_path)
    if "If-Match" in case.headers and not lot.leaves_as_is():
        if tag is not None:
            case.headers["If-Match"] = tag
        else:  # Nobody has looked at it yet.
            del case.headers["If-Match"]
    if tag is not None and "If-None-Match" in case.headers and lot.below(2):
        case.headers["If-None-Match"] = tag
    key = case.headers.get("Idempotency-Key")
    if key is not None and not lot.leaves_as_is():
        case.headers["Idempotency-Key"] = f"{Lot(case.body).below(2**64):016x}{key[16:]}"


def _put_in_what_cannot_be_made_up(case: Case) -> None:
    """A token that opens something, and an id in a header, which Schemathesis writes without `:`.

    That other tokens open nothing, whoever shows none finds out.
    """
    if case.operation.label == "POST /api/v1/session/":
        case.body = {"token": ONESELF.token}
    if "Last-Event-ID" in case.headers:
        case.headers["Last-Event-ID"] = _event_ids[-1]


@schemathesis.hook
def filter_failure(_: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """DELETE cancels, archives or deactivates some things: they stay on record.

    So a success after it is no use after free as long as the record says what was done. That
    a booking can still be changed after it was cancelled would be one.
    """
    if not isinstance(failure, UseAfterFree):
        return True
    if case.operation.label in {
        "PATCH /api/v1/facilities/{id}/",  # An archived facility can be changed, and restored.
        "PATCH /api/v1/users/{id}/",  # So can a user who is deactivated.
        "GET /api/v1/users/{id}/export/",  # They can still ask what is stored of them.
        "GET /api/v1/bookings/{id}/history/",  # To be cancelled is part of it.
    }:
        return False
    if case.method != "GET" or response.status_code == 304:
        return case.method != "GET"
    match response.json():
        case {"status": "cancelled" | "archived"} | {"is_active": False}:
            return False
        case {"status": "active"} | {"is_active": True}:  # restored since, or let in again
            return case.formatted_path in _shut
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


def _header(response: Response, name: str) -> str | None:
    return next(iter(response.headers.get(name, ())), None)
