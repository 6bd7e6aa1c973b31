"""Facilities and users from CSV over the API: all lines or none, and every bad line is told."""

import gzip
from typing import Any

import httpx
import pytest

from .api import Api, Json, Person, at, invalid, path_of, refused, unique

FACILITIES = "/api/v1/imports/facilities/"
USERS = "/api/v1/imports/users/"
EXPORTS = "/api/v1/exports/"
MOST_BYTES = 2**20

each_import = pytest.mark.parametrize("path", [FACILITIES, USERS])


def send(
    client: Any, path: str, text: str | bytes, *, dry_run: bool = False, **headers: str
) -> httpx.Response:
    """Import a file."""
    sent = {"Content-Type": "text/csv", **{k.replace("_", "-"): v for k, v in headers.items()}}
    content = text.encode() if isinstance(text, str) else text
    params = {"dry_run": "true"} if dry_run else {}
    response: httpx.Response = client.request(
        "POST", path, content=content, headers=sent, params=params
    )
    return response


def report(
    response: httpx.Response, created: int = 0, updated: int = 0, unchanged: int = 0
) -> None:
    """Hold the reply against what was to be done, without a line that is bad."""
    body = response.json()
    assert response.status_code == 200, body
    assert (created, updated, unchanged) == (body["created"], body["updated"], body["unchanged"])
    assert created + updated + unchanged == body["lines_read"]
    assert "lines" not in body


def bad_lines(response: httpx.Response) -> list[tuple[int, str | None]]:
    """The lines that a refused import is blamed on, with the columns."""
    problem = response.json()
    assert (response.status_code, problem["type"]) == (422, "import_refused"), problem
    return [(line["line"], line.get("column")) for line in problem["lines"]]


def facilities(api: Api, site: Json) -> list[Json]:
    """All of a site's active facilities."""
    found: list[Json] = api.staff.get("/api/v1/facilities/", params={"site_id": site["id"]}).json()
    return found


@pytest.fixture
def site(api: Api) -> Json:
    """A site of the test's own."""
    return api.site(time_zone="Europe/Lisbon")


@pytest.fixture
def warden(api: Api, site: Json) -> Person:
    """Staff of the site."""
    return api.person(site_ids=[site["id"]])


@pytest.fixture
def group(api: Api) -> str:
    """The name of a group of users."""
    name = unique("Lab; safety")
    api.sql("INSERT INTO user_groups (name) VALUES (%s)", name)
    return name


def test_facilities_are_created_changed_or_left(
    api: Api, site: Json, warden: Person, group: str
) -> None:
    name = site["name"]
    cell = group.replace(";", "\\;")
    text = (
        "site,name,facility_type,capacity,amenities,opening_hours,open_to,requires_approval,"
        "start_step_minutes,description\r\n"
        f"{name.upper()},Aula,room,120,stage projector stage,mon-fri 08:00-18:00,{cell},true,30,"
        "'=1+1\r\n"
        f"{name},  Lab ,lab,8,,,,false,15,\r\n"
    )

    report(send(warden, FACILITIES, text), created=2)

    aula, lab = facilities(api, site)
    assert ("Aula", "Lab") == (aula["name"], lab["name"])
    assert ("room", 120, "Europe/Lisbon") == (
        aula["facility_type"],
        aula["capacity"],
        aula["time_zone"],
    )
    assert ["projector", "stage"] == aula["amenities"]
    assert "=1+1" == aula["description"]
    assert [group] == [one["name"] for one in aula["open_to"]]
    assert (True, 30) == (
        aula["rules"]["requires_approval"],
        aula["rules"]["start_step_minutes"],
    )
    assert 5 == len(aula["opening_hours"])
    assert "opening_hours" not in lab

    report(send(warden, FACILITIES, text), unchanged=2)
    text = f"site,name,capacity,open_to,opening_hours\n{name},AULA,100,,never\n{name},Lab,8,,\n"
    report(send(warden, FACILITIES, text), updated=1, unchanged=1)

    aula, _ = facilities(api, site)
    assert ("AULA", 100, [], []) == (
        aula["name"],
        aula["capacity"],
        aula["open_to"],
        aula["opening_hours"],
    )
    assert "=1+1" == aula["description"]
    audited = api.sql(
        "SELECT action::text, changed_by FROM facility_audit WHERE facility_id = %s ORDER BY id",
        aula["id"],
    )
    assert [("created", warden.id), ("updated", warden.id)] == audited


def test_bookings_that_the_new_rules_would_not_take_are_counted_and_stand(
    api: Api, site: Json, warden: Person, group: str
) -> None:
    room, other, ada = api.facility(site), api.facility(site), api.person()
    kept = [ada.book(room, at(hour), at(hour + 1)) for hour in (8, 12)]
    kept.append(ada.book(other, at(12), at(14)))
    name = site["name"]
    lines = {
        "opening_hours": ("mon-sun 11:00-24:00", "", 1),
        "max_duration_minutes": ("480", "60", 1),
        "open_to": (group.replace(";", "\\;"), "", 2),
        "capacity": ("7", "7", 0),
    }
    for column, (one, two, count) in lines.items():
        text = f"site,name,{column}\n{name},{room['name']},{one}\n{name},{other['name']},{two}\n"

        tried = send(warden, FACILITIES, text, dry_run=True).json()
        done = send(warden, FACILITIES, text).json()

        assert (count, count) == (
            tried["bookings_outside_rules_count"],
            done["bookings_outside_rules_count"],
        ), column
        assert tried["updated"] == done["updated"] > 0
        before = f"site,name,{column}\n" + "".join(
            f"{name},{each['name']},{'480' if column == 'max_duration_minutes' else ''}\n"
            for each in (room, other)
        )
        if column != "capacity":
            assert 0 == send(warden, FACILITIES, before).json()["bookings_outside_rules_count"]
    for booking in kept:
        assert "confirmed" == ada.get(path_of(booking)).json()["status"]


def test_a_dry_run_reports_everything_and_does_nothing(
    api: Api, site: Json, warden: Person
) -> None:
    name = site["name"]
    text = (
        "site,name,facility_type,capacity\n"
        f"{name},Aula,room,120\n"
        f"{name},Lab,cellar,0\n"
        "Nowhere,Attic,room,3\n"
    )

    response = send(warden, FACILITIES, text, dry_run=True)

    assert response.status_code == 200
    body = response.json()
    lines = [(line["line"], line.get("column")) for line in body.pop("lines")]
    assert [(3, "facility_type"), (3, "capacity"), (4, "site")] == lines
    assert {
        "dry_run": True,
        "lines_read": 3,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "bookings_outside_rules_count": 0,
    } == body
    good = "".join(text.splitlines(keepends=True)[:2])
    report(send(warden, FACILITIES, good, dry_run=True), created=1)
    assert [] == facilities(api, site)


def test_one_bad_line_is_enough_for_nothing_to_be_done(
    api: Api, site: Json, warden: Person
) -> None:
    name = site["name"]
    rows = [
        f"{name},Aula,room,120,30,60,,0,",
        f"{name},aula,room,120,30,60,,0,",
        f"{name},Lab,,8,30,60,,0,",
        f"{name},Den,room,8,60,30,,0,",
        f"{name},Attic,room,8,30,60,Mars/Base,0,",
        f"{name},Cellar,room,8,30,60,,0,No such group",
        f"{name},Roof,room",
        f"{api.home['name']},Roof,room,8,30,60,,0,",
        f"{name},Hut,room,8,30,60,,525600,",
    ]
    text = (
        "site,name,facility_type,capacity,min_duration_minutes,max_duration_minutes,time_zone,"
        "min_notice_minutes,open_to\n" + "\n".join(rows)
    )

    lines = bad_lines(send(warden, FACILITIES, text))

    assert [
        (3, None),
        (4, "facility_type"),
        (5, None),
        (6, "time_zone"),
        (7, "open_to"),
        (8, None),
        (9, "site"),
        (10, None),
    ] == list(dict.fromkeys(lines))
    assert [] == facilities(api, site)


def test_a_new_facility_needs_its_type_and_capacity(site: Json, warden: Person) -> None:
    text = f"site,name\n{site['name']},Aula\n"

    expected: list[tuple[int, str | None]] = [(2, "facility_type"), (2, "capacity")]
    assert expected == bad_lines(send(warden, FACILITIES, text))


def test_users_are_created_changed_or_left(api: Api, site: Json, group: str) -> None:
    ada, bob = unique("ada"), unique("bob")
    cell = group.replace(";", "\\;")
    text = (
        "username,display_name,is_staff,groups,sites,status\r\n"
        f"{ada},Ada Lovelace,false,{cell},{site['name'].lower()},active\r\n"
        f"{bob},,true,,,deactivated\r\n"
    )

    report(send(api.staff, USERS, text), created=2)
    report(send(api.staff, USERS, text), unchanged=2)

    def found(name: str) -> Json:
        (user,) = api.staff.get("/api/v1/users/", params={"search": name}).json()
        return dict(user)

    user = found(ada)
    assert ("Ada Lovelace", False, True) == (
        user["display_name"],
        user["is_staff"],
        user["is_active"],
    )
    assert [site["id"]] == [one["id"] for one in user["sites"]]
    assert [group] == [one["name"] for one in user["groups"]]
    assert (True, False) == (found(bob)["is_staff"], found(bob)["is_active"])
    assert "display_name" not in found(bob)

    text = f"username,status,groups\n{bob.upper()},active,\n{ada},active,\n"
    report(send(api.staff, USERS, text), updated=2)

    assert (bob, True) == (found(bob)["username"], found(bob)["is_active"])
    assert [] == found(ada)["groups"]
    assert [site["id"]] == [one["id"] for one in found(ada)["sites"]]


def test_nobody_takes_their_own_rights_with_a_file(api: Api) -> None:
    me = api.person(is_staff=True)
    name = me.user["username"]

    for column, value in (("is_staff", "false"), ("status", "deactivated")):
        text = f"username,{column}\n{name},{value}\n"
        assert [(2, column)] == bad_lines(send(me, USERS, text))
    report(send(me, USERS, f"username,is_staff,status\n{name},true,active\n"), unchanged=1)


def test_users_of_unknown_groups_and_sites_are_told(api: Api) -> None:
    text = f"username,groups,sites\n{unique('ada')},Nobody; Nowhere,Atlantis\n{unique('b')},,\n"

    assert [(2, "groups"), (2, "groups"), (2, "sites")] == bad_lines(send(api.staff, USERS, text))


@pytest.mark.parametrize("table", ["facilities", "users"])
def test_an_export_is_an_import_that_changes_nothing(
    api: Api, site: Json, group: str, table: str
) -> None:
    api.facility(site, description='\'=\r\n"quoted", and more ', opening_hours=[])
    hours = [{"weekday": "sunday", "opens": "22:00", "closes": "02:00"}]
    api.facility(site, name=unique("=Formula"), opening_hours=hours, amenities=["a", "b"])
    api.archived(site)
    ada = api.person(display_name="@ada ")
    api.sql(
        "INSERT INTO user_group_members SELECT id, %s FROM user_groups WHERE name = %s",
        ada.id,
        group,
    )
    text = api.staff.get(f"{EXPORTS}{table}/").text

    response = send(api.staff, f"/api/v1/imports/{table}/", text)

    report(response, unchanged=response.json()["lines_read"])
    assert response.json()["lines_read"] >= 3


# Who may.


@each_import
def test_members_and_strangers_import_nothing(api: Api, path: str) -> None:
    refused(send(api.person(), path, "username\nx\n"), 403, "permission_denied")
    refused(send(api.anonymous, path, "username\nx\n"), 401, "authentication_required")


def test_staff_of_a_site_import_no_users(warden: Person) -> None:
    refused(send(warden, USERS, "username\nx\n"), 403, "permission_denied")


# What is read.


@each_import
@pytest.mark.parametrize(
    "text", ["colour\nred\n", "name,name\n", '"username\n', "\n", "username,site,name\nx\x00,,\n"]
)
def test_what_is_no_such_table_is_unreadable(api: Api, path: str, text: str) -> None:
    refused(send(api.staff, path, text), 422, "import_unreadable")
    refused(send(api.staff, path, text, dry_run=True), 422, "import_unreadable")


@pytest.mark.parametrize(
    "content_type",
    ["text/csv", "Text/CSV; charset=UTF-8", "text/csv;header=present;charset=utf-8"],
)
def test_csv_is_read_however_its_media_type_is_written(api: Api, content_type: str) -> None:
    text = f"\ufeffusername\n{unique('ada')}\n"

    report(send(api.staff, USERS, text, Content_Type=content_type), created=1)


@each_import
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "text/csv; charset=latin-1", "", "text/csv, text/csv"],
)
def test_what_is_not_csv_in_utf_8_is_not_read(api: Api, path: str, content_type: str) -> None:
    response = send(api.staff, path, "username\nx\n", Content_Type=content_type)

    refused(response, 415, "unsupported_media_type", says=["text/csv"])


def test_csv_is_no_json(api: Api) -> None:
    response = send(api.staff, "/api/v1/sites/", "name\nx\n")

    refused(response, 415, "unsupported_media_type", says=["application/json"])


@each_import
def test_a_compressed_file_is_not_read(api: Api, path: str) -> None:
    content = gzip.compress(b"username\nx\n")

    response = send(api.staff, path, content, Content_Encoding="gzip")

    refused(response, 415, "unsupported_media_type", says=["plain text"])


@each_import
def test_what_is_no_text_is_invalid(api: Api, path: str) -> None:
    invalid(send(api.staff, path, b"username\n\xff\n"))
    invalid(send(api.staff, path, b""))


def test_a_file_has_up_to_its_limit_of_bytes(api: Api) -> None:
    name = unique("ada")
    text = f"username,display_name\n{name},Ada\n"
    padded = text + "\n" * (MOST_BYTES - len(text))

    report(send(api.staff, USERS, padded, dry_run=True), created=1)
    refused(send(api.staff, USERS, padded + "\n", dry_run=True), 413, "payload_too_large")


def test_a_file_has_up_to_its_limit_of_lines(api: Api) -> None:
    names = "".join(f"{unique('many')}\n" for _ in range(5000))

    report(send(api.staff, USERS, f"username\n{names}"), created=5000)
    report(send(api.staff, USERS, f"username\n{names}"), unchanged=5000)
    response = send(api.staff, USERS, f"username\n{names}{unique('many')}\n")
    refused(response, 422, "import_unreadable", says=["5000"])


def test_every_bad_line_of_many_is_told(api: Api) -> None:
    names = "!\n" * 5000

    lines = bad_lines(send(api.staff, USERS, f"username\n{names}"))

    assert [(number, "username") for number in range(2, 5002)] == lines
