"""What became of a slice is stored: attempts, deliveries, their work rows, and what it means for the endpoints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.journeys.run import DeliveryRun, Done
from b24app.delivery.store import endpoints, settling
from b24app.delivery.store.settling import AttemptRow, Change, NextTry
from b24app.domain.delivery.schedule import (
    Delivered,
    DeliveryState,
    EndpointState,
    Exhausted,
    Failure,
    Retry,
    Trigger,
    Unchanged,
)

log = structlog.get_logger()


async def settle(run: DeliveryRun) -> None:
    """Store what is finished, one short transaction per portal."""
    batch, run.finished = run.finished, []
    if not batch:
        return
    if any(one.made for one in batch):
        run.resources.failpoint("delivery.sent")
    batch.sort(key=lambda one: one.job.claim.portal_id)
    for portal_id, group in groupby(batch, key=lambda one: one.job.claim.portal_id):
        async with run.resources.tenant(portal_id, bulk=True) as db:
            run.came_to += await _settle_portal(db, run.resources.now(), portal_id, list(group))
    run.held.difference_update(one.job.load.id for one in batch)
    run.stored += 1
    run.resources.failpoint("delivery.settled")


async def _settle_portal(db: AsyncConnection, now: datetime, portal_id: int, batch: Sequence[Done]) -> Counter[str]:
    """Only what is still ours is stored. Returns what the attempts came to."""
    meanings = {done.job.load.endpoint_id for done in batch if _meaning(done)}
    if meanings:
        await endpoints.lock(db, portal_id, meanings)
    ours = await settling.hold(db, portal_id, [done.job.claim for done in batch])
    mine = [(done, _change(done)) for done in batch if done.job.claim.key in ours]
    later = [one for done, change in mine if (one := _later(done, change, ours, now))]
    put_off = {one.claim.key for one in later}
    await settling.settle(
        db,
        portal_id,
        batch[0].job.claim.token,
        now,
        over=[done.job.claim.key for done, _ in mine if done.job.claim.key not in put_off],
        later=later,
        attempts=[row for done, _ in mine for row in _rows(done)],
        changes=[change for done, change in mine if done.made or done.end not in (None, done.job.load.state)],
    )
    for done, _ in mine:
        if meaning := _meaning(done):
            await _tell_endpoint(db, now, portal_id, done, *meaning)
    return Counter(_came_to(done) for done, _ in mine if done.made)


def _came_to(done: Done) -> str:
    """For the metrics."""
    match done.outcome:
        case Delivered():
            return "delivered"
        case Exhausted():
            return "exhausted"
    return "failed"


def _later(done: Done, change: Change, arrived: Mapping[str, int], now: datetime) -> NextTry | None:
    """When the row is looked at again: as planned; at once where news of it came meanwhile; None where it is over."""
    claim, due = done.job.claim, done.hold or (change.next_at if change.state is DeliveryState.WAITING else None)
    if due:
        return NextTry(claim, due, change.last_error)
    return NextTry(claim, now, None) if arrived[claim.key] != claim.arrivals else None


def _change(done: Done) -> Change:
    """What the delivery's row becomes."""
    load, state, next_at = done.job.load, done.end or done.job.load.state, done.job.load.next_at
    match done.outcome:
        case Delivered():
            state, next_at = DeliveryState.DELIVERED, None
        case Retry(at=at):
            next_at = at
        case Exhausted():
            state, next_at = DeliveryState.EXHAUSTED, None
    if not done.made:
        over = state is not DeliveryState.WAITING
        return Change(load.id, state, load.tries, load.attempts, over, None, None, None if over else next_at)
    answer = done.made[-1].attempt.answer
    return Change(
        load.id,
        state,
        load.tries + (done.made[0].trigger is not Trigger.MANUAL),
        load.attempts + len(done.made),
        load.resend,
        answer.status,
        answer.failure and answer.failure.value,
        next_at,
    )


def _rows(done: Done) -> Iterable[AttemptRow]:
    planned = done.outcome.at if isinstance(done.outcome, Retry) else None
    for made in done.made:
        answer, last = made.attempt.answer, made is done.made[-1]
        yield AttemptRow(
            delivery_id=done.job.load.id,
            number=made.number,
            trigger=made.trigger,
            status=answer.status,
            error=answer.failure,
            duration_ms=made.attempt.duration_ms,
            response=made.attempt.response,
            address=made.attempt.address,
            made_at=made.at,
            next_at=planned if last else None,
        )


async def _tell_endpoint(
    db: AsyncConnection,
    now: datetime,
    portal_id: int,
    done: Done,
    come_from: Sequence[EndpointState],
    to: EndpointState,
    reason: str,
) -> None:
    assert done.job.target
    endpoint = done.job.target.endpoint
    changed = await endpoints.switch(
        db, portal_id, endpoint.id, url=endpoint.url, come_from=come_from, to=to, reason=reason, now=now
    )
    if changed and to is not EndpointState.CHECKING:
        await endpoints.make_due(db, portal_id, endpoint.id, now)
        log.info("endpoint_state", portal=portal_id, endpoint=str(endpoint.id), state=to.value, reason=reason)


def _meaning(done: Done) -> tuple[Sequence[EndpointState], EndpointState, str] | None:
    """What an answer means for the endpoint itself: from which states, to which, and why."""
    if isinstance(done.outcome, Delivered) and not done.job.ping:
        return None
    match done.outcome:
        case Exhausted(gone=True) | Unchanged(gone=True):
            return (EndpointState.CHECKING, EndpointState.ACTIVE), EndpointState.DISABLED, "gone"
        case Delivered() if done.job.ping:
            return (EndpointState.CHECKING,), EndpointState.ACTIVE, ""
        case Exhausted() if done.job.ping:
            return (EndpointState.CHECKING,), EndpointState.DISABLED, "never_answered"
        case Retry() if done.job.ping:
            return (EndpointState.CHECKING,), EndpointState.CHECKING, _reason(done)
    return None


def _reason(done: Done) -> str:
    answer = done.made[-1].attempt.answer
    return f"status_{answer.status}" if answer.status else (answer.failure or Failure.CONNECTION).value
