"""Opening a client, and finding out whether it fits the service."""

from types import TracebackType
from typing import Any, Self

import httpx

from holdfast_client._contract import CONTRACT_VERSION
from holdfast_client.problems import ContractMismatch, unexpected
from holdfast_client.retry import AsyncRetryingClient, Retry, RetryingClient

CONTRACT_PATH = "/openapi.json"


class Holdfast:
    """A client of the service at ``base_url``, as the user of the token, if there is one.

    It repeats what may be repeated (``retry``), and gives up on a reply after ``timeout`` seconds.
    Use it in a ``with``, or an ``async with``, which closes its connections. What else is named
    goes to ``httpx.Client`` and ``httpx.AsyncClient``, such as ``verify``, ``proxy``, ``headers``.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        retry: Retry | None = None,
        timeout: float = 30.0,
        **httpx_args: Any,  # noqa: ANN401 - httpx knows their types
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.retry = retry or Retry()
        self.timeout = timeout
        headers = httpx.Headers(httpx_args.pop("headers", None))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._httpx_args = {
            "base_url": self.base_url,
            "timeout": timeout,
            "headers": headers,
            **httpx_args,
        }
        self._http: RetryingClient | None = None
        self._async_http: AsyncRetryingClient | None = None

    def get_httpx_client(self) -> httpx.Client:
        """The connections of the ``sync`` functions, made when they are first needed."""
        if self._http is None:
            self._http = RetryingClient(self.retry, **self._httpx_args)
        return self._http

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """The connections of the ``asyncio`` functions, made when they are first needed."""
        if self._async_http is None:
            self._async_http = AsyncRetryingClient(self.retry, **self._httpx_args)
        return self._async_http

    def close(self) -> None:
        """Close the connections of the ``sync`` functions."""
        if self._http is not None:
            self._http.close()
            self._http = None

    async def aclose(self) -> None:
        """Close the connections of the ``asyncio`` functions."""
        if self._async_http is not None:
            await self._async_http.aclose()
            self._async_http = None

    def __enter__(self) -> Self:
        """Nothing yet: connections are made when they are needed."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close them."""
        self.close()

    async def __aenter__(self) -> Self:
        """As ``__enter__``."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """As ``__exit__``."""
        await self.aclose()


def check_contract(client: Holdfast) -> str:
    """The version of the service's contract; ``ContractMismatch`` if the client does not fit it.

    ``UnexpectedReply`` if what answers has no contract.
    """
    return fitting(client.get_httpx_client().get(CONTRACT_PATH))


async def async_check_contract(client: Holdfast) -> str:
    """As ``check_contract``, without waiting."""
    return fitting(await client.get_async_httpx_client().get(CONTRACT_PATH))


def fitting(response: httpx.Response) -> str:
    """The version in a contract; ``ContractMismatch`` if this client was not built for it.

    Within a major version a contract only grows, so the client's own may be older, but not newer.
    """
    try:
        version = str(response.json()["info"]["version"])
        theirs, ours = _numbers(version), _numbers(CONTRACT_VERSION)
    except (KeyError, TypeError, ValueError) as error:
        raise unexpected(response, "where the service's contract was expected") from error
    if theirs[0] != ours[0] or theirs < ours:
        spoken = f"speaks {version}" if theirs > ours else f"speaks {version}, which is older"
        message = (
            f"This client was built from the contract {CONTRACT_VERSION}, and the service"
            f" at {response.url.join('/')} {spoken}: use a holdfast-client that was built from"
            f" {theirs[0]}.{theirs[1]}."
        )
        raise ContractMismatch(message)
    return version


def _numbers(version: str) -> tuple[int, int]:
    """Major and minor; ValueError if it has none."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)
