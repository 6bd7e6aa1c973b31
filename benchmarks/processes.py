"""The two that are compared, each in processes of its own, and what they take of the machine."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.load import LoadError

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60.0
STOP_SECONDS = 20.0
MEGABYTE = 1e6

_HITS, _MISSES = "holdfast_cache_hits", "holdfast_cache_misses"


@dataclass(frozen=True, slots=True)
class Running:
    """A service that answers."""

    base_url: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Processor time of all its processes so far."""
        return cpu_seconds(self.process)

    def looks(self) -> dict[str, tuple[float, float]]:
        """How often each of its memories had what was looked for so far, and how often not.

        By the names of ``holdfast_cache_hits_total``; the floor has none.
        """
        told = httpx.get(f"{self.base_url}/metrics")
        if told.status_code == HTTPStatus.NOT_FOUND:
            return {}
        counted = {
            (sample.name, sample.labels["cache"]): sample.value
            for family in text_string_to_metric_families(told.raise_for_status().text)
            if family.name in {_HITS, _MISSES}
            for sample in family.samples
            if sample.name.endswith("_total")
        }
        return {
            cache: (
                counted.get((f"{_HITS}_total", cache), 0),
                counted.get((f"{_MISSES}_total", cache), 0),
            )
            for _, cache in counted
        }

    def worker_megabytes(self) -> list[float]:
        """The memory of each worker, shared pages counted in parts (PSS)."""
        workers = [
            child
            for child in self.process.children(recursive=True)
            if "resource_tracker" not in " ".join(child.cmdline())
        ] or [self.process]
        return [worker.memory_full_info().pss / MEGABYTE for worker in workers]


def cpu_seconds(process: psutil.Process) -> float:
    """Processor time of a process and all under it so far."""
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            total += times.user + times.system
    return total


@contextmanager
def ours(
    dsn: str, port: int, log: Path, *, workers: int = 1, cache: bool = True
) -> Iterator[Running]:
    """The service as it is run, with its defaults."""
    settings = {
        "HOLDFAST_PORT": str(port),
        "HOLDFAST_WORKERS": str(workers),
        "HOLDFAST_CACHE": "on" if cache else "off",
        "HOLDFAST_LOG_FORMAT": "json",
    }
    command = [sys.executable, "-m", "app.service"]
    with _running(command, {"DATABASE_URL": dsn, **settings}, port, log) as running:
        yield running


@contextmanager
def floor(dsn: str, port: int, log: Path, *, workers: int = 1) -> Iterator[Running]:
    """The floor, with as many workers."""
    words = ["--port", str(port), "--workers", str(workers)]
    command = [sys.executable, "-m", "benchmarks.floor", *words]
    with _running(command, {"DATABASE_URL": dsn}, port, log) as running:
        yield running


@contextmanager
def _running(
    command: list[str], settings: dict[str, str], port: int, log: Path
) -> Iterator[Running]:
    """The command, until it is no longer needed.

    :raises LoadError: if it does not begin to answer.
    """
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**inherited, **settings},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )
    try:
        base_url = f"http://127.0.0.1:{port}"
        _wait(process, f"{base_url}/readyz", log)
        yield Running(base_url, psutil.Process(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    tail = log.read_text(errors="replace")[-1000:]
    message = f"{url} does not answer: {tail}"
    raise LoadError(message)
