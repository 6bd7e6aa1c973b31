"""Page after page of a list, by the ``Link`` to the next (RFC 8288); the generated code uses it."""

from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from typing import Any, TypeVar

import httpx

from holdfast_client._replies import parsed
from holdfast_client.connection import Holdfast
from holdfast_client.problems import unexpected

T = TypeVar("T")

Parse = Callable[[httpx.Response], list[T]]


def each(client: Holdfast, first: dict[str, Any], parse: Parse[T]) -> Iterator[T]:
    """What the pages list, the first and those after it; each is asked for when it is needed."""
    http = client.get_httpx_client()
    response = http.request(**first)
    while True:
        yield from parsed(response, HTTPStatus.OK, parse)
        following = _next(client, response)
        if following is None:
            return
        response = http.get(following)


async def async_each(client: Holdfast, first: dict[str, Any], parse: Parse[T]) -> AsyncIterator[T]:
    """As ``each``, without waiting."""
    http = client.get_async_httpx_client()
    response = await http.request(**first)
    while True:
        for item in parsed(response, HTTPStatus.OK, parse):
            yield item
        following = _next(client, response)
        if following is None:
            return
        response = await http.get(following)


def _next(client: Holdfast, response: httpx.Response) -> httpx.URL | None:
    """The address of the next page, which the reply gives relative to its own.

    ``UnexpectedReply`` if that is at another origin, which must not see the client's token.
    """
    link = response.links.get("next")
    if link is None:
        return None
    try:
        following = response.url.join(link["url"])
    except httpx.InvalidURL as error:
        raise unexpected(response, "with a next page that has no address") from error
    if _origin(following) != _origin(httpx.URL(client.base_url)):
        raise unexpected(response, f"with its next page elsewhere, at {following}")
    return following


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
