"""A running service that somebody names, looked at before it is fuzzed.

Whatever is wrong with it, or with the token, is one sentence: a Failure.
"""

import time
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from app.failure import Failure
from tests.client import document

TOKEN = "HOLDFAST_FUZZ_TOKEN"  # noqa: S105 - the name of a variable
STREAM = "availability_stream"
STREAM_SECONDS = 3.0
"""A stream that lasts longer would hold up every request that opens one."""


def look_at(url: str, token: str | None) -> str:
    """The service's base URL, after it has shown that it can be fuzzed.

    :raises Failure: if there is none, if it is something else, if its contract is not this
        checkout's, or if the token is not one of staff of the house.
    """
    base_url = _checked(url)
    with httpx.Client(base_url=base_url, timeout=10) as http:
        _check_contract(http, base_url)
        if not token:
            message = (
                f"Fuzzing {base_url} needs a token of staff of the house in {TOKEN}: "
                "holdfast token create --username fuzzer --staff prints one."
            )
            raise Failure(message)
        _check_token(http, base_url, token)
    return base_url


def lasting_streams(base_url: str, token: str) -> bool:
    """Whether the service's streams last longer than a fuzzer can wait for.

    :raises Failure: if the service is gone meanwhile.
    """
    end = time.monotonic() + STREAM_SECONDS
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with httpx.stream(
            "GET",
            f"{base_url}/api/v1/availability/stream",
            headers=headers,
            timeout=STREAM_SECONDS,
        ) as reply:
            return any(time.monotonic() > end for _ in reply.iter_raw())
    except httpx.ReadTimeout:
        return True
    except httpx.TransportError as error:
        message = f"{base_url} does not open its stream ({error}): is it still running?"
        raise Failure(message) from None


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        message = f"{url!r} is no address of a service: it is like http://127.0.0.1:8080."
        raise Failure(message)
    return url.rstrip("/")


def _get(http: httpx.Client, base_url: str, path: str, token: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        reply = http.get(path, headers=headers)
    except httpx.TimeoutException:
        message = f"{base_url} does not answer within 10 seconds: is it the right address?"
        raise Failure(message) from None
    except httpx.TransportError as error:
        message = (
            f"Nothing answers at {base_url} ({error}): start the service, or name no address to "
            "have one started on a database that is thrown away."
        )
        raise Failure(message) from None
    if reply.is_redirect:
        message = f"{base_url} sends elsewhere, to {reply.headers['location']}: name that address."
        raise Failure(message)
    return reply


def _check_contract(http: httpx.Client, base_url: str) -> None:
    reply = _get(http, base_url, "/openapi.json")
    kind = reply.headers.get("content-type", "nothing").partition(";")[0]
    try:
        published = reply.json() if reply.is_success else None
    except ValueError:
        published = None
    if not isinstance(published, dict) or "openapi" not in published:
        message = (
            f"{base_url} is not Holdfast: it answers /openapi.json with {reply.status_code} and "
            f"{kind}, not with a contract."
        )
        raise Failure(message)
    ours = document()
    if published != ours:
        theirs, here = (each.get("info", {}).get("version") for each in (published, ours))
        versions = f"{theirs}, this checkout has {here}" if theirs != here else f"also {here}"
        message = (
            f"The contract of {base_url} is not spec/openapi.yaml of this checkout (its version "
            f"is {versions}): fuzz it from the checkout that it runs."
        )
        raise Failure(message)


def _check_token(http: httpx.Client, base_url: str, token: str) -> None:
    reply = _get(http, base_url, "/api/v1/me/", token)
    if reply.status_code == HTTPStatus.UNAUTHORIZED:
        message = f"{base_url} does not know the token in {TOKEN}, or it has expired."
        raise Failure(message)
    if not reply.is_success:
        message = f"{base_url} answers /api/v1/me/ with {reply.status_code}: it cannot be fuzzed."
        raise Failure(message)
    if not reply.json()["is_staff"]:
        message = (
            f"The token in {TOKEN} is {reply.json()['username']}'s, who is not staff of the house, "
            "and so cannot set up what is fuzzed."
        )
        raise Failure(message)
