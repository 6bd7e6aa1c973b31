"""Pages: every list in full, each row once, in order, whatever the cursor says."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import servers
from tests.client import document

from .api import (
    Api,
    Json,
    Person,
    at,
    invalid,
    listed,
    pages,
    refused,
    running_api,
    unique,
    wire,
)

ROWS = 7


@dataclass(frozen=True, slots=True)
class List:
    """A list: where it is, who reads it, and the ids of all of its rows in their order."""

    operation: str
    reader: Person
    path: str
    expected: list[int]
    params: Json = field(default_factory=dict)
    most: int = 200
    id_of: Callable[[Json], int] = lambda row: int(row["id"])


def ids(api: Api, query: str, *parameters: object) -> list[int]:
    """The ids that a query gives."""
    return [row[0] for row in api.sql(query, *parameters)]


@pytest.fixture(scope="module")
def api(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A service of these tests' own: some lists hold all there is, and are to fit a page."""
    log = tmp_path_factory.mktemp("paging") / "service.log"
    with servers.clone(server, template) as dsn, running_api(dsn, log) as api:
        yield api


def admin_bookings_list(api: Api) -> List:
    ada, site = api.person(), api.site()
    rooms = [api.facility(site) for _ in range(2)]
    # Pairs that start together, in an order that is neither that of time nor of rooms.
    made = [
        ada.book(rooms[number % 2], at(20 - number // 2), at(21 - number // 2))["id"]
        for number in range(ROWS)
    ]
    expected = ids(
        api, "SELECT id FROM bookings WHERE user_id = %s ORDER BY start_time, id", ada.id
    )
    assert set(made) == set(expected)
    return List(
        "admin_bookings_list", api.staff, "/api/v1/admin/bookings/", expected, {"user_id": ada.id}
    )


def my_bookings_list(api: Api) -> List:
    ada, site = api.person(), api.site()
    rooms = [api.facility(site) for _ in range(2)]
    for number in range(ROWS):
        ada.book(rooms[number % 2], at(20 - number // 2), at(21 - number // 2))
    expected = ids(
        api, "SELECT id FROM bookings WHERE user_id = %s ORDER BY start_time, id", ada.id
    )
    return List("my_bookings_list", ada, "/api/v1/me/bookings/", expected)


def bookings_history_list(api: Api) -> List:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10))
    for number in range(ROWS - 1):
        api.sql("UPDATE bookings SET title = %s WHERE id = %s", f"No. {number}", booking["id"])
    expected = ids(
        api, "SELECT id FROM booking_audit WHERE booking_id = %s ORDER BY id", booking["id"]
    )
    path = f"/api/v1/bookings/{booking['id']}/history/"
    return List("bookings_history_list", ada, path, expected)


def my_tokens_list(api: Api) -> List:
    ada = api.person()
    for _ in range(ROWS - 1):
        ada.post("/api/v1/me/tokens/", {"name": "Same name"})
    expected = ids(api, "SELECT id FROM user_tokens WHERE user_id = %s ORDER BY id", ada.id)
    return List("my_tokens_list", ada, "/api/v1/me/tokens/", expected)


def names() -> list[str]:
    """Names that sort otherwise than they are made, and otherwise than their bytes do."""
    word = unique("")
    return [f"{name}{word}" for name in ('z"\\', "Älpha", "alpha", "Beta", "bEta 2", "100%", "_")]


def facilities_at_a_site(api: Api) -> tuple[int, list[int]]:
    site = api.site()
    for name in names():
        api.facility(site, name=name)
    query = "SELECT id FROM facilities WHERE site_id = %s ORDER BY lower(name), id"
    return site["id"], ids(api, query, site["id"])


def facilities_list(api: Api) -> List:
    site_id, expected = facilities_at_a_site(api)
    return List(
        "facilities_list", api.person(), "/api/v1/facilities/", expected, {"site_id": site_id}
    )


def facilities_history_list(api: Api) -> List:
    room = api.facility()
    path = f"/api/v1/facilities/{room['id']}/"
    for number in range(ROWS - 1):
        assert api.staff.patch(path, {"capacity": 20 + number}).status_code == 200
    query = "SELECT id FROM facility_audit WHERE facility_id = %s ORDER BY id"
    return List(
        "facilities_history_list", api.staff, f"{path}history/", ids(api, query, room["id"])
    )


def availability_search(api: Api) -> List:
    site_id, expected = facilities_at_a_site(api)
    return List(
        "availability_search",
        api.person(),
        "/api/v1/availability/search",
        expected,
        {"site_id": site_id, "start_time": wire(at(9)), "end_time": wire(at(10))},
        most=100,
        id_of=lambda result: int(result["facility"]["id"]),
    )


def availability_timeline(api: Api) -> List:
    site_id, expected = facilities_at_a_site(api)
    return List(
        "availability_timeline",
        api.person(),
        "/api/v1/availability/timeline",
        expected,
        {"site_id": site_id, "start_time": wire(at(9)), "end_time": wire(at(10))},
        most=100,
        id_of=lambda result: int(result["facility"]["id"]),
    )


def sites_list(api: Api) -> List:
    for name in names():
        api.site(name=name)
    expected = ids(api, "SELECT id FROM sites ORDER BY lower(name), id")
    return List("sites_list", api.person(), "/api/v1/sites/", expected)


def users_list(api: Api) -> List:
    word = unique("team")
    for name in ("zoe", "Adam", "bob.x", "BOB", "0"):
        api.person(username=f"{name}.{word}")
    for name in ("eve", "Carl"):
        api.person(username=unique(name), display_name=f"{name} of {word}")
    expected = ids(
        api,
        """
        SELECT id FROM users WHERE username || ' ' || COALESCE(display_name, '') LIKE %s
        ORDER BY lower(username), id
        """,
        f"%{word}%",
    )
    return List("users_list", api.staff, "/api/v1/users/", expected, {"search": word})


def closures_list(api: Api) -> List:
    site = api.site()
    for number in range(ROWS):
        # Pairs that start together, in an order that is not that of time.
        times = {"start_time": wire(at(20 - number // 2)), "end_time": wire(at(22))}
        body = {"site_id": site["id"], **times, "reason": "New floor"}
        assert api.staff.post("/api/v1/closures/", body).status_code == 201
    expected = ids(
        api, "SELECT id FROM closures WHERE site_id = %s ORDER BY start_time, id", site["id"]
    )
    return List(
        "closures_list", api.person(), "/api/v1/closures/", expected, {"site_id": site["id"]}
    )


def user_groups_list(api: Api) -> List:
    for name in names():
        api.staff.post("/api/v1/user-groups/", {"name": name})
    expected = ids(api, "SELECT id FROM user_groups ORDER BY lower(name), id")
    return List("user_groups_list", api.staff, "/api/v1/user-groups/", expected)


def user_group_members_list(api: Api) -> List:
    group = api.staff.post("/api/v1/user-groups/", {"name": unique("Lab")}).json()
    path = f"/api/v1/user-groups/{group['id']}/members/"
    for name in ("zoe", "Adam", "bob.x", "BOB", "0", "eve", "Carl"):
        person = api.person(username=unique(name))
        api.staff.request("PUT", f"{path}{person.id}/")
    expected = ids(
        api,
        """
        SELECT u.id FROM user_group_members AS m JOIN users AS u ON u.id = m.user_id
         WHERE m.user_group_id = %s ORDER BY lower(u.username), u.id
        """,
        group["id"],
    )
    return List("user_group_members_list", api.staff, path, expected)


def facility_groups_list(api: Api) -> List:
    for name in names():
        api.staff.post("/api/v1/facility-groups/", {"name": name})
    expected = ids(api, "SELECT id FROM facility_groups ORDER BY lower(name), id")
    return List("facility_groups_list", api.staff, "/api/v1/facility-groups/", expected)


def quotas_list(api: Api) -> List:
    site = api.site()
    local = api.person(site_ids=[site["id"]])
    for _ in range(ROWS):
        body = {"facility_id": api.facility(site)["id"], "max_active_bookings": 1}
        assert local.post("/api/v1/quotas/", body).status_code == 201
    expected = ids(
        api,
        "SELECT q.id FROM quotas AS q JOIN facilities AS f ON f.id = q.facility_id"
        " WHERE f.site_id = %s ORDER BY q.id",
        site["id"],
    )
    return List("quotas_list", local, "/api/v1/quotas/", expected)


def audit_log_list(api: Api) -> List:
    boss = api.person(is_staff=True)
    for _ in range(ROWS):
        boss.post("/api/v1/user-groups/", {"name": unique("Lab")})
    expected = ids(api, "SELECT id FROM audit_log WHERE changed_by = %s ORDER BY id", boss.id)
    return List("audit_log_list", boss, "/api/v1/audit-log/", expected, {"changed_by": boss.id})


LISTS = [
    admin_bookings_list,
    audit_log_list,
    availability_search,
    availability_timeline,
    bookings_history_list,
    closures_list,
    facilities_history_list,
    facilities_list,
    facility_groups_list,
    my_bookings_list,
    my_tokens_list,
    quotas_list,
    sites_list,
    user_group_members_list,
    user_groups_list,
    users_list,
]


@pytest.fixture(scope="module", params=LISTS, ids=lambda make: make.__name__)
def rows(api: Api, request: pytest.FixtureRequest) -> List:
    """Each list, with some rows in it."""
    made: List = request.param(api)
    return made


def test_every_operation_with_a_cursor_is_among_these_lists() -> None:
    with_cursor = {
        operation["operationId"]
        for item in document()["paths"].values()
        for operation in item.values()
        if "CursorParameter" in str(operation["parameters"])
    }
    assert with_cursor == {make.__name__ for make in LISTS}


def test_the_links_lead_to_every_row_once_in_order(rows: List) -> None:
    assert len(rows.expected) >= ROWS
    for limit in (max(2, len(rows.expected) // 3), max(3, len(rows.expected) // 2)):
        seen = list(pages(rows.reader, rows.path, **rows.params, limit=limit))
        assert rows.expected == [rows.id_of(row) for page in seen for row in page.json()]
        assert all(len(page.json()) == limit for page in seen[:-1])
        assert 0 < len(seen[-1].json()) <= limit
        assert len(seen) == -(-len(rows.expected) // limit)


def test_a_list_that_fits_a_page_has_no_next(rows: List) -> None:
    fitting = len(rows.expected)
    whole = rows.reader.get(rows.path, params={**rows.params, "limit": fitting})
    assert "link" not in whole.headers
    assert rows.expected == [rows.id_of(row) for row in whole.json()]
    but_one = rows.reader.get(rows.path, params={**rows.params, "limit": fitting - 1})
    assert "link" in but_one.headers
    last = rows.reader.get(but_one.links["next"]["url"])
    assert rows.expected[-1:] == [rows.id_of(row) for row in last.json()]


def test_a_link_is_the_same_request_with_another_cursor(rows: List) -> None:
    first = rows.reader.get(rows.path, params={**rows.params, "limit": 2})
    link = urlsplit(first.links["next"]["url"])
    assert (("", "", rows.path)) == (link.scheme, link.netloc, link.path)
    query = {name: values for name, values in parse_qs(link.query).items() if name != "cursor"}
    assert {**{name: [str(value)] for name, value in rows.params.items()}, "limit": ["2"]} == query
    assert first.headers["link"].endswith('; rel="next"')


def test_a_page_has_from_one_row_to_its_limit(rows: List) -> None:
    for limit in ("0", "-1", str(rows.most + 1), "all", "1.0", "1e1", "", "2147483648", "9" * 30):
        response = rows.reader.get(rows.path, params={**rows.params, "limit": limit})
        invalid(response, ("query", "/limit"))
    one = rows.reader.get(rows.path, params={**rows.params, "limit": 1})
    assert rows.expected[:1] == [rows.id_of(row) for row in one.json()]
    most = rows.reader.get(rows.path, params={**rows.params, "limit": rows.most})
    assert rows.expected[: rows.most] == [rows.id_of(row) for row in most.json()]


def test_a_page_has_50_rows_where_nothing_is_said(api: Api) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10))
    for number in range(50):
        api.sql("UPDATE bookings SET title = %s WHERE id = %s", str(number), booking["id"])
    sizes = [len(page.json()) for page in pages(ada, f"/api/v1/bookings/{booking['id']}/history/")]
    assert sizes == [50, 1]


def test_what_is_added_or_removed_meanwhile_neither_repeats_nor_hides_other_rows(api: Api) -> None:
    site, ada = api.site(), api.person()
    made = {name: api.facility(site, name=name) for name in ("B", "C", "D", "E")}
    response = ada.get("/api/v1/facilities/", params={"site_id": site["id"], "limit": 2})
    assert ["B", "C"] == [row["name"] for row in response.json()]
    api.facility(site, name="A")
    api.facility(site, name="F")
    api.staff.delete(f"/api/v1/facilities/{made['C']['id']}/")
    api.staff.delete(f"/api/v1/facilities/{made['D']['id']}/")
    rest = ada.get(response.links["next"]["url"])
    assert ["E", "F"] == [row["name"] for row in rest.json()]


@pytest.mark.parametrize("search", ["😀" * 100, ('ä&=%#+😀;"<>, ?/' * 7)[:100].strip()])
def test_a_link_keeps_whatever_a_filter_says(api: Api, search: str) -> None:
    """Everything that needs escaping, and as much of it as the contract allows."""
    site = api.site()
    amenities = [f"amenity_{number:02}_{'x' * 39}" for number in range(50)]
    for number in range(3):
        api.facility(
            site,
            name=f"{'😀' * 99}{number}",
            description=search,
            facility_type="vehicle",
            capacity=100_000,
            amenities=amenities,
        )
    filters = {
        "site_id": site["id"],
        "search": search,
        "amenities": ",".join(amenities),
        "facility_type": "vehicle",
        "min_capacity": 100_000,
        "limit": 1,
    }
    window = {"start_time": wire(at(9)), "end_time": wire(at(10))}
    assert len(listed(api.staff, "/api/v1/facilities/", **filters, status="active")) == 3
    assert len(listed(api.staff, "/api/v1/availability/search", **filters, **window)) == 3


def encoded(held: bytes) -> str:
    """What a cursor with this in it would look like."""
    return urlsafe_b64encode(held).rstrip(b"=").decode()


NONSENSE = [
    b"null",
    b"0",
    b"true",
    b'"text"',
    b"{}",
    b"[]",
    b"[null]",
    b"[0]",
    b"[-1]",
    b"[true]",
    b"[1.5]",
    b"[1e3]",
    b"[9223372036854775807]",
    b"[9223372036854775808]",
    b'["1"]',
    b"[[1]]",
    b"[1,1]",
    b'["a"]',
    b'["a",0]',
    b'["a",true]',
    b'["a",null]',
    b'["a","b"]',
    b'["a",2147483648]',
    b'["a",1,1]',
    b'["\\u0000",1]',
    b'["\\ud800",1]',
    b"[null,1]",
    b'["2027-01-01T00:00:00Z",0]',
    b'["2027-01-01T00:00:00Z",true]',
    b'["2027-01-01T00:00:00Z",9007199254740992]',
    b"[NaN,1]",
    b"[1",
    b"\xff\xfe",
]


def test_a_cursor_that_no_page_ever_carried_is_refused(rows: List) -> None:
    operation = f'["{rows.operation}"'.encode()
    own = [operation + b"," + held[1:] for held in NONSENSE if held.startswith(b"[")]
    foreign = [held for held in NONSENSE if not held.startswith(b"[")]
    for held in (*own, *foreign, operation + b"]", b"[1]", b'["a",1]'):
        response = rows.reader.get(rows.path, params={**rows.params, "cursor": encoded(held)})
        says = ["Link header"]
        refused(response, 422, "invalid_cursor", "/cursor", place="query", says=says)


def test_a_cursor_of_other_characters_is_invalid(rows: List) -> None:
    for cursor in ("", "a b", "=", "é", "a" * 801, "a+b", "a/b", "\x00"):
        response = rows.reader.get(rows.path, params={**rows.params, "cursor": cursor})
        invalid(response, ("query", "/cursor"))


def test_no_cursor_whatever_breaks_a_list(rows: List) -> None:
    random = Random(1)  # noqa: S311 - repeatable, not secret
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    real = rows.reader.get(rows.path, params={**rows.params, "limit": 1}).links["next"]["url"]
    own = parse_qs(urlsplit(real).query)["cursor"][0]
    cursors = ["".join(random.choices(letters, k=random.randint(1, 60))) for _ in range(5)]
    for _ in range(12):
        spot = random.randrange(len(own))
        cursors.append(own[:spot] + random.choice(letters) + own[spot + random.randint(0, 1) :])
    for cursor in cursors:
        response = rows.reader.get(rows.path, params={**rows.params, "cursor": cursor})
        assert response.status_code in {200, 422}, (cursor, response.text)


@pytest.fixture(scope="module")
def cursors(api: Api) -> dict[str, str]:
    """A cursor of each list."""
    found = {}
    for make in LISTS:
        rows = make(api)
        first = rows.reader.get(rows.path, params={**rows.params, "limit": 1})
        query = parse_qs(urlsplit(first.links["next"]["url"]).query)
        (found[rows.operation],) = query["cursor"]
    return found


def test_the_cursor_of_another_list_is_refused(rows: List, cursors: dict[str, str]) -> None:
    for operation, cursor in cursors.items():
        response = rows.reader.get(rows.path, params={**rows.params, "cursor": cursor})
        if operation == rows.operation:
            assert response.status_code == 200
        else:
            refused(response, 422, "invalid_cursor", "/cursor", place="query")
