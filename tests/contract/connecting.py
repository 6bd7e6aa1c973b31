"""Connections to whatever is fuzzed."""

import httpx

from tests import client


def connection(base_url: str) -> httpx.Client:
    """As the tests' own, and with the certificates that a service with TLS is checked against."""
    if base_url.startswith("https:"):
        return httpx.Client(base_url=base_url, timeout=30)
    return client.connection(base_url)
