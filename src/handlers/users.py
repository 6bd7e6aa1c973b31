"""Users: whom staff let in."""

from starlette.responses import Response

from domain.errors import CannotDeactivateSelf, NotFound
from domain.names import check_name
from handlers import views
from handlers.exchange import Request, json_reply, no_content, resource_reply
from handlers.paging import after_name, limit_of, page_reply
from handlers.secrets import new_secret
from sql import tokens, users
from sql.pool import Connection, reading
from sql.tokens import TokenRow
from sql.users import UserRow
from wire.models import CreateUserRequest


async def users_list(request: Request) -> Response:
    """All users, or those whose name holds the text, in the order of their usernames."""
    request.require_staff()
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
    secret = new_secret()

    async def add(conn: Connection) -> tuple[UserRow, TokenRow]:
        user = await users.insert_user(
            conn,
            username=body.username,
            display_name=body.display_name,
            is_staff=bool(body.is_staff),
        )
        token = await tokens.insert_token(
            conn,
            user_id=user.id,
            token_hash=secret.hash,
            token_prefix=secret.prefix,
            name="first token",
            expires_at=None,
        )
        return user, token

    row, token = await request.write(add)
    created = views.user_created(row, views.token_created(token, secret.plain))
    headers = {"Location": f"{request.path}{row.id}/", "Cache-Control": "no-store"}
    return json_reply(created, 201, headers)


async def users_retrieve(request: Request) -> Response:
    """One user."""
    request.require_staff()
    async with reading(request.pool) as conn:
        row = _found(await users.get_user(conn, request.param("id")))
    return resource_reply(request, views.user_detail(row))


async def users_deactivate(request: Request) -> Response:
    """Let a user in no more; a second time changes nothing. Their bookings stand."""
    request.require_staff()
    user_id = request.param("id")
    if user_id == request.caller.user_id:
        detail = "You cannot deactivate yourself: ask another member of staff."
        raise CannotDeactivateSelf(detail)

    async def deactivate(conn: Connection) -> None:
        _found(await users.get_user(conn, user_id))
        await users.deactivate_user(conn, user_id)

    await request.write(deactivate)
    return no_content()


def _found(row: UserRow | None) -> UserRow:
    if row is None:
        detail = "There is no such user: users_list shows those there are."
        raise NotFound(detail)
    return row
