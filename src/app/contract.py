"""The published contract, read once: what the edge, the validators and the router need of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from domain.scopes import Scope

CONTRACT = Path(__file__).resolve().parents[2] / "spec" / "openapi.yaml"

JSON = "application/json"

METHODS = ("get", "put", "post", "delete", "patch")
_NO_TOKEN: list[dict[str, Any]] = [{}]
_SCOPES = "x-required-scopes"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: how it is reached, and its parameters and body as JSON Schemas.

    ``media_type`` is the one that a body must have, and None where there is no body. ``scopes``
    are those that a token must have, none where no token is asked for.
    """

    id: str
    tag: str
    method: str
    path: str
    parameters: tuple[Mapping[str, Any], ...]
    body: Mapping[str, Any] | None
    media_type: str | None
    scopes: frozenset[Scope]


@cache
def document() -> dict[str, Any]:
    """The whole contract. Callers must not change it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded = yaml.load(CONTRACT.read_bytes(), Loader=loader)  # noqa: S506 - both are safe loaders
    assert isinstance(loaded, dict)  # noqa: S101
    return loaded


@cache
def operations() -> dict[str, Operation]:
    """Every operation by its operationId."""
    found = {}
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                operation = _operation(path, method, item[method], item.get("parameters", []))
                found[operation.id] = operation
    return found


@cache
def _paths() -> tuple[tuple[re.Pattern[str], list[str]], ...]:
    """A pattern of each path, and the methods it has; HEAD wherever there is GET (RFC 9110)."""
    methods: dict[str, set[str]] = {}
    for operation in operations().values():
        names = {"GET", "HEAD"} if operation.method == "get" else {operation.method.upper()}
        methods.setdefault(operation.path, set()).update(names)
    return tuple((_pattern(path), sorted(names)) for path, names in methods.items())


@cache
def _other_bodies() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """The method, the path and the media type of each body that is not JSON."""
    return tuple(
        (operation.method.upper(), _pattern(operation.path), operation.media_type)
        for operation in operations().values()
        if operation.media_type is not None and operation.media_type != JSON
    )


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^/]+\\\}", "[^/]+", re.escape(path)))


def media_type_of(method: str, path: str) -> str:
    """The media type that a body must have there; JSON's where the contract has none."""
    return next(
        (
            media_type
            for its_method, pattern, media_type in _other_bodies()
            if its_method == method and pattern.fullmatch(path)
        ),
        JSON,
    )


def allowed_methods(path: str) -> list[str]:
    """The methods that the contract has for a concrete path."""
    return next((methods for pattern, methods in _paths() if pattern.fullmatch(path)), [])


def json_schema(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """An OpenAPI 3.0 schema as a JSON Schema of draft 4, references resolved in place.

    The two differ in ``nullable``; the rest of what the contract uses is the same.
    """
    if isinstance(schema, list):
        return [json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return json_schema(_resolve(schema["$ref"]))
    plain = {name: json_schema(value) for name, value in schema.items() if name != "nullable"}
    if schema.get("nullable"):
        return {"anyOf": [plain, {"type": "null"}]}
    return plain


def _operation(path: str, method: str, found: Mapping[str, Any], shared: list[Any]) -> Operation:
    parameters = [resolved(item) for item in [*shared, *found.get("parameters", [])]]
    media_type, body = _body(found)
    return Operation(
        id=found["operationId"],
        tag=found["tags"][0],
        method=method,
        path=path,
        parameters=tuple(parameters),
        body=body,
        media_type=media_type,
        scopes=_scopes(found),
    )


def _scopes(found: Mapping[str, Any]) -> frozenset[Scope]:
    """What a token must have: KeyError where the contract asks for one and does not say."""
    return frozenset() if found.get("security") == _NO_TOKEN else frozenset(found[_SCOPES])


def _body(found: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | tuple[None, None]:
    """The one media type of an operation's body and its schema."""
    if "requestBody" not in found:
        return None, None
    ((media_type, content),) = resolved(found["requestBody"])["content"].items()
    return media_type, content["schema"]


def resolved(item: dict[str, Any]) -> dict[str, Any]:
    """What a reference of the contract refers to; anything else as it is."""
    return _resolve(item["$ref"]) if "$ref" in item else item


def _resolve(reference: str) -> Any:  # noqa: ANN401 - JSON
    target: Any = document()
    for part in reference.removeprefix("#/").split("/"):
        target = target[part]
    return target
