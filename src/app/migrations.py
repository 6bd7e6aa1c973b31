"""The database's schema, brought forward and back by yoyo, safely beside other processes.

yoyo by itself marks a migration as applied in a second transaction, and keeps a second migrator
out with a row that a killed process leaves behind: after a kill at the wrong moment no later
start succeeds. Here one transaction both applies and marks, and what keeps others out is an
advisory lock, which ends with its session.
"""

import contextlib
import glob
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import Migration, MigrationList, default_migration_table

from app.embedded.datadir import CHECKOUT
from app.failure import Failure

DIRECTORY = CHECKOUT / "db" / "migrations"
OLDEST_MAJOR = 15
EXTENSIONS = ("btree_gist", "pg_trgm")
CONNECT_SECONDS = 10
LOCK_KEY = 0x686F6C6466617374  # "holdfast" in ASCII: an advisory lock that nothing else takes
LOCK_WAIT = "300s"


def migrate(dsn: str) -> list[str]:
    """Apply every migration that the database does not have; return their names, in order.

    Waits while another process migrates the same database.

    :raises Failure: if the database cannot be reached, is too old, lacks an extension or a
        privilege, or refuses a migration, which then left nothing behind.
    """
    if not pending(dsn):
        return []  # needs no privilege to change anything
    with _exclusively(dsn) as backend:
        todo = backend.to_apply(_all())
        for migration in todo:
            with _told(f"The database refuses the migration {migration.id}"):
                backend.apply_one(migration)
        return [migration.id for migration in todo]


def rollback_all(dsn: str) -> list[str]:
    """Roll back every migration, the last one first; return their names. All data are lost.

    :raises Failure: if the database cannot be reached or refuses.
    """
    with _exclusively(dsn) as backend:
        todo = backend.to_rollback(_all())
        for migration in todo:
            with _told(f"The database refuses to roll back {migration.id}"):
                backend.rollback_one(migration)
        return [migration.id for migration in todo]


def pending(dsn: str) -> list[str]:
    """The names of the migrations that the database does not have. Changes nothing.

    :raises Failure: if the database cannot be reached, is too old, or does not tell.
    """
    with connected(dsn) as conn, _told("The database's record of its migrations cannot be read"):
        table = conn.execute("SELECT to_regclass(%s)", [default_migration_table]).fetchone()
        applied: set[str] = set()
        if table is not None and table[0] is not None:
            query = f"SELECT migration_id FROM {default_migration_table}"  # noqa: S608 - a constant
            applied = {row[0] for row in conn.execute(query.encode())}
    return [migration.id for migration in _all() if migration.id not in applied]


@contextlib.contextmanager
def connected(dsn: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Connect, in autocommit, to a database that is new enough.

    :raises Failure: if it cannot be reached or is too old; never with a password in the words.
    """
    with contextlib.closing(_connect(dsn)) as conn:
        major = conn.info.server_version // 10000
        if major < OLDEST_MAJOR:
            message = (
                f"The database {_where(conn)} is PostgreSQL {major}; Holdfast needs "
                f"PostgreSQL {OLDEST_MAJOR} or later."
            )
            raise Failure(message)
        yield conn


def _connect(dsn: str) -> psycopg.Connection[tuple[Any, ...]]:
    try:
        given = conninfo_to_dict(dsn)
        timeout = given.get("connect_timeout", CONNECT_SECONDS)
        return psycopg.connect(dsn, autocommit=True, connect_timeout=int(timeout or 0))
    except (psycopg.ProgrammingError, ValueError) as error:
        message = f"DATABASE_URL cannot be understood: {_first_line(error, dsn)}."
        raise Failure(message) from None
    except psycopg.OperationalError as error:
        message = f"The database cannot be reached: {_first_line(error, dsn)}."
        raise Failure(message) from None


def _first_line(error: Exception, dsn: str = "") -> str:
    """The gist of libpq's words, which may repeat parts of the URL, password and all."""
    words = str(error)
    password = re.search(r"//[^:/@]*:(.+)@", dsn)
    for secret in (dsn, password.group(1) if password else ""):
        if secret:
            words = words.replace(secret, "…")
    line = (words.strip() or type(error).__name__).splitlines()[0]
    return re.sub(r"^connection failed: |FATAL:  ", "", line).rstrip(".")


def _where(conn: psycopg.Connection[Any]) -> str:
    return f"{conn.info.dbname} at {conn.info.host}:{conn.info.port}"


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn a driver's error into one sentence."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        message = (
            f"{what}: the database user lacks a privilege ({_first_line(error)}); let it own "
            "the database, or grant it CREATE on the database and on its schema."
        )
        raise Failure(message) from error
    except psycopg.Error as error:
        message = f"{what}: {_first_line(error)}."
        raise Failure(message) from error


@contextlib.contextmanager
def _exclusively(dsn: str) -> Iterator["_Backend"]:
    """Lend yoyo this database, while nobody else migrates it."""
    with connected(dsn) as conn:
        with _told("The database is being migrated by another process"):
            conn.execute(f"SET lock_timeout = '{LOCK_WAIT}'".encode())
            conn.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        _require_rights(conn)
        with _told("The database's record of its migrations cannot be kept"):
            backend = _Backend(conn)
            backend.ensure_internal_schema_updated()
        # yoyo prints whatever a migration selects, and stdout may be somebody's pipe.
        with contextlib.redirect_stdout(sys.stderr):
            yield backend  # closing the connection gives the lock back


def _all() -> MigrationList:
    if not DIRECTORY.is_dir():
        message = f"The folder {DIRECTORY} with the database's migrations is missing."
        raise Failure(message)
    return read_migrations(glob.escape(str(DIRECTORY)))


def _require_rights(conn: psycopg.Connection[Any]) -> None:
    """Tell in one sentence what PostgreSQL would tell in the middle of a migration."""
    schema = "SELECT current_schema(), has_schema_privilege(current_schema(), 'CREATE')"
    name, writable = conn.execute(schema).fetchone() or (None, False)
    if not writable:
        message = (
            f"The database user {conn.info.user} may not create tables in the schema {name} of "
            f"{_where(conn)}: let it own the database, or grant it CREATE on that schema."
        )
        raise Failure(message)
    _require_extensions(conn)


def _require_extensions(conn: psycopg.Connection[Any]) -> None:
    rows = conn.execute(
        """
        SELECT wanted.name, available.name IS NOT NULL
          FROM unnest(%s::text[]) AS wanted (name)
               LEFT JOIN pg_available_extensions AS available USING (name)
               LEFT JOIN pg_extension AS present ON present.extname = wanted.name
         WHERE present.extname IS NULL
        """,
        [list(EXTENSIONS)],
    ).fetchall()
    missing = [name for name, available in rows if not available]
    if missing:
        message = (
            f"The database server of {_where(conn)} does not have {' and '.join(missing)}: "
            "install PostgreSQL's contrib package there."
        )
        raise Failure(message)
    may = "SELECT has_database_privilege(current_database(), 'CREATE')"
    allowed = conn.execute(may).fetchone() == (True,)
    user = conn.info.user
    if rows and not allowed:
        names = [name for name, _ in rows]
        orders = " ".join(f"CREATE EXTENSION {name};" for name in names)
        message = (
            f"The database user {user} may not create {' and '.join(names)} in {_where(conn)}: "
            f"let an administrator run {orders} there, or grant {user} CREATE on the database."
        )
        raise Failure(message)


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

    @contextlib.contextmanager
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
        _require_transaction(migration)
        with self.transaction():
            migration.process_steps(self, "apply", force=force)
            self.log_migration(migration, "apply")
            if mark:
                self.mark_one(migration, log=False)

    def rollback_one(self, migration: Migration, force: bool = False) -> None:  # noqa: FBT001, FBT002 - yoyo's signature
        """Undo and unmark, or neither."""
        _require_transaction(migration)
        with self.transaction():
            migration.process_steps(self, "rollback", force=force)
            self.log_migration(migration, "rollback")
            self.unmark_one(migration, log=False)

    def get_log_data(
        self, migration: Migration | None = None, operation: str = "apply"
    ) -> dict[str, object]:
        """What yoyo's log holds, less what it asks of the machine.

        An account need not have a name, as in a container, and looking up the host's name may
        wait for a name server that is not there.
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


def _require_transaction(migration: Migration) -> None:
    """A migration outside a transaction could be applied and not marked."""
    migration.load()
    if not migration.use_transactions:
        message = f"The migration {migration.id} must not opt out of its transaction."
        raise Failure(message)
