"""`lanes`: from a portal event's POST to its webhook while a recount of thousands goes on in the same portal, 95th
percentile, against the second that a person may wait.

The same processes as in `latency`, and the portal's own pace: the recount has to write every card, fifty a request, and
takes all of the budget that it may.
"""

from __future__ import annotations

import asyncio

from sqlalchemy import func, select

from b24app.lanes import Lane
from b24app.work.store.tables import work
from bench.figures import Better, Figure, Ground
from bench.latency import Bench, p95, standing
from bench.memory import leave_rows

CROWD, SAMPLES = 10_000, 20
BETWEEN = 2.5  # seconds between two people: what is reserved for them is two requests in that time
SECOND = 1000.0


async def run(ground: Ground) -> list[Figure]:
    async with standing(ground, CROWD) as bench:
        await bench.forget_pace()
        await leave_rows(bench.resources, bench.portal, differ=1, spared=bench.contact)
        took = [await _one(bench, number) for number in range(SAMPLES)]
        assert await _left(bench), "the recount was over too soon: the figure says nothing"
    return [Figure("lanes", p95(took) * 1000, SECOND, "ms, p95", 1, Better.LOWER)]


async def _one(bench: Bench, number: int) -> float:
    await asyncio.sleep(BETWEEN)
    return await bench.ours(number % 2 == 0)


async def _left(bench: Bench) -> int:
    async with bench.resources.transaction() as db:
        bulk = select(func.count()).select_from(work).where(work.c.lane == int(Lane.BULK))
        return int((await db.execute(bulk)).scalar_one())
