"""The running service, asked by the commands that start it or look at it."""

import http.client
from urllib.parse import urlencode

from app.settings import Settings

# Where to ask a service that listens on every address.
THIS_MACHINE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


def base_url(settings: Settings) -> str:
    """Where the service of these settings answers on this machine."""
    host = THIS_MACHINE.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def fetch(
    base: str, path: str, query: dict[str, str] | None = None, token: str | None = None
) -> tuple[int, bytes]:
    """The status and the body of a GET, or status 0 where nothing answers."""
    host, _, port = base.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=30)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("GET", f"{path}?{urlencode(query)}" if query else path, headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()
