"""Runs of Schemathesis against a running service, and what they exchanged with it."""

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from app.failure import Failure
from tests.client import CONTRACT, document

from .reporting import claim
from .town import Town

ROOT = CONTRACT.parents[1]
REPORTS = ROOT / "reports" / "fuzz"
REPORTED = {"ndjson": "ndjson", "junit": "xml", "har": "har"}
"""The reports that Schemathesis writes of a run, and how their names end."""

ANONYMOUS = Path(__file__).with_name("anonymous.toml")
READING = Path(__file__).with_name("reading.toml")

SEED = int(os.environ.get("HOLDFAST_FUZZ_SEED", "20261122"))
EXAMPLES = int(os.environ.get("HOLDFAST_FUZZ_EXAMPLES", "10"))
"""Per operation and phase. The coverage phase sends what it has to, however many that are."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is sent, and where it is reported.

    The same seed and as many examples send the same requests to the same town. ``without`` are
    operations that are left alone. From ``end`` on, in seconds of ``time.monotonic``, no run
    begins; one that has begun is finished, for Schemathesis takes a limit of time as an order to
    go on until then. ``patience``, in seconds, is by the number of examples unless it is said.
    """

    seed: int = SEED
    examples: int = EXAMPLES
    reports: Path = REPORTS
    without: Sequence[str] = ()
    end: float | None = None
    patience: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether no other run is to begin."""
        return self.end is not None and time.monotonic() >= self.end

    @property
    def run_seconds(self) -> int:
        """After which a run counts as hanging."""
        return 240 + 15 * self.examples if self.patience is None else self.patience


USUAL = Plan()
RUN_SECONDS = USUAL.run_seconds

METHODS = ("get", "post", "put", "patch", "delete")
OPERATIONS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    (method.upper(), path): item[method]
    for path, item in document()["paths"].items()
    for method in METHODS
    if method in item
}
"""By method and path, as they stand in the contract."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the status of its reply.

    ``operation_id`` is None where the contract has no such method for such a path, be it for
    what stands in the place of an id. ``source`` is the operation from whose reply a link led
    here.
    """

    operation_id: str | None
    status: int
    source: str | None


@dataclass(frozen=True)
class Run:
    """A finished run: what Schemathesis said, and what was exchanged."""

    output: str
    passed: bool
    exchanges: Sequence[Exchange]
    failures: frozenset[tuple[str, str]]
    """(check, operationId) of every failed check."""
    errors: frozenset[tuple[str, str]] = frozenset()
    """(kind, method and path) of what kept a request from being made or answered."""

    @cached_property
    def statuses(self) -> Mapping[str, Counter[int]]:
        """How often each operation answered with which status."""
        found = {str(each["operationId"]): Counter[int]() for each in OPERATIONS.values()}
        for exchange in self.exchanges:
            if exchange.operation_id is not None:
                found[exchange.operation_id][exchange.status] += 1
        return found

    @cached_property
    def succeeded(self) -> set[str]:
        """The operations that did at least once what they were asked."""
        return {name for name, counts in self.statuses.items() if any(s < 300 for s in counts)}

    @cached_property
    def transitions(self) -> set[tuple[str, str]]:
        """(source, target) of the links that were followed with success."""
        return {
            (exchange.source, exchange.operation_id)
            for exchange in self.exchanges
            if exchange.source and exchange.operation_id and exchange.status < 400
        }


def fuzz(name: str, base_url: str, *options: str, town: Town, user: str, plan: Plan = USUAL) -> Run:
    """A run as one of the town's people, with the options of ``st run``."""
    people = [
        {
            "name": each,
            "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {person.token}"}],
        }
        for each, person in town.people.items()
    ]
    with TemporaryDirectory(prefix="holdfast-fuzz-") as directory:  # For the user alone.
        users, town_file = Path(directory, "users.json"), Path(directory, "town.json")
        users.write_text(json.dumps({"auth": people}), encoding="utf-8")
        town.write(town_file)
        environment = {
            "HOLDFAST_FUZZ_USERS": str(users),
            "HOLDFAST_FUZZ_USER": user,
            "HOLDFAST_FUZZ_TOWN": str(town_file),
        }
        return _run(name, _command(name, base_url, plan), options, environment, plan)


def fuzz_anonymously(name: str, base_url: str, *options: str, plan: Plan = USUAL) -> Run:
    """A run without a token, and with generated ones."""
    command = _command(name, base_url, plan, "--config-file", str(ANONYMOUS))
    return _run(name, command, options, {}, plan)


def fuzz_reading(name: str, base_url: str, token: str, *options: str, plan: Plan = USUAL) -> Run:
    """A run over what changes something, with a token that may only read."""
    command = _command(name, base_url, plan, "--config-file", str(READING))
    given = ("--header", f"Authorization: Bearer {token}")
    return _run(name, command, (*given, *options), {}, plan)


def _command(name: str, base_url: str, plan: Plan, *before: str) -> Sequence[str]:
    reports = {kind: plan.reports / f"{name}.{end}" for kind, end in REPORTED.items()}
    return [
        *(sys.executable, "-m", "schemathesis.cli", "--no-color", *before),
        *("run", str(CONTRACT.relative_to(ROOT)), "--url", base_url),
        *("--seed", str(plan.seed), "--max-examples", str(plan.examples)),
        *chain(*((f"--report-{kind}-path", str(path)) for kind, path in reports.items())),
        *(f"--exclude-operation-id={each}" for each in plan.without),
    ]


def _run(
    name: str,
    command: Sequence[str],
    options: Sequence[str],
    environment: Mapping[str, str],
    plan: Plan,
) -> Run:
    claim(plan.reports, *(f"{name}.{end}" for end in (*REPORTED.values(), "txt")))
    status, output = _finished([*command, *options], environment, plan, name)
    events = plan.reports / f"{name}.ndjson"
    _hide_tokens(events.with_suffix(".har"))
    with events.open(encoding="utf-8") as lines:
        told = [json.loads(line) for line in lines]
    scenarios = [
        each["ScenarioFinished"].get("recorder", {}) for each in told if "ScenarioFinished" in each
    ]
    errors = [each["NonFatalError"] for each in told if "NonFatalError" in each]
    run = Run(
        output=output,
        passed=status == 0,
        exchanges=[exchange for scenario in scenarios for exchange in _exchanges(scenario)],
        failures=frozenset(failure for scenario in scenarios for failure in _failures(scenario)),
        errors=frozenset((each["value"]["type"], each["label"]) for each in errors),
    )
    counted = "\n".join(
        f"{name:<22}" + "".join(f"  {status}: {counts[status]}" for status in sorted(counts))
        for name, counts in sorted(run.statuses.items())
    )
    events.with_suffix(".txt").write_text(f"{run.output}\n\n{counted}\n", encoding="utf-8")
    return run


def _finished(
    command: Sequence[str], environment: Mapping[str, str], plan: Plan, name: str
) -> tuple[int, str]:
    """How Schemathesis ended, and what it said.

    :raises Failure: if it went on for too long, or if it could not do what it was asked.
    """
    try:
        finished = subprocess.run(  # noqa: S603 - our own command
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=plan.run_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        message = f"Schemathesis was not done with {name} after {plan.run_seconds} seconds."
        raise Failure(message) from None
    if finished.returncode not in {0, 1}:
        said = plan.reports / f"{name}.txt"
        said.write_text(finished.stdout, encoding="utf-8")
        message = f"Schemathesis gave {name} up with status {finished.returncode}: {said} says why."
        raise Failure(message)
    return finished.returncode, finished.stdout


def _hide_tokens(report: Path) -> None:
    """Take out the tokens that the service handed out meanwhile; Schemathesis leaves bodies."""
    if report.is_file():
        text = report.read_text(encoding="utf-8")
        report.write_text(re.sub(r"\bhf_[\w-]{43}", "hf_[Filtered]", text), encoding="utf-8")


def _exchanges(scenario: Mapping[str, Any]) -> Iterator[Exchange]:
    cases = scenario.get("cases", {})
    for case_id, interaction in scenario.get("interactions", {}).items():
        case = cases[case_id]
        response = interaction.get("response")
        if response is not None:
            followed = case.get("is_transition_applied") and case["transition"]["parent_id"]
            path = urlsplit(interaction["request"]["uri"]).path
            yield Exchange(
                operation_id=_operation_id(case["value"], path),
                status=response["status_code"],
                source=_operation_id(cases[followed]["value"]) if followed else None,
            )


def _failures(scenario: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for case_id, checks in scenario.get("checks", {}).items():
        for check in checks:
            if check["status"] == "failure":
                case = scenario["cases"][case_id]["value"]
                yield check["name"], _operation_id(case) or f"{case['method']} {case['path']}"


def _operation_id(case: Mapping[str, Any], path: str | None = None) -> str | None:
    """The case's operation; None where the contract has none, or the path sent is not its."""
    operation = OPERATIONS.get((case["method"].upper(), case["path"]))
    if operation is None:
        return None
    pattern = re.escape(case["path"]).replace(r"\{table\}", "[^/]+")
    pattern = re.sub(r"\\\{\w+\\\}", "[1-9][0-9]{0,15}", pattern)
    is_its = path is None or re.fullmatch(pattern, path, re.ASCII) is not None
    return str(operation["operationId"]) if is_its else None
