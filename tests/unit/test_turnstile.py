"""How many new requests begin in a turn of the loop, and what they leave room for."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from app.turnstile import MOST_IN_A_TURN, Turnstile

MANY = 10 * MOST_IN_A_TURN + 3


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop that knows which of its turns it is in."""

    turn = 0

    def _run_once(self) -> None:
        self.turn += 1
        super()._run_once()  # type: ignore[misc]  # asyncio's own, and the only place to count


class Hall:
    """What lies behind a turnstile: who came in, by their numbers, and in which turn.

    With ``steps``, each stays for so many turns.
    """

    def __init__(self, steps: int = 0) -> None:
        self.steps = steps
        self.came: list[tuple[int, int]] = []
        self.went_on: list[int] = []
        self.turnstile = Turnstile(self._enter)

    @property
    def order(self) -> list[int]:
        """Who came in, in order."""
        return [number for number, _ in self.came]

    @property
    def most(self) -> int:
        """How many came in within one turn, at the most."""
        return max(Counter(turn for _, turn in self.came).values())

    def ask(self, number: int) -> "asyncio.Task[None]":
        """Somebody comes to the turnstile."""
        return asyncio.create_task(self.turnstile({"number": number}, _receive, _send))

    async def _enter(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self.came.append((scope["number"], turn()))
        for _ in range(self.steps):
            await asyncio.sleep(0)
            self.went_on.append(turn())


async def _receive() -> dict[str, Any]:
    return {}


async def _send(_: object) -> None:
    """Nobody listens."""


def turn() -> int:
    """The present turn of the loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, CountingLoop)
    return loop.turn


def run(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Act it out on a loop that counts."""
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        runner.run(asyncio.wait_for(scene(), 10))


def test_of_many_who_come_at_once_few_begin_in_a_turn_and_in_order() -> None:
    hall = Hall()

    async def scene() -> None:
        await asyncio.gather(*[hall.ask(number) for number in range(MANY)])

    run(scene)
    assert list(range(MANY)) == hall.order
    assert MOST_IN_A_TURN == hall.most


arrivals = st.lists(st.integers(0, 3 * MOST_IN_A_TURN), min_size=1, max_size=12)
"""How many come in each of some turns."""


async def come(hall: Hall, groups: Sequence[int]) -> None:
    """So many come to the turnstile turn after turn; return when all have been in."""
    asked = list["asyncio.Task[None]"]()
    for size in groups:
        asked += [hall.ask(len(asked) + number) for number in range(size)]
        await asyncio.sleep(0)
    await asyncio.gather(*asked)


@given(arrivals)
def test_however_they_come_all_get_in(groups: list[int]) -> None:
    hall = Hall()
    run(lambda: come(hall, groups))
    assert list(range(sum(groups))) == sorted(hall.order)


@given(arrivals)
def test_however_they_come_nobody_overtakes(groups: list[int]) -> None:
    hall = Hall()
    run(lambda: come(hall, groups))
    assert sorted(hall.order) == hall.order


@given(arrivals.filter(sum))
def test_however_they_come_few_begin_in_a_turn(groups: list[int]) -> None:
    hall = Hall()
    run(lambda: come(hall, groups))
    # Where nobody waits yet, some come before the count begins anew within a turn, some after.
    assert hall.most < 2 * MOST_IN_A_TURN


def test_one_who_comes_alone_need_not_wait() -> None:
    hall = Hall()

    async def scene() -> None:
        for number in range(3):
            asked, before = hall.ask(number), turn()
            await asked
            assert (number, before + 1) == hall.came[-1]

    run(scene)


def test_what_is_under_way_goes_on_while_others_are_let_in() -> None:
    hall, busy = Hall(), Hall(steps=MANY)

    async def scene() -> None:
        first = busy.ask(0)
        await asyncio.sleep(0)
        await asyncio.gather(*[hall.ask(number) for number in range(MANY)])
        await first

    run(scene)
    begun = sorted({turn for _, turn in hall.came})
    assert len(begun) > MANY // MOST_IN_A_TURN
    # In every turn in which somebody began, it went a step further.
    assert set(begun) <= set(busy.went_on)


@pytest.mark.parametrize("gone", [{4, 5, 6, 7}, {9}, {4, 9, MANY - 1}, set(range(4, MANY))])
def test_one_who_goes_away_gives_their_place_to_the_next(gone: set[int]) -> None:
    hall = Hall()

    async def scene() -> None:
        asked = [hall.ask(number) for number in range(MANY)]
        await asyncio.sleep(0)  # now all are at the turnstile
        for number in gone:
            asked[number].cancel()
        said = await asyncio.gather(*asked, return_exceptions=True)
        assert gone == {
            number for number, each in enumerate(said) if isinstance(each, asyncio.CancelledError)
        }

    run(scene)
    stayed = [number for number in range(MANY) if number not in gone]
    assert stayed == hall.order
    turns = -(-len(stayed) // MOST_IN_A_TURN)
    assert turns == len({turn for _, turn in hall.came}), "a place was wasted"


def test_one_who_goes_away_as_they_are_let_in_holds_up_nobody() -> None:
    hall = Hall()

    async def scene() -> None:
        asked = [hall.ask(number) for number in range(MANY)]
        while len(hall.came) < 2 * MOST_IN_A_TURN:  # noqa: ASYNC110 - a few turns of the loop
            await asyncio.sleep(0)
        for number in range(2 * MOST_IN_A_TURN, 3 * MOST_IN_A_TURN):  # these are next
            asked[number].cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    run(scene)
    assert MANY - MOST_IN_A_TURN == len(hall.came)


def test_nobody_is_left_waiting_and_nothing_goes_on_after_the_last() -> None:
    hall = Hall(steps=2)

    async def scene() -> None:
        for _ in range(3):
            await asyncio.gather(*[hall.ask(number) for number in range(MANY)])
            for _ in range(3):
                await asyncio.sleep(0)
            assert not hall.turnstile._waiting  # noqa: SLF001 - else it would grow for ever
            assert 0 == hall.turnstile._let_in  # noqa: SLF001 - else the next would wait

    run(scene)
    assert 3 * MANY == len(hall.came)


def test_what_one_fails_with_is_theirs_alone() -> None:
    came = []

    async def fail(scope: Scope, _receive: Receive, _send: Send) -> None:
        came.append(scope["number"])
        if scope["number"] % 2:
            raise KeyError(scope["number"])

    async def scene() -> None:
        turnstile = Turnstile(fail)
        said = await asyncio.gather(
            *[turnstile({"number": number}, _receive, _send) for number in range(MANY)],
            return_exceptions=True,
        )
        failed = [number for number, each in enumerate(said) if isinstance(each, KeyError)]
        assert list(range(1, MANY, 2)) == failed

    run(scene)
    assert list(range(MANY)) == came
