"""The database that is measured: the service's own embedded one, filled once and kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from app.commands.console import Steps
from app.commands.database import bring_forward, holding
from app.embedded.engine import Engine
from app.settings import load_settings
from benchmarks.filling import House, fill, restore
from benchmarks.load import LoadError

PROCESSES = 14
"""Both services with one, two and four workers may hold their connections at once."""


@dataclass(frozen=True, slots=True)
class Housed:
    """A running, filled database."""

    dsn: str
    house: House
    engine: Engine
    postmaster: psutil.Process


@contextmanager
def housed(folder: Path, house: House, steps: Steps) -> Iterator[Housed]:
    """A database with that house in it, with the durable defaults of ``holdfast up``.

    It lies in a folder of its own within the given one, and is filled if it is new. What
    an earlier run that was broken off has booked in it is taken back.

    :raises LoadError: if it was left half filled.
    """
    place = folder / f"{house.bookings}"
    place.mkdir(mode=0o755, parents=True, exist_ok=True)
    settings = load_settings(data_dir=place, workers=PROCESSES)
    with holding(settings, "up", steps, lambda: None) as server:
        bring_forward(server.dsn(), steps)
        if not _is_filled(server.dsn(), place):
            with steps.step(f"Filling in {house.bookings:,} bookings"):
                fill(server.dsn(), house)
        restore(server.dsn())
        assert server.process is not None  # noqa: S101 - it runs
        postmaster = psutil.Process(server.process.pid)
        yield Housed(server.dsn(), house, server.engine, postmaster)


def _is_filled(dsn: str, place: Path) -> bool:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(
            "SELECT EXISTS (SELECT FROM sites), EXISTS (SELECT FROM user_tokens)"
        ).fetchone()
    begun, ended = row or (False, False)
    if begun and not ended:  # tokens are what is filled in last
        message = f"The database in {place} was left half filled: remove that folder."
        raise LoadError(message)
    return bool(ended)
