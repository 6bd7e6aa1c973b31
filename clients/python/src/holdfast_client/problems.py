"""What can go wrong, as exceptions.

A problem of a type that this client does not know is a ``Problem`` all the same: the contract says
that new types may come.
"""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx

from holdfast_client._contract import CONTRACT_VERSION
from holdfast_client.models.closure_conflict import ClosureConflict
from holdfast_client.models.conflict_response import ConflictResponse
from holdfast_client.models.field_error import FieldError
from holdfast_client.models.import_refused_response import ImportRefusedResponse

PROBLEM_JSON = "application/problem+json"


class HoldfastError(Exception):
    """What this package raises; errors of the connection are those of httpx."""


class ContractMismatch(HoldfastError):  # noqa: N818 - as a person would say it
    """The service's contract is not one that this client was built for."""


class UnexpectedReply(HoldfastError):  # noqa: N818 - as a person would say it
    """A reply that the contract does not have, of another service or by another contract."""


class Problem(HoldfastError):  # noqa: N818 - the contract's word
    """A reply of the service that is an error (RFC 9457). Switch on ``type``, show ``detail``."""

    def __init__(self, body: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.body = body
        self.retry_after = retry_after
        """How long to wait before asking again, in seconds, where the service says so."""
        self.type = str(body["type"])
        self.title = str(body["title"])
        self.status = int(body["status"])
        self.detail = str(body["detail"])
        self.request_id = str(body["request_id"])
        super().__init__(f"{self.detail} ({self.status} {self.type}, request {self.request_id})")

    @cached_property
    def errors(self) -> list[FieldError]:
        """The values that are to blame, where the problem lies in values."""
        return [FieldError.from_dict(each) for each in self.body.get("errors", [])]


class BookingConflict(Problem):
    """Somebody has that time."""

    @cached_property
    def conflict(self) -> ConflictResponse:
        """What is in the way, and what is free instead."""
        return ConflictResponse.from_dict(self.body)


class ClosureAffectsBookings(Problem):
    """The closure would hit bookings."""

    @cached_property
    def conflict(self) -> ClosureConflict:
        """Those bookings."""
        return ClosureConflict.from_dict(self.body)


class ImportRefused(Problem):
    """Some lines cannot be imported, so nothing was."""

    @cached_property
    def refusal(self) -> ImportRefusedResponse:
        """What is wrong with which line."""
        return ImportRefusedResponse.from_dict(self.body)


OF_TYPE: dict[str, type[Problem]] = {
    "booking_conflict": BookingConflict,
    "closure_affects_bookings": ClosureAffectsBookings,
    "import_refused": ImportRefused,
}
"""The types that have more to say than every problem."""


def problem_of(response: httpx.Response) -> Problem | None:
    """The problem that a reply, which has been read, reports; None if it reports none."""
    if media_type(response) != PROBLEM_JSON:
        return None
    try:
        body = response.json()
        return OF_TYPE.get(body["type"], Problem)(body, retry_after(response))
    except (KeyError, TypeError, ValueError):
        return None


def retry_after(response: httpx.Response) -> float | None:
    """How long the reply asks to wait, in seconds; None if it does not say so in seconds."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None


def media_type(response: httpx.Response) -> str:
    """What a reply's body is, in lower case and without parameters; empty if it does not say."""
    text: str = response.headers.get("content-type", "")
    return text.partition(";")[0].strip().lower()


def unexpected(response: httpx.Response, why: str) -> UnexpectedReply:
    """One sentence on a reply that is none of the contract's."""
    request = response.request
    return UnexpectedReply(
        f"{request.method} {request.url} was answered with {response.status_code}"
        f" {media_type(response) or 'and no media type'}, {why}: is this a Holdfast that speaks the"
        f" contract {CONTRACT_VERSION}, from which this client was built?"
    )


def not_understood(response: httpx.Response, error: Exception) -> UnexpectedReply:
    """One sentence on a reply of the declared status whose body cannot be read."""
    match error:
        case json.JSONDecodeError():
            why = "which is no JSON"
        case KeyError():
            why = f"in which {error.args[0]!r} is missing"
        case _:
            why = f"which does not fit ({error})"
    return unexpected(response, why)
