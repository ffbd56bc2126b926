"""Results are stored: attempts, deliveries, their work rows, and the state that an answer gives its endpoint."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.journeys import outage
from b24app.delivery.journeys.run import DeliveryRun, Done
from b24app.delivery.store import endpoints, settling
from b24app.delivery.store.settling import AttemptRow, Change, NextTry
from b24app.domain.delivery.health import HealthChange, health_change
from b24app.domain.delivery.outage import TRIES
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


class _Switch(NamedTuple):
    """From which states an endpoint goes to which, and the reason."""

    come_from: Sequence[EndpointState]
    to: EndpointState
    reason: str


async def settle(run: DeliveryRun) -> None:
    """Store what is finished, one short transaction per portal."""
    batch = run.unsettled()
    if not batch:
        return
    if any(done.attempts for done in batch):
        run.resources.failpoint("delivery.sent")
    for portal_id, group in groupby(batch, key=lambda done: done.job.claim.portal_id):
        of_portal = list(group)
        async with run.resources.tenant(portal_id, bulk=True) as db:
            results = await _settle_portal(db, run.resources.now(), portal_id, of_portal)
        run.settled(of_portal, results)
    run.resources.failpoint("delivery.settled")


async def _settle_portal(db: AsyncConnection, now: datetime, portal_id: int, batch: Sequence[Done]) -> Counter[str]:
    """Store the results of rows that are still ours. Returns how many attempted deliveries came to which result."""
    changes = _health_changes(batch)
    switched = {done.job.load.endpoint_id for done in batch if _switch(done)}
    if switched or changes:
        await endpoints.lock(db, portal_id, switched | changes.keys())
    arrivals = await settling.hold(db, portal_id, [done.job.claim for done in batch])
    ours = [(done, _change(done)) for done in batch if done.job.claim.key in arrivals]
    later = [next_try for done, change in ours if (next_try := _next_try(done, change, arrivals, now))]
    put_off = {next_try.claim.key for next_try in later}
    await settling.settle(
        db,
        portal_id,
        batch[0].job.claim.token,
        now,
        over=[done.job.claim.key for done, _ in ours if done.job.claim.key not in put_off],
        later=later,
        attempts=[row for done, _ in ours for row in _attempt_rows(done)],
        changes=[change for done, change in ours if done.attempts or done.end not in (None, done.job.load.state)],
    )
    for endpoint_id, changed in changes.items():
        await endpoints.note_failing(db, portal_id, endpoint_id, changed.since, anew=changed.anew)
    for done, _ in ours:
        if switch := _switch(done):
            await _switch_endpoint(db, now, portal_id, done, switch)
    await outage.look_at(db, portal_id, {done.job.load.endpoint_id for done, _ in ours if _in_trouble(done)}, now)
    return Counter(_result(done) for done, _ in ours if done.attempts)


def _health_changes(batch: Sequence[Done]) -> dict[UUID, HealthChange]:
    """Endpoints that begin to fail or to answer with this batch. Most do neither, and their rows are left alone."""
    attempts: defaultdict[UUID, list[tuple[datetime, bool]]] = defaultdict(list)
    failing: dict[UUID, datetime | None] = {}
    for done in batch:
        if done.job.target and done.attempts:
            failing[done.job.load.endpoint_id] = done.job.target.endpoint.failing_since
            attempts[done.job.load.endpoint_id] += [(one.at, one.result.answer.ok) for one in done.attempts]
    found = {endpoint_id: health_change(failing[endpoint_id], made) for endpoint_id, made in attempts.items()}
    return {endpoint_id: change for endpoint_id, change in found.items() if change}


def _result(done: Done) -> str:
    """For the metrics."""
    match done.outcome:
        case Delivered():
            return "delivered"
        case Exhausted():
            return "exhausted"
    return "failed"


def _next_try(done: Done, change: Change, arrivals: Mapping[str, int], now: datetime) -> NextTry | None:
    """When the work row is claimed again: as planned, or now if something arrived since the claim. None: it is over."""
    claim, due_at = done.job.claim, done.hold or (change.next_at if change.state is DeliveryState.WAITING else None)
    if due_at:
        return NextTry(claim, due_at, change.last_error)
    return NextTry(claim, now, None) if arrivals[claim.key] != claim.arrivals else None


def _change(done: Done) -> Change:
    """The new values of the delivery's row."""
    load, state, next_at = done.job.load, done.end or done.job.load.state, done.job.load.next_at
    match done.outcome:
        case Delivered():
            state, next_at = DeliveryState.DELIVERED, None
        case Retry(at=at):
            next_at = at
        case Exhausted():
            state, next_at = DeliveryState.EXHAUSTED, None
    if not done.attempts:
        over = state is not DeliveryState.WAITING
        return Change(load.id, state, load.tries, load.attempts, over, None, None, None if over else next_at)
    answer = done.attempts[-1].result.answer
    return Change(
        load.id,
        state,
        load.tries + (done.attempts[0].trigger is not Trigger.MANUAL),
        load.attempts + len(done.attempts),
        load.resend,
        answer.status,
        answer.failure and answer.failure.value,
        next_at,
    )


def _attempt_rows(done: Done) -> Iterable[AttemptRow]:
    planned = done.outcome.at if isinstance(done.outcome, Retry) else None
    for attempt in done.attempts:
        answer, last = attempt.result.answer, attempt is done.attempts[-1]
        yield AttemptRow(
            delivery_id=done.job.load.id,
            number=attempt.number,
            trigger=attempt.trigger,
            status=answer.status,
            error=answer.failure,
            duration_ms=attempt.result.duration_ms,
            response=attempt.result.response,
            address=attempt.result.address,
            made_at=attempt.at,
            next_at=planned if last else None,
        )


async def _switch_endpoint(db: AsyncConnection, now: datetime, portal_id: int, done: Done, switch: _Switch) -> None:
    assert done.job.target
    endpoint, (come_from, to, reason) = done.job.target.endpoint, switch
    switched = await endpoints.switch(
        db, portal_id, endpoint.id, url=endpoint.url, come_from=come_from, to=to, reason=reason, now=now
    )
    if switched and to is not EndpointState.CHECKING:
        await endpoints.make_due(db, portal_id, endpoint.id, now)
        log.info("endpoint_state", portal=portal_id, endpoint=str(endpoint.id), state=to.value, reason=reason)


def _switch(done: Done) -> _Switch | None:
    """The state that the answer gives the endpoint, or None: it changes nothing."""
    if isinstance(done.outcome, Delivered) and not done.job.ping:
        return None  # by far the most
    match done.outcome:
        case Exhausted(gone=True) | Unchanged(gone=True):
            return _Switch((EndpointState.CHECKING, EndpointState.ACTIVE), EndpointState.DISABLED, "gone")
        case Delivered() if done.job.ping:
            return _Switch((EndpointState.CHECKING,), EndpointState.ACTIVE, "")
        case Exhausted() if done.job.ping:
            return _Switch((EndpointState.CHECKING,), EndpointState.DISABLED, "never_answered")
        case Retry() if done.job.ping:
            return _Switch((EndpointState.CHECKING,), EndpointState.CHECKING, _reason(done))
    return None


def _in_trouble(done: Done) -> bool:
    """Its endpoint has failed for a while, was switched off, or answers at last."""
    switch = _switch(done)
    if switch and switch.to is not EndpointState.CHECKING:
        return True
    return isinstance(done.outcome, Retry | Exhausted) and not done.job.ping and done.job.load.tries + 1 >= TRIES


def _reason(done: Done) -> str:
    answer = done.attempts[-1].result.answer
    return f"status_{answer.status}" if answer.status else (answer.failure or Failure.CONNECTION).value
