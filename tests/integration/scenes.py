"""Moves that cross one another, and what becomes of them one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

SCENE_HOURS = 4
"""No place of any scene lies later."""


@dataclass(frozen=True, slots=True)
class Place:
    """A stage, by its number, and hours from the beginning of the scene."""

    stage: int
    start: float
    end: float

    def overlaps(self, other: "Place") -> bool:
        """Whether two cannot have both."""
        return self.stage == other.stage and self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Ending:
    """Which of the moves succeeded, and where everybody is."""

    moved: tuple[bool, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where everybody is, and who is to go where."""

    name: str
    places: tuple[Place, ...]
    moves: tuple[tuple[int, Place], ...]

    def endings(self) -> set[Ending]:
        """What can come of the moves when they are made one after the other, in any order."""
        return {self._ending(order) for order in permutations(range(len(self.moves)))}

    def _ending(self, order: Sequence[int]) -> Ending:
        places = list(self.places)
        moved = [False] * len(self.moves)
        for number in order:
            who, target = self.moves[number]
            others = places[:who] + places[who + 1 :]
            moved[number] = not any(target.overlaps(place) for place in others)
            if moved[number]:
                places[who] = target
        return Ending(tuple(moved), tuple(places))


def _ring(name: str, *places: Place) -> Scene:
    """Everybody goes to where the next one is, the last to where the first is."""
    return Scene(name, places, tuple(enumerate((*places[1:], places[0]))))


SCENES = (
    _ring("a pair swaps", Place(0, 0, 1), Place(0, 1, 2)),
    _ring("a pair of unequal length swaps", Place(0, 0, 2), Place(0, 2, 2.5)),
    _ring("a pair swaps stages", Place(0, 0, 1), Place(1, 0, 1)),
    _ring("a ring of three", Place(0, 0, 1), Place(0, 1, 2), Place(0, 2, 3)),
    _ring("a ring of three over two stages", Place(0, 0, 1), Place(1, 0, 1), Place(0, 1, 2)),
    Scene(
        "a chain with room at its end",
        (Place(0, 0, 1), Place(0, 1, 2), Place(0, 2, 3)),
        ((0, Place(0, 1, 2)), (1, Place(0, 2, 3)), (2, Place(1, 0, 1))),
    ),
    Scene(
        "one follows the other by half",
        (Place(0, 0, 1), Place(0, 1, 2)),
        ((0, Place(0, 0.5, 1.5)), (1, Place(0, 1.5, 2.5))),
    ),
    Scene(
        "both grow into the gap between them",
        (Place(0, 0, 1), Place(0, 2, 3)),
        ((0, Place(0, 0, 1.75)), (1, Place(0, 1.25, 3))),
    ),
    Scene(
        "two want one place on the other stage",
        (Place(0, 0, 1), Place(0, 1, 2)),
        ((0, Place(1, 0, 1)), (1, Place(1, 0.5, 1.5))),
    ),
    Scene(
        "one is sent to two places, one of which is wanted",
        (Place(0, 0, 1), Place(1, 1, 2)),
        ((0, Place(1, 0, 1)), (0, Place(0, 1, 2)), (1, Place(1, 0, 1))),
    ),
)
