"""``python -m tests.contract.released``: the contract, held to the last one that was released.

Each released contract is kept as ``spec/released/openapi-X.Y.Z.yaml``, so that a checkout without
history or tags has it too, and is held to the one before it. ``SHA256SUMS`` beside them pins each.
Where there are tags, ``contract-X.Y.Z`` is on a commit that has the same contract.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import yaml

from app.failure import Failure
from tests.client import CONTRACT

from .breaking import Json, bare, breaks

RELEASED = CONTRACT.parent / "released"
PINS = "SHA256SUMS"
"""A line for each release, as ``sha256sum --check`` reads them."""

Version: TypeAlias = tuple[int, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a sentence for each thing that is wrong; 0 if nothing is, 2 if it cannot be told."""
    parser = argparse.ArgumentParser(prog="released", description=__doc__)
    parser.add_argument("--contract", type=Path, default=CONTRACT)
    parser.add_argument("--released", type=Path, default=RELEASED, help="a folder of contracts")
    parser.add_argument(
        "--release", action="store_true", help="keep the contract as released, if nothing is wrong"
    )
    asked = parser.parse_args(arguments)
    try:
        contracts = [*_releases(asked.released), asked.contract]
        wrong = [*_misplaced(asked.released)]
        for before, after in pairwise(contracts):
            wrong += _wrong(after, before)
        if asked.release and not wrong:
            _release(asked.contract, asked.released)
    except Failure as failure:
        sys.stderr.write(f"{failure}\n")
        return 2
    sys.stdout.writelines(f"{sentence}\n" for sentence in wrong)
    return 1 if wrong else 0


def _wrong(contract: Path, released: Path) -> Iterator[str]:
    before, after = _read(released), _read(contract)
    was, now = (str(each["info"]["version"]) for each in (before, after))
    found = breaks(before, after, datetime.now(UTC).date())
    yield from found
    if found:
        yield (
            f"So {contract.name} breaks clients of {was}, which docs/versions.md promises not to: "
            "add beside what there is, and mark as deprecated what is to go."
        )
    elif before != after and _version(now) <= _version(was):
        yield f"{contract.name} is not what was released as {was}: its info.version must be higher."
    elif bare(before) != bare(after) and _version(now)[:2] <= _version(was)[:2]:
        yield (
            f"{contract.name} says more than {was}, not only in other words: the second number of "
            f"its info.version, {now}, must be higher."
        )


def _release(contract: Path, folder: Path) -> None:
    """Keep a contract in the folder, and pin it.

    :raises Failure: if its version is released already.
    """
    path = folder / f"openapi-{_read(contract)['info']['version']}.yaml"
    if path.exists():
        message = f"{path.name} is there already: nothing was released."
        raise Failure(message)
    path.write_bytes(contract.read_bytes())
    with (folder / PINS).open("a", encoding="utf-8") as pins:
        pins.write(f"{_digest(path)}  {path.name}\n")


def _releases(folder: Path) -> list[Path]:
    """The contracts in a folder, the lowest version first.

    :raises Failure: if there is none.
    """
    found = [path for path in folder.glob("openapi-*.yaml") if _named(path)]
    if not found:
        message = f"There is no released contract in {folder}: openapi-X.Y.Z.yaml is missing."
        raise Failure(message)
    return sorted(found, key=lambda path: _version(_named(path)))


def _mispinned(folder: Path) -> Iterator[str]:
    """What is not as it was when it was released."""
    pins = folder / PINS
    lines = pins.read_text(encoding="utf-8").splitlines() if pins.is_file() else []
    pinned = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for path in _releases(folder):
        if path.name not in pinned:
            yield f"{path.name} is not in {PINS}: release with --release, which pins it."
        elif _digest(path) != pinned[path.name]:
            yield f"{path.name} is not what {PINS} pins: a release never changes."
    for name in pinned:
        if not (folder / name).is_file():
            yield f"{name} is in {PINS}, and is missing: a release stays."


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _misplaced(folder: Path) -> Iterator[str]:
    """What is kept of a release, and is not what its name, its pin, or its tag says."""
    yield from _mispinned(folder)
    for path in sorted(folder.glob("openapi-*.yaml")):
        version = str(_read(path)["info"]["version"])
        if _named(path) != version:
            yield f"{path.name} holds the contract of {version}."
    for tag in _git(folder, "tag", "--list", "contract-*").split():
        path = folder / f"openapi-{tag.removeprefix('contract-')}.yaml"
        tagged = _git(folder, "show", f"{tag}:spec/openapi.yaml")
        if not path.is_file():
            yield f"{tag} is tagged, and {path.name} is missing: it is spec/openapi.yaml of then."
        elif path.read_text(encoding="utf-8") != tagged:
            yield f"{path.name} is not spec/openapi.yaml as {tag} has it: a release never changes."


def _git(folder: Path, *arguments: str) -> str:
    """What git says; nothing where there is no git, no repository, or no such thing."""
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            ["/usr/bin/env", "git", "-C", str(folder), *arguments],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def _named(path: Path) -> str:
    found = re.fullmatch(r"openapi-(\d+\.\d+\.\d+)\.yaml", path.name)
    return found[1] if found else ""


def _version(text: str) -> Version:
    if not re.fullmatch(r"\d+\.\d+\.\d+", text):
        message = f"The contract's info.version is {text!r}, and should be like 1.2.0."
        raise Failure(message)
    return tuple(map(int, text.split(".")))


@cache
def _read(path: Path) -> Json:
    """:raises Failure: if it cannot be read, or is something else than a contract."""
    try:
        found = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise Failure(message) from None
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict) or not {"openapi", "info", "paths"} <= found.keys():
        message = f"{path} is not an OpenAPI document."
        raise Failure(message)
    return found


if __name__ == "__main__":
    sys.exit(main())
