"""Requests that generators seldom make: one for each status that they would leave to luck.

A fuzzer sends no body of megabytes, and seldom the one header that a status takes. So each
operation gets, for each status that all have in common, a request that must be answered with it;
so do some operations for a rule of their own.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import httpx
from jsonschema_rs import ValidationError
from openapi_core.exceptions import OpenAPIError

from app.contract import resolved
from tests.client import check_reply

from .coverage import ALL, DECLARED, Statuses
from .fuzzing import OPERATIONS
from .town import USER_GROUPS, Town

TOO_LARGE = 16 * 1024 * 1024 + 1
"""Bytes: more than any setting lets a body have."""
MADE_UP = 2**31 - 1

Request: TypeAlias = dict[str, Any]
"""What httpx takes, but for the method and the path."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A request that an operation must answer with the status."""

    operation_id: str
    status: int
    method: str
    path: str
    request: Request


def probes(town: Town) -> Iterator[Probe]:
    """A probe of each operation for each status in ``WAYS`` and ``RULES``.

    None changes anything.
    """
    for (method, template), operation in OPERATIONS.items():
        name = str(operation["operationId"])
        for status in sorted(DECLARED[name] & WAYS.keys()):
            request = _sound(operation)
            WAYS[status](request)
            path = _path(template, name, town)
            if status == httpx.codes.NOT_FOUND and "{id}" in template:
                path = template.replace("{id}", str(MADE_UP)).replace("{user_id}", "1")
                del request["params"]["facility_id"]
            yield Probe(name, status, method, path, request)
        for status in sorted(DECLARED[name]):
            if (name, status) in RULES:
                request = _sound(operation)
                RULES[name, status](request, town)
                path = request.pop("path", None) or _path(template, name, town)
                yield Probe(name, status, method, path, request)


def send(http: httpx.Client, town: Town, probe: Probe) -> httpx.Response:
    """The reply; if it has the status, it is what the contract declares: see ``check_reply``."""
    headers = dict(probe.request["headers"])
    is_read = probe.method == "GET"
    if probe.status == httpx.codes.FORBIDDEN and not is_read:
        headers["Cookie"] = _cookie(http, town)
    elif probe.status == httpx.codes.FORBIDDEN:
        headers["Authorization"] = f"Bearer {town.people['staff'].booking}"
    elif probe.operation_id != "session_create":
        headers["Authorization"] = f"Bearer {town.people['staff'].token}"
    reply = http.request(probe.method, probe.path, **{**probe.request, "headers": headers})
    if reply.status_code == probe.status:
        check_reply(reply)
    return reply


def _cookie(http: httpx.Client, town: Town) -> str:
    """That of a page that staff look at."""
    login = http.post("/api/v1/session/", json={"token": town.people["staff"].token})
    http.cookies.clear()  # Nobody else is to come with it.
    return login.headers["Set-Cookie"].partition(";")[0]


def send_all(http: httpx.Client, town: Town) -> tuple[Statuses, list[str]]:
    """What was reached, and a remark on each probe that was answered with something else."""
    reached = {name: Counter[int]() for name in ALL}
    remarks = []
    for probe in probes(town):
        name = f"{probe.operation_id}, to be answered with {probe.status}"
        try:
            reply = send(http, town, probe)
        except httpx.TransportError as error:
            remarks.append(f"{name}, got no answer: {error}")
        except (AssertionError, KeyError, OpenAPIError, ValidationError) as error:
            remarks.append(f"{name}, got what is not declared: {error}")
        else:
            reached[probe.operation_id][reply.status_code] += 1
            if reply.status_code != probe.status:
                remarks.append(f"{name}, got {reply.status_code}")
    return reached, remarks


def _ask_for_more(request: Request) -> None:
    request["params"]["colour"] = "red"


def _come_from_elsewhere(request: Request) -> None:
    request["headers"]["Origin"] = "https://elsewhere.example"
    request["headers"]["Sec-Fetch-Site"] = "cross-site"


def _name_another_place(request: Request) -> None:
    request["params"]["facility_id"] = MADE_UP


def _name_any_version(request: Request) -> None:
    request["headers"]["If-None-Match"] = "*"


def _name_no_version(request: Request) -> None:
    request["headers"]["If-Match"] = '"another"'


def _send_too_much(request: Request) -> None:
    request["content"] = b" " * TOO_LARGE


def _send_text(request: Request) -> None:
    request["headers"]["Content-Type"] = "text/plain"


WAYS: Mapping[int, Callable[[Request], None]] = {
    304: _name_any_version,
    400: _ask_for_more,
    403: _come_from_elsewhere,
    404: _name_another_place,
    412: _name_no_version,
    413: _send_too_much,
    415: _send_text,
}
"""How a request that is sound is made one that is answered with the status."""


def _reverse_the_dates(request: Request, _: Town) -> None:
    request["params"] |= {"start_date": "2027-03-31", "end_date": "2027-03-01"}


def _leave_blank(member: str) -> Callable[[Request, Town], None]:
    def leave_blank(request: Request, _: Town) -> None:
        request["content"] = json.dumps({**json.loads(request["content"]), member: " "}).encode()

    return leave_blank


def _take_all_limits(request: Request, _: Town) -> None:
    request["content"] = b'{"max_active_bookings": null, "max_hours_per_week": null}'


def _take_the_name_of_another(request: Request, town: Town) -> None:
    request["content"] = json.dumps({"name": USER_GROUPS[0] + town.tag}).encode()


def _close_over_bookings(request: Request, town: Town) -> None:
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    closure = {
        "site_id": town.ids["sites"][0],
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(days=60)).isoformat(),
        "reason": "Everything is being painted.",
    }
    request["content"] = json.dumps(closure).encode()


def _mean_oneself(path: str, change: bytes = b"") -> Callable[[Request, Town], None]:
    def mean_oneself(request: Request, town: Town) -> None:
        request["path"] = path.format(town.people["staff"].id)
        request["content"] = change

    return mean_oneself


RULES: Mapping[tuple[str, int], Callable[[Request, Town], None]] = {
    ("analytics_summary", 422): _reverse_the_dates,
    ("analytics_top_facilities", 422): _reverse_the_dates,
    ("analytics_usage", 422): _reverse_the_dates,
    ("analytics_utilisation", 422): _reverse_the_dates,
    ("exports_retrieve", 422): _reverse_the_dates,
    ("bookings_reject", 422): _leave_blank("reason"),
    ("facility_groups_create", 422): _leave_blank("name"),
    ("facility_groups_update", 422): _leave_blank("name"),
    ("my_tokens_create", 422): _leave_blank("name"),
    ("quotas_update", 422): _take_all_limits,
    ("sites_create", 422): _leave_blank("name"),
    ("user_groups_create", 409): _take_the_name_of_another,
    ("user_groups_create", 422): _leave_blank("name"),
    ("user_groups_update", 422): _leave_blank("name"),
    ("closures_create", 409): _close_over_bookings,
    ("users_anonymise", 409): _mean_oneself("/api/v1/users/{}/anonymise/"),
    ("users_deactivate", 409): _mean_oneself("/api/v1/users/{}/"),
    ("users_create", 422): _leave_blank("display_name"),
    ("users_update", 409): _mean_oneself("/api/v1/users/{}/", b'{"is_staff": false}'),
}
"""How a rule of one operation is broken, for those that fuzzing seldom breaks."""


def _path(template: str, name: str, town: Town) -> str:
    noun = template.split("/")[3]
    if name in {"bookings_approve", "bookings_reject"}:
        noun = "pending"
    ids = {**town.ids, "users": town.ids["guests"], "me": [MADE_UP]}.get(noun, [MADE_UP])
    path = template.replace("{id}", str(ids[0]))
    return path.replace("{user_id}", str(town.ids["guests"][0])).replace("{table}", "bookings")


def _sound(operation: Mapping[str, Any]) -> Request:
    """What the contract's own examples make of a request."""
    params = {
        each["name"]: each["example"]
        for each in map(resolved, operation["parameters"])
        if each["in"] == "query" and each.get("required")
    }
    request: Request = {"headers": {}, "params": params}
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        example = content.get("example")
        if example is None:
            example = next(iter(content["examples"].values()))["value"]
        body = example.encode() if isinstance(example, str) else json.dumps(example).encode()
        request["content"] = body
        request["headers"]["Content-Type"] = kind
    return request
