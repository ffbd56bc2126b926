"""Deliver what waits in the outbox: claim → load → send → settle, many at a time and overlapping.

Nothing is held in a transaction while the network is waited for. A worker that dies between *sent* and *settled* leaves
its claim to run out; another sends the same bytes with the same webhook-id again, and the receiver drops the second.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from b24app.delivery.journeys.loading import take
from b24app.delivery.journeys.run import DeliveryRun
from b24app.delivery.journeys.sending import spread
from b24app.delivery.journeys.settling import settle
from b24app.domain.delivery.schedule import Schedule
from b24app.resources import Resources
from b24app.work import counts
from b24app.work.store import index

HEARTBEAT = 20.0  # seconds; a claim lasts 60
PULSE = 0.05  # seconds: finished attempts are stored at least this often
INLINE = 16  # deliveries that whoever published them sends at once
LOOK_AGAIN = 0.5  # seconds between looks for new work while slow attempts are under way


@dataclass(frozen=True, slots=True)
class Drained:
    """`settled`: deliveries whose attempt was stored. `more`: the budget ran out before the work did."""

    settled: int
    more: bool


class _Look(NamedTuple):
    """How many rows were claimed; portals that were left out, being full; how many settlings had been by then."""

    found: int
    full: list[int]
    stored: int


async def drain(resources: Resources, worker: str = "outbox", budget_seconds: float = 20) -> Drained:
    """Send what is due until nothing is, or the budget is used up; attempts under way are finished, others let go.

    Raises what a fail point raises and what the database raises; claims then run out and are taken over.
    """
    return await _drained(_run(resources, worker), budget_seconds)


async def deliver_published(resources: Resources, portal_id: int, worker: str, begun: asyncio.Event) -> Drained:
    """Send what this portal has just published, `INLINE` deliveries at most, by the rules of a drain: claimed once.

    `begun` is set when the first are on their way.
    """
    run = _run(resources, worker)
    run.only, run.begun = portal_id, begun
    return await _drained(run, budget_seconds=20)


async def _drained(run: DeliveryRun, budget_seconds: float) -> Drained:
    looking: list[asyncio.Task[_Look]] = []
    try:
        more = await _turn(run, looking, budget_seconds)
    finally:
        left = [*run.senders, *looking]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await counts.add(run.resources.redis, counts.DELIVERIES, run.came_to)
    return Drained(run.came_to.total(), more)


def _run(resources: Resources, worker: str) -> DeliveryRun:
    rule = resources.manifest.delivery
    return DeliveryRun(resources, worker, Schedule(rule.schedule, rule.jitter, rule.slow_wait), rule.concurrency)


async def _turn(run: DeliveryRun, looking: list[asyncio.Task[_Look]], budget_seconds: float) -> bool:
    """Look for more while there is room, store what is finished, beat. True where the budget ended it, not the work.

    The next slice is claimed while the present one is being sent; the last one is settled meanwhile. The end is a look
    everywhere that found nothing and that no settling has overtaken.
    """
    started = beaten = look_at = monotonic()
    dry, full = False, list[int]()
    while True:
        run.closing = monotonic() - started >= budget_seconds
        if looking and looking[0].done():
            look = looking.pop().result()
            full = look.full
            run.begun.set()
            dry = run.only is not None or (look.found == 0 and not look.full and look.stored == run.stored)
            look_at = monotonic() + (0 if look.found == run.slice else LOOK_AGAIN)
        if not looking and not run.held and (run.closing or dry):
            return run.closing
        enough = run.closing or not run.has_room() or (dry and run.only is not None)
        at_last = any(run.unsent[portal_id] < run.slice for portal_id in full)  # one of them has room again
        if not looking and not enough and (at_last or monotonic() >= look_at or not run.held):
            looking.append(asyncio.create_task(_look(run)))
            looking[0].add_done_callback(lambda _: run.stir.set())
        spread(run)
        await _stirred(run)
        if run.failure:
            raise run.failure
        await settle(run)
        if monotonic() - beaten > HEARTBEAT:
            beaten = monotonic()
            async with run.resources.autocommit() as db:
                await index.renew(db, run.token, run.resources.now())


async def _look(run: DeliveryRun) -> _Look:
    stored, full = run.stored, run.full()
    if run.only is not None:
        return _Look(await take(run, INLINE, portal_id=run.only), [], stored)
    return _Look(await take(run, run.slice, without=full), full, stored)


async def _stirred(run: DeliveryRun) -> None:
    """Wait until a slice is claimed or all is sent, or a pulse has passed."""
    try:
        async with asyncio.timeout(PULSE):
            await run.stir.wait()
    except TimeoutError:
        pass
    run.stir.clear()
