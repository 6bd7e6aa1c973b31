"""Streams leave descriptors for all else: who comes too many is told so, and all goes on."""

import resource
import socket
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app import descriptors
from app.settings import Settings
from tests import service

from .api import Api
from .watching import PATH

FILES = 260
POOL = 5
ROOM = FILES - POOL - descriptors.RESERVE

LIMITED = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, {FILES}))
from app.service import main
main()
"""


@pytest.mark.parametrize(("spare", "expected"), [(1, 100), (0, 100), (-1, 99), (-500, 1)])
def test_a_process_takes_as_many_streams_as_it_has_descriptors_for(
    spare: int, expected: int
) -> None:
    settings = Settings(streams_max=100, pool_max=10)
    limit = 100 + 10 + descriptors.RESERVE + spare
    assert expected == descriptors.streams_within(settings, limit)


def test_a_system_without_a_bound_has_room_for_all() -> None:
    settings = Settings(streams_max=100_000)
    limit = descriptors.number(resource.RLIM_INFINITY)
    assert settings.streams_max == descriptors.streams_within(settings, limit)


def test_who_comes_too_many_is_told_so_and_the_service_goes_on(api: Api, tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    many = {"streams_max": "1000", "streams_per_user": "1000", "heartbeat_seconds": "300"}
    with (
        service.service(
            api.dsn, log, program=("-c", LIMITED), pool_min="2", pool_max=str(POOL), **many
        ) as base_url,
        ExitStack() as stack,
    ):
        url = urlsplit(base_url)
        head = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.staff.token}\r\n\r\n"
        statuses: Counter[bytes] = Counter()
        for _ in range(FILES + 40):
            sock = socket.create_connection((url.hostname, url.port), timeout=20)
            stack.enter_context(sock)
            sock.sendall(head.encode())
            status = sock.recv(65536).split(b" ", 2)[1]
            statuses[status] += 1
            if status == b"503":
                while sock.recv(65536):  # up to the end of the connection
                    pass
        assert {b"200": ROOM, b"503": FILES + 40 - ROOM} == statuses
        assert httpx.get(f"{base_url}/healthz").status_code == 200
        assert httpx.get(f"{base_url}/readyz").status_code == 200
    said = [line for line in log.read_text().splitlines() if "fewer streams than set" in line]
    assert 1 == len(said)
    assert f'"streams":{ROOM}' in said[0]
