"""Runs of Schemathesis against a running service, and what they exchanged with it."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.client import CONTRACT, document

from .town import NAMES, Town

ROOT = CONTRACT.parents[1]
REPORTS = ROOT / "reports" / "fuzz"
ANONYMOUS = Path(__file__).with_name("anonymous.toml")
READING = Path(__file__).with_name("reading.toml")

SEED = int(os.environ.get("HOLDFAST_FUZZ_SEED", "20261122"))
EXAMPLES = int(os.environ.get("HOLDFAST_FUZZ_EXAMPLES", "10"))
"""Per operation and phase. The coverage phase sends what it has to, however many that are."""

RUN_SECONDS = 240 + 15 * EXAMPLES
"""After which a run counts as hanging."""

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


def fuzz(name: str, base_url: str, *options: str, town: Town, user: str, users: Path) -> Run:
    """A run as one of the town's people, with the options of ``st run``.

    ``users`` is where their tokens are written meanwhile.
    """
    people = [
        {
            "name": each,
            "fixedHeaders": [
                {"name": "Authorization", "value": f"Bearer {getattr(town, each).token}"}
            ],
        }
        for each in NAMES
    ]
    users.touch(mode=0o600)
    users.write_text(json.dumps({"auth": people}), encoding="utf-8")
    environment = {
        "HOLDFAST_FUZZ_USERS": str(users),
        "HOLDFAST_FUZZ_USER": user,
        "HOLDFAST_FUZZ_KEPT_TOKEN": str(getattr(town, user).token_id),
        "HOLDFAST_FUZZ_TOKEN": getattr(town, user).token,
    }
    try:
        return _run(name, base_url, (), options, environment)
    finally:
        users.unlink()


def fuzz_anonymously(name: str, base_url: str, *options: str) -> Run:
    """A run without a token, and with generated ones."""
    return _run(name, base_url, ("--config-file", str(ANONYMOUS)), options, {})


def fuzz_reading(name: str, base_url: str, token: str, *options: str) -> Run:
    """A run over what changes something, with a token that may only read."""
    given = ("--header", f"Authorization: Bearer {token}")
    return _run(name, base_url, ("--config-file", str(READING)), (*given, *options), {})


def _run(
    name: str,
    base_url: str,
    before: Sequence[str],
    options: Sequence[str],
    environment: Mapping[str, str],
) -> Run:
    REPORTS.mkdir(parents=True, exist_ok=True)
    events = REPORTS / f"{name}.ndjson"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--no-color", *before),
        *("run", str(CONTRACT.relative_to(ROOT)), "--url", base_url),
        *("--seed", str(SEED), "--max-examples", str(EXAMPLES)),
        *("--report-ndjson-path", str(events)),
        *("--report-junit-path", str(events.with_suffix(".xml"))),
        *options,
    ]
    finished = subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=RUN_SECONDS,
        check=False,
    )
    status = finished.returncode
    assert status in {0, 1}, f"Schemathesis ended with {status}:\n{finished.stdout}"
    scenarios = list(_scenarios(events))
    run = Run(
        output=finished.stdout,
        passed=status == 0,
        exchanges=[exchange for scenario in scenarios for exchange in _exchanges(scenario)],
        failures=frozenset(failure for scenario in scenarios for failure in _failures(scenario)),
    )
    counted = "\n".join(
        f"{name:<22}" + "".join(f"  {status}: {counts[status]}" for status in sorted(counts))
        for name, counts in sorted(run.statuses.items())
    )
    events.with_suffix(".txt").write_text(f"{run.output}\n\n{counted}\n", encoding="utf-8")
    return run


def _scenarios(events: Path) -> Iterator[dict[str, Any]]:
    with events.open(encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if "ScenarioFinished" in event:
                yield event["ScenarioFinished"].get("recorder", {})


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
