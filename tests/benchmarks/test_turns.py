"""What is compared is measured in turns: a faster minute of the machine is everybody's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from benchmarks import processes, run
from benchmarks.filling import House
from benchmarks.findings import Side
from benchmarks.operations import CREATE, UNCACHED, Operation
from benchmarks.processes import Running

from . import made_up

MEASURED, WARM = 8.0, 4.0


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, float]]:
    """Each run: of which operation, whom it asked, and for how many seconds."""
    found: list[tuple[str, str, float]] = []

    @contextmanager
    def up(_dsn: str, port: int, _log: Path, **_: object) -> Iterator[Running]:
        yield Running(f"{port}", cast("Any", None))

    def ask(_stage: run.Stage, operation: Operation, running: Running, seconds: float) -> Side:
        found.append((operation.name, running.base_url, seconds))
        return made_up.side(float(running.base_url))

    monkeypatch.setattr(processes, "ours", up)
    monkeypatch.setattr(processes, "floor", up)
    monkeypatch.setattr(run, "ask", ask)
    return found


def _stage(bookings: int) -> run.Stage:
    house = House(500, bookings)
    options = run.Options(MEASURED, 2, house, Path(), (10, 11))
    housed = cast("Any", SimpleNamespace(dsn="", house=house))
    return run.Stage(housed, cast("Any", None), options, Path(), lambda _: None)


def test_houses_are_asked_in_turns(asked: list[tuple[str, str, float]]) -> None:
    settings = [(_stage(10_000), 1), (_stage(1_000_000), 2)]

    tables = run.tables(settings, [UNCACHED])

    measured = [whom for _, whom, seconds in asked if seconds == MEASURED]
    assert measured == ["10", "11", "12", "13"] * 2
    warmed = [whom for _, whom, seconds in asked if seconds == WARM]
    assert warmed == ["10", "11", "12", "13"]
    assert [(table.bookings, table.workers) for table in tables] == [(10_000, 1), (1_000_000, 2)]
    assert [table.rows[0].ratio for table in tables] == [10 / 11, 12 / 13]


def test_operations_stand_in_the_order_asked_for(asked: list[tuple[str, str, float]]) -> None:
    (table,) = run.tables([(_stage(10_000), 1)], [CREATE, UNCACHED])

    assert [row.operation for row in table.rows] == [CREATE.name, UNCACHED.name]
    assert [asked[0][0], asked[-1][0]] == [UNCACHED.name, CREATE.name]
