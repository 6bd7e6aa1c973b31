"""Quotas: how much each user may hold."""

from starlette.responses import Response

from domain.access import check_governs
from domain.errors import (
    FacilityGroupUnknown,
    FacilityUnknown,
    NotFound,
    QuotaWithoutLimit,
    ScopeAmbiguous,
)
from exchange import views_of_people
from exchange.paging import INT4, after_id, limit_of, page_reply
from exchange.request import Request, dump, etag_of, json_reply, no_content, resource_reply
from sql import facilities, facility_groups, quotas
from sql.pool import Connection, reading
from sql.quotas import ExceedingRow, QuotaRow
from steps.holdings import exceeding
from wire.models import CreateQuotaRequest

Saved = tuple[QuotaRow, list[ExceedingRow]]


async def quotas_list(request: Request) -> Response:
    """All quotas, or for staff of sites those of facilities there."""
    request.require_staff_somewhere()
    caller = request.caller
    async with reading(request.pool) as conn:
        rows = await quotas.list_quotas(
            conn,
            site_ids=None if caller.is_staff else sorted(caller.site_ids),
            after_id=after_id(request, INT4),
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, views_of_people.quota_detail, lambda row: (row.id,))


async def quotas_create(request: Request) -> Response:
    """Limit what each user holds of a facility, a group of them, or all."""
    request.require_staff_somewhere()
    body = request.read(CreateQuotaRequest)
    if body.facility_id is not None and body.facility_group_id is not None:
        detail = (
            "A facility and a group are both named: name one of them, or none for all facilities."
        )
        raise ScopeAmbiguous(detail, "/facility_group_id")
    _check_limits(body.max_active_bookings, body.max_hours_per_week)

    async def add(conn: Connection) -> Saved:
        await _check_scope(conn, request, body)
        row = await quotas.insert_quota(
            conn,
            facility_id=body.facility_id,
            facility_group_id=body.facility_group_id,
            max_active_bookings=body.max_active_bookings,
            max_hours_per_week=body.max_hours_per_week,
        )
        return row, await exceeding(conn, request, row.id)

    row, above = await request.write(add)
    return _saved(row, above, 201, {"Location": f"{request.path}{row.id}/"})


async def quotas_retrieve(request: Request) -> Response:
    """One quota."""
    request.require_staff_somewhere()
    async with reading(request.pool) as conn:
        row = _visible(request, await quotas.get_quota(conn, request.param("id")))
    return resource_reply(request, views_of_people.quota_detail(row))


async def quotas_update(request: Request) -> Response:
    """Change the limits given; what users hold already is not touched."""
    request.require_staff_somewhere()
    changes = request.body

    async def change(conn: Connection) -> Saved:
        row = _visible(request, await quotas.lock_quota(conn, request.param("id")))
        request.check_if_match(dump(views_of_people.quota_detail(row)))
        bookings = changes.get("max_active_bookings", row.max_active_bookings)
        hours = changes.get("max_hours_per_week", row.max_hours_per_week)
        _check_limits(bookings, hours)
        if (bookings, hours) != (row.max_active_bookings, row.max_hours_per_week):
            row = await quotas.update_quota(
                conn, row.id, max_active_bookings=bookings, max_hours_per_week=hours
            )
        return row, await exceeding(conn, request, row.id)

    row, above = await request.write(change)
    return _saved(row, above, 200, {})


async def quotas_delete(request: Request) -> Response:
    """End a quota."""
    request.require_staff_somewhere()

    async def delete(conn: Connection) -> None:
        row = _visible(request, await quotas.lock_quota(conn, request.param("id")))
        await quotas.delete_quota(conn, row.id)

    await request.write(delete)
    return no_content()


async def _check_scope(conn: Connection, request: Request, body: CreateQuotaRequest) -> None:
    """Refuse a scope that is not there, or that the caller does not govern."""
    if body.facility_id is not None:
        facility = await facilities.get_facility(conn, body.facility_id)
        if facility is None:
            detail = (
                f"There is no facility {body.facility_id}: take the id of one that facilities_list"
                " shows."
            )
            raise FacilityUnknown(detail, "/facility_id")
        check_governs(request.caller, facility.site_id)
        return
    request.require_staff()
    group_id = body.facility_group_id
    if group_id is None:
        return
    if await facility_groups.get_facility_group(conn, group_id) is None:
        detail = (
            f"There is no group of facilities {group_id}: take the id of one that"
            " facility_groups_list shows."
        )
        raise FacilityGroupUnknown(detail, "/facility_group_id")


def _check_limits(max_active_bookings: int | None, max_hours_per_week: int | None) -> None:
    if max_active_bookings is None and max_hours_per_week is None:
        detail = "The quota limits nothing: give max_active_bookings, max_hours_per_week or both."
        raise QuotaWithoutLimit(detail)


def _visible(request: Request, row: QuotaRow | None) -> QuotaRow:
    """The quota, if there is one where the caller governs."""
    caller = request.caller
    if row is not None and (
        caller.is_staff or (row.site_id is not None and caller.governs(row.site_id))
    ):
        return row
    detail = "There is no such quota that you may see: quotas_list shows those there are."
    raise NotFound(detail)


def _saved(
    row: QuotaRow, above: list[ExceedingRow], status: int, headers: dict[str, str]
) -> Response:
    """The quota and who is above it, under the version that quotas_retrieve gives."""
    etag = etag_of(dump(views_of_people.quota_detail(row)))
    body = views_of_people.quota_saved(row, above)
    return json_reply(body, status, {"ETag": etag, **headers})
