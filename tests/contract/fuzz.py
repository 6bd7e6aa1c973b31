"""``scripts/fuzz.sh``: the fuzz suite for whoever asks, and a report of what it reached."""

import argparse
import json
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from app.failure import Failure
from tests import servers

from .coverage import ALL, DECLARED, Reached, Statuses, summary, table, unreached
from .fuzzing import EXAMPLES, REPORTS, SEED, Plan, Run
from .reporting import claim, drop_bulk, make_ready
from .running import STREAM, STREAM_SECONDS, TOKEN, lasting_streams, look_at
from .settling import settle_beside
from .suite import CALLERS, CHANGES, NOBODY, PROBES, READING, WALKS, Target, serving

WALK = "walks"
PARTS = (*CALLERS, NOBODY, READING, PROBES, WALK)
NIGHTLY_MINUTES = 60
NIGHTLY_EXAMPLES = 40

Fresh: TypeAlias = Callable[[Plan], AbstractContextManager[Target]]
"""Gives a town that nothing has happened in, and the service that it is in."""


@dataclass(frozen=True, slots=True)
class Part:
    """What became of a part of the suite, and what else is to be said of it."""

    name: str
    passed: bool
    reached: Sequence[Statuses]
    remarks: Sequence[str] = ()


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz as asked; 0 if nothing was found, 1 if something was, 2 if it was not possible."""
    asked = asked_for(arguments)
    plan = Plan(seed=asked.seed, examples=asked.examples, reports=asked.reports.resolve())
    only = asked.only or PARTS
    token = os.environ.get(TOKEN, "")
    try:
        base_url = look_at(asked.url, token) if asked.url is not None else None
        make_ready(plan.reports)
        with ExitStack() as stack:
            if base_url is None:
                return fuzz_in_rounds(_throwaway(stack), plan, only, asked.minutes)
            if lasting_streams(base_url, token):
                plan = replace(plan, without=[STREAM])
                _say(
                    f"{STREAM} is left alone: its streams last longer than {STREAM_SECONDS:.0f} s,"
                    " which HOLDFAST_STREAM_SECONDS=0.1 would change."
                )
            return fuzz_in_rounds(_beside(base_url, token), plan, only, asked.minutes)
    except Failure as failure:
        sys.stderr.write(f"fuzz.sh: {failure}\n")
        return 2


def parser_of_arguments() -> argparse.ArgumentParser:
    """What fuzz.sh can be asked."""
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz.sh",
        description="Fuzzes a service from its contract; docs/testing.md tells more.",
        epilog=f"A running service is fuzzed with a token of staff of the house in {TOKEN}. What "
        "it holds is changed and deleted: name none whose data matter.",
    )
    parser.add_argument("url", nargs="?", help="a running service; else one is started")
    parser.add_argument("--seed", type=int, default=SEED, help=f"default: {SEED}")
    parser.add_argument("--examples", type=_positive, help="of each operation and phase")
    parser.add_argument(
        "--minutes", type=_positive, help="begin rounds for so long, each with the next seed"
    )
    parser.add_argument(
        "--nightly",
        action="store_true",
        help=f"is --minutes {NIGHTLY_MINUTES} --examples {NIGHTLY_EXAMPLES}",
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="may be repeated")
    parser.add_argument("--reports", type=Path, default=REPORTS, help="default: reports/fuzz")
    return parser


def asked_for(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What was asked, as it is meant; the program's own arguments unless others are given."""
    asked = parser_of_arguments().parse_args(arguments)
    asked.minutes = asked.minutes or (NIGHTLY_MINUTES if asked.nightly else None)
    asked.examples = asked.examples or (NIGHTLY_EXAMPLES if asked.nightly else EXAMPLES)
    return asked


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _throwaway(stack: ExitStack) -> Fresh:
    """Each time a service of its own, on a new database that is dropped afterwards."""
    _say("Starting a database that is thrown away ...")
    server = stack.enter_context(servers.postgres())
    template = stack.enter_context(servers.migrated_template(server))

    @contextmanager
    def fresh(plan: Plan) -> Iterator[Target]:
        with (
            TemporaryDirectory(prefix="holdfast-fuzz-") as directory,
            servers.clone(server, template) as dsn,
            serving(dsn, Path(directory), plan) as target,
        ):
            yield target

    return fresh


def _beside(base_url: str, token: str) -> Fresh:
    """Each time another town beside what the service holds."""
    numbers = count(1)

    @contextmanager
    def fresh(plan: Plan) -> Iterator[Target]:
        tag = f"-{int(time.time()):x}-{next(numbers)}"
        yield Target(base_url, settle_beside(base_url, token, tag), plan)

    return fresh


def fuzz_in_rounds(
    fresh: Fresh, plan: Plan, only: Sequence[str], minutes: float | None = None
) -> int:
    """One round, or as many as are begun in so many minutes; 0 if nothing was found, else 1.

    What was reached is reported however it ends.
    """
    end = time.monotonic() + 60 * minutes if minutes else None
    reached: Reached = {}
    sound = True
    try:
        for number in count():
            this = replace(plan, seed=plan.seed + number, end=end)
            if end is not None:
                this = replace(this, reports=plan.reports / f"round-{number + 1:03}")
            _say(f"Seed {this.seed}, {this.examples} examples; reports in {_shown(this.reports)}:")
            passed = [_told(part, this, reached) for part in _parts(fresh, this, only)]
            sound &= all(passed)
            if end is not None and all(passed):
                drop_bulk(this.reports)
            if end is None or this.is_over:
                break
    finally:
        _report(reached, plan.reports)
    return 0 if sound else 1


def _parts(fresh: Fresh, plan: Plan, only: Sequence[str]) -> Iterator[Part]:
    """The parts that are asked for, as long as there is time; most in a town of their own."""
    for user in CALLERS:
        if user in only and not plan.is_over:
            with fresh(plan) as target:
                yield _part(user, [target.fuzz(user, user)])
    shared = {NOBODY: _nobody, READING: _reading, PROBES: _probes, WALK: walk_along}
    if not shared.keys().isdisjoint(only) and not plan.is_over:
        with fresh(plan) as target:
            for name, part in shared.items():
                if name in only and not plan.is_over:
                    yield part(target)


def _part(name: str, runs: Sequence[Run], remarks: Sequence[str] = ()) -> Part:
    found = sorted({each for run in runs for each in run.failures | run.errors})
    return Part(
        name,
        passed=all(run.passed for run in runs),
        reached=[run.statuses for run in runs],
        remarks=[*(f"{check}: {operation}" for check, operation in found), *remarks],
    )


def _nobody(target: Target) -> Part:
    return _part(NOBODY, [target.fuzz_as_nobody()])


def _reading(target: Target) -> Part:
    run = target.fuzz_reading()
    did = [f"{name} did what is not for reading" for name in sorted(run.succeeded & CHANGES)]
    part = _part(READING, [run], did)
    return replace(part, passed=part.passed and not did)


def _probes(target: Target) -> Part:
    statuses, remarks = target.probe()
    return Part(PROBES, not remarks, [statuses], remarks)


def walk_along(target: Target, names: Iterable[str] = WALKS) -> Part:
    """The walks, as long as there is time; each must be found."""
    runs: list[Run] = []
    lost = []
    for name in names:
        if target.plan.is_over:
            break
        walked, missing = target.walk(name)
        runs.extend(walked)
        lost += [f"{name}: {came} led to no {went}" for came, went in sorted(missing)]
    part = _part(WALK, runs, lost)
    return replace(part, passed=part.passed and not lost)


def _told(part: Part, plan: Plan, reached: Reached) -> bool:
    """Whether nothing was found; says how the part went, and adds what it reached."""
    counts = reached.setdefault(part.name, {name: Counter() for name in ALL})
    for statuses in part.reached:
        for name, found in statuses.items():
            counts[name].update(found)
    requests = sum(sum(found.values()) for statuses in part.reached for found in statuses.values())
    verdict = "ok" if part.passed else "FOUND SOMETHING"
    _say(f"  {part.name:<10} {requests:>6} requests  {verdict}")
    for remark in part.remarks:
        _say(f"      {remark}")
    if not part.passed and part.name != PROBES:
        _say(f"      Requests that repeat it are in {_shown(plan.reports)}/*.txt.")
    return part.passed


def _report(reached: Reached, reports: Path) -> None:
    """Print what was reached, and write it down for people and for programs."""
    if not reached:
        return
    lines = [*table(reached), "", *summary(reached)]
    _say("\n".join(["", *lines]))
    claim(reports, "coverage.txt", "coverage.json")
    (reports / "coverage.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    told = {
        "declared": {name: sorted(DECLARED[name]) for name in sorted(ALL)},
        "reached": reached,
        "unreached": unreached(reached),
    }
    (reports / "coverage.json").write_text(json.dumps(told, indent=1), encoding="utf-8")


def _shown(path: Path) -> str:
    """The path as somebody in the present directory would name it."""
    return os.path.relpath(path)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # They are for developers, whose tests make errors of them.
    sys.exit(main())
