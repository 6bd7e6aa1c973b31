"""Requests held against the contract, in place of Connexion's own validators.

Connexion's are lenient where a contract must not be (``1_5`` and ``+30`` are
integers to it, the last of two equal parameters wins, formats go unchecked) and
slow where it counts: ours are compiled once per operation by jsonschema-rs, and
leave typed values behind, so that nothing is parsed twice. A query string that was
accepted is remembered with its values. docs/adr tells more.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import jsonschema_rs
import orjson
from connexion.middleware.request_validation import (
    RequestValidationAPI,
    RequestValidationMiddleware,
    RequestValidationOperation,
)
from connexion.operations import AbstractOperation
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from app.contract import Operation, json_schema, operations
from app.problems import FieldProblem, InvalidRequest, PayloadTooLarge, Place

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})", re.ASCII)
_MASK = "the value"
_MOST_FIELDS = 20
_NO_INSTANT = (
    "the value is no RFC 3339 date-time with an offset, such as 2026-11-25T03:00:00Z or"
    " 2026-11-25T04:00:00+01:00 (in a query, write %2B for +)"
)
_DRAINED_BYTES = 2**20
"""How much of an oversized body is read before refusing it: a client that is still
sending would see a reset connection instead of the 413."""

REMEMBERED_QUERIES = 4096
LONGEST_REMEMBERED = 512


class Checker:
    """The compiled schemas of one operation."""

    def __init__(self, operation: Operation) -> None:
        self._query_schemas = {
            item["name"]: json_schema(item["schema"])
            for item in operation.parameters
            if item["in"] == "query"
        }
        self._header_names = {
            item["name"].lower().encode(): item["name"].lower()
            for item in operation.parameters
            if item["in"] == "header"
        }
        self._places: dict[Place, _Form] = {
            place: _Form(_object_schema(operation, place)) for place in ("path", "query", "header")
        }
        self._body = None if operation.body is None else _Form(json_schema(operation.body))

    def path(self, values: Mapping[str, Any]) -> None:
        """Refuse, as InvalidRequest, an id that routing let pass and the contract does not."""
        self._places["path"].check("path", values)

    def query(self, raw: bytes) -> dict[str, Any]:
        """The typed query parameters; InvalidRequest for what the contract does not have."""
        try:
            pairs = parse_qsl(
                raw.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=100,
            )
        except ValueError as error:
            detail = "The query string is not UTF-8 in percent-encoding, or has over 100 parts."
            raise InvalidRequest(detail) from error
        values: dict[str, Any] = {}
        for name, text in pairs:
            if name in values:
                raise _twice(name[:100], "query")
            values[name] = _cast(text, self._query_schemas.get(name, {}))
        self._places["query"].check("query", values)
        return values

    def headers(self, raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
        """The declared headers, by their names in lower case."""
        values: dict[str, str] = {}
        for raw_name, raw_value in raw:  # whose names an ASGI server gives in lower case
            name = self._header_names.get(raw_name)
            if name is None:
                continue
            if name in values and name == "idempotency-key":
                raise _twice(name, "header")
            value = raw_value.decode("latin-1")
            values[name] = f"{values[name]}, {value}" if name in values else value
        self._places["header"].check("header", values)
        return values

    def body(self, raw: bytes) -> Any:  # noqa: ANN401 - JSON
        """The parsed body; InvalidRequest for what is not JSON or not what the contract asks."""
        if not raw:
            detail = "The body is empty, and this operation needs one: send a JSON object."
            raise InvalidRequest(detail)
        try:
            parsed = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            detail = f"The body is not JSON in UTF-8: {error.msg} at byte {error.pos}."
            raise InvalidRequest(detail) from error
        assert self._body is not None  # noqa: S101 - asked only of operations with a body
        self._body.check("body", parsed)
        return parsed

    def text(self, raw: bytes) -> str:
        """The body as text; InvalidRequest for what is not UTF-8 or not what the contract asks."""
        if not raw:
            detail = "The body is empty, and this operation needs one: send a file's text."
            raise InvalidRequest(detail)
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            detail = f"The body is not text in UTF-8: {error.reason} at byte {error.start}."
            raise InvalidRequest(detail) from error
        assert self._body is not None  # noqa: S101 - asked only of operations with a body
        self._body.check("body", text)
        return text


@cache
def checker(operation_id: str) -> Checker:
    """The checker of an operation."""
    return Checker(operations()[operation_id])


@lru_cache(REMEMBERED_QUERIES)
def remembered_query(operation_id: str, raw: bytes) -> Mapping[str, Any]:
    """What the query says, which depends on nothing else: it is asked again and again."""
    return checker(operation_id).query(raw)


class Validation(RequestValidationMiddleware):  # type: ignore[misc]  # Connexion is untyped
    """Connexion's validation, whose operations are ours."""

    class _Api(RequestValidationAPI):  # type: ignore[misc]  # Connexion is untyped
        def make_operation(self, operation: AbstractOperation) -> RequestValidationOperation:
            return _Validated(self.next_app, operation=operation, validator_map=self.validator_map)

    api_cls = _Api


class _Validated(RequestValidationOperation):  # type: ignore[misc]  # Connexion is untyped
    """An operation whose validators are made once.

    Connexion makes them for each request and picks one by the media type anew. Ours keep
    nothing of a request, and the edge has seen to it that the media type is the contract's.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as Connexion's
        super().__init__(*args, **kwargs)
        self._parameters = self._validator_map["parameter"]()
        media_type = operations()[self._operation.operation_id].media_type
        self._body = None if media_type is None else self._validator_map["body"][media_type]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the request validated, and passed on."""
        self._parameters.validate(scope)
        if self._body is not None:
            receive, scope = await self._body.wrap_receive(receive, scope=scope)
        await self.next_app(scope, receive, send)


class ParameterValidator:
    """Connexion's ``validator_map["parameter"]``: path, query and headers, strictly."""

    def validate(self, scope: Scope) -> None:
        """Leave the typed values in the scope for the dispatcher, who must not change them."""
        exchange = scope["extensions"]
        ours = exchange["holdfast"]
        if ours["media_problem"] is not None:
            raise ours["media_problem"]
        operation_id = exchange["connexion_routing"]["operation_id"]
        check = checker(operation_id)
        check.path(scope["path_params"])
        raw = scope["query_string"]
        if len(raw) > LONGEST_REMEMBERED:
            ours["params"] = check.query(raw)
        else:
            ours["params"] = remembered_query(operation_id, raw)
        ours["headers"] = check.headers(scope["headers"])


class BodyValidator:
    """Connexion's ``validator_map["body"]``: reads, bounds, parses and checks a JSON body."""

    limit = 65_536

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """Leave the parsed body in the scope for the dispatcher."""
        raw = await read_body(receive, self.limit)
        exchange = scope["extensions"]
        check = checker(exchange["connexion_routing"]["operation_id"])
        exchange["holdfast"]["body"] = self.parsed(check, raw)
        return _nothing_more, scope

    def parsed(self, check: Checker, raw: bytes) -> Any:  # noqa: ANN401 - JSON
        """What the bytes say, held against the contract."""
        return check.body(raw)


class TextValidator(BodyValidator):
    """Connexion's ``validator_map["body"]`` for text that is not JSON, such as CSV."""

    limit = 2**20

    def parsed(self, check: Checker, raw: bytes) -> str:
        """The text, of which the contract says how long it may be."""
        return check.text(raw)


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body, or PayloadTooLarge once it is longer than ``limit`` bytes."""
    chunks: list[bytes] = []
    size = 0
    more = True
    while more and size <= limit + _DRAINED_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect  # half a request is none (RFC 9112, 8)
        chunk = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
    if size > limit:
        detail = f"The body is longer than {limit} bytes, which is the most that is read."
        raise PayloadTooLarge(detail)
    return b"".join(chunks)


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _object_schema(operation: Operation, place: Place) -> dict[str, Any]:
    """All parameters of one place as the schema of one object."""
    found = [item for item in operation.parameters if item["in"] == place]
    names = {
        item["name"]: item["name"].lower() if place == "header" else item["name"] for item in found
    }
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {names[item["name"]]: json_schema(item["schema"]) for item in found},
        "additionalProperties": False,
    }
    required = [names[item["name"]] for item in found if item.get("required")]
    return {**schema, "required": required} if required else schema


def _cast(text: str, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - by the schema
    """The text as the type that the schema names; left as it is where it is none of it.

    The schema then refuses it.
    """
    match schema.get("type"):
        case "integer" if _INTEGER.fullmatch(text):
            return int(text)
        case "boolean" if text in {"true", "false"}:
            return text == "true"
        case "array":
            return [_cast(part, schema["items"]) for part in text.split(",")]
    return text


class _Form:
    """A schema, compiled, and what is told of a value that is not as it asks."""

    def __init__(self, schema: Any) -> None:  # noqa: ANN401 - JSON
        self._schema = schema
        self._validator = jsonschema_rs.Draft4Validator(schema, validate_formats=True, mask=_MASK)

    def check(self, place: Place, value: object) -> None:
        """Raise InvalidRequest with every violation, up to a bound."""
        if self._validator.is_valid(value):
            return
        found = (
            problem
            for error in self._validator.iter_errors(value)
            for problem in _fields(place, self._schema, error)
        )
        _refuse(place, list(islice(found, _MOST_FIELDS)))


def _refuse(place: Place, fields: Sequence[FieldProblem]) -> NoReturn:
    where = {"body": "The body", "query": "The query", "header": "A header", "path": "The path"}
    name = fields[0].pointer.removeprefix("/")
    more = f" (and {len(fields) - 1} more, see errors)" if len(fields) > 1 else ""
    what = f"{name}: {fields[0].detail}" if name else fields[0].detail
    detail = f"{where[place]} is not what the contract asks for: {what[:800]}{more}."
    raise InvalidRequest(detail, fields)


def _fields(
    place: Place,
    schema: Any,  # noqa: ANN401 - JSON
    error: jsonschema_rs.ValidationError,
) -> Iterator[FieldProblem]:
    """One violation as problems of fields: of the missing or unknown ones where it names some."""
    pointer = "".join(_token(part) for part in error.instance_path)
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            yield FieldProblem(place, pointer + _token(name), "is required and missing")
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=names):
            for name in names:
                yield FieldProblem(place, pointer + _token(name), "is not known here")
        case jsonschema_rs.ValidationErrorKind.Enum(options=options):
            named = ", ".join(map(str, options))
            yield FieldProblem(place, pointer, f"the value is none of {named}")
        case jsonschema_rs.ValidationErrorKind.Format(format="date-time"):
            yield FieldProblem(place, pointer, _NO_INSTANT)
        case jsonschema_rs.ValidationErrorKind.Pattern():
            yield FieldProblem(place, pointer, _own_words(schema, error) or error.message[:500])
        case jsonschema_rs.ValidationErrorKind.AnyOf(context=(meant, *_)):
            # Of what may be null, which comes second, and is not: see json_schema.
            for inner in meant:
                yield from _fields(place, schema, inner)
        case _:
            yield FieldProblem(place, pointer, error.message[:500])


def _own_words(schema: Any, error: jsonschema_rs.ValidationError) -> str | None:  # noqa: ANN401 - JSON
    """What the contract itself has told of a value that a pattern refuses, where few read it."""
    for part in error.schema_path[:-1]:
        schema = schema[part]
    words: str | None = schema.get("x-refusal")
    return words


def _token(part: str | int) -> str:
    """A reference token of a JSON Pointer (RFC 6901), bounded: names come from the client."""
    return "/" + str(part)[:100].replace("~", "~0").replace("/", "~1")


def _twice(name: str, place: Place) -> InvalidRequest:
    detail = f"{name} is given twice; give it once"
    return InvalidRequest(f"{detail}.", [FieldProblem(place, f"/{name}", detail)])
