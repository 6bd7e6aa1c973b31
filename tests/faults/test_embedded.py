"""The embedded server itself: safe by default, closed to others, and not easily put off."""

import socket
import stat
from pathlib import Path

import psycopg
import pytest

from app.embedded import logfile, server, throwaway
from app.migrations import migrate, pending

from .command import Up


def test_what_is_acknowledged_is_on_the_disk(running: Up) -> None:
    with psycopg.connect(running.dsn()) as conn:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert ("on",) == conn.execute(f"SHOW {setting}".encode()).fetchone()


def test_nobody_else_gets_in(running: Up) -> None:
    with psycopg.connect(running.dsn()) as conn:
        assert ("127.0.0.1",) == conn.execute("SHOW listen_addresses").fetchone()
        assert ("",) == conn.execute("SHOW unix_socket_directories").fetchone()
        port = conn.info.port
    for password in ("", "holdfast", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(
                host="127.0.0.1", port=port, user="holdfast", password=password, dbname="holdfast"
            )
    cluster = running.place / "postgres"
    assert 0o700 == stat.S_IMODE(cluster.stat().st_mode)
    assert 0o600 == stat.S_IMODE((cluster / "holdfast-password").stat().st_mode)


def test_a_port_that_is_taken_meanwhile_is_exchanged_for_another(
    ground: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_port = server._free_port  # noqa: SLF001 - a moment's bad luck cannot be had otherwise
    with socket.socket() as rival:
        rival.bind(("127.0.0.1", 0))
        rival.listen()
        taken = rival.getsockname()[1]
        ports = iter([taken, free_port()])
        monkeypatch.setattr(server, "_free_port", lambda: next(ports))
        with throwaway(ground / "engine") as dsn, psycopg.connect(dsn) as conn:
            assert taken != conn.info.port
    assert [] == list(ports)


def test_a_migrator_that_was_killed_is_in_nobodys_way(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True) as conn:
        # What yoyo's own lock leaves behind when its process is killed.
        conn.execute("CREATE TABLE yoyo_lock (locked INT PRIMARY KEY, ctime TIMESTAMP, pid INT)")
        conn.execute("INSERT INTO yoyo_lock VALUES (1, now(), 1)")
    assert migrate(empty)
    assert [] == pending(empty)


def test_a_log_is_cut_when_it_grows_too_large(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    logfile.keep_bounded(log, 10)
    with log.open("ab", buffering=0) as writer:
        writer.write(b"0123456789")
        logfile.keep_bounded(log, 10)
        assert b"0123456789" == log.read_bytes()
        writer.write(b"X")
        logfile.keep_bounded(log, 10)
        writer.write(b"after")
    assert b"after" == log.read_bytes()
    assert b"0123456789X" == log.with_name("service.log.1").read_bytes()
