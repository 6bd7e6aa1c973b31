"""Connections: one transaction at a time, given back clean, and found again after an outage."""

import pytest
from sql.pool import Pool, reading

pytestmark = pytest.mark.anyio


async def test_x(pool: Pool) -> None:
    async with reading(pool) as conn:
        assert await (await conn.execute("select 1")).fetchone() == (1,)
