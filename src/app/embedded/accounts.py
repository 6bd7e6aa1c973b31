"""Who runs PostgreSQL: this account, or, since PostgreSQL refuses root, one without privileges."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

CANDIDATES = ("postgres", "nobody")


class Identity(TypedDict, total=False):
    """The arguments of ``subprocess`` that make a child run as somebody else."""

    user: int
    group: int
    extra_groups: Sequence[int]


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine, and whether a child must change to it."""

    name: str
    uid: int
    gid: int

    def identity(self) -> Identity:
        """Empty where this process already is that account."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, directory: Path) -> bool:
        """Tell whether a process of this account can pass every folder down to this one."""
        tried = run_quietly(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)], self, {})
        return tried.returncode == 0


def database_account(cluster: Path) -> Account:
    """The account that PostgreSQL runs as: for root, the cluster's owner or one of CANDIDATES."""
    if os.geteuid() != 0:
        return account_of(os.geteuid(), os.getegid())
    if cluster.exists() and cluster.stat().st_uid != 0:
        owner = cluster.stat()
        return account_of(owner.st_uid, owner.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    return Account("nobody", 65534, 65534)


def account_of(uid: int, gid: int) -> Account:
    """The account of this number, which in a container need not have a name."""
    try:
        return Account(pwd.getpwuid(uid).pw_name, uid, gid)
    except KeyError:
        return Account(f"number {uid}", uid, gid)


def run_quietly(
    command: Sequence[str], account: Account, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a short command as this account, away from the terminal, and keep what it says.

    It has a session of its own, so that Ctrl-C reaches this process alone, which then ends it.
    """
    return subprocess.run(  # noqa: S603 - the caller's own words
        command,
        check=False,
        cwd="/",
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        umask=0o022,
        start_new_session=True,
        **account.identity(),
    )
