"""``holdfast doctor``: everything a start needs, looked at one by one, and nothing changed."""

import http
import os
import platform
import shutil
from collections.abc import Callable
from typing import TypeAlias

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from app.commands.api import base_url, fetch
from app.commands.console import result
from app.descriptors import obtainable, streams_within
from app.embedded.cluster import dsn_of, initialised
from app.embedded.datadir import CHECKOUT, LASTING, DataDir, choose, open_data_dir
from app.embedded.engine import MAJOR
from app.embedded.server import installed_engine
from app.failure import Failure
from app.listening import listen
from app.migrations import connected, pending
from app.settings import Settings

Check: TypeAlias = Callable[[Settings], str]

_REDIS_SECONDS = 2.0

ROOM_BYTES = 500 * 1024 * 1024  # PostgreSQL's programs, a new database, and some growth


class Blemish(Failure):
    """Something that Holdfast runs without, if not as well."""


def doctor(settings: Settings) -> int:
    """Print a line for each thing that a start needs; return 1 if one of them is not as it must be.

    Each check returns what it found, or raises Failure with what is wrong: a Blemish, if that
    keeps nothing from running.
    """
    checks: list[Check] = [_python, _contract]
    checks += [_given_database] if settings.database_url else [_data_dir, _engine, _database]
    checks += [_redis] if settings.redis_url else []
    checks += [_open_files, _port]
    sound = True
    for check in checks:
        try:
            result(f"ok      {check(settings)}")
        except Blemish as blemish:
            result(f"warning {blemish}")
        except Failure as failure:
            sound = False
            result(f"FAILED  {failure}")
    return 0 if sound else 1


def _python(_: Settings) -> str:
    return f"Python {platform.python_version()} on {platform.platform()}."


def _contract(_: Settings) -> str:
    contract = CHECKOUT / "spec" / "openapi.yaml"
    if not contract.is_file():
        message = f"The contract {contract} is missing: the checkout is not complete."
        raise Failure(message)
    return f"The contract is {contract}."


def _given_database(settings: Settings) -> str:
    return _described(settings.database_url or "", "DATABASE_URL")


def _data_dir(settings: Settings) -> str:
    path = choose(settings.data_dir)
    existing = path
    while not existing.exists():
        existing = existing.parent
    if path != existing:
        if not os.access(existing, os.W_OK):
            message = (
                f"The data directory {path} cannot be made, as {existing} cannot be written to: "
                "choose another with --data-dir."
            )
            raise Failure(message)
        found = f"The data directory {path} will be made at the first start"
    else:
        open_data_dir(path)
        found = f"The data directory is {path}"
    free = shutil.disk_usage(existing).free
    if free < ROOM_BYTES:
        message = f"{found}, but its disk has only {free >> 20} MB free: make room."
        raise Failure(message)
    return f"{found}; its disk has {free >> 20} MB free."


def _engine(settings: Settings) -> str:
    datadir = _existing(settings)
    engines = settings.engine_dir or choose(settings.data_dir) / "engine"
    if datadir is None or installed_engine(datadir, settings.engine_dir) is None:
        return f"PostgreSQL {MAJOR} will be extracted to {engines} at the next start."
    return f"PostgreSQL {MAJOR} is in {engines} and runs here."


def _database(settings: Settings) -> str:
    datadir = _existing(settings)
    if datadir is None or not initialised(datadir):
        return "The database will be made at the first start."
    with datadir.try_lock("doctor") as ours:
        if ours:
            return f"The database in {datadir.cluster} is not running."
        holder, state = datadir.read_holder(), datadir.read_state()
    if holder is None or state is None or holder.command not in LASTING:
        return f"A command is just now working on {datadir.path}."
    where = f"The database of holdfast {holder.command} (process {holder.pid})"
    return _described(dsn_of(datadir, state.port), where)


def _existing(settings: Settings) -> DataDir | None:
    path = choose(settings.data_dir)
    return open_data_dir(path) if path.exists() else None


def _described(dsn: str, name: str) -> str:
    with connected(dsn) as conn:
        version = conn.info.server_version // 10000
    lacking = pending(dsn)
    if lacking:
        message = (
            f"{name} lacks {len(lacking)} migration(s), from {lacking[0]} on: run holdfast migrate."
        )
        raise Failure(message)
    return f"{name} answers: PostgreSQL {version}, and it has every migration."


def _redis(settings: Settings) -> str:
    try:
        with Redis.from_url(
            settings.redis_url or "",
            socket_timeout=_REDIS_SECONDS,
            socket_connect_timeout=_REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as redis:
            version = redis.info("server")["redis_version"]
    except (RedisError, OSError, ValueError) as error:
        message = (
            f"REDIS_URL does not answer ({error}): the service runs without it, and each process"
            " remembers for itself alone."
        )
        raise Blemish(message) from None
    return f"REDIS_URL answers: Redis {version}."


def _open_files(settings: Settings) -> str:
    limit = obtainable()
    streams = streams_within(settings, limit)
    if streams < settings.streams_max:
        message = (
            f"A process may have no more than {limit} files open (ulimit -Hn), so it takes"
            f" {streams} streams and not {settings.streams_max} (HOLDFAST_STREAMS_MAX)."
        )
        raise Blemish(message)
    return f"A process may have files enough open for {streams} streams."


def _port(settings: Settings) -> str:
    try:
        listen(settings.host, settings.port).close()
    except Failure as failure:
        if fetch(base_url(settings), "/healthz")[0] == http.HTTPStatus.OK:
            return f"Holdfast answers on {settings.host}, port {settings.port}."
        raise failure from None
    return f"Port {settings.port} of {settings.host} is free."
