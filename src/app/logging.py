"""One log for everything: structlog's events and the standard library's, in one form, on stderr."""

import asyncio
import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson
import structlog

from app.settings import Settings

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

# Libraries that tell at INFO what the service's own log already says, or what nobody asks.
QUIET = ("uvicorn", "uvicorn.error", "connexion", "psycopg.pool", "yoyo.migrations", "asyncio")


RequestLog = Callable[[Mapping[str, object]], None]


def _through_structlog(event: Mapping[str, object]) -> None:
    structlog.get_logger("holdfast.request").info("request", **event)


_log_request: RequestLog = _through_structlog


def log_request(event: Mapping[str, object]) -> None:
    """Write the one line that each request has.

    As JSON it goes past structlog's chain of processors, which takes four times as long,
    and looks the same.
    """
    _log_request(event)


def configure_logging(settings: Settings) -> None:
    """Send every event from here on to stderr, as JSON lines, or in colour on a terminal.

    Structlog's loggers write directly, for speed; the standard library's go through one handler
    that renders them in the same form. Calling it again replaces what the last call set.
    """
    console = settings.log_format == "console" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    level = LEVELS[settings.log_level]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
    ]
    global _log_request  # noqa: PLW0603 - the log is the process's own
    if console:
        _configure_console(shared, level)
        _log_request = _through_structlog
    else:
        _configure_json(shared, level)
        _log_request = _request_lines(sys.stderr.buffer, level)


def _configure_json(shared: list[structlog.typing.Processor], level: int) -> None:
    """JSON lines, rendered to bytes by orjson and written without a detour through text."""
    shared = [*shared, structlog.processors.format_exc_info]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_json_bytes)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    _configure_standard(shared, structlog.processors.JSONRenderer(serializer=_json_text), level)


def _request_lines(file: BinaryIO, level: int) -> RequestLog:
    """A writer of requests as JSON lines like all others, those of one turn of the loop at once."""
    if level > logging.INFO:
        return lambda _: None

    lines: list[bytes] = []

    def write_all() -> None:
        content = b"".join(lines)
        lines.clear()  # first: if writing fails, the next turn must begin anew
        file.write(content)
        file.flush()

    def write(event: Mapping[str, object]) -> None:
        if not lines:
            asyncio.get_running_loop().call_soon(write_all)
        line = {**event, "event": "request", "level": "info", "timestamp": datetime.now(UTC)}
        lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))

    return write


def _configure_console(shared: list[structlog.typing.Processor], level: int) -> None:
    # Not the default traceback, which prints local variables, and so secrets.
    renderer = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    _configure_standard(shared, renderer, level)


def _configure_standard(
    shared: list[structlog.typing.Processor], renderer: structlog.typing.Processor, level: int
) -> None:
    """Let the standard library's records take the same form, and only where they matter."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(level, logging.WARNING))


def _json_bytes(event: Any, **_: Any) -> bytes:  # noqa: ANN401 - structlog's own signature
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS)


def _json_text(event: Any, **_: Any) -> str:  # noqa: ANN401 - structlog's own signature
    return _json_bytes(event).decode()
