"""Server-sent events as they come over the wire (HTML Living Standard, 9.2.6), piece by piece."""

from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two empty lines; an event if it has data.

    A block without is no event to the standard, but this service's heartbeats are such, and their
    ``last_id`` is where a stream goes on.
    """

    event: str
    data: str | None
    last_id: str


class Reader:
    """Reads one connection's bytes; ``retry`` is what the stream last asked for, in seconds."""

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self.retry: float | None = None
        self._decoder = getincrementaldecoder("utf-8-sig")("replace")
        self._line = ""
        self._after_cr = False
        self._event = ""
        self._data: list[str] = []
        self._is_begun = False

    def feed(self, chunk: bytes) -> Iterator[Block]:
        """The blocks that the chunk ends."""
        for character in self._decoder.decode(chunk):
            after_cr, self._after_cr = self._after_cr, character == "\r"
            if character == "\n" and after_cr:
                continue
            if character not in "\r\n":
                self._line += character
                continue
            line, self._line = self._line, ""
            if line:
                self._take(line)
            elif self._is_begun:
                yield self._block()

    def _take(self, line: str) -> None:
        self._is_begun = True
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._event = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self.last_id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry = int(value) / 1000
            case _:  # A comment, or what a later standard knows.
                pass

    def _block(self) -> Block:
        data = "\n".join(self._data) if self._data else None
        block = Block(self._event or "message", data, self.last_id)
        self._event, self._data, self._is_begun = "", [], False
        return block
