"""Quotas in force: how much more a user may hold, counted under a lock where it matters."""

from datetime import datetime, timedelta

from domain.bookings import Draft, Facility
from domain.quotas import Quota, Usage, check_quota, week_of
from sql import quotas
from sql.pool import Connection
from sql.quotas import MeasureRow


async def check_quotas(  # noqa: PLR0913 - who is to hold what, where and when
    conn: Connection,
    *,
    user_id: int,
    facility: Facility,
    draft: Draft,
    now: datetime,
    except_booking_id: int | None = None,
    takes_more: bool = True,
) -> None:
    """Refuse a booking with which the user would hold more than a quota allows.

    Where a quota covers the facility, the user is locked until the commit and counted
    anew, so that two bookings of theirs cannot both be the last that is allowed. Whoever
    is past a quota already is refused without waiting for that.
    """

    async def check() -> bool:
        return await check_count(
            conn,
            user_id=user_id,
            facility=facility,
            draft=draft,
            now=now,
            except_booking_id=except_booking_id,
            takes_more=takes_more,
        )

    if await check():
        await quotas.lock_user(user_id).run(conn)
        await check()


async def check_count(  # noqa: PLR0913 - who is to hold what, where and when
    conn: Connection,
    *,
    user_id: int,
    facility: Facility,
    draft: Draft,
    now: datetime,
    except_booking_id: int | None = None,
    takes_more: bool = True,
) -> bool:
    """Refuse a booking that is too much by what the user holds now; whether there is a quota.

    What takes no more time than it had can only be too much for a week that it comes to.
    """
    week = week_of(draft.start_time, facility.rules.zone)
    measured = await quotas.measure_quotas(
        conn,
        user_id=user_id,
        facility_id=facility.id,
        now=now,
        week_start=week.start,
        week_end=week.end,
        except_booking_id=except_booking_id,
    )
    for row in measured:
        check_quota(_quota(row, takes_more=takes_more), _usage(row), draft.period.duration)
    return bool(measured)


def _quota(row: MeasureRow, *, takes_more: bool) -> Quota:
    hours = row.max_hours_per_week
    return Quota(
        scope=row.scope_name or "all facilities",
        max_active_bookings=row.max_active_bookings if takes_more else None,
        max_per_week=None if hours is None else timedelta(hours=hours),
    )


def _usage(row: MeasureRow) -> Usage:
    return Usage(row.active_bookings, timedelta(minutes=row.minutes_in_week))
