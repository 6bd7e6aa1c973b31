"""The audit log through the API: what it tells, to whom, and how it is narrowed."""

from datetime import UTC, datetime

import pytest

from .api import Api, created, invalid, listed, refused, unique, wire
from .cast import Cast, make_cast

LOG = "/api/v1/audit-log/"
GROUPS = "/api/v1/user-groups/"


@pytest.fixture(scope="module")
def cast(api: Api) -> Cast:
    """Everybody whom a permission can tell apart."""
    return make_cast(api)


def test_a_record_is_followed_from_first_to_last(api: Api) -> None:
    boss = api.person(is_staff=True, display_name="Boss")
    first = boss.post(GROUPS, {"name": unique("Group")})
    group = created(first)
    path = f"{GROUPS}{group['id']}/"
    renamed = boss.patch(path, {"name": unique("Group")}).json()
    boss.delete(path)

    rows = listed(boss, LOG, record_type="user_group", record_id=group["id"])

    assert ["created", "updated", "deleted"] == [row["action"] for row in rows]
    assert sorted(row["id"] for row in rows) == [row["id"] for row in rows]
    assert all(row["changed_by"] == boss.basic for row in rows)
    assert first.headers["x-request-id"] == rows[0]["request_id"]
    assert "old_values" not in rows[0]
    assert group["name"] == rows[0]["new_values"]["name"] == rows[1]["old_values"]["name"]
    assert renamed["name"] == rows[1]["new_values"]["name"] == rows[2]["old_values"]["name"]
    assert "new_values" not in rows[2]


def test_a_membership_has_no_number_and_its_values_say_whose_it_is(api: Api) -> None:
    boss, ada, site = api.person(is_staff=True), api.person(), api.site()
    boss.patch(f"/api/v1/users/{ada.id}/", {"site_ids": [site["id"]]})
    (row,) = listed(boss, LOG, record_type="site_staff", changed_by=boss.id)
    assert "record_id" not in row
    assert {"user_id": ada.id, "site_id": site["id"]} == row["new_values"]


def test_the_log_is_narrowed_by_each_filter_and_all_together(api: Api) -> None:
    boss = api.person(is_staff=True)
    groups = [created(boss.post(GROUPS, {"name": unique("Group")})) for _ in range(4)]
    rows = listed(boss, LOG, changed_by=boss.id)
    assert [group["id"] for group in groups] == [row["record_id"] for row in rows]
    times = [row["changed_at"] for row in rows]

    def found(**params: object) -> list[int]:
        given = {"changed_by": boss.id, **params}
        return [
            [group["id"] for group in groups].index(row["record_id"])
            for row in listed(boss, LOG, **given)
        ]

    for limit in (1, 3, 200):
        assert [0, 1, 2, 3] == found(limit=limit)
    assert found(start_time=times[1]) == [1, 2, 3]
    assert found(end_time=times[2]) == [0, 1]
    assert found(start_time=times[1], end_time=times[2]) == [1]
    assert found(record_id=groups[2]["id"], record_type="user_group") == [2]
    assert found(record_type="quota") == []
    assert found(changed_by=api.person().id) == []


def test_a_period_ends_after_it_starts_within_the_calendar(api: Api) -> None:
    now = wire(datetime.now(UTC))
    params = {"start_time": now, "end_time": now}
    refused(
        api.staff.get(LOG, params=params), 422, "end_not_after_start", "/end_time", place="query"
    )
    refused(
        api.staff.get(LOG, params={"start_time": "0001-01-01T00:00:00+01:00"}),
        422,
        "time_out_of_range",
        "/start_time",
        place="query",
    )
    refused(
        api.staff.get(LOG, params={"cursor": "nonsense"}),
        422,
        "invalid_cursor",
        "/cursor",
        place="query",
    )
    for name, value in (("record_type", "booking"), ("record_id", 0), ("changed_by", "me")):
        invalid(api.staff.get(LOG, params={name: value}), ("query", f"/{name}"))


def test_only_staff_of_the_house_read_the_log(cast: Cast) -> None:
    for person in (cast.member, cast.local, cast.elsewhere):
        refused(person.get(LOG), 403, "permission_denied")
    assert cast.house.get(LOG).status_code == 200
