"""``holdfast up``: database, migrations, demo data and service, until a signal says stop."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.commands.child import Service
from app.commands.console import Steps, result
from app.commands.database import bring_forward, holding
from app.commands.signals import Interrupted, Signals
from app.commands.welcome import load_demo_into, welcome
from app.embedded.datadir import CHECKOUT, State
from app.embedded.logfile import keep_bounded
from app.embedded.server import Server
from app.failure import Failure
from app.listening import listen
from app.settings import Settings

WATCH_SECONDS = 0.25
BOUND_SECONDS = 10.0
RESTARTS = 5
RESTARTS_WITHIN_SECONDS = 60.0


def up(settings: Settings, steps: Steps, *, demo: bool) -> int:
    """Run everything until a signal says stop; return the exit status.

    :raises Failure: if something does not start, or ends by itself and stays down.
    """
    signals = Signals()
    ready = False
    with signals.caught():
        try:
            with _database(settings, steps, signals) as (dsn, server):
                bring_forward(dsn, steps)
                has_demo = demo and load_demo_into(dsn, steps)
                with _service(settings, dsn, server, steps, signals) as service:
                    result(*welcome(settings, dsn, demo_loaded=has_demo, log=service.log))
                    ready = True
                    _watch(service, server, steps)
        except Interrupted as interrupted:
            return 0 if ready else 128 + interrupted.number
    return 0


@contextmanager
def _database(
    settings: Settings, steps: Steps, signals: Signals
) -> Iterator[tuple[str, Server | None]]:
    """The database's URL, and its server where that is ours."""

    def port_is_free() -> None:
        listen(settings.host, settings.port).close()

    if settings.database_url is not None:
        port_is_free()
        yield settings.database_url, None
        return
    with holding(settings, "up", steps, port_is_free) as server:
        steps.say(f"Data directory: {server.datadir.path}{_why_there(settings, server)}")
        try:
            yield server.dsn(), server
        finally:
            signals.calm()


@contextmanager
def _service(
    settings: Settings, dsn: str, server: Server | None, steps: Steps, signals: Signals
) -> Iterator[Service]:
    """The service, answering; drained at the end."""
    service = Service(settings, dsn, server.datadir.service_log if server else None)
    try:
        if server is None:  # the service's log goes where a step's line would end
            steps.say("Starting the service")
            service.start()
            service.wait_until_ready()
        else:
            with steps.step("Starting the service"):
                service.start()
                state = State(os.getpid(), server.port, service.pid, service.started())
                server.datadir.write_state(state)
                service.wait_until_ready()
        yield service
    finally:
        signals.calm()
        if service.ended():
            service.stop(hurry=lambda: True)
        else:
            with steps.step("Finishing the requests in flight"):
                asked = signals.count
                service.stop(hurry=lambda: signals.count > asked)


def _watch(service: Service, server: Server | None, steps: Steps) -> None:
    """Wait until the service ends by itself; start the database again where that does.

    :raises Failure: if the service ends, or the database does so again and again.
    """
    restarts: list[float] = []
    bounded = time.monotonic()
    while True:
        time.sleep(WATCH_SECONDS)  # which a signal cuts short
        if service.ended():
            where = f": {service.log} may say why" if service.log else ""
            message = f"The service ended by itself{where}."
            raise Failure(message)
        if server is None:
            continue
        now = time.monotonic()
        if server.ended():
            restarts = [*(past for past in restarts if past > now - RESTARTS_WITHIN_SECONDS), now]
            if len(restarts) > RESTARTS:
                log = server.datadir.postgres_log
                message = f"The database ends again and again: {log} says why."
                raise Failure(message)
            with steps.step("The database ended by itself: starting it again"):
                server.start()
        if now > bounded + BOUND_SECONDS:
            bounded = now
            keep_bounded(server.datadir.postgres_log)
            keep_bounded(server.datadir.service_log)


def _why_there(settings: Settings, server: Server) -> str:
    """The reason why the default data directory is not the usual one."""
    if settings.data_dir is not None or server.datadir.path.is_relative_to(CHECKOUT):
        return ""
    return f" (the account {server.datadir.account.name} cannot enter {CHECKOUT})"
