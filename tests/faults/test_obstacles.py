"""What stands in the way of a command is told in one sentence, and it exits with 1."""

import os
import re
import shutil
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from app import migrations
from app.failure import Failure
from tests import servers

from . import command, disks
from .command import environment, execute, run, the_sentence


def test_a_disk_too_small_for_the_programs(place: Path) -> None:
    place.mkdir()
    before = disks.small_disk(place, 20) if disks.may_mount() else disks.small_files(4_000_000)
    done = run("up", "--data-dir", str(place), env=environment(), before=before)
    said = the_sentence(done)
    assert str(place) in said
    assert re.search("no space left on device|file too large", said)


def test_a_disk_too_small_for_a_new_database(
    place: Path, env: dict[str, str], filled: Path
) -> None:
    assert filled.exists()  # so the programs are extracted, elsewhere
    place.mkdir()
    before = disks.small_disk(place, 20) if disks.may_mount() else disks.small_files(4_000_000)
    said = the_sentence(run("up", "--data-dir", str(place), env=env, before=before))
    assert f"A new database cannot be made in {place}" in said
    assert re.search("the disk is full|a file may not grow as large as it must", said)


def test_a_disk_that_fills_up_between_two_starts(place: Path, env: dict[str, str]) -> None:
    if not disks.may_mount():
        # A limit of nothing stands for a full disk: no byte can be added.
        assert run("migrate", "--data-dir", str(place), env=env).returncode == 0
        before = disks.small_files(0)
        said = the_sentence(run("up", "--data-dir", str(place), env=env, before=before))
        assert str(place) in said
        return
    place.mkdir()
    fill = f'"$@" migrate --data-dir "{place}"; cat /dev/zero >"{place}/ballast" || true; '
    before = [
        *disks.small_disk(place, 90),
        "sh",
        "-c",
        f'{fill}exec "$@" up --data-dir "{place}"',
        "sh",
    ]
    said = the_sentence(run(env=env, before=before))
    assert "no space left on device" in said or "the disk is full" in said


def test_a_read_only_disk(ground: Path, filled: Path, env: dict[str, str]) -> None:
    if disks.may_mount():
        before = disks.read_only_disk(filled)
        said = the_sentence(run("up", "--data-dir", str(filled), env=env, before=before))
        assert f"The data directory {filled} cannot be used (read-only file system)" in said
        return
    shut = Path("/proc/holdfast")  # which nobody, not even root, can make
    if os.geteuid() != 0:
        (ground / "shut").mkdir(mode=0o555)
        shut = ground / "shut" / "data"
    said = the_sentence(run("up", "--data-dir", str(shut), env=env))
    assert f"The data directory {shut} cannot be used" in said


def test_a_directory_of_something_else(place: Path, env: dict[str, str]) -> None:
    place.mkdir()
    (place / "letters").touch()
    said = the_sentence(run("up", "--data-dir", str(place), env=env))
    assert f"{place} is not empty and is not a data directory of Holdfast" in said


def test_a_data_directory_that_is_a_file(place: Path, env: dict[str, str]) -> None:
    place.touch()
    said = the_sentence(run("migrate", "--data-dir", str(place), env=env))
    assert f"{place} is a file" in said


def test_a_data_directory_of_somebody_else(place: Path, env: dict[str, str]) -> None:
    theirs = Path("/usr")
    if os.geteuid() == 0:
        place.mkdir()
        os.chown(place, 65534, 65534)
        theirs = place
    said = the_sentence(run("up", "--data-dir", str(theirs), env=env))
    assert f"The data directory {theirs} belongs to" in said


def test_a_place_that_postgres_cannot_enter(place: Path, env: dict[str, str]) -> None:
    inside = place / "data"
    place.mkdir(mode=0o700)
    done = run("migrate", "--data-dir", str(inside), env=env)
    if os.geteuid() == 0:
        assert f"cannot enter {inside}" in the_sentence(done)
    else:
        assert done.returncode == 0


def test_a_database_of_another_major_version(place: Path, env: dict[str, str]) -> None:
    (place / "postgres").mkdir(parents=True)
    (place / "postgres" / "PG_VERSION").write_text("17\n")
    (place / "lock").touch()
    said = the_sentence(run("up", "--data-dir", str(place), env=env))
    assert "was made by PostgreSQL 17, and this is PostgreSQL 18" in said


def test_programs_that_lost_a_file_are_extracted_again(place: Path) -> None:
    first = run("migrate", "--data-dir", str(place), env=environment())
    assert first.returncode == 0, first.stderr
    (engine,) = (place / "engine").iterdir()
    (engine / "share" / "extension" / "pg_trgm.control").unlink()
    again = run("migrate", "--data-dir", str(place), env=environment())
    assert again.returncode == 0
    assert "Extracting PostgreSQL 18" in again.stderr
    assert (engine / "share" / "extension" / "pg_trgm.control").exists()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("HOLDFAST_PORT", "80800", "HOLDFAST_PORT is '80800' but should be less than or equal"),
        ("HOLDFAST_WORKERS", "some", "HOLDFAST_WORKERS is 'some' but should be a whole number"),
        ("HOLDFAST_CACHE", "perhaps", "HOLDFAST_CACHE is 'perhaps' but should be on or off"),
        ("HOLDFAST_LOG_LEVEL", "loud", "HOLDFAST_LOG_LEVEL is 'loud' but should be 'debug', "),
        ("HOLDFAST_POOL_MAX", "2", "HOLDFAST_POOL_MIN (10) must not be greater than"),
        ("DATABASE_URL", "mysql://localhost/x", "DATABASE_URL must begin with postgresql://"),
        ("REDIS_URL", "localhost:6379", "REDIS_URL should be like redis://host:6379/0"),
        ("REDIS_URL", "redis://:a/b@localhost/0", "REDIS_URL should be like redis://host:6379/0"),
        ("REDIS_URL", "redis://localhost/first", "REDIS_URL should be like redis://host:6379/0"),
        ("REDIS_URL", "redis://localhost?speed=9", "REDIS_URL should be like redis://host:6379/0"),
    ],
)
def test_a_setting_that_makes_no_sense(variable: str, value: str, said: str) -> None:
    assert said in the_sentence(run("up", env={**environment(), variable: value}))


def test_an_option_that_makes_no_sense_is_a_mistake_of_the_caller(env: dict[str, str]) -> None:
    done = run("up", "--port", "many", env=env)
    assert done.returncode == 2
    assert re.fullmatch(r"holdfast: Invalid value for '--port': .+\n", done.stderr)


def test_a_host_of_another_machine(place: Path, env: dict[str, str]) -> None:
    arguments = ["--data-dir", str(place), "--host", "192.0.2.1"]
    assert "cannot listen on 192.0.2.1" in the_sentence(run("up", *arguments, env=env))


@pytest.mark.parametrize("subcommand", ["up", "serve", "migrate", "demo"])
def test_a_database_out_of_reach(subcommand: str) -> None:
    env = environment(DATABASE_URL="postgresql://me:secret@127.0.0.1:1/x", HOLDFAST_PORT="18999")
    said = the_sentence(run(subcommand, env=env))
    assert "The database cannot be reached" in said
    assert "secret" not in said


@pytest.fixture
def owner(empty: str) -> Iterator[psycopg.Connection]:
    """The connection of the empty database's owner."""
    with psycopg.connect(empty, autocommit=True) as conn:
        yield conn


@pytest.fixture
def guest(empty: str, owner: psycopg.Connection) -> Iterator[str]:
    """The DSN under which a user without privileges reaches the empty database."""
    owner.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    yield make_conninfo(empty, user="guest", password="guest")  # noqa: S106 - for a moment
    owner.execute("DROP OWNED BY guest")
    owner.execute("DROP ROLE guest")


def test_a_database_user_without_privileges(guest: str, owner: psycopg.Connection) -> None:
    with pytest.raises(Failure, match="may not create tables in the schema public"):
        migrations.migrate(guest)
    owner.execute("GRANT CREATE ON SCHEMA public TO guest")
    with pytest.raises(Failure, match="may not create btree_gist and pg_trgm"):
        migrations.migrate(guest)
    for extension in migrations.EXTENSIONS:
        owner.execute(f"CREATE EXTENSION {extension}".encode())
    assert len(migrations.migrate(guest)) > 0
    assert migrations.pending(guest) == []


def test_a_server_without_the_extensions(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "EXTENSIONS", ("btree_gist", "no_such_extension"))
    with pytest.raises(Failure, match="does not have no_such_extension: install"):
        migrations.migrate(empty)


def test_a_server_that_is_too_old(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "OLDEST_MAJOR", 99)
    with pytest.raises(Failure, match=r"is PostgreSQL \d\d; Holdfast needs PostgreSQL 99"):
        migrations.pending(empty)


def test_a_database_that_lacks_a_migration(empty: str, env: dict[str, str]) -> None:
    said = the_sentence(run("serve", env={**env, "DATABASE_URL": command.url(empty)}))
    assert re.search("lacks [0-9]+ migrations, from 0001_types on: run holdfast migrate", said)


def test_the_demo_is_not_mixed_with_other_data(dsn: str, env: dict[str, str]) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("INSERT INTO sites (name, time_zone) VALUES ('Ours', 'UTC')")
        conn.execute(
            "INSERT INTO facilities (site_id, name, facility_type, capacity, time_zone)"
            " SELECT id, 'Our room', 'room', 4, 'UTC' FROM sites"
        )
        done = run("demo", env={**env, "DATABASE_URL": command.url(dsn)})
        assert done.returncode == 1
        assert "The database has data of its own: no demo data are added." in done.stderr
        assert conn.execute("SELECT count(*) FROM users").fetchone() == (0,)


ROOT = Path(__file__).parents[2]
NOWHERE = {
    "PATH": os.environ["PATH"],
    "PIP_NO_INDEX": "1",
    "PIP_CONFIG_FILE": os.devnull,
}


def test_the_doctor_says_what_is_wrong(place: Path) -> None:
    place.touch()
    done = run("doctor", "--data-dir", str(place), env=environment())
    assert done.returncode == 1
    assert f"FAILED  The data directory {place} is a file" in done.stdout


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (300, "warning A process may have no more than 300 files open (ulimit -Hn), so it takes"),
        (600, "ok      A process may have files enough open for 100 streams."),
    ],
)
def test_the_doctor_says_whether_streams_fit(place: Path, files: int, said: str) -> None:
    env = environment(HOLDFAST_STREAMS_MAX="100", HOLDFAST_POOL_MAX="100")
    before = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh"]
    done = run("doctor", "--data-dir", str(place), env=env, before=before)
    assert done.returncode == 0, "nothing needs as many"
    assert said in done.stdout


def test_the_doctor_says_whether_redis_answers(place: Path) -> None:
    def look(redis_url: str) -> subprocess.CompletedProcess[str]:
        return run("doctor", "--data-dir", str(place), env=environment(REDIS_URL=redis_url))

    with servers.redis_server() as redis:
        assert re.search(
            r"^ok      REDIS_URL answers: Redis \d", look(redis.url).stdout, re.MULTILINE
        )
        with redis.client() as client:
            client.config_set("requirepass", "another")
        wrong = look(redis.url.replace("//", "//:secret@"))
        redis.kill()
        away = look(redis.url)
    for done in (wrong, away):
        assert done.returncode == 0, "nothing needs it"
        assert "warning REDIS_URL does not answer (" in done.stdout
        assert "secret" not in done.stdout + done.stderr


@pytest.fixture
def checkout(place: Path) -> Path:
    """What a set-up needs of a checkout, on a path with a space."""
    place.mkdir()
    for part in ("scripts", "requirements"):
        shutil.copytree(ROOT / part, place / part)
    shutil.copy(ROOT / "pyproject.toml", place)
    without = shutil.ignore_patterns("node_modules", "dist")
    for part in ("web", "clients/typescript"):
        shutil.copytree(ROOT / part, place / part, ignore=without)
    return place


def set_up(checkout: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return execute(str(checkout / "scripts" / "run.sh"), "--help", env=env)


def test_a_set_up_without_a_package_source(checkout: Path) -> None:
    unfinished = checkout / ".venv" / "lib"
    unfinished.mkdir(parents=True)
    (checkout / ".venv" / ".installing").touch()
    done = set_up(checkout, NOWHERE)
    said = the_sentence(done)
    assert "no package source that can be reached has annotated-doc==" in said
    assert (checkout / ".venv" / "bin" / "python").exists(), "an unfinished set-up is begun anew"


def test_a_set_up_without_python(checkout: Path) -> None:
    tools = checkout / "tools"
    tools.mkdir()
    for name in ("bash", "env", "dirname", "cmp", "cat"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    assert "the path has none" in the_sentence(set_up(checkout, {"PATH": str(tools)}))
    fake = tools / "python3"
    fake.write_text("#!/bin/sh\necho old 3.9\n")
    fake.chmod(0o755)
    assert "the path has only Python 3.9" in the_sentence(set_up(checkout, {"PATH": str(tools)}))
    fake.write_text("#!/bin/sh\necho bare 3.12\n")
    said = the_sentence(set_up(checkout, {"PATH": str(tools)}))
    assert "install its venv package (on Debian and Ubuntu, python3.12-venv)" in said


def test_a_set_up_that_is_done_is_not_done_again(checkout: Path) -> None:
    venv.create(checkout / ".venv", with_pip=False)
    program = checkout / ".venv" / "bin" / "holdfast"
    program.write_text('#!/bin/sh\necho "holdfast $*"\n')
    program.chmod(0o755)
    functions = 'root="$1" venv="$1/.venv"; . "$1/scripts/_setup.sh"; . "$1/scripts/_web.sh"; '
    (checkout / "web" / "dist").mkdir()
    built = 'setup_web_wanted >"$root/web/dist/.made-from"'
    stamp = 'setup_wanted run >"$venv/.holdfast-run"'
    is_current = "setup_is_current run"

    def tell(what: str) -> int:
        return execute("bash", "-c", functions + what, "bash", str(checkout)).returncode

    assert tell(is_current) != 0
    assert tell(stamp) == 0
    assert tell(built) == 0
    done = set_up(checkout, NOWHERE)
    assert (done.stdout, done.stderr) == ("holdfast up --help\n", "")

    (checkout / "web" / "src" / "new.ts").write_text("export {};\n")
    without_pages = set_up(checkout, NOWHERE)
    assert without_pages.stdout == "holdfast up --help\n"
    assert "it runs without the web client; the API and /docs are there" in without_pages.stderr

    with (checkout / "requirements" / "run.txt").open("a") as lock:
        lock.write("# another version\n")
    assert tell(is_current) != 0
