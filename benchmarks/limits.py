"""The physical limit: pgbench on the floor's statements, with nothing before the database."""

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence

import psycopg

from benchmarks import statements
from benchmarks.filling import TITLE, USERS, restore
from benchmarks.findings import Limit
from benchmarks.housing import Housed
from benchmarks.load import LoadError
from benchmarks.operations import Slot, Survey

CONNECTIONS = 25
CREATES_A_SECOND = 5000
_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)

_DAY = {
    "start_time": "(date_trunc('day', now()) + :day * INTERVAL '1 day')",
    "end_time": "(date_trunc('day', now()) + (:day + 1) * INTERVAL '1 day')",
}
_SLOT = "facility_id, start_time, start_time + INTERVAL '15 minutes' AS end_time"


def measure(housed: Housed, survey: Survey, seconds: float) -> list[Limit]:
    """What each statement reaches; slots to create in, and taken ones, lie in a schema meanwhile.

    :raises LoadError: if pgbench fails.
    """
    with psycopg.connect(housed.dsn, autocommit=True) as conn:
        conn.execute("DROP SCHEMA IF EXISTS bench CASCADE")
        conn.execute("CREATE SCHEMA bench")
        try:
            wanted = int(seconds * CREATES_A_SECOND)
            _keep(conn, "free", survey.free.upcoming(wanted))
            survey.free.spend(wanted)
            _keep(conn, "taken", survey.taken)
            conn.execute("CREATE SEQUENCE bench.next")
            return [
                Limit(name, CONNECTIONS, _pgbench(housed, script, seconds))
                for name, script in _scripts(survey).items()
            ]
        finally:
            conn.execute("DROP SCHEMA bench CASCADE")
            restore(housed.dsn)


def _scripts(survey: Survey) -> dict[str, str]:
    """A pgbench script for each operation. The two that book look their slot up first."""
    taken = len(survey.taken)
    facilities = len(survey.facility_ids)
    return {
        "availability, one facility, one day": (
            f"\\set facility_id random(1, {facilities})\n\\set day random(1, {survey.days})\n"
            + _statement(statements.AVAILABILITY_OF_ONE, _DAY)
        ),
        "availability, 500 facilities, a page of 50": (
            f"\\set day random(1, {survey.days})\n"
            + _statement(statements.AVAILABILITY_OF_PAGE, _DAY)
        ),
        "booking creation": (
            f"\\set user_id random(1, {USERS})\n"
            f"SELECT {_SLOT} FROM bench.free"
            " WHERE id = (SELECT nextval('bench.next')) \\gset\n" + _statement(statements.CREATE)
        ),
        "conflict, with alternatives": (
            f"\\set user_id random(1, {USERS})\n\\set n random(1, {taken})\n"
            f"SELECT {_SLOT} FROM bench.taken WHERE id = :n"
            " \\gset\n" + _statement(statements.CREATE) + _statement(statements.CONFLICT)
        ),
        "my bookings, 50 rows": (
            f"\\set user_id random(1, {USERS})\n" + _statement(statements.MINE)
        ),
    }


def _statement(statement: str, given: dict[str, str] | None = None) -> str:
    """A statement with psycopg's parameters as pgbench's variables."""
    known = {"title": f"'{TITLE}'", **(given or {})}
    text = re.sub(r"%\((\w+)\)s", lambda found: known.get(found[1], f":{found[1]}"), statement)
    return f"{text.strip()};\n"


def _keep(conn: psycopg.Connection, name: str, slots: Sequence[Slot]) -> None:
    table = f"bench.{name}"
    columns = "id int4 PRIMARY KEY, facility_id int4, start_time timestamptz"
    conn.execute(f"CREATE TABLE {table} ({columns})".encode())
    with conn.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for number, slot in enumerate(slots, 1):
            copy.write_row((number, slot.facility_id, slot.start))
    conn.execute(f"ANALYZE {table}".encode())


def _pgbench(housed: Housed, script: str, seconds: float) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            [
                housed.engine.program("pgbench"),
                "--no-vacuum",
                "--protocol=prepared",
                f"--client={CONNECTIONS}",
                "--jobs=1",
                f"--time={max(1, round(seconds))}",
                f"--file={file.name}",
                housed.dsn,
            ],
            env={
                **os.environ,
                **housed.engine.environment(),
                "PGOPTIONS": "-c plan_cache_mode=force_generic_plan -c timezone=UTC",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    found = _TPS.search(done.stdout)
    if done.returncode != 0 or found is None or "aborted" in done.stderr:
        message = f"pgbench failed: {done.stderr.strip()[-500:]}"
        raise LoadError(message)
    return float(found[1])
