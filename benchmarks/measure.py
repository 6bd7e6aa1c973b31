"""Measures the service as a newcomer gets it: ``holdfast up`` with its demo data.

    .venv/bin/python benchmarks/measure.py [--seconds 10] [--workers 1]

Prints a Markdown table. Everything runs on this machine: the service, the embedded
PostgreSQL with its durable defaults, and the clients; so the figures are of the
three together.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, zip_longest
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil
import uvloop
from load import Call, Result, run

HOLDFAST = Path(sys.executable).with_name("holdfast")
START_SECONDS = 120
CLIENTS = (1, 20)
QUARTER = 15
HORIZON_DAYS = 70


@dataclass(frozen=True, slots=True)
class Target:
    """A running service, who calls it and what can be booked."""

    base_url: str
    token: str
    facilities: list[int]
    process: psutil.Process


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="for each figure")
    parser.add_argument("--workers", type=int, default=1, help="of the service")
    parser.add_argument("--port", type=int, default=8099)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder,
        _up(Path(folder), options.port, options.workers) as target,
    ):
        idle = _memory(target.process)
        uvloop.run(_measure(target, options.seconds))
        print(
            f"\nMemory (PSS): service {idle[0]:.0f} MB idle, {_memory(target.process)[0]:.0f} MB"
            f" after the load; PostgreSQL {idle[1]:.0f} MB and {_memory(target.process)[1]:.0f} MB."
        )


@contextmanager
def _up(folder: Path, port: int, workers: int) -> Iterator[Target]:
    """``holdfast up`` on an empty data directory that root's database account can enter."""
    folder.chmod(0o755)
    data_dir = folder / "data"
    command: list[str | Path] = [HOLDFAST, "up", "--data-dir", data_dir, "--port", str(port)]
    log = (folder / "up.log").open("wb")
    process = subprocess.Popen([*command, "--workers", str(workers)], stdout=log, stderr=log)
    try:
        base_url = f"http://127.0.0.1:{port}"
        _wait(process, f"{base_url}/readyz", folder / "up.log")
        token = subprocess.run(
            [HOLDFAST, "token", "create", "--data-dir", data_dir, "--username", "bench", "--staff"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        listed = httpx.get(
            f"{base_url}/api/v1/facilities/", headers={"Authorization": f"Bearer {token}"}
        ).raise_for_status()
        facilities = [each["id"] for each in listed.json() if _is_plain(each["rules"])]
        yield Target(base_url, token, facilities, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def _is_plain(rules: dict[str, Any]) -> bool:
    """Whether any quarter of an hour can be booked, beside the one before."""
    buffers = rules["buffer_before_minutes"] + rules["buffer_after_minutes"]
    by_the_quarter = rules["min_duration_minutes"] == rules["start_step_minutes"] == QUARTER
    return bool(by_the_quarter and buffers == 0 and rules["horizon_days"] > HORIZON_DAYS)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    sys.exit(f"holdfast up did not start:\n{log.read_text()[-2000:]}")


def _memory(process: psutil.Process) -> tuple[float, float]:
    """Megabytes of the service's processes and of PostgreSQL's, shared pages counted once."""
    service = postgres = 0.0
    for child in [process, *process.children(recursive=True)]:
        size = child.memory_full_info().pss / 1e6
        if re.search("postgres", child.name()):
            postgres += size
        else:
            service += size
    return service, postgres


async def _measure(target: Target, seconds: float) -> None:
    slots = _slots(target)
    operations = {
        "availability, one facility, one day": lambda _: _searches(target, one=True),
        "availability, all facilities, one day": lambda _: _searches(target, one=False),
        "create a booking": lambda _: _creates(target, slots),
        "conflict, with alternatives": lambda _: _conflicts(target, slots),
        "my bookings, 50 rows": lambda _: _mine(target),
    }
    print("| operation | clients | answers/s | p50 ms | p95 ms | p99 ms | statuses |")
    print("|---|---:|---:|---:|---:|---:|---|")
    for name, calls in operations.items():
        for clients in CLIENTS:
            await run(target.base_url, calls, clients, min(1.0, seconds))
            result = await run(target.base_url, calls, clients, seconds)
            print(_row(name, clients, result), flush=True)


def _row(name: str, clients: int, result: Result) -> str:
    statuses = ", ".join(f"{status}: {times}" for status, times in sorted(result.statuses.items()))
    return (
        f"| {name} | {clients} | {result.per_second:,.0f} | {result.quantile(0.5):.1f} |"
        f" {result.quantile(0.95):.1f} | {result.quantile(0.99):.1f} | {statuses} |"
    )


def _slots(target: Target) -> Iterator[tuple[int, datetime]]:
    """Free quarters of an hour, each once: what the service offers beyond the demo's month.

    Only of facilities that can be booked by the quarter with no buffers between; those take
    turns, so that no two clients meet.
    """
    headers = {"Authorization": f"Bearer {target.token}"}
    first = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with httpx.Client(base_url=target.base_url, headers=headers) as client:
        offered = []
        for facility_id in target.facilities:
            start = first + timedelta(days=35)
            query: dict[str, str | int] = {
                "facility_id": facility_id,
                "start_time": start.isoformat(),
                "end_time": (start + timedelta(days=31)).isoformat(),
            }
            answer = client.get("/api/v1/availability/search", params=query).raise_for_status()
            offered.append([(facility_id, quarter) for quarter in _quarters(answer.json())])
    for turn in zip_longest(*offered):
        yield from (slot for slot in turn if slot is not None)


def _quarters(answers: list[dict[str, Any]]) -> Iterator[datetime]:
    """The quarters of an hour in the slots that an availability search found."""
    for slot in (slot for answer in answers for slot in answer["available_slots"]):
        start, end = (datetime.fromisoformat(slot[name]) for name in ("start_time", "end_time"))
        while start < end:
            yield start
            start += timedelta(minutes=15)


def _creates(target: Target, slots: Iterator[tuple[int, datetime]]) -> Iterator[Call]:
    for facility_id, start in slots:
        yield _booking(target, facility_id, start)


def _conflicts(target: Target, slots: Iterator[tuple[int, datetime]]) -> Iterator[Call]:
    facility_id, start = next(slots)
    while True:
        yield _booking(target, facility_id, start)


def _booking(target: Target, facility_id: int, start: datetime) -> Call:
    body = {
        "facility_id": facility_id,
        "start_time": start,
        "end_time": start + timedelta(minutes=15),
        "title": "Measured",
    }
    return Call("POST", "/api/v1/bookings/", target.token, orjson.dumps(body))


def _searches(target: Target, *, one: bool) -> Iterator[Call]:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for number in count():
        start = today + timedelta(days=1 + number % 28)
        end = start + timedelta(days=1)
        query = f"start_time={start:%Y-%m-%dT%H:%M:%SZ}&end_time={end:%Y-%m-%dT%H:%M:%SZ}"
        if one:
            query += f"&facility_id={target.facilities[number % len(target.facilities)]}"
        yield Call("GET", f"/api/v1/availability/search?{query}", target.token)


def _mine(target: Target) -> Iterator[Call]:
    while True:
        yield Call("GET", "/api/v1/me/bookings/", target.token)


if __name__ == "__main__":
    main()
