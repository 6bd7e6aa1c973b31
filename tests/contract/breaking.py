"""What would break a client, from one contract to the next: a sentence for each such change.

docs/versions.md promises what is judged here, docs/adr/0030 says why it is judged by ourselves;
``released`` finds the two contracts.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, TypeAlias

Json: TypeAlias = Mapping[str, Any]

METHODS = ("get", "put", "post", "delete", "patch")
UPPER = ("maximum", "maxLength", "maxItems", "maxProperties")
LOWER = ("minimum", "minLength", "minItems", "minProperties")
EXACT = ("pattern", "multipleOf", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum", "not")
"""Keywords of what is accepted. What replies hold is promised in its type alone."""

OPEN = {"ProblemType"}
"""Enumerations that may grow in replies: docs/versions.md says what clients do about it."""

MOST_NAMED = 3


class Way(Enum):
    """Which way a value goes."""

    SENT = "by clients"
    GIVEN = "by the service"


def breaks(before: Json, after: Json, today: date) -> list[str]:
    """A sentence for each change that could break a client of the first contract.

    Where the same holds for several operations, they share one.
    """
    old, new = _operations(before), _operations(after)
    found: dict[str, list[str]] = {}
    for key, operation in old.items():
        for text in _Comparison(before, after).operation(operation, new.get(key), today):
            found.setdefault(text, []).append(operation["operationId"])
    return [f"{_listed(dict.fromkeys(names))}: {text}." for text, names in found.items()]


def bare(document: Json) -> Json:
    """The contract without words: descriptions, examples, links, and how it is laid out."""
    return {
        "security": document.get("security"),
        "servers": [each["url"] for each in document.get("servers", [])],
        "paths": {
            f"{method} {path}": _wordless(document, operation)
            for (method, path), operation in _operations(document).items()
        },
    }


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Two contracts, in which references are looked up."""

    before: Json
    after: Json

    def operation(self, old: Json, new: Json | None, today: date) -> Iterator[str]:
        if new is None:
            if not _may_be_gone(old, today):
                yield "it is gone, and has no x-sunset that has passed"
            return
        if old["operationId"] != new["operationId"]:
            yield f"its operationId is now {new['operationId']}, which renames it in every client"
        for url in sorted(_servers(self.before, old) - _servers(self.after, new)):
            yield f"it is no longer at {url}"
        yield from self._callers(old, new)
        yield from self._parameters(old, new)
        yield from self._body(old, new)
        yield from self._replies(old, new)
        yield from self._problems(old, new)

    def _callers(self, old: Json, new: Json) -> Iterator[str]:
        was, now = (
            {frozenset(way) for way in each.get("security", document.get("security", []))}
            for each, document in ((old, self.before), (new, self.after))
        )
        if not was and now:
            yield "it now demands a token"
        elif now and not was <= now:
            ways = sorted(" and ".join(sorted(way)) for way in was - now)
            told = [f"with {way}" if way else "without a token" for way in ways]
            yield f"it can no longer be called {_either(told)}"
        scopes, more = (set(each.get("x-required-scopes", [])) for each in (old, new))
        if _has_scopes(self.before) and more - scopes:
            yield f"it now demands a token with the scope {', '.join(sorted(more - scopes))}"

    def _parameters(self, old: Json, new: Json) -> Iterator[str]:
        was = _by_place(self._old(each) for each in old.get("parameters", []))
        now = _by_place(self._new(each) for each in new.get("parameters", []))
        for key, parameter in now.items():
            demanded = was.get(key, {}).get("required", False)
            if parameter.get("required") and not demanded:
                yield f"it now demands the {key[0]} parameter `{key[1]}`"
        for key, parameter in was.items():
            name = f"the {key[0]} parameter `{key[1]}`"
            if key not in now:
                yield f"it no longer takes {name}"
                continue
            for how in ("style", "explode"):
                if parameter.get(how) != now[key].get(how):
                    yield f"{name} is now written otherwise ({how})"
            yield from self._schema(parameter["schema"], now[key]["schema"], Way.SENT, name)

    def _body(self, old: Json, new: Json) -> Iterator[str]:
        was, now = self._old(old.get("requestBody", {})), self._new(new.get("requestBody", {}))
        if now.get("required") and not was.get("required"):
            yield "it now demands a body"
        contents = now.get("content", {})
        for kind, content in was.get("content", {}).items():
            if kind not in contents:
                yield f"it no longer takes a body of {kind}"
            else:
                schemas = content["schema"], contents[kind]["schema"]
                yield from self._schema(*schemas, Way.SENT, "the body")

    def _problems(self, old: Json, new: Json) -> Iterator[str]:
        """Problem types, which the examples of a reply name; another may come to a status."""
        was, now = _types(self.before, old), _types(self.after, new)
        for name in was:
            if name not in now:
                yield f"it no longer has the problem type {name}"
            elif was[name] != now[name]:
                told = [" and ".join(each[name]) for each in (was, now)]
                yield f"the problem type {name} had the status {told[0]} and has {told[1]}"

    def _replies(self, old: Json, new: Json) -> Iterator[str]:
        for status in new["responses"]:
            if _is_success(status) and status not in old["responses"]:
                yield f"it can now answer with {status}"
        for status, reply in old["responses"].items():
            name = f"the reply {status}"
            if status not in new["responses"]:
                yield f"it no longer has {name}"
                continue
            was, now = self._old(reply), self._new(new["responses"][status])
            yield from self._headers(was.get("headers", {}), now.get("headers", {}), name)
            for kind, content in was.get("content", {}).items():
                if kind not in now.get("content", {}):
                    yield f"{name} is no longer {kind}"
                    continue
                becomes = now["content"][kind]
                yield from self._schema(content["schema"], becomes["schema"], Way.GIVEN, name)
                yield from self._events(content, becomes)

    def _headers(self, old: Json, new: Json, name: str) -> Iterator[str]:
        for header in old:
            if header not in new:
                yield f"{name} no longer has the header {header}"
                continue
            was, now = self._old(old[header]), self._new(new[header])
            if was.get("required") and not now.get("required"):
                yield f"{name} may now lack the header {header}"
            where = f"the header {header} of {name}"
            yield from self._schema(was["schema"], now["schema"], Way.GIVEN, where)

    def _events(self, old: Json, new: Json) -> Iterator[str]:
        events = new.get("x-events", {})
        for event, schema in old.get("x-events", {}).items():
            if event not in events:
                yield f"the stream no longer has the event {event}"
            else:
                yield from self._schema(schema, events[event], Way.GIVEN, f"the event {event}")

    def _schema(self, old: Json, new: Json, way: Way, where: str) -> Iterator[str]:
        for referring in (old, *old.get("allOf", [])[:1]):
            if "$ref" in referring:  # What many operations have in common is said once.
                where = f"{_name(referring)} {'in requests' if way is Way.SENT else 'in replies'}"
        was, now = _merged(self.before, old), _merged(self.after, new)
        if _retyped(was, now, way):
            yield f"{where} was {_told(was)} and is {_told(now)}"
            return
        if not (way is Way.GIVEN and _is_open(self.before, old)):
            yield from _values(was, now, way, where)
        yield from self._members(was, now, way, where)
        if "items" in was and "items" in now:
            yield from self._schema(was["items"], now["items"], way, f"an item of {where}")
        yield from self._options(was, now, way, where)

    def _members(self, was: Json, now: Json, way: Way, where: str) -> Iterator[str]:
        old, new = was.get("properties", {}), now.get("properties", {})
        demanded, demands = (set(each.get("required", [])) for each in (was, now))
        if way is Way.SENT:
            for name in sorted(demands - demanded):
                yield f"{where} now demands `{name}`"
            if now.get("additionalProperties") is False != was.get("additionalProperties"):
                yield f"{where} no longer takes members that are not listed"
        else:
            for name in sorted((demanded - demands) & new.keys()):
                yield f"{where} may now lack `{name}`"
        for name, schema in old.items():
            if name not in new:
                yield f"{where} no longer {'takes' if way is Way.SENT else 'has'} `{name}`"
            else:
                yield from self._schema(schema, new[name], way, f"`{name}` of {where}")

    def _options(self, was: Json, now: Json, way: Way, where: str) -> Iterator[str]:
        """Alternatives, by the names of their schemas. Errors may have more of them."""
        for keyword in ("anyOf", "oneOf"):
            old, new = (
                {_name(each): each for each in schema.get(keyword, [])} for schema in (was, now)
            )
            gone, come = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
            if gone and (way is Way.SENT or not new):
                yield f"{where} can no longer be {', '.join(gone)}"
            if come and (not old or (way is Way.GIVEN and not _tells_error(where))):
                yield f"{where} can now be {', '.join(come)}"
            for name in old.keys() & new.keys():
                yield from self._schema(old[name], new[name], way, where)

    def _old(self, node: Json) -> Json:
        return _followed(self.before, node)

    def _new(self, node: Json) -> Json:
        return _followed(self.after, node)


def _retyped(was: Json, now: Json, way: Way) -> bool:
    """Whether a value is of another type: one that clients do not send, or do not expect."""
    old, new = _kind(was), _kind(now)
    if old == new:
        return False
    wider, narrower = (now, was) if way is Way.SENT else (was, now)
    widened = (wider.get("type"), narrower.get("type")) == ("number", "integer")
    return bool(_kind(wider)) and not widened


def _kind(schema: Json) -> list[str]:
    return [str(schema[keyword]) for keyword in ("type", "format") if keyword in schema]


def _told(schema: Json) -> str:
    several = "one of several" if {"anyOf", "oneOf"} & schema.keys() else "anything"
    return " ".join(_kind(schema)) or several


def _values(was: Json, now: Json, way: Way, where: str) -> Iterator[str]:
    """What a value may be, beside its type."""
    old, new = was.get("enum"), now.get("enum")
    if way is Way.SENT:
        if new is not None and (old is None or set(old) - set(new)):
            gone = [value for value in old or ["any other value"] if value not in new]
            yield f"{where} can no longer be {_either(gone)}"
        if was.get("nullable") and not now.get("nullable"):
            yield f"{where} can no longer be null"
        if now.get("readOnly") and not was.get("readOnly"):
            yield f"{where} is now for the service alone to write"
        yield from _bounds(was, now, where)
    else:
        if old is not None and (new is None or set(new) - set(old)):
            come = [value for value in new or ["any other value"] if value not in old]
            yield f"{where} can now be {_either(come)}"
        if now.get("nullable") and not was.get("nullable"):
            yield f"{where} can now be null"


def _bounds(was: Json, now: Json, where: str) -> Iterator[str]:
    """What is accepted of a type. Wider is as good as before."""
    for keyword in (*UPPER, *LOWER, *EXACT, "default"):
        old, new = was.get(keyword), now.get(keyword)
        if _is_tighter(keyword, old, new):
            told = ["absent" if each is None else each for each in (old, new)]
            yield f"the {keyword} of {where} was {told[0]} and is {told[1]}"


def _is_tighter(keyword: str, old: Any, new: Any) -> bool:
    if keyword == "default":
        return old is not None and bool(old != new)
    if new is None or new is False:
        return False
    if keyword == "pattern" and old is not None and _has_alternatives(new, old):
        return False
    if old is not None and keyword in UPPER:
        return bool(new < old)
    if old is not None and keyword in LOWER:
        return bool(new > old)
    return bool(old != new)


def _has_alternatives(new: str, old: str) -> bool:
    """Whether a pattern accepts what another does, whose text is its first alternative."""
    first = f"^({old[1:-1]}|"
    if not (old.startswith("^") and old.endswith("$") and new.startswith(first)):
        return False
    try:
        re.compile(new.removeprefix(first).removesuffix(")$"))
    except re.error:  # the parenthesis at the end is not that of the beginning
        return False
    return new.endswith(")$")


def _tells_error(where: str) -> bool:
    return re.search(r"\bthe reply [45]\d\d$", where) is not None


def _is_open(document: Json, schema: Json) -> bool:
    """Whether clients know that there may come more values than it lists."""
    names = [_name(each) for each in (schema, *schema.get("allOf", [])) if "$ref" in each]
    return not OPEN.isdisjoint(names) or any(
        _is_open(document, _followed(document, each)) for each in schema.get("allOf", [])
    )


def _operations(document: Json) -> dict[tuple[str, str], Json]:
    """By method and path, whatever the parameters in it are called.

    What a path item says of all its operations is said by each.
    """
    return {
        (method, _shape(path)): _whole(item, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    }


def _whole(item: Json, operation: Json) -> Json:
    shared = {key: item[key] for key in ("servers", "parameters") if key in item}
    parameters = [*shared.get("parameters", []), *operation.get("parameters", [])]
    return {**shared, **operation, "parameters": parameters}


def _servers(document: Json, operation: Json) -> set[str]:
    """Where an operation is. Without a word of it, it is where the contract came from."""
    servers = operation.get("servers") or document.get("servers") or [{"url": "/"}]
    return {str(each["url"]) for each in servers}


def _has_scopes(document: Json) -> bool:
    """Whether tokens had scopes already. They came once, to contracts that had none."""
    return any("x-required-scopes" in each for each in _operations(document).values())


def _is_success(status: str) -> bool:
    """Whether a client gets it without having asked for it, as it has to ask for 304."""
    return status < "400" and status != "304"


def _types(document: Json, operation: Json) -> dict[str, list[str]]:
    """The statuses of each problem type that an operation has."""
    found: dict[str, list[str]] = {}
    for status, reply in sorted(operation["responses"].items()):
        for content in _followed(document, reply).get("content", {}).values():
            for example in content.get("examples", {}).values():
                value = _followed(document, example).get("value")
                if not _is_success(status) and isinstance(value, dict) and "type" in value:
                    found.setdefault(value["type"], []).append(status)
    return found


def _shape(path: str) -> str:
    return "/".join("{}" if step.startswith("{") else step for step in path.split("/"))


def _may_be_gone(operation: Json, today: date) -> bool:
    sunset = operation.get("x-sunset")
    return bool(sunset) and date.fromisoformat(str(sunset)) <= today


def _by_place(parameters: Iterator[Json]) -> dict[tuple[str, str], Json]:
    return {(each["in"], each["name"]): each for each in parameters}


def _followed(document: Json, node: Json) -> Json:
    """What a reference refers to."""
    while "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _merged(document: Json, schema: Json) -> Json:
    """A schema with what it is composed of."""
    found = dict(_followed(document, schema))
    parts = [_merged(document, part) for part in found.pop("allOf", [])]
    for part in [*reversed(parts)]:
        properties = {**part.get("properties", {}), **found.get("properties", {})}
        required = [*part.get("required", []), *found.get("required", [])]
        found = {**part, **found, "properties": properties, "required": required}
    return found


def _name(schema: Json) -> str:
    return str(schema.get("$ref", schema)).rpartition("/")[2]


def _either(values: Sequence[object]) -> str:
    return " or ".join(map(str, values))


def _listed(names: Mapping[str, None]) -> str:
    few, more = list(names)[:MOST_NAMED], len(names) - MOST_NAMED
    return ", ".join(few) + (f" and {more} more" if more > 0 else "")


_WORDS = {"description", "summary", "example", "examples", "links", "tags", "title", "deprecated"}
_KEPT = {"x-events", "x-required-scopes"}


def _wordless(document: Json, node: Any) -> Any:
    """What a node says, its references followed."""
    if isinstance(node, list):
        return [_wordless(document, each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        name: {key: _wordless(document, value) for key, value in each.items()}
        if name == "properties"
        else _wordless(document, each)
        for name, each in _followed(document, node).items()
        if name in _KEPT or not (name in _WORDS or name.startswith("x-"))
    }
