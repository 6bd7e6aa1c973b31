"""The command ``holdfast``: each subcommand reads its options and hands over."""

import asyncio
import os
import signal
import sys
import warnings
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from app.commands.console import Steps, result
from app.failure import Failure
from app.settings import load_settings

if TYPE_CHECKING:  # a command loads only what it needs
    from sql.users import UserRow

app = typer.Typer(
    name="holdfast",
    help="A facility booking engine that never double-books.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
token = typer.Typer(help="Tokens with which people and programs authenticate.")
app.add_typer(token, name="token", no_args_is_help=True)

DataDir = Annotated[
    Path | None,
    typer.Option(help="Where the embedded database lives. [env: HOLDFAST_DATA_DIR]"),
]
Host = Annotated[
    str | None,
    typer.Option(help="The address to listen on. [env: HOLDFAST_HOST; default: 127.0.0.1]"),
]
Port = Annotated[
    int | None,
    typer.Option(help="The port to listen on. [env: HOLDFAST_PORT; default: 8080]"),
]
Workers = Annotated[
    int | None,
    typer.Option(help="How many processes serve. [env: HOLDFAST_WORKERS; default: 1]"),
]


@app.command()
def up(
    *,
    data_dir: DataDir = None,
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    demo: Annotated[bool, typer.Option(help="Load the demo data into an empty database.")] = True,
) -> None:
    """Run everything: database, migrations, demo data, service; until Ctrl-C."""
    from app.commands.up import up as run_up

    settings = load_settings(data_dir=data_dir, host=host, port=port, workers=workers)
    raise typer.Exit(run_up(settings, Steps(), demo=demo))


@app.command()
def serve(
    *,
    data_dir: DataDir = None,
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
) -> None:
    """Run the service alone, on a database that is migrated."""
    from app.commands.serve import serve as run_serve

    settings = load_settings(data_dir=data_dir, host=host, port=port, workers=workers)
    raise typer.Exit(run_serve(settings, Steps()))


@app.command()
def migrate(*, data_dir: DataDir = None) -> None:
    """Bring the database's tables up to date."""
    from app.commands.database import reaching
    from app.migrations import migrate as run_migrate

    steps = Steps()
    with reaching(load_settings(data_dir=data_dir), "migrate", steps) as dsn:
        with steps.step("Migrating the database"):
            applied = run_migrate(dsn)
        for name in applied:
            steps.say(f"Applied {name}.")
        if not applied:
            steps.say("There was nothing to apply.")


@app.command()
def demo(*, data_dir: DataDir = None) -> None:
    """Load the demo facilities, users and bookings into an empty database."""
    from app.commands.database import migrated
    from app.commands.welcome import load_demo_into

    steps = Steps()
    with migrated(load_settings(data_dir=data_dir), "demo", steps) as dsn:
        if not load_demo_into(dsn, steps):
            raise typer.Exit(1)


@app.command()
def doctor(*, data_dir: DataDir = None, host: Host = None, port: Port = None) -> None:
    """Say what would keep Holdfast from running, and change nothing."""
    from app.commands.doctor import doctor as run_doctor

    raise typer.Exit(run_doctor(load_settings(data_dir=data_dir, host=host, port=port)))


@app.command()
def link(
    *,
    username: Annotated[str, typer.Option(help="Whom it signs in; made if there is none.")],
    staff: Annotated[bool, typer.Option("--staff", help="Make a new user staff.")] = False,
    expires_minutes: Annotated[
        int, typer.Option(min=1, max=1440, help="For how many minutes it can be used.")
    ] = 15,
    url: Annotated[
        str | None,
        typer.Option(help="Where browsers find the service, if not where the settings say."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Print a link that signs a browser in, once; the user's earlier ones end."""
    from app.commands.api import base_url
    from app.commands.database import migrated
    from app.commands.links import issue_link

    steps = Steps()
    settings = load_settings(data_dir=data_dir)
    lifetime = timedelta(minutes=expires_minutes)
    with migrated(settings, "link", steps) as dsn:
        issued = asyncio.run(issue_link(dsn, username, lifetime, staff=staff))
    _tell_user(steps, issued.user, is_new=issued.user_is_new)
    result(issued.address((url or base_url(settings)).rstrip("/")))


@token.command("create")
def token_create(  # noqa: PLR0913 - one parameter for each option
    *,
    username: Annotated[str, typer.Option(help="Whose token it is; made if there is none.")],
    staff: Annotated[bool, typer.Option("--staff", help="Make a new user staff.")] = False,
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may be used for: read, book or manage; repeat it for several."),
    ] = None,
    expires_in: Annotated[
        str | None, typer.Option(help="How long it works, as in 12h or 90d; for ever, if left out.")
    ] = None,
    expires_days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="The same in days.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a token for a user and print it: it is shown this once and stored nowhere."""
    from app.commands.database import migrated
    from app.commands.tokens import TokenOrder, issue_token

    steps = Steps()
    order = TokenOrder(
        username,
        staff=staff,
        name=name,
        scopes=scope or (),
        expires_days=expires_days,
        expires_in=expires_in,
    )
    with migrated(load_settings(data_dir=data_dir), "token create", steps) as dsn:
        issued = asyncio.run(issue_token(dsn, order))
    _tell_user(steps, issued.user, is_new=issued.user_is_new)
    result(issued.secret)


def _tell_user(steps: Steps, user: "UserRow", *, is_new: bool) -> None:
    """Say for whom it was done."""
    kind = "staff" if user.is_staff else "a member"
    if is_new:
        steps.say(f"Added the user {user.username}, who is {kind}.")
    else:
        steps.say(f"The user {user.username} is {kind}.")


def main() -> NoReturn:
    """Run a command; whatever goes wrong as expected is one sentence on stderr."""
    if not sys.warnoptions:  # warnings are for developers, whose tests make errors of them
        warnings.simplefilter("ignore")
        os.environ["PYTHONWARNINGS"] = "ignore"
    # Whoever asks a short command to stop, however they ask, lets it stop its database first.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, signal.default_int_handler)
    status: int | None = 1
    try:
        status = app(standalone_mode=False)
    except TyperException as error:
        sys.stderr.write(f"holdfast: {error.format_message()}\n")
        status = 2
    except Failure as failure:
        sys.stderr.write(f"holdfast: {failure}\n")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"holdfast: {where}{error.strerror or error}.\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
