"""After a kill -9: what the killed left running is ended before anything new is started.

Only for the holder of the data directory's lock: then nobody else has a right to these processes.
"""

import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.embedded.cluster import cluster_name
from app.embedded.datadir import DataDir

# How to end a server, and how long each way may take: a last checkpoint may have much to write.
WAYS_TO_END = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))

SERVICE_SECONDS = 15.0
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Orphans:
    """Processes that outlived the command that started them."""

    service: list[psutil.Process] = field(default_factory=list)
    postmasters: list[psutil.Process] = field(default_factory=list)
    backends: list[psutil.Process] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self.service or self.postmasters or self.backends)


def find_orphans(datadir: DataDir) -> Orphans:
    """What a killed command left running: known by its number and age, or by its title."""
    orphans = Orphans()
    state = datadir.read_state()
    if state is not None and state.service is not None:
        with suppress(psutil.NoSuchProcess):
            service = psutil.Process(state.service)
            if abs(service.create_time() - (state.service_started or 0.0)) < 1.0:
                orphans.service.extend([service, *service.children(recursive=True)])
    title = f"postgres: {cluster_name(datadir.cluster)}: "
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
        except psutil.Error:
            continue
        if _is_postmaster(command, datadir.cluster):
            orphans.postmasters.append(process)
        elif command and command[0].startswith(title):
            orphans.backends.append(process)
    return orphans


def end_orphans(orphans: Orphans) -> None:
    """End them, each as gently as it allows."""
    _signal(orphans.service, signal.SIGTERM)
    stubborn = wait_until_gone(orphans.service, SERVICE_SECONDS)
    _signal(stubborn, signal.SIGKILL)
    # A postmaster ends its backends; those that have none notice by themselves, and soon.
    ways = WAYS_TO_END if orphans.postmasters else ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
    rest = [*orphans.postmasters, *orphans.backends]
    for number, seconds in ways:
        _signal(orphans.postmasters if number == signal.SIGINT else rest, number)
        rest = wait_until_gone(rest, seconds)
        if not rest:
            return


def forget_lock_file(cluster: Path) -> None:
    """Remove PostgreSQL's lock file if its process number now belongs to somebody else.

    PostgreSQL overlooks the lock file of a process that is gone; one whose number is in use again
    keeps it from starting. Call it when no server of this cluster runs any more; PostgreSQL would
    besides notice one by the memory that it holds.
    """
    lock = cluster / "postmaster.pid"
    with suppress(OSError, ValueError, IndexError):
        if psutil.pid_exists(int(lock.read_text().splitlines()[0])):
            lock.unlink()


def wait_until_gone(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until these processes have ended; return those that have not in time.

    An orphan that has ended may remain as a zombie for as long as the system's first process
    does not ask for it, which in a container can be for ever: it counts as gone.
    """
    deadline = time.monotonic() + seconds
    while (rest := [process for process in processes if not _gone(process)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(POLL_SECONDS)
    return rest


def _gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _is_postmaster(command: list[str], cluster: Path) -> bool:
    return Path(*command[:1]).name == "postgres" and command[1:3] == ["-D", str(cluster)]
