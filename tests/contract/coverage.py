"""Which statuses of which operations were reached, of those that the contract declares."""

import re
import textwrap
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from .fuzzing import OPERATIONS

Statuses: TypeAlias = Mapping[str, Counter[int]]
"""How often each operation answered with which status."""
Reached: TypeAlias = dict[str, Statuses]
"""The same for each kind of caller."""

ALL = {str(operation["operationId"]) for operation in OPERATIONS.values()}

DECLARED: Mapping[str, set[int]] = {
    str(operation["operationId"]): {int(status) for status in operation["responses"]}
    for operation in OPERATIONS.values()
}

WIDTH = 100

ELSEWHERE: Mapping[int, str] = {
    429: "needs more streams than a process takes: tests/integration/test_api_stream.py",
    500: "must not be reached: a service that answers with it fails the run",
    503: "needs a database that is away: tests/integration/test_api_outage.py",
}
"""The statuses that no request brings about, and what shows them instead."""


def added(reached: Mapping[str, Statuses]) -> Statuses:
    """All callers in one."""
    return {name: sum((each[name] for each in reached.values()), Counter()) for name in sorted(ALL)}


def unreached(reached: Mapping[str, Statuses]) -> Mapping[int, Sequence[str]]:
    """The operations that declare a status and never answered with it, by status."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for name, counts in added(reached).items():
        for status in DECLARED[name] - counts.keys():
            found[status].append(name)
    return {status: found[status] for status in sorted(found)}


def table(reached: Mapping[str, Statuses]) -> Sequence[str]:
    """Lines: the statuses of each operation, a column for each kind of caller."""
    cells = {
        caller: {name: " ".join(map(str, sorted(counts))) for name, counts in statuses.items()}
        for caller, statuses in reached.items()
    }
    widths = {caller: max(map(len, [caller, *column.values()])) for caller, column in cells.items()}
    first = max(map(len, ALL))
    heads = "  ".join(f"{caller:<{widths[caller]}}" for caller in cells)
    lines = [f"{'':<{first}}  {heads}"]
    for name in sorted(ALL):
        row = "  ".join(f"{column[name]:<{widths[caller]}}" for caller, column in cells.items())
        lines.append(f"{name:<{first}}  {row}")
    return [line.rstrip() for line in lines]


def summary(reached: Mapping[str, Statuses]) -> Sequence[str]:
    """Lines: how much of what is declared was reached, and by name what was not."""
    declared = sum(map(len, DECLARED.values()))
    missing = unreached(reached)
    count = declared - sum(map(len, missing.values()))
    lines = [
        f"{count} of {declared} declared statuses of {len(ALL)} operations were reached"
        + (". Not reached:" if missing else ".")
    ]
    for status, names in missing.items():
        if status in ELSEWHERE:
            lines.append(f"  {status} of {len(names)} operations: {ELSEWHERE[status]}")
        else:
            said = f"  {status} of {', '.join(names)}"
            lines += textwrap.wrap(said, WIDTH, subsequent_indent="    ")
    return lines


def described(pattern: str) -> set[str]:
    """The operations whose descriptions say this."""
    return {
        str(each["operationId"])
        for each in OPERATIONS.values()
        if re.search(pattern, " ".join(each["description"].split()))
    }
