"""``holdfast serve``: the service alone, on a database that is migrated."""

import os

from app import service
from app.commands.console import Steps
from app.commands.database import reaching, require_migrated
from app.commands.signals import Interrupted, Signals
from app.settings import Settings


def serve(settings: Settings, steps: Steps) -> int:
    """Serve until a signal says stop; return the exit status.

    :raises Failure: if there is no database, or it lacks a migration, or the port is taken.
    """
    signals = Signals()
    with signals.caught():
        try:
            with reaching(settings, "serve", steps) as dsn:
                try:
                    require_migrated(dsn)
                    # The workers are processes of their own and read the environment.
                    os.environ["DATABASE_URL"] = dsn
                    return service.run(settings)
                finally:
                    signals.calm()
        except Interrupted:
            return 0
