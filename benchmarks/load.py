"""The load: wrk, which sends what benchmarks/wrk/load.lua reads from files.

wrk is written in C and scripted in Lua: it takes the least of the machine that it shares with
what it measures. How much that was is part of every result.
"""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

SCRIPT = Path(__file__).with_name("wrk") / "load.lua"
UNPACKED = Path(__file__).resolve().parents[1] / ".venv" / "wrk"
SIGN = "MEASURED "
GRACE_SECONDS = 30.0


class LoadError(Exception):
    """The load could not be sent, or an answer was not what it should be; a sentence."""


@dataclass(frozen=True, slots=True)
class Line:
    """One request; ``key`` is its Idempotency-Key, and either may be empty."""

    method: str
    path: str
    user_id: int
    token: str
    key: str = ""
    body: str = ""

    def __str__(self) -> str:
        """As load.lua reads it."""
        given = (self.method, self.path, self.token, str(self.user_id), self.key, self.body)
        return "\t".join(given)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send: ``reads`` again and again, and every ``share``-th time one of ``writes``.

    ``status`` is the only status that an answer may have, or None where any success will do:
    then nothing is looked at but whether it is one, which is cheaper.
    """

    reads: Sequence[Line] = ()
    writes: Sequence[Line] = ()
    share: int = 0
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run gave; latencies in milliseconds, ``load_cpu`` in seconds of wrk's."""

    seconds: float
    answers: int
    bytes: int
    p50: float
    p95: float
    p99: float
    most: float
    failed: int
    broken: int
    written: int
    statuses: Mapping[int, int]
    load_cpu: float = 0.0

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    @property
    def bytes_each(self) -> float:
        """The mean size of an answer, headers included."""
        return self.bytes / self.answers

    @property
    def load_share(self) -> float:
        """How much of one core wrk took."""
        return self.load_cpu / self.seconds


def find_wrk() -> tuple[str, dict[str, str]]:
    """The path of wrk, and what its environment must have: scripts/_wrk.sh may have unpacked it.

    :raises LoadError: saying how to have it.
    """
    found = shutil.which("wrk")
    if found is not None:
        return found, {}
    if (UNPACKED / "usr" / "bin" / "wrk").exists():
        libraries = ":".join(str(path) for path in (UNPACKED / "usr" / "lib").iterdir())
        return str(UNPACKED / "usr" / "bin" / "wrk"), {"LD_LIBRARY_PATH": libraries}
    message = "wrk is not installed: scripts/test.sh fetches it, and so does your package manager."
    raise LoadError(message)


def send(base_url: str, plan: Plan, *, clients: int, seconds: float) -> Measured:
    """Let the clients send the plan for so long, without a pause between requests.

    :raises LoadError: if an answer had another status than it should, or a connection broke.
    """
    wrk, needed = find_wrk()
    with _files(plan) as (reads, writes):
        command = [
            wrk,
            "--threads=1",
            f"--connections={clients}",
            f"--duration={max(1, round(seconds))}s",
            "--timeout=10s",
            f"--script={SCRIPT}",
            base_url,
            "--",
            reads,
            writes,
            str(plan.share),
            "no" if plan.status is None else "yes",
        ]
        before = _children_cpu()
        done = subprocess.run(
            command,
            env={**os.environ, **needed},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds + GRACE_SECONDS,
        )
        cpu = _children_cpu() - before
    if done.returncode != 0:
        message = f"wrk failed: {(done.stderr or done.stdout).strip()}"
        raise LoadError(message)
    measured = parse(done.stdout, load_cpu=cpu)
    check(measured, plan.status)
    return measured


def parse(said: str, *, load_cpu: float) -> Measured:
    """What load.lua printed among wrk's own words.

    :raises LoadError: if it printed nothing of the kind.
    """
    for line in said.splitlines():
        if line.startswith(SIGN):
            told: dict[str, Any] = orjson.loads(line.removeprefix(SIGN))
            statuses = {int(code): times for code, times in told.pop("statuses").items()}
            return Measured(**told, statuses=statuses, load_cpu=load_cpu)
    message = f"wrk told nothing of what it measured: {said.strip()[-300:]}"
    raise LoadError(message)


def check(measured: Measured, status: int | None) -> None:
    """Accept only a run in which every request was answered as it should be.

    :raises LoadError: saying what else was answered.
    """
    if measured.answers == 0:
        message = "Nothing was answered."
    elif measured.broken:
        message = f"{measured.broken} connections broke or took too long."
    elif status is None and measured.failed:
        message = f"{measured.failed} of {measured.answers} answers were errors."
    elif status is not None and set(measured.statuses) != {status}:
        message = f"Only {status} should be answered, but there were {dict(measured.statuses)}."
    else:
        return
    raise LoadError(message)


@contextmanager
def _files(plan: Plan) -> Iterator[tuple[str, str]]:
    """The names of files with the plan's requests, "-" where there are none."""
    with tempfile.TemporaryDirectory(prefix="holdfast-load-") as folder:
        names = []
        for name, lines in (("reads", plan.reads), ("writes", plan.writes)):
            path = Path(folder) / name
            path.write_text("".join(f"{line}\n" for line in lines))
            names.append(str(path) if lines else "-")
        yield names[0], names[1]


def _children_cpu() -> float:
    """Seconds of processor time of the children that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
