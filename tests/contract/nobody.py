"""Schemathesis' hooks for who shows no token: what is refused before anybody is asked who they are.

A request line that is too long to be read gets 400 from whatever reads it, which knows of no
operations: nothing is learnt there about those of the contract.
"""

from typing import Any
from urllib.parse import urlencode

import schemathesis
from schemathesis import HookContext

# It registers how CSV is written.
from tests.contract import media

__all__ = ["media"]

LONGEST_QUERY = 60_000
"""Characters; the parser of URLs takes 65,535 with all that is around them."""


@schemathesis.hook
def filter_case(_: HookContext, case: schemathesis.Case[Any]) -> bool:
    """Leave out what could not be read."""
    return len(urlencode(case.query or {}, doseq=True, errors="replace")) <= LONGEST_QUERY
