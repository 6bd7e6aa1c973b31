"""The benchmark: Holdfast beside the floor, on one machine with the database and the load.

    scripts/bench.sh [--parts table,growth,workers,soak,pgbench,streams] [--seconds 10] [--short]

Fills a database of its own (kept in the data directory for the next time), measures, and writes
what it found to docs/performance.md, with charts. Only the parts that are asked for are measured
anew; the others stay as they were found.
"""

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.commands.console import Steps
from app.failure import Failure
from benchmarks import charts, findings, limits, processes, report, streams
from benchmarks.filling import House, restore
from benchmarks.findings import Findings, Row, Sample, Side, Soak, Table
from benchmarks.housing import Housed, housed
from benchmarks.load import LoadError, Measured, Plan, find_wrk, send
from benchmarks.operations import TABLE, Operation, Survey, survey
from benchmarks.processes import Running, cpu_seconds

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "docs" / "performance.md"
FOLDER = ROOT / "docs" / "performance"
PARTS = ("table", "growth", "workers", "soak", "pgbench", "streams")
FACILITIES = 500
DAYS = 28
GROWTH_DAYS = 5
"""How many days are asked about; of the smallest house no more are booked."""

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
WORKERS = (1, 2, 4)
SOAK_WORKERS = 2
SOAK_SECONDS = 600.0
WARM_SECONDS = 5.0
WARM_SECONDS_CACHED = 20.0
"""Until the memory is as in a service that has run for a while; in a short run less, as below."""

SETTLING_SECONDS = 2.0
"""Until services know that what was booked in a run is taken back."""

Say = Callable[[str], None]

_REFUSED = re.compile(r'"status":[45]\d\d')


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how often is measured, and on how much."""

    seconds: float
    rounds: int
    house: House
    folder: Path
    ports: tuple[int, int] = (8096, 8097)


@dataclass(frozen=True, slots=True)
class Stage:
    """A house that is up, what can be asked of it, and how it is measured."""

    housed: Housed
    survey: Survey
    options: Options
    log: Path
    say: Say


@dataclass(frozen=True, slots=True)
class Pair:
    """Holdfast and the floor, up on one house with as many workers each."""

    stage: Stage
    ours: Running
    floor: Running


def main() -> None:
    """Measure what was asked for, and write the report anew."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side")
    parser.add_argument("--bookings", type=int, default=1_000_000, help="in the house")
    parser.add_argument("--short", action="store_true", help="the table, quickly, on little")
    parser.add_argument("--data-dir", type=Path, help="keeps the filled databases")
    given = parser.parse_args()
    parts = given.parts.split(",")
    if given.short:
        given.seconds, given.rounds, given.bookings, parts = 3.0, 1, 20_000, ["table"]
    unknown = set(parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    try:
        find_wrk()
        with place(given.data_dir) as folder, _signs_of_life() as say:
            house = House(FACILITIES, given.bookings)
            options = Options(given.seconds, given.rounds, house, folder)
            found = findings.read(FOLDER / "measured.json")
            measure(parts, options, found, say)
            if given.short:
                say(report.table_of(found.table) if found.table else "")
                return
            findings.write(FOLDER / "measured.json", found)
            report.write(REPORT, found, charts.draw(found, FOLDER))
    except (LoadError, Failure) as error:
        sys.exit(f"bench: {error}")


def measure(parts: Sequence[str], options: Options, found: Findings, say: Say) -> None:
    """Measure these parts and replace what was found of them before."""
    if not {"table", "workers", "soak", "pgbench"}.isdisjoint(parts):
        with staged(options, DAYS, say) as stage:
            if "table" in parts:
                found.table = table(stage, workers=1)
            if "pgbench" in parts:
                say("pgbench on the floor's statements")
                found.limits = limits.measure(stage.housed, stage.survey, options.seconds)
            if "workers" in parts:
                found.workers = tables([(stage, workers) for workers in WORKERS])
            if "soak" in parts:
                found.soak = soak(stage)
    if "streams" in parts:
        say(f"{streams.STREAMS:,} streams and a write a second")
        found.streams = streams.on_its_own(options.ports[0])
    if "growth" in parts:
        with ExitStack() as stack:
            houses = [replace(options, house=House(FACILITIES, bookings)) for bookings in SIZES]
            stages = [stack.enter_context(staged(each, GROWTH_DAYS, say)) for each in houses]
            found.growth = tables([(stage, 1) for stage in stages])


def table(stage: Stage, *, workers: int, operations: Sequence[Operation] = TABLE) -> Table:
    """As ``tables``, of one house."""
    (only,) = tables([(stage, workers)], operations)
    return only


def tables(
    settings: Sequence[tuple[Stage, int]], operations: Sequence[Operation] = TABLE
) -> list[Table]:
    """A table of each house with that many workers, all of them measured in the same minutes.

    Every operation is asked of all sides in turns: the machine is at times faster, and what is
    compared with each other must have had as much of that.

    :raises LoadError: if anything is answered otherwise than it should be.
    """
    rows: list[dict[str, Row]] = [{} for _ in settings]
    # Those that share a setting share the processes: each is started twice at most.
    for cached in (False, True):
        asked = [operation for operation in operations if operation.cached == cached]
        if not asked:
            continue
        with ExitStack() as stack:
            pairs = [
                stack.enter_context(_pair(stage, workers, cached=cached, place=place))
                for place, (stage, workers) in enumerate(settings)
            ]
            for operation in asked:
                for found, row in zip(rows, _rows(pairs, operation), strict=True):
                    found[operation.name] = row
    return [
        Table(
            measured_at=_now(),
            machine=_machine(),
            bookings=stage.housed.house.bookings,
            facilities=stage.housed.house.facilities,
            workers=workers,
            seconds=stage.options.seconds,
            rounds=stage.options.rounds,
            rows=[found[operation.name] for operation in operations],
        )
        for (stage, workers), found in zip(settings, rows, strict=True)
    ]


@contextmanager
def _pair(stage: Stage, workers: int, *, cached: bool, place: int) -> Iterator[Pair]:
    """Both sides, on ports of their own by their place among all that are up."""
    dsn, log, (port, other) = stage.housed.dsn, stage.log, stage.options.ports
    with (
        processes.ours(dsn, port + 2 * place, log, workers=workers, cache=cached) as ours,
        processes.floor(dsn, other + 2 * place, log, workers=workers) as floor,
    ):
        yield Pair(stage, ours, floor)


def _rows(pairs: Sequence[Pair], operation: Operation) -> list[Row]:
    """Ask one operation of all sides, in as many rounds as there are to be."""
    options, say = pairs[0].stage.options, pairs[0].stage.say
    rounds: list[list[tuple[Side, Side]]] = [[] for _ in pairs]
    for number in range(options.rounds):
        for pair, sides in zip(pairs, rounds, strict=True):
            say(f"{operation.name}, round {number + 1}{_which(pair, pairs)}")
            if number == 0:
                for running in (pair.ours, pair.floor):
                    ask(pair.stage, operation, running, warm_seconds(operation, options))
            ours = ask(pair.stage, operation, pair.ours, options.seconds)
            sides.append((ours, ask(pair.stage, operation, pair.floor, options.seconds)))
    return [
        Row(
            operation=operation.name,
            clients=operation.clients,
            p95_target=operation.p95,
            ratio_target=operation.ratio,
            ratio=median(ours.per_second / floor.per_second for ours, floor in sides),
            ours=_middle([ours for ours, _ in sides]),
            floor=_middle([floor for _, floor in sides]),
        )
        for sides in rounds
    ]


def _which(pair: Pair, pairs: Sequence[Pair]) -> str:
    return f", {pairs.index(pair) + 1} of {len(pairs)}" if len(pairs) > 1 else ""


def warm_seconds(operation: Operation, options: Options) -> float:
    """How long an operation is asked before it is measured, of either side."""
    if operation.cached:
        return min(WARM_SECONDS_CACHED, options.seconds * 2)
    return min(WARM_SECONDS, options.seconds / 2)


def ask(stage: Stage, operation: Operation, running: Running, seconds: float) -> Side:
    """One run of one operation, and what it took of the machine."""
    plan = operation.plan(stage.survey, seconds)
    looked = running.looks()
    before = running.cpu_seconds(), cpu_seconds(stage.housed.postmaster)
    try:
        measured = send(running.base_url, plan, clients=operation.clients, seconds=seconds)
    except LoadError as error:
        message = f"{operation.name}: {error}{_last_refusal(stage.log)}"
        raise LoadError(message) from None
    after = running.cpu_seconds(), cpu_seconds(stage.housed.postmaster)
    remembered = _shares(looked, running.looks())
    _take_back(stage, plan, measured.written + operation.clients)
    return _side(measured, after[0] - before[0], after[1] - before[1], remembered)


def _last_refusal(log: Path) -> str:
    """What the service's log says of the last request that it refused, if it did."""
    refused = [line for line in log.read_text().splitlines() if _REFUSED.search(line)]
    return f" The last that Holdfast refused: {refused[-1]}" if refused else ""


def _shares(
    before: Mapping[str, tuple[float, float]], after: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """Of what each memory was asked for in between, how much it had."""
    asked = {
        cache: [now - then for now, then in zip(counts, before.get(cache, (0, 0)), strict=True)]
        for cache, counts in after.items()
    }
    return {
        cache: hits / (hits + misses) for cache, (hits, misses) in asked.items() if hits + misses
    }


def _take_back(stage: Stage, plan: Plan, booked: int) -> None:
    """Have the next run begin with the house as it was filled, at slots that nobody tried.

    What was under way at the end may have been booked, too, and counts among the ``booked``.
    """
    if plan.writes:
        stage.survey.spend(plan, booked)
        restore(stage.housed.dsn)
        time.sleep(SETTLING_SECONDS)


def soak(stage: Stage, seconds: float = SOAK_SECONDS) -> Soak:
    """Ask everything in turns for a long time, and look at the workers' memory meanwhile."""
    operations = [operation for operation in TABLE if operation.cached]
    answers = 0
    samples: list[Sample] = []
    with processes.ours(
        stage.housed.dsn, stage.options.ports[0], stage.log, workers=SOAK_WORKERS
    ) as ours:
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            samples.append(Sample(passed, ours.worker_megabytes()))
            operation = operations[len(samples) % len(operations)]
            stage.say(f"soak, {passed:.0f} of {seconds:.0f} s: {operation.name}")
            plan = operation.plan(stage.survey, stage.options.seconds)
            measured = send(
                ours.base_url, plan, clients=operation.clients, seconds=stage.options.seconds
            )
            _take_back(stage, plan, measured.written + operation.clients)
            answers += measured.answers
        samples.append(Sample(time.monotonic() - began, ours.worker_megabytes()))
    return Soak(_now(), answers, samples)


@contextmanager
def staged(options: Options, days: int, say: Say) -> Iterator[Stage]:
    """The house, up and looked at; so many days from tomorrow on are asked about."""
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-bench-") as logs,
        housed(options.folder, options.house, Steps()) as running,
    ):
        say(f"Looking at what is free among {options.house.bookings:,} bookings")
        surveyed = survey(running.dsn, days)
        yield Stage(running, surveyed, options, Path(logs) / "services.log", say)


def _side(
    measured: Measured, service: float, database: float, remembered: dict[str, float]
) -> Side:
    return Side(
        per_second=measured.per_second,
        p50=measured.p50,
        p95=measured.p95,
        p99=measured.p99,
        service_ms=service / measured.answers * 1000,
        database_ms=database / measured.answers * 1000,
        bytes_each=measured.bytes_each,
        load_share=measured.load_share,
        remembered=remembered,
    )


def _middle(sides: Sequence[Side]) -> Side:
    return sorted(sides, key=lambda side: side.per_second)[len(sides) // 2]


@contextmanager
def place(given: Path | None) -> Iterator[Path]:
    """Where the filled databases lie: where it was said, or in a folder that is gone at the end."""
    if given is not None:
        given.mkdir(mode=0o755, parents=True, exist_ok=True)
        yield given.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    folder.chmod(0o755)  # the account that runs PostgreSQL for root must pass through
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _signs_of_life() -> Iterator[Say]:
    """A line that says what is being done; off a terminal, a line for each thing."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        yield console.print
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Measuring")
        yield lambda word: progress.update(task, description=word)


def _machine() -> str:
    cores = psutil.cpu_count() or 1
    return f"{cores} cores, {psutil.virtual_memory().total / 2**30:.0f} GB"


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


if __name__ == "__main__":
    main()
