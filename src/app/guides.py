"""What there is to read on the service: guides, the problem types, the reference."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from app.contract import METHODS, document
from app.markup import DOCS, PROBLEMS, framed, page_of

REFERENCE_ASSETS = (
    *("swagger-ui/swagger-ui.css", "reference.css"),
    *("swagger-ui/swagger-ui-bundle.js", "reference.js"),
)


def guide(name: str) -> bytes:
    """The page of a guide, by its file's name in docs/ without the ending."""
    place = DOCS / f"{name}.md"
    return page_of(place.read_text(encoding="utf-8"), place)


def reference() -> bytes:
    """The page on which the contract can be read and tried out."""
    body = (
        '<div id="reference"><p>The reference is drawn by a script. Without scripts, read'
        ' <a href="/openapi.yaml">the contract</a> itself.</p></div>'
    )
    return framed("Reference", body, kind="reference", assets=REFERENCE_ASSETS)


@cache
def problem_types() -> Mapping[str, Mapping[str, Any]]:
    """An example of each problem type that the contract has, by the type."""
    examples: Mapping[str, Any] = document()["components"]["examples"]
    return {name: example["value"] for name, example in examples.items()}


def problems() -> bytes:
    """The page that lists every problem type."""
    place = PROBLEMS / "README.md"
    rows = [
        f"| {problem['status']} | [`{name}`](/problems/{name}) | {problem['title']} |"
        for name, problem in sorted(
            problem_types().items(), key=lambda item: (item[1]["status"], item[0])
        )
    ]
    table = "\n".join(["| status | `type` | `title` |", "|---|---|---|", *rows])
    return page_of(f"{place.read_text(encoding='utf-8')}\n{table}\n", place)


def problem(name: str) -> bytes:
    """The page of a problem type: what docs/problems says of it, and what the contract does."""
    place = PROBLEMS / f"{name}.md"
    example = json.dumps(problem_types()[name], indent=2, ensure_ascii=False)
    text = "\n".join(
        [
            place.read_text(encoding="utf-8"),
            *("## Example", "", "```json", example, "```", ""),
            *("## Operations that can answer so", "", *_answering(name)),
        ]
    )
    return page_of(text, place)


def _answering(name: str) -> list[str]:
    """The operations with such a reply, each a link to the reference, as a list of Markdown."""
    found = [
        f"- [`{operation['operationId']}`]({_place(operation)}): {operation['summary']}"
        for item in document()["paths"].values()
        for method, operation in item.items()
        if method in METHODS and name in _types_of(operation)
    ]
    return found or ["None by itself: what answers so is a path that has no such operation."]


def _place(operation: Mapping[str, Any]) -> str:
    """Where the reference shows an operation."""
    return f"/docs#/{operation['tags'][0]}/{operation['operationId']}"


def _types_of(operation: Mapping[str, Any]) -> set[str]:
    return {
        name
        for status, response in operation["responses"].items()
        if status >= "400"
        for content in response["content"].values()
        for name in content["examples"]
    }
