"""ETag, If-None-Match and If-Match: reads that cost nothing, and changes that undo nobody's."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from .api import Api, Person, at, invalid, path_of, refused, unique

OTHER = '"0123456789abcdef01234567"'


@dataclass(frozen=True, slots=True)
class Resource:
    """A single resource: who reads it where, and something that changes it."""

    reader: Person
    path: str
    change: Callable[[], object]


@pytest.fixture(params=["booking", "facility", "user", "me"])
def resource(api: Api, request: pytest.FixtureRequest) -> Resource:
    """Each kind of resource that has an ETag."""
    ada = api.person()
    if request.param == "booking":
        path = path_of(ada.book(api.facility(), at(9), at(10)))
        return Resource(ada, path, lambda: ada.patch(path, {"title": unique("Title")}))
    if request.param == "facility":
        path = f"/api/v1/facilities/{api.facility()['id']}/"
        return Resource(ada, path, lambda: api.staff.patch(path, {"name": unique("Room")}))
    if request.param == "user":
        path = f"/api/v1/users/{ada.id}/"
        return Resource(api.staff, path, lambda: api.staff.delete(path))
    path = "/api/v1/me/"
    rename = "UPDATE users SET display_name = 'Ada' WHERE id = %s"
    return Resource(ada, path, lambda: api.sql(rename, ada.id))


@pytest.fixture(params=["booking", "facility"])
def changeable(api: Api, request: pytest.FixtureRequest) -> Resource:
    """Each kind of resource that can be changed under a condition; the reader may."""
    if request.param == "booking":
        ada = api.person()
        path = path_of(ada.book(api.facility(), at(9), at(10)))
        return Resource(ada, path, lambda: api.staff.patch(path, {"title": unique("Title")}))
    path = f"/api/v1/facilities/{api.facility()['id']}/"
    other = api.person(is_staff=True)
    return Resource(api.staff, path, lambda: other.patch(path, {"name": unique("Room")}))


def etag(resource: Resource) -> str:
    """The version as it stands."""
    tag: str = resource.reader.get(resource.path).headers["etag"]
    return tag


def description(number: int) -> dict[str, str]:
    """A change that bookings and facilities both take."""
    return {"description": f"Number {number}"}


def test_a_version_is_a_strong_tag_that_lasts_until_the_next_change(resource: Resource) -> None:
    first = etag(resource)
    assert first.startswith('"')
    assert first.endswith('"')
    assert first == etag(resource)
    resource.change()
    assert first != etag(resource)


@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", "*", "{other}, {tag}", '"a","b",W/{tag},"c"'])
def test_what_the_reader_has_is_not_sent_again(resource: Resource, form: str) -> None:
    tag = etag(resource)
    condition = form.format(tag=tag, other=OTHER)
    response = resource.reader.get(resource.path, headers={"If-None-Match": condition})
    assert (304, b"") == (response.status_code, response.content)
    assert tag == response.headers["etag"]
    assert "content-type" not in response.headers


@pytest.mark.parametrize("form", [OTHER, f"W/{OTHER}", f'{OTHER}, ""', "", "{bare}", "nonsense"])
def test_what_the_reader_does_not_have_is_sent(resource: Resource, form: str) -> None:
    tag = etag(resource)
    condition = form.format(bare=tag.strip('"'))
    response = resource.reader.get(resource.path, headers={"If-None-Match": condition})
    assert response.status_code == 200
    assert tag == response.headers["etag"]
    assert response.json() == resource.reader.get(resource.path).json()


def test_what_the_reader_has_is_sent_once_it_has_changed(resource: Resource) -> None:
    tag = etag(resource)
    resource.change()
    response = resource.reader.get(resource.path, headers={"If-None-Match": tag})
    assert response.status_code == 200
    assert tag != response.headers["etag"]


@pytest.mark.parametrize("form", ["{tag}", "*", "{other}, {tag}", '"a","b",{tag},"c"'])
def test_a_change_happens_where_the_condition_names_the_present_version(
    changeable: Resource, form: str
) -> None:
    condition = form.format(tag=etag(changeable), other=OTHER)
    reader, path = changeable.reader, changeable.path
    response = reader.patch(path, description(1), headers={"If-Match": condition})
    assert (200, "Number 1") == (response.status_code, response.json()["description"])
    condition = form.format(tag=response.headers["etag"], other=OTHER)
    assert reader.delete(path, headers={"If-Match": condition}).status_code == 204


@pytest.mark.parametrize("form", [OTHER, "W/{tag}", f'{OTHER}, W/{{tag}}, ""', "{bare}", "x", ""])
def test_nothing_happens_where_the_condition_names_another_version(
    changeable: Resource, form: str
) -> None:
    tag = etag(changeable)
    condition = form.format(tag=tag, bare=tag.strip('"'))
    reader, path = changeable.reader, changeable.path
    before = reader.get(path).json()
    for response in (
        reader.patch(path, description(1), headers={"If-Match": condition}),
        reader.delete(path, headers={"If-Match": condition}),
    ):
        refused(response, 412, "precondition_failed", says=[tag])
    assert before == reader.get(path).json()


def test_a_change_made_on_an_old_version_fails_and_on_the_new_one_succeeds(
    changeable: Resource,
) -> None:
    reader, path = changeable.reader, changeable.path
    old = etag(changeable)
    changeable.change()
    response = reader.patch(path, description(1), headers={"If-Match": old})
    refused(response, 412, "precondition_failed")
    again = reader.patch(path, description(1), headers={"If-Match": etag(changeable)})
    assert again.status_code == 200


def test_of_many_changes_to_one_version_at_once_one_happens(changeable: Resource) -> None:
    reader, path = changeable.reader, changeable.path
    for turn in range(4):
        condition = {"If-Match": etag(changeable)}
        with ThreadPoolExecutor(6) as threads:
            answers = [
                threads.submit(reader.patch, path, description(10 * turn + n), headers=condition)
                for n in range(6)
            ]
        statuses = sorted(answer.result().status_code for answer in answers)
        assert [200, 412, 412, 412, 412, 412] == statuses


def test_a_booking_shows_its_facility_and_so_is_another_version_when_that_is_renamed(
    api: Api,
) -> None:
    ada, facility = api.person(), api.facility()
    path = path_of(ada.book(facility, at(9), at(10)))
    old = ada.get(path).headers["etag"]
    api.staff.patch(f"/api/v1/facilities/{facility['id']}/", {"name": unique("Renamed")})
    assert ada.get(path, headers={"If-None-Match": old}).status_code == 200
    response = ada.delete(path, headers={"If-Match": old})
    refused(response, 412, "precondition_failed")


def test_a_condition_is_held_against_the_booking_before_the_rules_are(api: Api) -> None:
    ada = api.person()
    path = path_of(ada.book(api.facility(), at(9), at(10)))
    stale = {"If-Match": ada.get(path).headers["etag"]}
    ada.delete(path)
    refused(ada.patch(path, {"title": "x"}, headers=stale), 412, "precondition_failed")
    current = {"If-Match": ada.get(path).headers["etag"]}
    refused(ada.patch(path, {"title": "x"}, headers=current), 409, "booking_cancelled")


def test_what_is_cancelled_or_archived_already_is_answered_as_it_was_the_first_time(
    changeable: Resource,
) -> None:
    reader, path = changeable.reader, changeable.path
    condition = {"If-Match": etag(changeable)}
    assert reader.delete(path, headers=condition).status_code == 204
    after = etag(changeable)
    assert reader.delete(path, headers=condition).status_code == 204
    assert after == etag(changeable)


def test_any_version_of_what_does_not_exist_is_not_found(api: Api) -> None:
    for path in ("/api/v1/bookings/9007199254740991/", "/api/v1/facilities/2147483647/"):
        response = api.staff.delete(path, headers={"If-Match": "*"})
        refused(response, 404, "not_found")


def test_conditions_given_in_several_lines_are_one_list(changeable: Resource) -> None:
    reader, path, tag = changeable.reader, changeable.path, etag(changeable)
    headers = [("Authorization", f"Bearer {reader.token}"), ("If-Match", OTHER), ("If-Match", tag)]
    assert reader.http.delete(path, headers=headers).status_code == 204


def test_a_condition_has_an_end(changeable: Resource) -> None:
    reader, path = changeable.reader, changeable.path
    response = reader.delete(path, headers={"If-Match": ", ".join([OTHER] * 40)})
    invalid(response, ("header", "/if-match"))
