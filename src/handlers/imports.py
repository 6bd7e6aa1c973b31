"""Imports: facilities and users from CSV, all lines or none."""

from starlette.responses import Response

from domain.errors import PermissionDenied
from domain.imports import FACILITY_COLUMNS, USER_COLUMNS
from domain.tables import BadLine, Line, read_table
from exchange.request import Request, json_reply, problem_reply
from sql import idempotency, imports, users
from sql.pool import Connection, reading
from steps.affected import outside_rules, standing
from steps.planning import Plan, as_planned, is_dry, plan_facilities, plan_users
from wire import replies

_MOST_TOLD = 5000


async def imports_facilities(request: Request) -> Response:
    """Create and change facilities at the sites that the caller governs."""
    request.require_staff_somewhere()
    lines, bad = read_table(request.body, FACILITY_COLUMNS, ("site", "name"))

    async def work(conn: Connection) -> Plan:
        plan = await plan_facilities(conn, request, lines, bad)
        if _is_to_be_done(request, plan):
            plan.check_added(await imports.insert_facilities(conn, lines=plan.created))
            await imports.update_facilities(conn, lines=plan.updated)
            await imports.close_to_groups(conn, lines=plan.changes)
            await imports.open_to_groups(conn, lines=plan.changes)
        return plan

    plan = await request.write(work)
    return _reply(request, lines, plan, await _count_outside(request, plan))


async def imports_users(request: Request) -> Response:
    """Create and change users, their groups, and the sites that they are staff of."""
    request.require_staff()
    lines, bad = read_table(request.body, USER_COLUMNS, ("username",))

    async def work(conn: Connection) -> Plan:
        if not is_dry(request):
            await _hold_staff(conn, request)
        plan = await plan_users(conn, request, lines, bad)
        if _is_to_be_done(request, plan):
            await _hold_leaving(conn, plan)
            plan.check_added(await imports.insert_users(conn, lines=plan.created))
            await imports.update_users(conn, lines=plan.updated)
            await imports.leave_groups(conn, lines=plan.changes)
            await imports.join_groups(conn, lines=plan.changes)
            await imports.leave_sites(conn, lines=plan.changes)
            await imports.join_sites(conn, lines=plan.changes)
        return plan

    return _reply(request, lines, await request.write(work))


async def _count_outside(request: Request, plan: Plan) -> int:
    """How many bookings the changed facilities' rules would not take, as far as they are told of.

    Nothing is locked meanwhile: see outside_rules.
    """
    if not plan.updated or (plan.bad and not is_dry(request)):
        return 0
    async with reading(request.pool) as conn:
        ruled = await standing(conn, request, [values["id"] for values in plan.updated])
    if is_dry(request):
        ruled = as_planned(ruled, plan)
    return len(await outside_rules(request, ruled))


async def _hold_staff(conn: Connection, request: Request) -> None:
    """As whoever takes somebody's rights does: see users_update."""
    held = await users.lock_staff_and(conn, request.caller.user_id)
    if not any(row.governs and row.id == request.caller.user_id for row in held):
        detail = "You are not staff of the house any more, as of just now: nothing was changed."
        raise PermissionDenied(detail)


async def _hold_leaving(conn: Connection, plan: Plan) -> None:
    """Let nobody book for those who are to be deactivated, and show nobody what they no longer may.

    Whoever is staff of the house afterwards may see everything.
    """
    leaving = [values["id"] for values in plan.updated if values["status"] == "deactivated"]
    await imports.hold_users(conn, user_ids=leaving)
    lesser = [values["id"] for values in plan.updated if not values["is_staff"]]
    await idempotency.forget_replies(conn, user_ids=[*leaving, *lesser])


def _is_to_be_done(request: Request, plan: Plan) -> bool:
    return not plan.bad and not is_dry(request)


def _reply(request: Request, lines: list[Line], plan: Plan, outside: int | None = None) -> Response:
    """The report, or every bad line where that is why nothing was done."""
    dry_run = is_dry(request)
    if plan.bad and not dry_run:
        return _refusal(request, plan.bad)
    report: replies.ImportReport = {
        "dry_run": dry_run,
        "lines_read": len(lines),
        "created": len(plan.created),
        "updated": len(plan.updated),
        "unchanged": plan.unchanged,
    }
    if outside is not None:
        report["bookings_outside_rules_count"] = outside
    if plan.bad:
        report["lines"] = _told(plan.bad)
    return json_reply(report)


def _refusal(request: Request, bad: list[BadLine]) -> Response:
    count = len({line.line for line in bad})
    many = "1 line" if count == 1 else f"{count} lines"
    body: replies.ImportRefusedResponse = {
        "type": "import_refused",
        "title": "Import Refused",
        "status": 422,
        "detail": f"{many} cannot be imported, so nothing was. The first is line {bad[0].line}:"
        f" {bad[0].detail[:500]} See lines for all that is wrong.",
        "request_id": request.request_id,
        "lines": _told(bad),
    }
    return problem_reply(body)


def _told(bad: list[BadLine]) -> list[replies.ImportLineError]:
    return [_view(line) for line in bad[:_MOST_TOLD]]


def _view(line: BadLine) -> replies.ImportLineError:
    view: replies.ImportLineError = {"line": line.line, "detail": line.detail[:1000]}
    if line.column is not None:
        view["column"] = line.column
    return view
