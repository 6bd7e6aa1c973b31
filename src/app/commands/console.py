"""What a command tells while it works: one calm line for each step, on stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

Report = Callable[[str], None]


class Steps:
    """Tells each step as it begins and how long it took; on a terminal, with signs of life."""

    def __init__(self) -> None:
        """Tell on stderr: stdout is for what a command was asked for."""
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, doing: str) -> Iterator[Report]:
        """Tell that this begins, and, if no exception ends it, how long it took.

        Yields a function that tells how far the step is; off a terminal it tells nothing.
        """
        began = time.monotonic()
        if self.console.is_terminal:
            with self.console.status(f"{escape(doing)} …") as status:
                yield lambda word: status.update(f"{escape(doing)}: {escape(word)} …")
            seconds = time.monotonic() - began
            self.console.print(f"[green]✓[/] {escape(doing)}  [dim]{seconds:.1f} s[/]")
            return
        # One line even here: its end follows when the step does.
        self.console.file.write(f"{doing} … ")
        self.console.file.flush()
        done = False
        try:
            yield lambda _: None
            done = True
        finally:
            seconds = time.monotonic() - began
            self.console.file.write(f"{seconds:.1f} s\n" if done else "\n")
            self.console.file.flush()

    def say(self, sentence: str) -> None:
        """Tell something that is no step."""
        self.console.print(escape(sentence))


def result(*lines: str) -> None:
    """Print what the command was asked for, as it is: never wrapped, never coloured."""
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
