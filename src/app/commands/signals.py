"""Ctrl-C, SIGTERM and SIGHUP as one exception, raised once: what follows it is cleaning up."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(BaseException):
    """The person, or the system, asked this process to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Signals:
    """How often this process was asked to stop; the first time raises Interrupted."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Handle the signals, from here to the end, in this way."""
        # A process under nohup goes on when its terminal closes.
        hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
        numbers = [signal.SIGINT, signal.SIGTERM, *hangup]
        before = {number: signal.signal(number, self._note) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def calm(self) -> None:
        """From here on raise nothing: a cleaning up has begun that must not be cut short."""
        self.count = max(self.count, 1)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal's signature
        self.count += 1
        if self.count == 1:
            raise Interrupted(number)
