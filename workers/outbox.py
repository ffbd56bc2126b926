"""Drain the outbox: one wake-up for all portals, since a slice is claimed across them."""

from __future__ import annotations

from b24app.delivery.journeys import drain as delivery
from b24app.resources import Resources
from workers import runtime
from workers.inline_delivery import worker_name

BUDGET = 20.0  # seconds of one drain; then it wakes itself again and lets others have a turn


def drain() -> None:
    """RQ entry point."""
    resources = runtime.resources()
    resources.wake.heard("outbox")
    runtime.run(drain_outbox(resources))


async def drain_outbox(resources: Resources, budget_seconds: float = BUDGET) -> int:
    """Send what is due now. Returns how many deliveries were tried."""
    done = await delivery.drain(resources, worker_name(), budget_seconds)
    if done.more:
        await resources.wake.outbox()
    return done.settled
