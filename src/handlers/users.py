"""Users: whom staff let in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.responses import Response

from domain.errors import (
    CannotDeactivateSelf,
    CannotDemoteSelf,
    NotFound,
    PermissionDenied,
    SiteUnknown,
    UserUnknown,
)
from domain.names import check_name
from exchange import views
from exchange.paging import after_name, limit_of, page_reply
from exchange.request import Request, dump, json_reply, no_content, resource_reply
from sql import analytics, idempotency, privacy, users
from sql.pool import Connection, reading
from sql.users import UserRow
from steps.dossier import export_reply
from steps.issuing import NO_STORE, issue, wanted_token
from wire.models import CreateTokenRequest, CreateUserRequest
from wire.replies import TokenCreated

_LONGEST_MILLISECONDS = 120_000
"""How long a statement may take that forgets somebody, who may have booked for years."""

_NOT_ONESELF = "You cannot deactivate yourself: ask another member of staff of the house."


async def users_list(request: Request) -> Response:
    """All users, or those whose name holds the text, in the order of their usernames."""
    request.require_staff_somewhere()
    name, row_id = after_name(request)
    async with reading(request.pool) as conn:
        rows = await users.list_users(
            conn,
            search=request.param("search"),
            after_username=name,
            after_id=row_id,
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, views.user_detail, lambda row: (row.username, row.id))


async def users_create(request: Request) -> Response:
    """Add a user with a first token, whose secret this reply alone shows."""
    request.require_staff()
    body = request.read(CreateUserRequest)
    if body.display_name is not None:
        check_name(body.display_name, "/display_name")

    async def add(conn: Connection) -> tuple[UserRow, TokenCreated]:
        user = await users.insert_user(
            conn,
            username=body.username,
            display_name=body.display_name,
            is_staff=bool(body.is_staff),
        )
        await _assign(conn, user.id, request.body.get("site_ids", []))
        first = CreateTokenRequest(name="first token")
        token = await issue(conn, request, user.id, first)
        return _found(await users.get_user(conn, user.id)), token

    row, token = await request.write(add)
    headers = {"Location": f"{request.path}{row.id}/", **NO_STORE}
    return json_reply(views.user_created(row, token), 201, headers)


async def users_retrieve(request: Request) -> Response:
    """One user."""
    request.require_staff_somewhere()
    async with reading(request.pool) as conn:
        row = _found(await users.get_user(conn, request.param("id")))
    return resource_reply(request, views.user_detail(row))


async def users_update(request: Request) -> Response:
    """Change what is given; nobody takes their own rights."""
    request.require_staff()
    changes = request.body
    if changes.get("display_name") is not None:
        check_name(changes["display_name"], "/display_name")
    if request.param("id") == request.caller.user_id:
        if changes.get("is_staff") is False:
            detail = (
                "You cannot take the rights of staff from yourself: ask another member of staff of"
                " the house."
            )
            raise CannotDemoteSelf(detail, "/is_staff")
        if changes.get("is_active") is False:
            raise CannotDeactivateSelf(_NOT_ONESELF, "/is_active")

    async def change(conn: Connection) -> UserRow:
        row = await _hold(conn, request)
        request.check_if_match(dump(views.user_detail(row)))
        if changes.get("is_active") is True:
            _check_not_anonymised(row, "/is_active")
        if changes.get("is_active") is False:
            await privacy.hold_user(conn, row.id)
        if _takes_rights(row, changes):
            await idempotency.forget_replies(conn, user_ids=[row.id])
        if "site_ids" in changes:
            await _assign(conn, row.id, changes["site_ids"])
        await users.update_user(
            conn,
            row.id,
            display_name=changes.get("display_name", row.display_name),
            is_staff=changes.get("is_staff", row.is_staff),
            deactivated_at=_deactivation(row, changes, request.now()),
        )
        return _found(await users.get_user(conn, row.id))

    row = await request.write(change)
    return resource_reply(request, views.user_detail(row))


async def users_deactivate(request: Request) -> Response:
    """Let a user in no more; a second time changes nothing. Their bookings stand."""
    request.require_staff()
    if request.param("id") == request.caller.user_id:
        raise CannotDeactivateSelf(_NOT_ONESELF)

    async def deactivate(conn: Connection) -> None:
        row = await _hold(conn, request)
        # So that whoever books for them just now is done before, or sees that they are gone.
        await privacy.hold_user(conn, row.id)
        await idempotency.forget_replies(conn, user_ids=[row.id])
        await users.deactivate_user(conn, row.id)

    await request.write(deactivate)
    return no_content()


async def users_export(request: Request) -> Response:
    """Everything that is stored of a user."""
    request.require_staff()

    async def find(conn: Connection) -> UserRow:
        return _found(await users.get_user(conn, request.param("id")))

    return await export_reply(request, find)


async def users_anonymise(request: Request) -> Response:
    """Forget who a user is; what they booked when stays. A second time changes nothing."""
    request.require_staff()
    user_id: int = request.param("id")
    if user_id == request.caller.user_id:
        raise CannotDeactivateSelf(_NOT_ONESELF)

    async def forget(conn: Connection) -> UserRow:
        await analytics.allow_time(conn, milliseconds=_LONGEST_MILLISECONDS)
        # Bookings before users, as everybody locks them, and then the user against all else:
        # whoever books for them just now either has done so by then, and what they booked is
        # forgotten too, or waits, and then meets a user who is deactivated.
        await privacy.hold_bookings(conn, user_id)
        await _hold(conn, request)
        username = await privacy.hold_user(conn, user_id)
        assert username is not None  # noqa: S101 - held just now
        now = request.now()
        await privacy.allow_redaction(conn)
        await privacy.forget_bookings(conn, user_id=user_id, now=now)
        await privacy.forget_reasons(conn, user_id)
        await privacy.forget_history(conn, user_id)
        await privacy.forget_reasons_told(conn, user_id)
        await privacy.forget_user(conn, user_id=user_id, now=now)
        await privacy.forget_access(conn, user_id=user_id, username=username)
        await privacy.forget_log(conn, user_id)
        return _found(await users.get_user(conn, user_id))

    row = await request.write(forget)
    return resource_reply(request, views.user_detail(row))


async def user_tokens_create(request: Request) -> Response:
    """A new token of a user, whose secret this reply alone shows."""
    request.require_staff()
    wanted = wanted_token(request)

    async def add(conn: Connection) -> TokenCreated:
        row = await _hold(conn, request)
        _check_not_anonymised(row)
        if row.deactivated_at is not None:
            detail = f"{row.username} is deactivated: let them in again first, by users_update."
            raise UserUnknown(detail)
        return await issue(conn, request, row.id, wanted)

    return json_reply(await request.write(add), 201, NO_STORE)


async def _hold(conn: Connection, request: Request) -> UserRow:
    """The user whom the path names, held until the commit with all staff of the house.

    The caller is looked at again under the lock: two members of staff who take each
    other's rights at one moment would else both succeed, and nobody would be left.
    """
    held = await users.lock_staff_and(conn, request.param("id"))
    if not any(row.governs and row.id == request.caller.user_id for row in held):
        detail = "You are not staff of the house any more, as of just now: nothing was changed."
        raise PermissionDenied(detail)
    return _found(await users.get_user(conn, request.param("id")))


async def _assign(conn: Connection, user_id: int, site_ids: list[int]) -> None:
    """Make the user staff of these sites and of no others."""
    known = {row.id for row in await users.list_known_sites(conn, site_ids=site_ids)}
    for index, site_id in enumerate(site_ids):
        if site_id not in known:
            detail = f"There is no site {site_id}: take the ids of those that sites_list shows."
            raise SiteUnknown(detail, f"/site_ids/{index}")
    await users.drop_sites(conn, user_id=user_id, site_ids=site_ids)
    await users.add_sites(conn, user_id=user_id, site_ids=site_ids)


def _check_not_anonymised(row: UserRow, pointer: str | None = None) -> None:
    """Refuse to let in again somebody who was forgotten: nobody could tell who that is."""
    if row.anonymised_at is not None:
        detail = f"{row.username} was anonymised, which is for good: create a new user instead."
        raise UserUnknown(detail, pointer)


def _takes_rights(row: UserRow, changes: Mapping[str, Any]) -> bool:
    """Whether the user may see less after the changes: then kept replies may show too much."""
    left = set(changes.get("site_ids", [site["id"] for site in row.sites]))
    return (
        (row.is_staff and changes.get("is_staff") is False)
        or changes.get("is_active") is False
        or any(site["id"] not in left for site in row.sites)
    )


def _deactivation(row: UserRow, changes: Mapping[str, Any], now: datetime) -> datetime | None:
    """Since when the user is deactivated once the changes are made."""
    match changes.get("is_active"):
        case None:
            return row.deactivated_at
        case True:
            return None
    return row.deactivated_at or now


def _found(row: UserRow | None) -> UserRow:
    if row is None:
        detail = "There is no such user: users_list shows those there are."
        raise NotFound(detail)
    return row
