"""The real service in processes of its own, as ``holdfast up`` runs it."""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx

START_SECONDS = 30


def free_port() -> int:
    """A port that nothing listens on just now.

    From below those that systems give to outgoing connections: one of these could take
    it before it is listened on.
    """
    while True:
        port = random.randint(20_000, 32_000)  # noqa: S311 - no secret
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


AS_IT_IS = ("-m", "app.service")

_NOT_OURS = ("HOLDFAST_", "REDIS_URL")


@contextmanager
def service(
    dsn: str,
    log: Path,
    *,
    redis_url: str | None = None,
    program: Sequence[str] = AS_IT_IS,
    **settings: str,
) -> Iterator[str]:
    """One service on the database; yields its base URL. ``settings`` are HOLDFAST_* by name.

    ``program`` are Python's arguments.
    """
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)},
        "DATABASE_URL": dsn,
        "REDIS_URL": redis_url or "",
        "HOLDFAST_PORT": str(port),
        "HOLDFAST_LOG_FORMAT": "json",
        **{f"HOLDFAST_{name.upper()}": value for name, value in settings.items()},
    }
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - the tests' own words
            [sys.executable, *program],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )
    try:
        base_url = f"http://127.0.0.1:{port}"
        _wait_until_up(process, base_url, log)
        yield base_url
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()


@contextmanager
def services(dsn: str, log: Path, count: int, **settings: str) -> Iterator[list[str]]:
    """Several services on one database, as replicas are; yields their base URLs."""
    with ExitStack() as stack:
        yield [stack.enter_context(service(dsn, log, **settings)) for _ in range(count)]


def _wait_until_up(process: subprocess.Popen[bytes], base_url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{base_url}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    message = f"the service did not start: {tail}"
    raise AssertionError(message)
