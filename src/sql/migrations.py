"""The schema's migrations: ``db/migrations``, applied and rolled back by yoyo.

yoyo by itself marks a migration as applied in a second transaction, and keeps a
second migrator out with a row that a killed process leaves behind: after a kill
at the wrong moment no later start succeeds. Here one transaction both applies and
marks, and what keeps others out is an advisory lock, which ends with its session.
"""

import glob
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import Migration, MigrationList, default_migration_table

DIRECTORY = Path(__file__).parents[2] / "db" / "migrations"

_LOCK = 5_210_219_860_403_352_113
"""The advisory lock of whoever migrates: a number that nothing else takes."""

_LOCK_WAIT = "300s"
"""How long others wait for whoever migrates; then psycopg.errors.LockNotAvailable."""


def migrate(dsn: str) -> list[str]:
    """Apply what is not applied yet; the names of what was, in order.

    Waits while another process migrates the same database.
    """
    with _exclusively(dsn) as backend:
        migrations = backend.to_apply(_all())
        for migration in migrations:
            backend.apply_one(migration)
        return [migration.id for migration in migrations]


def pending(dsn: str) -> list[str]:
    """The names of what is not applied yet, in order. Changes nothing and waits for nobody."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        known = conn.execute("SELECT to_regclass(%s)", [default_migration_table]).fetchone()
        applied = set()
        if known is not None and known[0] is not None:
            query = f"SELECT migration_id FROM {default_migration_table}"  # noqa: S608 - a constant
            applied = {name for (name,) in conn.execute(query.encode())}
    return [migration.id for migration in _all() if migration.id not in applied]


def roll_back(dsn: str) -> list[str]:
    """Undo every migration that is applied, the data included; their names, last first."""
    with _exclusively(dsn) as backend:
        migrations = backend.to_rollback(_all())
        for migration in migrations:
            backend.rollback_one(migration)
        return [migration.id for migration in migrations]


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo is untyped
    """yoyo's backend for psycopg, on a connection of ours and in our transactions."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        uri = DatabaseURI("postgresql+psycopg", None, None, None, None, conn.info.dbname, {})
        super().__init__(uri, default_migration_table)
        self.has_transactional_ddl = True

    def connect(self, _: DatabaseURI) -> psycopg.Connection[Any]:
        """Ours: yoyo's own way to connect knows fewer forms of a DSN than libpq."""
        return self._conn

    @contextmanager
    def lock(self, timeout: float = 10) -> Iterator[None]:  # noqa: ARG002 - yoyo's signature
        """Nothing: the advisory lock is held already."""
        yield

    def execute(self, sql: str, params: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        """One statement; in one without parameters a percent sign is a percent sign."""
        if params is None:
            return self._conn.execute(sql.encode())
        return super().execute(sql, params)

    def apply_one(self, migration: Migration, force: bool = False, mark: bool = True) -> None:  # noqa: FBT001, FBT002 - yoyo's signature
        """Apply and mark, or neither."""
        self.ensure_internal_schema_updated()
        with self.transaction():
            migration.process_steps(self, "apply", force=force)
            self.log_migration(migration, "apply")
            if mark:
                self.mark_one(migration, log=False)

    def rollback_one(self, migration: Migration, force: bool = False) -> None:  # noqa: FBT001, FBT002 - yoyo's signature
        """Undo and unmark, or neither."""
        self.ensure_internal_schema_updated()
        with self.transaction():
            migration.process_steps(self, "rollback", force=force)
            self.log_migration(migration, "rollback")
            self.unmark_one(migration, log=False)

    def get_log_data(
        self, migration: Migration | None = None, operation: str = "apply"
    ) -> dict[str, object]:
        """What yoyo's log holds, less what it asks of the machine.

        An account need not have a name, as in a container, and looking up the host's
        name may wait for a name server that is not there.
        """
        return {
            "id": str(uuid4()),
            "migration_id": migration and migration.id,
            "migration_hash": migration and migration.hash,
            "username": self._conn.info.user,
            "hostname": None,
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }


@contextmanager
def _exclusively(dsn: str) -> Iterator[_Backend]:
    # yoyo prints whatever a migration selects; stdout may be somebody's pipe.
    with psycopg.connect(dsn, autocommit=True) as conn, redirect_stdout(sys.stderr):
        conn.execute("SELECT set_config('lock_timeout', %s, false)", [_LOCK_WAIT])
        conn.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        yield _Backend(conn)  # closing the connection gives the lock back


def _all() -> MigrationList:
    return read_migrations(glob.escape(str(DIRECTORY)))
