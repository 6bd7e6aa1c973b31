"""The report: what was found, as the part of docs/performance.md between two marks."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.findings import Findings, Limit, Row, Side, Soak, Streams, Table
from benchmarks.load import LoadError

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
FLAT = 1.3
_COSTS = (
    "Where the processor's time went, how much of one core wrk took, and of what was looked for in"
    " the service's memories how much was there:"
)
MOST_MEGABYTES = 200


def write(path: Path, findings: Findings, charts: Sequence[str]) -> None:
    """Replace what is between the marks.

    :raises LoadError: if the marks are not there.
    """
    text = path.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        message = f"{path} must have one {BEGIN} and one {END}."
        raise LoadError(message)
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{body(findings, charts)}\n{END}{after}")


def body(findings: Findings, charts: Sequence[str]) -> str:
    """All parts that have been measured, with their charts."""
    parts: list[str] = []
    if findings.table is not None:
        parts += ["### The table", _intro(findings.table), table_of(findings.table)]
        parts += _shown(charts, "ratios.svg", "latencies.svg")
        parts += [_COSTS, _costs_of(findings.table)]
    if findings.limits:
        parts += ["### The physical limit", _limits_of(findings.limits)]
    if findings.growth:
        parts += ["### Growth", _growth_of(findings.growth), *_shown(charts, "growth.svg")]
    if findings.workers:
        parts += ["### Workers", _workers_of(findings.workers), *_shown(charts, "workers.svg")]
    if findings.soak is not None:
        parts += ["### Memory", _soak_of(findings.soak), *_shown(charts, "soak.svg")]
    if findings.streams is not None:
        parts += ["### Streams", _streams_of(findings.streams)]
    return "\n\n".join(parts)


def table_of(table: Table) -> str:
    """The issue's table, with what was reached."""
    head = ("operation", "clients", "answers/s", "floor's", "ratio", "p95 ms", "p99 ms", "reached")
    return _grid(head, [_line(row) for row in table.rows])


def _line(row: Row) -> Sequence[str]:
    return (
        row.operation,
        f"{row.clients}",
        f"{row.ours.per_second:,.0f}",
        f"{row.floor.per_second:,.0f}",
        f"{row.ratio:.2f} (≥ {row.ratio_target:.1f})",
        f"{row.ours.p95:.1f} (< {row.p95_target:.0f})",
        f"{row.ours.p99:.1f}",
        "yes" if reached(row) else "no",
    )


def reached(row: Row) -> bool:
    """Whether the operation is as fast as it has to be, in both respects."""
    return row.ratio >= row.ratio_target and row.ours.p95 < row.p95_target


def _intro(table: Table) -> str:
    workers = "one worker" if table.workers == 1 else f"{table.workers} workers"
    rounds = f"{table.rounds} rounds in turns, of whose figures and ratios the middle one is told"
    return (
        f"Measured on {table.measured_at}: {table.machine}, {table.facilities} facilities,"
        f" {table.bookings:,} bookings, {workers} on each side; runs of {table.seconds:.0f} s,"
        f" {'one of each' if table.rounds == 1 else rounds}."
    )


def _costs_of(table: Table) -> str:
    head = (
        "operation", "service, ms an answer", "floor", "PostgreSQL, ms an answer", "floor",
        "bytes an answer", "wrk", "remembered",
    )  # fmt: skip
    rows = [
        (
            row.operation,
            f"{row.ours.service_ms:.2f}",
            f"{row.floor.service_ms:.2f}",
            f"{row.ours.database_ms:.2f}",
            f"{row.floor.database_ms:.2f}",
            f"{row.ours.bytes_each:,.0f}",
            f"{max(row.ours.load_share, row.floor.load_share):.0%}",
            _remembered(row.ours),
        )
        for row in table.rows
    ]
    return _grid(head, rows)


def _remembered(side: Side) -> str:
    """What it had ready, without who asked, whom it knows in any case."""
    return ", ".join(
        f"{share:.0%} of {cache}" for cache, share in side.remembered.items() if cache != "callers"
    )


def _limits_of(limits: Sequence[Limit]) -> str:
    rows = [(each.operation, f"{each.clients}", f"{each.per_second:,.0f}") for each in limits]
    return (
        "pgbench on the floor's statements, prepared, with nothing before the database. It runs"
        " on the same cores; what books looks its slot up first.\n\n"
        + _grid(("statement", "connections", "a second"), rows)
    )


def _growth_of(tables: Sequence[Table]) -> str:
    head = ("operation", *(f"{table.bookings:,}" for table in tables), "most / least", "flat")
    rows = []
    for number, row in enumerate(tables[0].rows):
        rates = [table.rows[number].ours.per_second for table in tables]
        spread = max(rates) / min(rates)
        cells = [f"{rate:,.0f}" for rate in rates]
        rows.append((row.operation, *cells, f"{spread:.2f}", "yes" if spread <= FLAT else "no"))
    told = f"Answers a second, one worker, by bookings; flat is within {FLAT}. {_runs(tables[0])}"
    return f"{told}\n\n{_grid(head, rows)}"


def _workers_of(tables: Sequence[Table]) -> str:
    counts = [f"{table.workers}" for table in tables]
    head = ("operation", *counts, *(f"floor, {count}" for count in counts))
    rows = [
        (
            row.operation,
            *(f"{table.rows[number].ours.per_second:,.0f}" for table in tables),
            *(f"{table.rows[number].floor.per_second:,.0f}" for table in tables),
        )
        for number, row in enumerate(tables[0].rows)
    ]
    told = "Answers a second, by worker processes. The database and wrk need the same cores."
    return f"{told} {_runs(tables[0])}\n\n{_grid(head, rows)}"


def _runs(table: Table) -> str:
    return (
        f"All were up at once and asked in turns: runs of {table.seconds:.0f} s, {table.rounds}"
        " rounds, of which the middle one is told."
    )


def _soak_of(soak: Soak) -> str:
    minutes = soak.samples[-1].seconds / 60
    within = "below" if soak.most() < MOST_MEGABYTES else "not below"
    return (
        f"{minutes:.0f} minutes of all operations with the cache on, in turns,"
        f" {soak.answers:,} answers, {len(soak.samples[0].megabytes)} workers: at most"
        f" {soak.most():.0f} MB a worker (PSS), which is {within} {MOST_MEGABYTES}; in the last"
        f" quarter {soak.growth():.2f} times what it was in the second."
    )


def _streams_of(found: Streams) -> str:
    return (
        f"{found.streams:,} streams of everything on one worker, {found.writes} bookings, one a"
        f" second: {found.told:,} of {found.streams * found.writes:,} events came, the middle one"
        f" {found.median_seconds:.2f} s after its booking was sent, 95 of a hundred within"
        f" {found.p95_seconds:.2f} s and the last after {found.longest_seconds:.2f} s. A quarter"
        " of a second of that is waited for, so that whoever is told finds it wherever they ask."
        f" A stream takes {found.kilobytes_each:.1f} kB; all of them {found.cpu_share:.0%} of one"
        " core."
    )


def _shown(charts: Sequence[str], *names: str) -> list[str]:
    return [
        f"![{name.removesuffix('.svg').capitalize()}](performance/{name})"
        for name in names
        if name in charts
    ]


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose first column is of words and the others of figures."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))
