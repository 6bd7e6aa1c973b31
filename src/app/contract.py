"""The published contract, read once: what the edge, the validators and the router need of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CONTRACT = Path(__file__).resolve().parents[2] / "spec" / "openapi.yaml"

_METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: how it is reached, and its parameters and body as JSON Schemas."""

    id: str
    tag: str
    method: str
    path: str
    parameters: tuple[Mapping[str, Any], ...]
    body: Mapping[str, Any] | None


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
        for method in _METHODS:
            if method in item:
                operation = _operation(path, method, item[method], item.get("parameters", []))
                found[operation.id] = operation
    return found


@cache
def _paths() -> tuple[tuple[re.Pattern[str], list[str]], ...]:
    """A pattern of each path, and the methods it has; HEAD wherever there is GET (RFC 9110)."""
    methods: dict[str, set[str]] = {}
    for operation in operations().values():
        pattern = re.sub(r"\\\{[^/]+\\\}", "[^/]+", re.escape(operation.path))
        names = {"GET", "HEAD"} if operation.method == "get" else {operation.method.upper()}
        methods.setdefault(pattern, set()).update(names)
    return tuple((re.compile(pattern), sorted(names)) for pattern, names in methods.items())


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
    parameters = [_resolved(item) for item in [*shared, *found.get("parameters", [])]]
    body = found.get("requestBody")
    return Operation(
        id=found["operationId"],
        tag=found["tags"][0],
        method=method,
        path=path,
        parameters=tuple(parameters),
        body=None if body is None else _resolved(body)["content"]["application/json"]["schema"],
    )


def _resolved(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return _resolve(item["$ref"]) if "$ref" in item else item


def _resolve(reference: str) -> Any:  # noqa: ANN401 - JSON
    target: Any = document()
    for part in reference.removeprefix("#/").split("/"):
        target = target[part]
    return target
