"""How many files and connections a process may have open, and how many streams that leaves."""

import resource
import sys
from contextlib import suppress

from app.settings import Settings

RESERVE = 128
"""Descriptors for all that is no stream and no connection of the pool, other requests above all."""


def raise_limit(settings: Settings) -> int:
    """Let this process and its children open as many as the system allows; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, _needed(settings)):
        # Some systems name no bound and have one nevertheless.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            break
    return allowed()


def allowed() -> int:
    """How many this process may have open."""
    return number(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def obtainable() -> int:
    """How many it may have open once it has raised its limit."""
    return number(resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def streams_within(settings: Settings, limit: int) -> int:
    """How many streams a process takes that may have so many open: no more than it is set to."""
    return max(1, settings.streams_max - max(0, _needed(settings) - limit))


def _needed(settings: Settings) -> int:
    return settings.streams_max + settings.pool_max + RESERVE


def number(limit: int) -> int:
    """A limit as the system tells it, as a number that others can be held against."""
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit
