"""Disks that are full or read-only: real ones where this process may mount, else limits."""

import os
import sys
from functools import cache
from pathlib import Path

from .command import execute

LIMITED = """
import os, resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
os.execv(sys.argv[2], sys.argv[2:])
"""


@cache
def may_mount() -> bool:
    """Whether this process may mount: root outside most containers."""
    if os.geteuid() != 0:
        return False
    try:
        tried = _in_a_world_of_its_own("mount -t tmpfs tmpfs /mnt", "true")
        return execute(*tried).returncode == 0
    except FileNotFoundError:
        return False


def small_disk(place: Path, megabytes: int) -> list[str]:
    """What to run a command under, so that its ``place`` is a disk of this size."""
    return _in_a_world_of_its_own(f'mount -t tmpfs -o size={megabytes}m tmpfs "{place}"')


def read_only_disk(place: Path) -> list[str]:
    """What to run a command under, so that its ``place`` is read-only."""
    again = f'mount -o remount,bind,ro "{place}"'
    return _in_a_world_of_its_own(f'mount --bind "{place}" "{place}" && {again}')


def small_files(size: int) -> list[str]:
    """What to run a command under, so that no file of its grows past this many bytes."""
    return [sys.executable, "-c", LIMITED, str(size)]


def _in_a_world_of_its_own(first: str, *command: str) -> list[str]:
    return ["unshare", "--mount", "sh", "-ec", f'{first}; exec "$@"', "sh", *command]
