"""Scopes: what a token may be used for, of what its user may do.

None of them includes another. A token never gains one, and makes no token that has more.
"""

from collections.abc import Collection, Sequence
from typing import Literal

from domain.errors import InsufficientScope

Scope = Literal["read", "book", "manage"]

SCOPES: tuple[Scope, ...] = ("read", "book", "manage")
"""All there are, from those that do least harm to those that do most."""


def ordered(scopes: Collection[Scope]) -> list[Scope]:
    """The scopes, each once, in the order in which all of them are listed."""
    return [scope for scope in SCOPES if scope in scopes]


def check_scopes(held: frozenset[Scope], needed: frozenset[Scope]) -> None:
    """Refuse what needs a scope that the token does not have."""
    if needed <= held:
        return
    names = ordered(needed)
    makers = _listed(ordered({*names, "manage"}))
    options = " ".join(f"--scope {name}" for name in names)
    detail = (
        f"This needs a token with {_named(names)}, and the one that it came with has only"
        f" {_listed(ordered(held))}. A token never gains a scope: make another with"
        f" my_tokens_create, sent with one that has {makers}, or ask the staff for one, or run"
        f" 'holdfast token create --username NAME {options}'."
    )
    raise InsufficientScope(detail, names)


def granted(held: frozenset[Scope], wanted: Sequence[Scope] | None) -> list[Scope]:
    """The scopes of a token that is made with one that has ``held``; all of these by default.

    :raises InsufficientScope: if one is wanted that it does not have.
    """
    if wanted is None:
        return ordered(held)
    for index, scope in enumerate(wanted):
        if scope not in held:
            detail = (
                f"A token makes none that may be used for more than itself, and this one has only"
                f" {_listed(ordered(held))}: leave out '{scope}', or send the request with a token"
                " that has it."
            )
            raise InsufficientScope(detail, [scope], f"/scopes/{index}")
    return ordered(wanted)


def _named(names: Sequence[Scope]) -> str:
    return f"the scope {_listed(names)}" if len(names) == 1 else f"the scopes {_listed(names)}"


def _listed(names: Sequence[Scope]) -> str:
    *most, last = [f"'{name}'" for name in names]
    return f"{', '.join(most)} and {last}" if most else last
