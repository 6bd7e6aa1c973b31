"""What a token may be used for: what it has, and nothing that it has not."""

from itertools import chain, combinations
from typing import get_args

import pytest

from domain.errors import InsufficientScope
from domain.scopes import SCOPES, Scope, check_scopes, granted, ordered

ALL = frozenset(SCOPES)
SETS = [
    frozenset(each)
    for each in chain.from_iterable(combinations(SCOPES, size) for size in range(len(SCOPES) + 1))
]


def test_the_scopes_are_those_that_a_token_can_have() -> None:
    assert get_args(Scope) == SCOPES


@pytest.mark.parametrize("held", SETS[1:], ids=lambda scopes: "+".join(ordered(scopes)))
def test_a_token_does_what_needs_only_scopes_that_it_has(held: frozenset[Scope]) -> None:
    for needed in SETS:
        missing = [scope for scope in needed if scope not in held]
        if missing:
            with pytest.raises(InsufficientScope) as refused:
                check_scopes(held, needed)
            assert refused.value.needed == ordered(needed)
            assert refused.value.pointer is None
        else:
            check_scopes(held, needed)


def test_a_refusal_says_what_is_needed_what_there_is_and_how_to_get_it() -> None:
    with pytest.raises(InsufficientScope) as refused:
        check_scopes(frozenset({"read"}), frozenset({"book"}))
    assert refused.value.detail == (
        "This needs a token with the scope 'book', and the one that it came with has only 'read'."
        " A token never gains a scope: make another with my_tokens_create, sent with one that has"
        " 'book' and 'manage', or ask the staff for one, or run 'holdfast token create --username"
        " NAME --scope book'."
    )
    with pytest.raises(InsufficientScope) as refused:
        check_scopes(frozenset({"manage"}), frozenset({"read", "book"}))
    assert "the scopes 'read' and 'book', and" in refused.value.detail
    assert "has 'read', 'book' and 'manage', or" in refused.value.detail
    assert "--scope read --scope book'." in refused.value.detail


@pytest.mark.parametrize("held", SETS[1:], ids=lambda scopes: "+".join(ordered(scopes)))
def test_a_new_token_has_what_is_wanted_of_what_its_maker_has(held: frozenset[Scope]) -> None:
    assert granted(held, None) == ordered(held)
    for wanted in SETS[1:]:
        if wanted <= held:
            assert granted(held, sorted(wanted)) == ordered(wanted)
        else:
            with pytest.raises(InsufficientScope) as refused:
                granted(held, ordered(wanted))
            first = next(scope for scope in ordered(wanted) if scope not in held)
            assert refused.value.needed == [first]
            assert refused.value.pointer == f"/scopes/{ordered(wanted).index(first)}"
            assert f"leave out '{first}'" in refused.value.detail


def test_order_and_repetition_do_not_matter() -> None:
    assert granted(ALL, ["manage", "read", "manage"]) == ["read", "manage"]
