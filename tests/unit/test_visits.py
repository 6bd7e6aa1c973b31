"""How durations are counted, and what is read off the counts."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.visits import quantile, rounded

HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, 0), (1, 1), (60, 60), (61, 70), (600, 600), (601, 660), (3600, 3600), (3601, 7200)],
)
def test_a_duration_is_rounded_up_the_coarser_the_longer_it_is(seconds: int, expected: int) -> None:
    assert expected == rounded(seconds)


@given(st.integers(0, 86_400))
def test_rounding_is_never_down_nor_by_more_than_as_long_again(seconds: int) -> None:
    assert seconds <= rounded(seconds) <= max(2 * seconds, 60)
    assert rounded(seconds) == rounded(rounded(seconds))


def test_a_day_has_few_durations() -> None:
    assert 188 == len({rounded(seconds) for seconds in range(86_401)})


def test_of_nothing_there_is_no_quantile() -> None:
    assert quantile([], HALF) is None


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 5)), min_size=1))
def test_a_quantile_is_the_least_that_enough_do_not_exceed(counts: list[tuple[int, int]]) -> None:
    each = sorted(seconds for seconds, count in counts for _ in range(count))
    for share in (HALF, Fraction(9, 10), Fraction(1)):
        expected = next(s for n, s in enumerate(each, 1) if n >= share * len(each))
        assert expected == quantile(counts, share)
