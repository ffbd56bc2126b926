"""Deliver what waits in the outbox: claim → load → send → settle, many at a time and side by side.

No transaction is open while a receiver is waited for. A worker that dies between *sent* and *settled* leaves its
claims to run out; another worker sends the same bytes with the same webhook-id, and the receiver drops the second.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic

from b24app.delivery.journeys.claiming import Claiming
from b24app.delivery.journeys.run import DeliveryRun
from b24app.delivery.journeys.sending import Senders
from b24app.delivery.journeys.settling import settle
from b24app.domain.delivery.schedule import Schedule
from b24app.resources import Resources
from b24app.work import counts
from b24app.work.store import index

HEARTBEAT = 20.0  # seconds; a claim lasts 60
PULSE = 0.05  # seconds: finished attempts are stored at least this often
INLINE = 16  # deliveries that whoever published them sends at once


@dataclass(frozen=True, slots=True)
class Drained:
    """`settled`: deliveries whose attempt was stored. `more`: the budget ran out before the work did."""

    settled: int
    more: bool


async def drain(resources: Resources, worker: str = "outbox", budget_seconds: float = 20) -> Drained:
    """Send what is due until nothing is, or the budget is used up; attempts under way are finished, others let go.

    Raises what a fail point raises and what the database raises; claims then run out and are taken over.
    """
    run = _new_run(resources, worker)
    senders = Senders(run)
    return await _carry_out(run, senders, Claiming(run, senders, run.slice), budget_seconds)


async def deliver_published(resources: Resources, portal_id: int, worker: str, begun: asyncio.Event) -> Drained:
    """Send what this portal has just published, `INLINE` deliveries at most, by the rules of a drain: claimed once.

    `begun` is set when the first are on their way.
    """
    run = _new_run(resources, worker)
    senders = Senders(run)
    claiming = Claiming(run, senders, INLINE, portal_id=portal_id, begun=begun)
    return await _carry_out(run, senders, claiming, budget_seconds=20)


def _new_run(resources: Resources, worker: str) -> DeliveryRun:
    rule = resources.manifest.delivery
    return DeliveryRun(resources, worker, Schedule(rule.schedule, rule.jitter, rule.slow_wait), rule.concurrency)


async def _carry_out(run: DeliveryRun, senders: Senders, claiming: Claiming, budget_seconds: float) -> Drained:
    try:
        await _loop(run, senders, claiming, budget_seconds)
    finally:
        left = [*senders.tasks, *claiming.tasks]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await counts.add(run.resources.redis, counts.DELIVERIES, run.results)
    return Drained(run.results.total(), more=run.closing)


async def _loop(run: DeliveryRun, senders: Senders, claiming: Claiming, budget_seconds: float) -> None:
    """Until nothing is left to claim, or the budget is used up (`run.closing`), and all that was claimed is settled.

    One claim and the senders are tasks beside this loop, which starts them and settles what they have finished: the
    next slice is claimed, and the last one settled, while the present one is being sent.
    """
    started = renewed = monotonic()
    while True:
        if monotonic() - started >= budget_seconds:
            run.close()
        claiming.collect()
        if run.empty and not claiming.under_way and (run.closing or claiming.dry):
            return
        claiming.begin()
        senders.spread()
        await run.wait(PULSE)
        senders.raise_failure()
        await settle(run)
        if monotonic() - renewed > HEARTBEAT:
            renewed = monotonic()
            async with run.resources.autocommit() as db:
                await index.renew(db, run.token, run.resources.now())
