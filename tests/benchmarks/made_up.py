"""Findings that nobody measured."""

from benchmarks.findings import Findings, Limit, Row, Sample, Side, Soak, Streams, Table


def side(per_second: float = 1000.0, p95: float = 20.0) -> Side:
    return Side(
        per_second, 10.0, p95, 30.0, 0.5, 0.25, 900.0, 0.05, {"callers": 1.0, "answers": 0.975}
    )


def row(operation: str = "booking creation", ratio: float = 0.8, p95: float = 20.0) -> Row:
    return Row(operation, 20, 50.0, 0.5, ratio, side(ratio * 1000, p95), side())


def table(bookings: int = 1_000_000, workers: int = 1, ratio: float = 0.8) -> Table:
    rows = [row(ratio=ratio), row("my bookings, 50 rows", ratio)]
    return Table("2026-01-02", "2 cores, 24 GB", bookings, 500, workers, 10.0, 3, rows)


def findings() -> Findings:
    return Findings(
        table=table(),
        growth=[table(10_000), table(1_000_000, ratio=0.7)],
        workers=[table(workers=1), table(workers=2, ratio=1.2)],
        soak=Soak("2026-01-02", 12_345, [Sample(60.0 * n, [120.0, 118.0 + n]) for n in range(11)]),
        limits=[Limit("booking creation", 25, 3456.0)],
        streams=Streams(2000, 20, 40_000, 0.31, 0.42, 0.57, 19.4, 0.15),
    )
