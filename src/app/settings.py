"""The one place that reads the environment."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.failure import Failure

PREFIX = "HOLDFAST_"

# Pydantic's words for these are written for programmers.
PLAIN = {
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "bool_parsing": "on or off",
    "string_too_short": "not empty",
}


class Settings(BaseSettings):
    """What may differ from one installation to the next.

    A field is the environment variable of the same name in capitals behind ``HOLDFAST_``;
    ``DATABASE_URL`` and ``REDIS_URL`` go by the names that hosts give them. A variable that is
    set but empty counts as not set.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    # Where the data are. Without a database URL, commands use the data directory's own server.
    database_url: str | None = Field(default=None, alias="DATABASE_URL")
    redis_url: str | None = Field(default=None, alias="REDIS_URL")
    data_dir: Path | None = None
    engine_dir: Path | None = None

    # Where the service listens, and with how many processes.
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8080, ge=1, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    graceful_shutdown_seconds: int = Field(default=10, ge=1, le=3600)
    # Longer than the minute that proxies keep idle connections for: whoever closes first
    # should be the proxy, which then never sends a request into a connection that is closed.
    keep_alive_seconds: int = Field(default=75, ge=1, le=3600)

    # Each process's connections to the database.
    pool_min: int = Field(default=10, ge=1, le=1000)
    pool_max: int = Field(default=25, ge=1, le=1000)
    pool_timeout_seconds: float = Field(default=5.0, gt=0, le=300)

    # Rules and limits.
    booking_horizon_days: int = Field(default=365, ge=1, le=3650)
    body_limit_bytes: int = Field(default=65536, ge=1024, le=16 * 1024 * 1024)

    # Whether visits to the timeline are counted, by nobody in particular: see domain.visits.
    usage_counts: bool = True

    # How often what time alone brings about is looked for: see app.upkeep.
    upkeep_seconds: float = Field(default=5.0, gt=0, le=3600)

    # What a process knows without asking: see live.feed and docs/adr/0020.
    cache: bool = True
    feed_seconds: float = Field(default=0.05, gt=0, le=60)
    feed_hours: float = Field(default=24.0, gt=0, le=8760)

    # Streams, of each process: how long one lasts, how often it is heard of, and how many.
    stream_seconds: float = Field(default=3600.0, gt=0, le=86400)
    heartbeat_seconds: float = Field(default=15.0, gt=0, le=300)
    streams_per_user: int = Field(default=32, ge=1, le=100_000)
    streams_max: int = Field(default=5000, ge=1, le=100_000)

    # What is logged, and in which form: "auto" is for people on a terminal, JSON elsewhere.
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"


def load_settings(**given: Any) -> Settings:  # noqa: ANN401 - checked by Settings itself
    """Settings from the environment; what is given, and is not None, goes before it.

    :raises Failure: naming the variable, its value and what would be allowed.
    """
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise Failure(_sentence(error, given)) from None
    if settings.pool_min > settings.pool_max:
        message = (
            f"HOLDFAST_POOL_MIN ({settings.pool_min}) must not be greater than "
            f"HOLDFAST_POOL_MAX ({settings.pool_max})."
        )
        raise Failure(message)
    _check_database_url(settings.database_url)
    _check_redis_url(settings.redis_url)
    return settings


def _check_database_url(url: str | None) -> None:
    """A URL of another kind of database would fail later, and less clearly."""
    if url is not None and not url.startswith(("postgresql://", "postgres://")):
        scheme = url.split(":", 1)[0] if ":" in url else url[:20]
        message = f"DATABASE_URL must begin with postgresql://, not with {scheme!r}."
        raise Failure(message)


def _check_redis_url(url: str | None) -> None:
    """A mistake in it would look like a Redis that is away."""
    if url is None:
        return
    from live.shared import check_url  # noqa: PLC0415 - most commands do without

    try:
        check_url(url)
    except (ValueError, TypeError):
        # Why not is left out: it might quote a part of the password.
        message = (
            "REDIS_URL should be like redis://host:6379/0, rediss://:password@host:6379/0 or"
            " unix:///path, and cannot be read as one of them."
        )
        raise Failure(message) from None


def _sentence(error: ValidationError, given: dict[str, Any]) -> str:
    problems = [_problem(dict(problem), given) for problem in error.errors()]
    return "; ".join(problems) + "."


def _problem(problem: dict[str, Any], given: dict[str, Any]) -> str:
    field = str(problem["loc"][0])
    if field in {"DATABASE_URL", "REDIS_URL"}:
        name = field
    elif given.get(field) is not None:
        name = "--" + field.replace("_", "-")
    else:
        name = PREFIX + field.upper()
    what = PLAIN.get(problem["type"]) or str(problem["msg"]).removeprefix("Input should be ")
    return f"{name} is {str(problem['input'])!r} but should be {what}"
