"""What was found, as it is kept beside the report: each part is measured when it is asked for."""

from dataclasses import dataclass, field
from pathlib import Path

import orjson
from pydantic import TypeAdapter


@dataclass(slots=True)
class Side:
    """One of the two that are compared.

    Latencies in milliseconds; ``service_ms`` and ``database_ms`` are the processor time that an
    answer took of the one and of the other; ``load_share`` is how much of one core wrk took;
    ``remembered`` are the shares of what was looked for that was there, by what looked.
    """

    per_second: float
    p50: float
    p95: float
    p99: float
    service_ms: float
    database_ms: float
    bytes_each: float
    load_share: float
    remembered: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Row:
    """An operation, asked of both in turns; of each the run in the middle of its runs.

    ``ratio`` is the service's answers a second to the floor's, the middle one of the rounds'.
    """

    operation: str
    clients: int
    p95_target: float
    ratio_target: float
    ratio: float
    ours: Side
    floor: Side


@dataclass(slots=True)
class Table:
    """All operations on one house with so many workers on both sides."""

    measured_at: str
    machine: str
    bookings: int
    facilities: int
    workers: int
    seconds: float
    rounds: int
    rows: list[Row]


@dataclass(slots=True)
class Sample:
    """The memory of each worker in megabytes (PSS), so many seconds after the first."""

    seconds: float
    megabytes: list[float]


@dataclass(slots=True)
class Soak:
    """Memory under hours of everything, in minutes."""

    measured_at: str
    answers: int
    samples: list[Sample]

    def growth(self) -> float:
        """The workers' memory in the last quarter of the time, to that in the second."""
        totals = [sum(sample.megabytes) for sample in self.samples]
        quarter = max(len(totals) // 4, 1)
        second, last = totals[quarter : 2 * quarter] or totals, totals[-quarter:]
        return (sum(last) / len(last)) / (sum(second) / len(second))

    def most(self) -> float:
        """The most that any worker took."""
        return max(max(sample.megabytes) for sample in self.samples)


@dataclass(slots=True)
class Limit:
    """What pgbench gets from the database by the floor's statements."""

    operation: str
    clients: int
    per_second: float


@dataclass(slots=True)
class Streams:
    """Open streams and a write a second; seconds are from before a write to a client's event."""

    streams: int
    writes: int
    told: int
    median_seconds: float
    p95_seconds: float
    longest_seconds: float
    kilobytes_each: float
    cpu_share: float


@dataclass(slots=True)
class Findings:
    """Everything that has been measured; a part that has not been is empty."""

    table: Table | None = None
    growth: list[Table] = field(default_factory=list)
    workers: list[Table] = field(default_factory=list)
    soak: Soak | None = None
    limits: list[Limit] = field(default_factory=list)
    streams: Streams | None = None


_FORM = TypeAdapter(Findings)


def read(path: Path) -> Findings:
    """What was found before, if anything was."""
    return _FORM.validate_json(path.read_bytes()) if path.exists() else Findings()


def write(path: Path, findings: Findings) -> None:
    """Keep it, for the next time that only a part is measured anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(findings, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
