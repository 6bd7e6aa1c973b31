"""The service's process: uvicorn around ``app.server``, with one worker or several.

Run as ``python -m app.service`` it is the child of ``holdfast up``: it takes its settings from the
environment and ends, in good order, when its standard input does, which is when its parent died.
"""

import logging
import os
import signal
import sys
import threading

import structlog
from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

from app.commands.signals import Interrupted, Signals
from app.descriptors import raise_limit, streams_within
from app.failure import Failure
from app.listening import listen
from app.logging import configure_logging
from app.metrics import added_up
from app.protocol import ProblemProtocol
from app.settings import Settings, load_settings

log = structlog.get_logger("holdfast.service")

STARTUP_FAILURE = 3  # uvicorn's own


def run(settings: Settings) -> int:
    """Serve until a signal says stop, then drain; return the process's exit status.

    With one worker, uvicorn raises the signal again when it has drained: whoever calls this
    handles it.

    :raises Failure: if it cannot listen.
    """
    sock = listen(settings.host, settings.port)
    config = _Config(settings)
    _make_room(settings)
    if settings.workers == 1:
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
            # uvicorn would not notice it, and its loop swallows what a handler raises.
            signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
        server = Server(config)
        server.run(sockets=[sock])
        return 0 if server.started else STARTUP_FAILURE
    supervisor = Multiprocess(config, sockets=[sock])
    with added_up():
        supervisor.run()
    failed = any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes)
    return STARTUP_FAILURE if failed else 0


def _make_room(settings: Settings) -> None:
    """See to it that streams never take the descriptors that all else needs."""
    limit = raise_limit(settings)
    streams = streams_within(settings, limit)
    if streams < settings.streams_max:
        log.warning(
            "fewer streams than set", streams=streams, set=settings.streams_max, open_files=limit
        )


class _Config(Config):
    """uvicorn's configuration from ours; it travels to each worker and sets up its log there."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__(
            "app.server:create_app",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            loop="uvloop",
            http=ProblemProtocol,
            ws="none",
            lifespan="on",  # with "auto", a service whose start failed lives on and answers 500
            log_config=None,
            access_log=False,  # the application logs each request itself
            server_header=False,
            timeout_keep_alive=settings.keep_alive_seconds,
            timeout_graceful_shutdown=settings.graceful_shutdown_seconds,
            timeout_worker_healthcheck=10,  # a busy machine is no reason to kill a worker
        )

    def load(self) -> None:
        """Load the application, or end this process so that no supervisor tries it again."""
        try:
            super().load()
        except Exception:
            logging.getLogger(__name__).exception("The application cannot be loaded")
            sys.exit(STARTUP_FAILURE)

    def configure_logging(self) -> None:
        """Log as the rest of Holdfast does, in the worker's process too."""
        configure_logging(self.settings)
        # uvicorn looks whether anybody would read its own line of each request before it puts one
        # together; access_log only tells uvicorn's own set-up of logs, which this replaces.
        access = logging.getLogger("uvicorn.access")
        access.handlers.clear()
        access.propagate = False


def _end_with_parent() -> None:
    """Ask this process to stop once its standard input ends."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve as the child of ``holdfast up``."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with Signals().caught():
        try:
            status = run(load_settings())
        except Interrupted:
            status = 0
        except Failure as failure:
            sys.stderr.write(f"holdfast: {failure}\n")
            status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
