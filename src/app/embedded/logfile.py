"""Log files that never fill a disk."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

LIMIT_BYTES = 20 * 1024 * 1024


def keep_bounded(log: Path, limit: int = LIMIT_BYTES) -> None:
    """Move a log that has grown past the limit aside, to ``….1``, and begin it anew.

    Processes that write to it, all of which append, go on undisturbed; what they write between
    the copy and the cut is lost. A disk that refuses the copy costs the old lines, not the new.
    """
    try:
        if log.stat().st_size <= limit:
            return
    except FileNotFoundError:
        return
    with suppress(OSError):
        shutil.copyfile(log, log.with_name(log.name + ".1"))
    os.truncate(log, 0)
