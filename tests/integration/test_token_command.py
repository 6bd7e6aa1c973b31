"""Tokens from the command line: what they may be used for, and for how long."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.commands.tokens import TokenOrder, issue_token
from app.failure import Failure
from tests.faults.command import environment, run, the_sentence

from .api import Api, listed, refused, unique

ME = "/api/v1/me/"
TOKENS = "/api/v1/me/tokens/"


def test_a_token_is_narrow_and_brief_where_the_command_says_so(api: Api) -> None:
    name = unique("ada")
    env = environment(DATABASE_URL=api.dsn)
    what = ["--username", name, "--scope", "book", "--scope", "read", "--expires-in", "12h"]
    before = datetime.now(UTC)
    done = run("token", "create", *what, env=env)
    assert done.returncode == 0, done.stderr
    client = api.with_token(done.stdout.strip())
    (token,) = listed(client, TOKENS)
    assert token["scopes"] == ["read", "book"]
    ends = datetime.fromisoformat(token["expires_at"])
    assert before <= ends - timedelta(hours=12) <= datetime.now(UTC)
    refused(client.post(TOKENS, {"name": "x"}), 403, "insufficient_scope")


def test_what_a_refusal_says_to_run_gives_what_was_missing(api: Api) -> None:
    env, name = environment(DATABASE_URL=api.dsn), unique("ada")
    reader = run("token", "create", "--username", name, "--scope", "read", env=env)
    path = "/api/v1/bookings/9007199254740991/"
    problem = refused(api.with_token(reader.stdout.strip()).delete(path), 403, "insufficient_scope")
    *_, said, _ = problem["detail"].split("'")
    words = said.replace("NAME", name).removeprefix("holdfast ").split()
    booker = run(*words, env=env)
    refused(api.with_token(booker.stdout.strip()).delete(path), 404, "not_found")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            ["--scope", "write"],
            "'write' is no scope: a token has one or more of read, book, manage",
        ),
        (["--scope", "read,book"], "'read,book' is no scope"),
        (["--expires-in", "12"], "'12' is not how long a token can work"),
        (["--expires-in", "3651d"], "from 1s to 3650d"),
        (["--expires-in", "1h", "--expires-days", "1"], "leave out --expires-days or --expires-in"),
    ],
)
def test_what_cannot_be_made_is_one_sentence_and_makes_nobody(
    api: Api, options: list[str], says: str
) -> None:
    name = unique("nobody")
    env = environment(DATABASE_URL=api.dsn)
    assert says in the_sentence(run("token", "create", "--username", name, *options, env=env))
    assert [] == listed(api.staff, "/api/v1/users/", search=name)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("45s", 45), ("30m", 1800), ("12h", 43_200), ("90d", 7_776_000), ("3650d", None)],
)
def test_how_long_a_token_works_is_a_number_and_a_unit(
    api: Api, text: str, seconds: int | None
) -> None:
    before = datetime.now(UTC)
    issued = _issue(api, expires_in=text)
    (row,) = api.sql("SELECT expires_at FROM user_tokens WHERE user_id = %s", issued)
    lifetime = timedelta(days=3650) if seconds is None else timedelta(seconds=seconds)
    assert before <= row[0] - lifetime <= datetime.now(UTC)


@pytest.mark.parametrize(
    "text",
    ["", "0s", "-1h", "+1h", "1.5h", "1H", "1 h", "h", "1w", "\u0661h", "87601h", "9" * 20 + "s"],
)
def test_what_is_no_length_of_time_is_refused(api: Api, text: str) -> None:
    with pytest.raises(Failure, match="is not how long a token can work"):
        _issue(api, expires_in=text)


def test_a_token_may_do_everything_for_ever_unless_the_command_says_otherwise(api: Api) -> None:
    user_id = _issue(api)
    (row,) = api.sql("SELECT scopes, expires_at FROM user_tokens WHERE user_id = %s", user_id)
    assert (["read", "book", "manage"], None) == row


def _issue(api: Api, *, expires_in: str | None = None) -> int:
    """The id of a new user who has one token."""
    order = TokenOrder(unique("ada"), "test", expires_in=expires_in)
    return asyncio.run(issue_token(api.dsn, order)).user.id
