"""Markdown of docs/ as pages of HTML, all in one frame.

What a page may load is said in its headers: styles, scripts and pictures of this service and
nothing else, none of them written into the page.
"""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PROBLEMS = DOCS / "problems"
PICTURES = DOCS / "pictures"

GUIDES = (
    *("quick-start", "recipes", "api", "versions", "contract-changes"),
    *("members", "staff-desk", "staff", "glossary"),
)
"""The guides of docs/ that are served, each at /docs/<its name>."""

HEADERS = {
    # The arrows of the reference are pictures inside its stylesheet: `data:`.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_FRAME = Path(__file__).with_name("assets") / "frame.html"

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def framed(title: str, body: str, *, kind: str, assets: Sequence[str] = ()) -> bytes:
    """A whole page.

    ``body`` is HTML, ``kind`` its class in the stylesheets, ``assets`` are files of app/assets
    that it needs besides.
    """
    head = "\n".join(map(_asset, ["page.css", *assets]))
    frame = _FRAME.read_text(encoding="utf-8")
    return frame.format(title=escape(title), head=head, kind=kind, body=body).encode()


def _asset(name: str) -> str:
    address = f"/docs/assets/{name}"
    if name.endswith(".css"):
        return f'<link rel="stylesheet" href="{address}">'
    return f'<script src="{address}" defer></script>'


def page_of(text: str, place: Path) -> bytes:
    """The page of a Markdown text that stands at ``place``, to which its links are relative.

    :raises LookupError: if one of its links leads to a file that is not served.
    """
    tokens = _markdown.parse(text)
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(tokens[index + 1].content))
        for inline in token.children or ():
            if inline.type == "link_open":
                inline.attrSet("href", served(str(inline.attrGet("href")), place))
            elif inline.type == "image":
                inline.attrSet("src", f"/docs/{inline.attrGet('src')}")
    body = _markdown.renderer.render(tokens, _markdown.options, {})
    return framed(_title(tokens), body, kind="text")


def _title(tokens: Sequence[Token]) -> str:
    return next(
        tokens[index + 1].content for index, token in enumerate(tokens) if token.tag == "h1"
    ).replace("`", "")


def anchor(heading: str) -> str:
    """What a link to a heading is made of, as where the files are read as they are."""
    plain = re.sub(r"[^\w\- ]", "", heading.lower())
    return plain.replace(" ", "-")


def served(link: str, place: Path) -> str:
    """Where a link of the file at ``place`` leads on the service.

    :raises LookupError: if the service does not show what it leads to.
    """
    if link.startswith(("http://", "https://", "/", "#")):
        return link
    target, _, fragment = link.partition("#")
    file = (place.parent / target).resolve()
    fragment = f"#{fragment}" if fragment else ""
    if file == ROOT / "spec" / "openapi.yaml":
        return f"/openapi.yaml{fragment}"
    if file.parent == PROBLEMS and file.suffix == ".md":
        return ("/problems" if file.stem == "README" else f"/problems/{file.stem}") + fragment
    if file.parent == DOCS and file.stem in GUIDES:
        return f"/docs/{file.stem}{fragment}"
    message = f"{link} in {place.relative_to(ROOT)}"
    raise LookupError(message)
