"""From a reply to what it says, for the generated operations."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

import httpx

from holdfast_client.problems import not_understood, problem_of, unexpected
from holdfast_client.types import Response

T = TypeVar("T")

Parse = Callable[[httpx.Response], T]


def read(response: httpx.Response, status: int, parse: Parse[T]) -> Response[T]:
    """What the reply says, if it has the status of success.

    Raises ``Problem`` if it reports one, ``UnexpectedReply`` if it is neither.
    """
    return _with(response, parsed(response, status, parse))


def read_if_changed(response: httpx.Response, status: int, parse: Parse[T]) -> Response[T | None]:
    """As ``read``; None where the reply is 304, to an ``If-None-Match``."""
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        return _with(response, None)
    return _with(response, parsed(response, status, parse))


def parsed(response: httpx.Response, status: int, parse: Parse[T]) -> T:
    """As ``read``, without the reply around it."""
    if response.status_code == status:
        try:
            return parse(response)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise not_understood(response, error) from error
    raise problem_of(response) or unexpected(response, f"where {status} or a problem was expected")


def _with(response: httpx.Response, said: T) -> Response[T]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=said,
    )
