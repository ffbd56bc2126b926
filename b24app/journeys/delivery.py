"""Deliver what waits in the outbox: claim → number and load → send → settle, many at a time and overlapping.

Nothing is held in a transaction while the network is waited for. A worker that dies between *sent* and *settled* leaves
its claim to run out; another sends the same bytes with the same webhook-id again, and the receiver drops the second.

Longer than most files: sending and settling share one run's memory, and reading them apart would help nobody.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from time import monotonic
from uuid import UUID, uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app import webhooks
from b24app.domain import delivery as rules
from b24app.domain.delivery import (
    Answer,
    Delivered,
    DeliveryState,
    EndpointState,
    Exhausted,
    Failure,
    Outcome,
    Retry,
    Schedule,
    Trigger,
    Unchanged,
)
from b24app.domain.installation import PortalState
from b24app.domain.news import EndpointPing
from b24app.guard import wrong_url
from b24app.resources import Resources
from b24app.store import endpoints, outbox, portals, work
from b24app.store.endpoints import Endpoint
from b24app.store.outbox import AttemptRow, Change, Load
from b24app.store.work import Claim, WorkKind

CHECK_WAIT = timedelta(minutes=5)  # news looks again at an endpoint that has not answered its ping
HEARTBEAT = 20.0  # seconds; a claim lasts 60
PULSE = 0.05  # seconds: finished attempts are stored at least this often
LOOK_AGAIN = 0.5  # seconds between looks for new work while slow attempts are under way
SLICES = 4  # a slice is this many times the concurrency

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed delivery, its bytes, its endpoint as it is now (None: gone) and the keys that sign."""

    claim: Claim
    load: Load
    endpoint: Endpoint | None
    keys: tuple[bytes, ...]

    @property
    def ping(self) -> bool:
        return self.load.type == EndpointPing.TYPE


@dataclass(frozen=True, slots=True)
class Made:
    """One attempt of a job."""

    trigger: Trigger
    number: int
    at: datetime
    attempt: webhooks.Attempt


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job: attempts and their outcome; or none, and a moment to look again; or an end without any."""

    job: Job
    made: tuple[Made, ...] = ()
    outcome: Outcome | None = None
    hold: datetime | None = None
    end: DeliveryState | None = None


@dataclass(frozen=True, slots=True)
class Drained:
    """`settled`: deliveries whose attempt was stored. `more`: the budget ran out before the work did."""

    settled: int
    more: bool


@dataclass(slots=True)
class _Run:
    """What one drain has under way. `chains`: jobs about one object of one endpoint, sent one after another."""

    resources: Resources
    schedule: Schedule
    gate: asyncio.Semaphore
    gates: defaultdict[UUID, asyncio.Semaphore]
    token: UUID = field(default_factory=uuid4)
    chains: dict[tuple[UUID, str], deque[Job]] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    held: set[UUID] = field(default_factory=set)
    finished: list[Done] = field(default_factory=list)
    slowed: dict[UUID, datetime] = field(default_factory=dict)
    keys: dict[bytes, bytes] = field(default_factory=dict)
    stir: asyncio.Event = field(default_factory=asyncio.Event)
    closing: bool = False
    settled: int = 0


async def drain(resources: Resources, worker: str = "outbox", budget_seconds: float = 20) -> Drained:
    """Send what is due until nothing is, or the budget is used up; attempts under way are finished, others let go.

    Raises what a fail point raises and what the database raises; claims then run out and are taken over.
    """
    rule = resources.manifest.delivery
    run = _Run(
        resources,
        Schedule(rule.schedule, rule.jitter, rule.slow_wait),
        asyncio.Semaphore(rule.concurrency),
        defaultdict(lambda: asyncio.Semaphore(max(1, rule.concurrency // 4))),
    )
    try:
        more = await _turn(run, worker, budget_seconds)
    finally:
        for task in run.tasks:
            task.cancel()
        await asyncio.gather(*run.tasks, return_exceptions=True)
    return Drained(run.settled, more)


async def _turn(run: _Run, worker: str, budget_seconds: float) -> bool:
    """Claim while there is room, store what is finished, beat. True where the budget ended it, not the work."""
    size = run.resources.manifest.delivery.concurrency * SLICES
    started = beaten = monotonic()
    look_at = started
    while True:
        run.closing = monotonic() - started >= budget_seconds
        if not run.closing and len(run.held) < size and monotonic() >= look_at:
            found = await _claim(run, worker, size)
            look_at = monotonic() + (0 if found else LOOK_AGAIN)
        if not run.held and (run.closing or look_at > monotonic()):
            return run.closing
        await _stirred(run)
        if await _settle(run) and not run.held:
            look_at = monotonic()
        if monotonic() - beaten > HEARTBEAT:
            beaten = monotonic()
            async with run.resources.directory() as db:
                await work.renew(db, run.token, run.resources.now())


async def _stirred(run: _Run) -> None:
    """Wait until all is sent or a pulse has passed."""
    if not run.chains:
        return
    run.stir.clear()
    try:
        async with asyncio.timeout(PULSE):
            await run.stir.wait()
    except TimeoutError:
        pass


async def _claim(run: _Run, worker: str, size: int) -> int:
    """Take a slice and start sending it. Returns how many rows were claimed."""
    async with run.resources.directory() as db:
        now = run.resources.now()
        claims = await work.claim(db, WorkKind.DELIVERY, worker=worker, token=run.token, now=now, limit=size)
    if claims:
        run.resources.failpoint("delivery.claimed")
    claims.sort(key=attrgetter("portal_id"))
    for portal_id, group in groupby(claims, key=attrgetter("portal_id")):
        for job in await _load(run, portal_id, {UUID(one.key): one for one in group}):
            run.held.add(job.load.id)
            _start(run, job)
    return len(claims)


async def _load(run: _Run, portal_id: int, claims: dict[UUID, Claim]) -> list[Job]:
    async with run.resources.tenant(portal_id) as db:
        await outbox.number(db, portal_id, claims.keys())
        loads = await outbox.load(db, portal_id, claims.keys(), run.held)
        known = await endpoints.by_ids(db, portal_id, {one.endpoint_id for one in loads})
        portal = await portals.by_id(db, portal_id)
        lost = claims.keys() - {one.id for one in loads}
        await work.drop(db, portal_id, WorkKind.DELIVERY, [str(one) for one in lost])
    if portal is None or portal.state is PortalState.REMOVED:
        known = {}
    keys = {one.id: _keys(run, one) for one in known.values()}
    return [Job(claims[one.id], one, known.get(one.endpoint_id), keys.get(one.endpoint_id, ())) for one in loads]


def _keys(run: _Run, endpoint: Endpoint) -> tuple[bytes, ...]:
    now = run.resources.now()
    sealed = [endpoint.secret, *(old.sealed for old in endpoint.old_secrets if old.until > now)]
    for one in sealed:
        if one not in run.keys:
            run.keys[one] = webhooks.signing_key(run.resources.vault.open(one))
    return tuple(run.keys[one] for one in sealed)


def _start(run: _Run, job: Job) -> None:
    key = (job.load.endpoint_id, job.load.object_id)
    if key in run.chains:
        run.chains[key].append(job)
        return
    run.chains[key] = deque([job])
    task = asyncio.create_task(_send_chain(run, key))
    run.tasks.add(task)
    task.add_done_callback(run.tasks.discard)


async def _send_chain(run: _Run, key: tuple[UUID, str]) -> None:
    """News about one object, in order; what comes after a failed one waits for it, within bounds."""
    chain, earlier = run.chains[key], None
    try:
        while chain:
            async with run.gates[key[0]], run.gate:
                done = _without_sending(run, chain[0], earlier) or await _attempt(run, chain[0])
            earlier = done.outcome.at if isinstance(done.outcome, Retry) else done.hold or earlier
            run.finished.append(done)
            chain.popleft()
    finally:
        del run.chains[key]
        if not run.chains:
            run.stir.set()


def _without_sending(run: _Run, job: Job, earlier: datetime | None) -> Done | None:
    """Reasons not to send now, read again before every attempt."""
    now, load, endpoint = run.resources.now(), job.load, job.endpoint
    if load.state is not DeliveryState.WAITING and not load.resend:
        return Done(job, end=load.state)
    if endpoint is None or endpoint.state is EndpointState.DELETED:
        return Done(job, end=DeliveryState.CLOSED)
    if endpoint.state is EndpointState.DISABLED:
        return Done(job, end=DeliveryState.CLOSED if job.ping else DeliveryState.SKIPPED)
    if endpoint.state is EndpointState.CHECKING and not job.ping:
        return Done(job, hold=now + CHECK_WAIT)
    if run.closing or load.endpoint_id in run.slowed:
        return Done(job, hold=max(now, run.slowed.get(load.endpoint_id, now)))
    earlier = earlier or load.earlier_at
    if earlier is None or job.ping or load.resend:
        return None
    until = rules.hold_until(load.created_at, earlier, now)
    return None if until is None else Done(job, hold=until)


async def _attempt(run: _Run, job: Job) -> Done:
    load, now = job.load, run.resources.now
    trigger = Trigger.MANUAL if load.resend else Trigger.PING if job.ping else Trigger.SCHEDULED
    made = [await _send(run, job, trigger, load.attempts + 1)]
    limit = run.resources.manifest.delivery.instant_retry_under
    if rules.instantly_again(made[0].attempt.answer, made[0].attempt.duration, limit):
        made.append(await _send(run, job, Trigger.INSTANT, load.attempts + 2))
    answer = made[-1].attempt.answer
    tries = load.tries if trigger is Trigger.MANUAL else load.tries + 1
    outcome = rules.after(answer, trigger, tries, run.schedule, now(), random.random())  # noqa: S311 - jitter
    if rules.slows_endpoint(answer):
        run.slowed[load.endpoint_id] = now() + timedelta(seconds=run.schedule.slow)
    return Done(job, tuple(made), outcome)


async def _send(run: _Run, job: Job, trigger: Trigger, number: int) -> Made:
    endpoint, load, at = job.endpoint, job.load, run.resources.now()
    assert endpoint
    if wrong_url(endpoint.url, dev_mode=run.resources.settings.dev_mode):
        return Made(trigger, number, at, webhooks.Attempt(Answer(None, Failure.REFUSED_ADDRESS), 0.0))
    message = webhooks.Message(endpoint.url, load.event_id, load.body, job.keys, load.sequence, number)
    return Made(trigger, number, at, await webhooks.send(run.resources.outward_http, message, at))


async def _settle(run: _Run) -> int:
    """Store what is finished, one short transaction per portal. Returns how many jobs that were."""
    batch, run.finished = run.finished, []
    if not batch:
        return 0
    if any(one.made for one in batch):
        run.resources.failpoint("delivery.sent")
    batch.sort(key=lambda one: one.job.claim.portal_id)
    for portal_id, group in groupby(batch, key=lambda one: one.job.claim.portal_id):
        async with run.resources.tenant(portal_id) as db:
            run.settled += await _settle_portal(db, run.resources.now(), portal_id, list(group))
    run.held.difference_update(one.job.load.id for one in batch)
    run.resources.failpoint("delivery.settled")
    return len(batch)


async def _settle_portal(db: AsyncConnection, now: datetime, portal_id: int, batch: Sequence[Done]) -> int:
    """Only what is still ours is stored. Returns how many attempts were settled."""
    changes = {done.job.load.id: _change(done) for done in batch}
    later, over = [], []
    for done in batch:
        change = changes[done.job.load.id]
        due = done.hold or (change.next_at if change.state is DeliveryState.WAITING else None)
        if due:
            later.append((done.job.claim, due, change.last_error))
        else:
            over.append(done.job.claim)
    ours = await outbox.put_off(db, portal_id, later) | await work.finish(db, WorkKind.DELIVERY, over, now)
    mine = [done for done in batch if done.job.claim.key in ours]
    await outbox.add_attempts(db, portal_id, [row for done in mine for row in _rows(done)])
    moved = [one for one in mine if one.made or one.end not in (None, one.job.load.state)]
    await outbox.change(db, portal_id, [changes[one.job.load.id] for one in moved], now)
    for done in mine:
        await _tell_endpoint(db, now, portal_id, done)
    return sum(bool(done.made) for done in mine)


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


async def _tell_endpoint(db: AsyncConnection, now: datetime, portal_id: int, done: Done) -> None:
    endpoint, meaning = done.job.endpoint, _meaning(done)
    if endpoint is None or meaning is None:
        return
    come_from, to, reason = meaning
    changed = await endpoints.switch(
        db, portal_id, endpoint.id, url=endpoint.url, come_from=come_from, to=to, reason=reason, now=now
    )
    if changed and to is not EndpointState.CHECKING:
        await endpoints.hurry(db, portal_id, endpoint.id, now)
        log.info("endpoint_state", portal=portal_id, endpoint=str(endpoint.id), state=to.value, reason=reason)


def _meaning(done: Done) -> tuple[Sequence[EndpointState], EndpointState, str] | None:
    """What an answer means for the endpoint itself: from which states, to which, and why."""
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
