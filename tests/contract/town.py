"""The small world that the fuzzer is let loose on: places, rules, people, bookings, and tokens.

``settling`` makes it, in an empty database or beside whatever a service holds already.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SITES = (("Harbour", "Europe/Berlin"), ("Foundry", "America/New_York"))
KINDS = ("room", "court", "lab", "desk", "vehicle", "other")
AMENITIES = ("projector", "step_free_access", "whiteboard")
FACILITIES = 16
BOOKINGS = 48
OVER = 6
"""As many of them, the last ones, are over, where the past can be written to."""
PENDING = 48
"""The bookings that come after those wait for approval, which nobody need hurry with."""

NAMES = ("member", "neighbour", "staff", "keeper")
GUESTS = 12
"""As many users come after these. Nobody is fuzzed as one, so anything may be done to them."""
USER_GROUPS = ("Rowers", "Divers", "Painters")
"""The first is the member's and the keeper's; facilities are open to the first two."""
FACILITY_GROUPS = ("Boats", "Workshops", "Halls")
"""The first has a quota."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be fuzzed as. ``token_id`` is that of ``token``.

    ``reading`` is a token of theirs that may only read, and is there to be revoked besides;
    ``booking`` one that may only book, and so not even look.
    """

    id: int
    token: str
    token_id: int
    reading: str
    booking: str


@dataclass(frozen=True, slots=True)
class Town:
    """Who and what is there.

    ``people`` are two members who are strangers to each other, one of the staff of the house,
    and the keeper, who is staff of the first site only. ``ids`` are of what the town is made of,
    by the noun of their paths; ``bookings`` are those that do not wait, ``pending`` those that
    do, ``guests`` the users who are nobody else. ``founder`` is the user who set it all up.
    ``tag`` ends every name that must be the only one of its kind.
    """

    people: Mapping[str, Person]
    ids: Mapping[str, Sequence[int]]
    founder: int
    tag: str = ""

    @property
    def most_known(self) -> int:
        """Ids up to this may be of something; those above it were made up."""
        return max(1000, 2 * max(max(ids, default=0) for ids in self.ids.values()))

    def write(self, path: Path) -> None:
        """Write all of it, tokens too, to a file for the user alone."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def read_town(path: Path) -> Town:
    """The town that was written there."""
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    people = {name: Person(**person) for name, person in said.pop("people").items()}
    return Town(people=people, **said)
