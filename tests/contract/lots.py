"""How hooks draw: the same request draws the same, so a seed repeats its run."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import schemathesis

from tests.contract.town import read_town

TOWN = read_town(Path(os.environ["HOLDFAST_FUZZ_TOWN"]))
"""The town that is there: see ``settling``."""

TOMORROW = datetime.combine(datetime.now(UTC) + timedelta(days=1), time(), UTC)
MARK = timedelta(minutes=15)
DAYS = 14
"""In so many days from tomorrow on, bookings are asked for."""

MOST_KNOWN = TOWN.most_known
"""Ids up to this may be of something; those above it were made up."""

Body: TypeAlias = dict[str, Any]
Case: TypeAlias = schemathesis.Case[Any]
Hook = TypeVar("Hook", bound=Callable[..., object])
T = TypeVar("T")


def hook_for(name: str, **operations: str | list[str]) -> Callable[[Hook], Hook]:
    """Registers a function as the named hook, for some operations only."""
    registered: Any = schemathesis.hook(name)
    decorator: Callable[[Hook], Hook] = registered.apply_to(**operations)
    return decorator


class Lot:
    """Numbers drawn from a request's own content."""

    def __init__(self, content: object) -> None:
        text = json.dumps(content, sort_keys=True, default=lambda value: type(value).__name__)
        self._left = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")

    def below(self, bound: int) -> int:
        """A number from 0 to just below the bound."""
        self._left, number = divmod(self._left, bound)
        return number

    def up_to(self, bound: int) -> int:
        """A number from 1 to the bound."""
        return 1 + self.below(bound)

    def id(self, noun: str) -> int:
        """The id of something that the town has."""
        return self.one_of(*TOWN.ids[noun])

    def ids(self, noun: str, most: int = 3) -> list[int]:
        """Some different ids of what the town has, or none."""
        return sorted({self.id(noun) for _ in range(self.below(most + 1))})

    def id_or_later(self, ids: Sequence[int], later: int) -> int:
        """One of the ids, or one of as many that come after them: of what the run has made."""
        number = self.below(len(ids) + later)
        return ids[number] if number < len(ids) else ids[-1] + 1 + number - len(ids)

    def one_of(self, *options: T) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def leaves_as_is(self) -> bool:
        """One request in eight."""
        return self.below(8) == 0


def is_valid(case: Case) -> bool:
    """Whether the request was made to match the contract."""
    return case.meta is not None and case.meta.generation.mode.is_positive


def object_of(case: Case) -> Body:
    """The body of a request that matches the contract; empty if it has none, or no object."""
    return case.body if is_valid(case) and isinstance(case.body, dict) else {}


def path_id(case: Case, name: str = "id") -> int:
    """The id in a request's path; 0 if there is none."""
    return number((case.path_parameters or {}).get(name))


def number(value: object) -> int:
    """What an id in a path or a query says, be it generated as text; 0 for what is no id."""
    text = str(value)
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,15}", text, re.ASCII) else 0


def known(given: Body, values: Body) -> Body:
    """What is given, with these values for those of them that are."""
    return {name: values.get(name, value) for name, value in given.items()}


def times(lot: Lot, days: int = DAYS, longest: int = 32) -> Body:
    """A start on a mark of the coming days, and an end up to so many marks later."""
    start = TOMORROW + MARK * lot.below(96 * days)
    return {"start_time": wire(start), "end_time": wire(start + MARK * lot.up_to(longest))}


def wire(instant: datetime) -> str:
    """An instant as JSON has it."""
    return instant.isoformat().replace("+00:00", "Z")
