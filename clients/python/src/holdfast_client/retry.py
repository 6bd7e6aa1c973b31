"""Sending again what may be sent again.

A request may be repeated if repeating it does no harm: by its method, or because it carries an
``Idempotency-Key`` and its operation takes one. Such a request gets a key if it has none. What is
not known to be harmless is repeated only if the service cannot have begun with it.
"""

import asyncio
import random
import time
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from holdfast_client._contract import TAKES_IDEMPOTENCY_KEY
from holdfast_client.problems import problem_of, retry_after

HARMLESS_METHODS = {"GET", "HEAD", "OPTIONS", "PUT"}
"""Those that RFC 9110 calls idempotent, but for DELETE: one that was carried out may be answered
404 the next time, or 401 if it revoked the token itself, and nobody could tell that it was done."""

MISTAKES = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
"""What httpx cannot send at all, such as an address without ``http://``: no other try can help."""

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

AWAY = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
"""What the service, or what is before it, answers while it is away."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to try, and how long to wait in between, in seconds.

    The wait doubles each time, and chance shortens it, so that many clients do not come back at
    one moment. A ``Retry-After`` is kept to; one longer than ``longest_wait`` ends the tries.
    """

    attempts: int = 4
    first_wait: float = 0.25
    longest_wait: float = 10.0

    def wait(self, attempt: int, asked: float | None) -> float | None:
        """How long to wait after the ``attempt``-th try, from 1; None if it was the last."""
        if attempt >= self.attempts or (asked or 0.0) > self.longest_wait:
            return None
        return max(asked or 0.0, self.backoff(attempt))

    def backoff(self, attempt: int) -> float:
        """How long to wait after the ``attempt``-th try in vain, where nothing is asked."""
        longest = min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 1))
        return random.uniform(longest / 2, longest)  # noqa: S311 - no secret

    def after_error(
        self, request: httpx.Request, error: httpx.TransportError, attempt: int
    ) -> float | None:
        """How long to wait after a broken connection; None if the error is to be raised."""
        if isinstance(error, MISTAKES):
            return None
        harmless = may_repeat(request) or isinstance(error, NEVER_SENT)
        return self.wait(attempt, None) if harmless else None

    def after_reply(
        self, request: httpx.Request, response: httpx.Response, attempt: int
    ) -> float | None:
        """How long to wait after a reply; None if it is the one to give."""
        return self.wait(attempt, retry_after(response)) if passes(request, response) else None


NO_RETRY = Retry(attempts=1)


class RetryingClient(httpx.Client):
    """A client of httpx that sends again what may be sent again."""

    def __init__(self, retry: Retry, **httpx_args: Any) -> None:  # noqa: ANN401 - as httpx has them
        super().__init__(**httpx_args)
        self.retry = retry

    def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has them
        """As httpx sends; gives the reply to the last try, or raises the error of it."""
        give_key(request)
        attempt = 0
        while True:
            attempt += 1
            try:
                response = super().send(request, **kwargs)
                if response.is_error:
                    response.read()
            except httpx.TransportError as error:
                wait = self.retry.after_error(request, error, attempt)
                if wait is None:
                    raise
            else:
                wait = self.retry.after_reply(request, response, attempt)
                if wait is None:
                    return response
                response.close()
            time.sleep(wait)


class AsyncRetryingClient(httpx.AsyncClient):
    """As ``RetryingClient``, without waiting."""

    def __init__(self, retry: Retry, **httpx_args: Any) -> None:  # noqa: ANN401 - as httpx has them
        super().__init__(**httpx_args)
        self.retry = retry

    async def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has them
        """As httpx sends; gives the reply to the last try, or raises the error of it."""
        give_key(request)
        attempt = 0
        while True:
            attempt += 1
            try:
                response = await super().send(request, **kwargs)
                if response.is_error:
                    await response.aread()
            except httpx.TransportError as error:
                wait = self.retry.after_error(request, error, attempt)
                if wait is None:
                    raise
            else:
                wait = self.retry.after_reply(request, response, attempt)
                if wait is None:
                    return response
                await response.aclose()
            await asyncio.sleep(wait)


def give_key(request: httpx.Request) -> None:
    """See to it that the request has a key, if its operation takes one."""
    if takes_key(request) and "Idempotency-Key" not in request.headers:
        request.headers["Idempotency-Key"] = str(uuid.uuid4())


def takes_key(request: httpx.Request) -> bool:
    """Whether the request's operation takes an ``Idempotency-Key``."""
    path = request.url.path
    return any(
        request.method == method and path.endswith(known) for method, known in TAKES_IDEMPOTENCY_KEY
    )


def may_repeat(request: httpx.Request) -> bool:
    """Whether the request, which may have been carried out, does no harm a second time."""
    return request.method in HARMLESS_METHODS or takes_key(request)


def passes(request: httpx.Request, response: httpx.Response) -> bool:
    """Whether the same request may be answered otherwise before long, and may be repeated."""
    match response.status_code:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return True  # It says that nothing was done.
        case HTTPStatus.CONFLICT:
            problem = problem_of(response)
            return problem is not None and problem.type == "idempotency_key_in_use"
        case status:
            return status in AWAY and may_repeat(request)
