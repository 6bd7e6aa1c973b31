"""The folder that a run's reports go to: only what was written there by us is ever deleted."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from app.failure import Failure

MARKER = ".written-by-fuzz"
"""Names, a line each, what we wrote beside it. Without it a folder is somebody else's."""

BULK = {".har", ".ndjson"}


def make_ready(folder: Path) -> None:
    """Delete the reports of an earlier run, and make the folder ours.

    :raises Failure: if there is something in the folder, and we never wrote to it.
    """
    try:
        if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).is_file():
            message = (
                f"{folder} is not empty, and no earlier run made it: name a new folder with "
                "--reports, for reports replace what is in theirs."
            )
            raise Failure(message)
        for each in [*folder.glob("round-*"), folder]:
            for path in [*_written(each), each / MARKER]:
                path.unlink(missing_ok=True)
            with suppress(OSError):  # Something else is in it, or it is not there.
                each.rmdir()
        claim(folder)
    except OSError as error:
        message = f"Reports cannot be written to {folder}: {error.strerror}."
        raise Failure(message) from None


def claim(folder: Path, *names: str) -> None:
    """Make the folder, for its owner alone, and write down what is going to be written to it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / MARKER).open("a", encoding="utf-8") as marker:
        marker.writelines(f"{name}\n" for name in names)


def drop_bulk(folder: Path) -> None:
    """Delete what is large, of a round that found nothing: an hour would fill a disk."""
    for path in _written(folder):
        if path.suffix in BULK:
            path.unlink(missing_ok=True)


def _written(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError, NotADirectoryError):
        names = (folder / MARKER).read_text(encoding="utf-8").splitlines()
        for path in [folder / name for name in dict.fromkeys(names)]:
            if path.parent == folder and path.is_file():
                yield path
