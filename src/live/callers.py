"""Who a token speaks for, asked once and remembered.

What is remembered is used only while the feed is fresh, and dropped as soon as the feed
tells that anything about its user changed. So a token that is revoked, or a right that is
taken, ends at once in the process that did it, and within the feed's bound in all others.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.access import Caller
from domain.scopes import Scope
from live.counters import CACHE_HITS, CACHE_MISSES
from live.feed import Feed
from live.position import Position
from sql.changes import ChangeRow
from sql.users import CallerRow

MOST_REMEMBERED = 10_000
"""Tokens; of more, those not used for longest are forgotten."""

_HITS = CACHE_HITS.labels("callers")
_MISSES = CACHE_MISSES.labels("callers")

Lookup = Callable[[bytes], Awaitable[CallerRow | None]]
"""The active user whose unexpired token has this hash, asked of the database."""


@dataclass(frozen=True, slots=True)
class Known:
    """Whom a token speaks for, until when, and what it may be used for; None is for ever.

    What it makes ends at ``issues_until`` at the latest.
    """

    caller: Caller
    expires_at: datetime | None
    issues_until: datetime | None
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A lookup on its way, and how many changes of users had been told when it began."""

    changes: int
    answer: asyncio.Task[Known | None]


class Callers:
    """Callers by the hashes of their tokens. Tokens that are not valid are not remembered."""

    def __init__(self, feed: Feed, lookup: Lookup, *, most: int = MOST_REMEMBERED) -> None:
        self._feed = feed
        self._lookup = lookup
        self._most = most
        self._changes = 0
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._tokens: defaultdict[int, set[bytes]] = defaultdict(set)
        self._asked: dict[bytes, _Asked] = {}
        feed.listen(self._told)
        feed.on_gap(self._forget_all)

    def remembered(self, token_hash: bytes, now: datetime) -> Known | None:
        """Who is known to be the caller, None where the database must be asked."""
        known = self._known.get(token_hash)
        if known is None or not self._feed.is_fresh:
            return None
        if known.expires_at is not None and known.expires_at <= now:
            return None
        self._known.move_to_end(token_hash)
        _HITS.inc()
        return known

    async def find(self, token_hash: bytes) -> Known | None:
        """The caller as the database has them, None where the token is not valid.

        Those who ask for one token at once share the answer, unless something about a user
        changed since the first of them asked.
        """
        _MISSES.inc()
        asked = self._asked.get(token_hash)
        if asked is None or asked.changes != self._changes or not self._feed.is_fresh:
            asked = _Asked(self._changes, asyncio.create_task(self._ask(token_hash)))
            self._asked[token_hash] = asked
            asked.answer.add_done_callback(lambda _: self._answered(token_hash, asked))
        # One who goes away must not take the answer from the others.
        return await asyncio.shield(asked.answer)

    async def _ask(self, token_hash: bytes) -> Known | None:
        began = self._changes
        row = await self._lookup(token_hash)
        if row is None:
            return None
        caller = Caller(
            row.user_id,
            row.username,
            row.is_staff,
            frozenset(row.site_ids),
            frozenset(row.group_ids),
        )
        known = Known(
            caller, row.token_expires_at, row.token_issues_until, frozenset(row.token_scopes)
        )
        if began == self._changes:  # else what was read may be from before a change
            self._remember(token_hash, known)
        return known

    def _answered(self, token_hash: bytes, asked: _Asked) -> None:
        if self._asked.get(token_hash) is asked:
            del self._asked[token_hash]

    def _remember(self, token_hash: bytes, known: Known) -> None:
        self._known[token_hash] = known
        self._tokens[known.caller.user_id].add(token_hash)
        if len(self._known) > self._most:
            oldest, other = self._known.popitem(last=False)
            self._drop(oldest, other.caller.user_id)

    def _drop(self, token_hash: bytes, user_id: int) -> None:
        tokens = self._tokens[user_id]
        tokens.discard(token_hash)
        if not tokens:
            del self._tokens[user_id]

    def _told(self, rows: Sequence[ChangeRow], _: Position) -> None:
        for row in rows:
            if row.record_type == "user":
                self._changes += 1
                for token_hash in self._tokens.pop(row.user_id or 0, ()):
                    del self._known[token_hash]

    def _forget_all(self) -> None:
        self._changes += 1
        self._known.clear()
        self._tokens.clear()
