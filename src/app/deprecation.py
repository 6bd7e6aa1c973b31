"""Which operations are on their way out, and how each of their replies says so.

docs/versions.md is the promise that this keeps; the contract says what it is about: an operation
with ``deprecated: true`` has ``x-deprecated-at``, the day it was, and ``x-sunset``, the day from
which it may be gone, once that is known. Days begin at midnight, UTC.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any, NoReturn

from app.contract import METHODS, document
from app.failure import Failure

NOTICE = timedelta(days=365)
"""The least time between the two days."""

POLICY = "/docs/versions"

Headers = tuple[tuple[bytes, bytes], ...]


@cache
def announcements() -> Mapping[str, Headers]:
    """What the replies of each deprecated operation carry, by operationId.

    :raises Failure: if the contract does not say it as docs/versions.md promises.
    """
    return announced_in(document())


def announced_in(contract: Mapping[str, Any]) -> dict[str, Headers]:
    """As ``announcements``, of any contract."""
    operations = [
        item[method] for item in contract["paths"].values() for method in METHODS if method in item
    ]
    return {
        operation["operationId"]: _headers(operation)
        for operation in operations
        if {"deprecated", "x-deprecated-at", "x-sunset"} & set(operation)
    }


def _headers(operation: Mapping[str, Any]) -> Headers:
    """``Deprecation`` (RFC 9745), ``Sunset`` (RFC 8594), and where to read what it means."""
    since, sunset = _day(operation, "x-deprecated-at"), _day(operation, "x-sunset")
    if not operation.get("deprecated") or since is None:
        _fail(operation, "has to be 'deprecated: true' with 'x-deprecated-at', or none of it")
    told = [("deprecation", f"@{int(since.timestamp())}"), _link("deprecation")]
    if sunset is not None:
        if sunset - since < NOTICE:
            _fail(
                operation, f"has its x-sunset less than {NOTICE.days} days after it was deprecated"
            )
        told += [("sunset", format_datetime(sunset, usegmt=True)), _link("sunset")]
    return tuple((name.encode(), value.encode()) for name, value in told)


def _link(relation: str) -> tuple[str, str]:
    return "link", f'<{POLICY}>; rel="{relation}"; type="text/html"'


def _day(operation: Mapping[str, Any], name: str) -> datetime | None:
    """The first moment of the day that the operation's extension names; None where it has none."""
    given = operation.get(name)
    if given is None:
        return None
    try:
        day = date.fromisoformat(str(given))  # YAML's own dates are dates already
    except ValueError:
        _fail(operation, f"has the {name} {given!r}, which is no date such as 2027-01-31")
    return datetime.combine(day, time.min, UTC)


def _fail(operation: Mapping[str, Any], what: str) -> NoReturn:
    message = f"The contract's operation {operation['operationId']} {what}."
    raise Failure(message)
