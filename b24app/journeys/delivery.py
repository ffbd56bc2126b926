"""Deliver what waits in the outbox: claim → number and load → send → settle, many at a time and overlapping.

Nothing is held in a transaction while the network is waited for. A worker that dies between *sent* and *settled* leaves
its claim to run out; another sends the same bytes with the same webhook-id again, and the receiver drops the second.

Longer than most files: sending and settling share one run's memory, and reading them apart would help nobody.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
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
SLICE = 8  # rows of one claim, in multiples of the concurrency

Key = tuple[UUID, str]
"""What is kept in order: an endpoint and an object."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint as it is now, the keys that sign for it, and whether we may call its address at all."""

    endpoint: Endpoint
    keys: tuple[bytes, ...]
    callable: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed delivery with its bytes and where it goes (None: nowhere any more)."""

    claim: Claim
    load: Load
    target: Target | None

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
    worker: str
    schedule: Schedule
    concurrency: int
    token: UUID = field(default_factory=uuid4)
    chains: dict[Key, deque[Job]] = field(default_factory=dict)
    ready: deque[Key] = field(default_factory=deque)
    parked: defaultdict[UUID, deque[Key]] = field(default_factory=lambda: defaultdict(deque))
    busy: Counter[UUID] = field(default_factory=Counter)
    senders: set[asyncio.Task[None]] = field(default_factory=set)
    held: set[UUID] = field(default_factory=set)
    later: dict[Key, datetime] = field(default_factory=dict)
    unsent: int = 0
    finished: list[Done] = field(default_factory=list)
    slowed: dict[UUID, datetime] = field(default_factory=dict)
    keys: dict[bytes, bytes] = field(default_factory=dict)
    stir: asyncio.Event = field(default_factory=asyncio.Event)
    closing: bool = False
    settled: int = 0
    stored: int = 0
    failure: BaseException | None = None

    @property
    def slice(self) -> int:
        return self.concurrency * SLICE


async def drain(resources: Resources, worker: str = "outbox", budget_seconds: float = 20) -> Drained:
    """Send what is due until nothing is, or the budget is used up; attempts under way are finished, others let go.

    Raises what a fail point raises and what the database raises; claims then run out and are taken over.
    """
    rule = resources.manifest.delivery
    run = _Run(resources, worker, Schedule(rule.schedule, rule.jitter, rule.slow_wait), rule.concurrency)
    claiming: list[asyncio.Task[tuple[int, int]]] = []
    try:
        more = await _turn(run, claiming, budget_seconds)
    finally:
        left = [*run.senders, *claiming]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
    return Drained(run.settled, more)


async def _turn(run: _Run, claiming: list[asyncio.Task[tuple[int, int]]], budget_seconds: float) -> bool:
    """Claim ahead while there is room, store what is finished, beat. True where the budget ended it, not the work.

    The next slice is claimed while the present one is being sent; the last one is settled meanwhile. The end is a claim
    that found nothing and that no settling has overtaken.
    """
    started = beaten = look_at = monotonic()
    dry = False
    while True:
        run.closing = monotonic() - started >= budget_seconds
        if claiming and claiming[0].done():
            stored, found = claiming.pop().result()
            dry = found == 0 and stored == run.stored
            look_at = monotonic() + (0 if found == run.slice else LOOK_AGAIN)
        if not claiming and not run.held and (run.closing or dry):
            return run.closing
        if not claiming and not run.closing and run.unsent < run.slice and (monotonic() >= look_at or not run.held):
            claiming.append(asyncio.create_task(_claim(run)))
            claiming[0].add_done_callback(lambda _: run.stir.set())
        await _stirred(run)
        if run.failure:
            raise run.failure
        await _settle(run)
        if monotonic() - beaten > HEARTBEAT:
            beaten = monotonic()
            async with run.resources.directory() as db:
                await work.renew(db, run.token, run.resources.now())


async def _stirred(run: _Run) -> None:
    """Wait until a slice is claimed or all is sent, or a pulse has passed."""
    try:
        async with asyncio.timeout(PULSE):
            await run.stir.wait()
    except TimeoutError:
        pass
    run.stir.clear()


async def _claim(run: _Run) -> tuple[int, int]:
    """Take a slice and start sending it. (settlings before we looked, rows claimed)"""
    stored = run.stored
    async with run.resources.directory() as db:
        await outbox.tune(db, durable=False)
        now = run.resources.now()
        claims = await work.claim(db, WorkKind.DELIVERY, worker=run.worker, token=run.token, now=now, limit=run.slice)
    if claims:
        run.resources.failpoint("delivery.claimed")
    claims.sort(key=attrgetter("portal_id"))
    for portal_id, group in groupby(claims, key=attrgetter("portal_id")):
        for job in await _load(run, portal_id, {UUID(one.key): one for one in group}):
            _start(run, job)
    return stored, len(claims)


async def _load(run: _Run, portal_id: int, claims: dict[UUID, Claim]) -> list[Job]:
    async with run.resources.tenant(portal_id) as db:
        await outbox.tune(db)
        loads = await outbox.load(db, portal_id, claims.keys())
        known = await endpoints.by_ids(db, portal_id, {one.endpoint_id for one in loads})
        portal = await portals.by_id(db, portal_id)
        if lost := claims.keys() - {one.id for one in loads}:
            await work.drop(db, portal_id, WorkKind.DELIVERY, [str(one) for one in lost])
    if portal is None or portal.state is PortalState.REMOVED:
        known = {}
    targets = {id_: _target(run, endpoint) for id_, endpoint in known.items()}
    return [Job(claims[one.id], one, targets.get(one.endpoint_id)) for one in loads]


def _target(run: _Run, endpoint: Endpoint) -> Target:
    wrong = wrong_url(endpoint.url, dev_mode=run.resources.settings.dev_mode)
    return Target(endpoint, _keys(run, endpoint), wrong is None)


def _keys(run: _Run, endpoint: Endpoint) -> tuple[bytes, ...]:
    now = run.resources.now()
    sealed = [endpoint.secret, *(old.sealed for old in endpoint.old_secrets if old.until > now)]
    for one in sealed:
        if one not in run.keys:
            run.keys[one] = webhooks.signing_key(run.resources.vault.open(one))
    return tuple(run.keys[one] for one in sealed)


def _start(run: _Run, job: Job) -> None:
    """Queue a job behind others about the same object, or as a chain of its own with somebody to send it."""
    if job.load.id in run.held:
        return  # our own lease ran out while it is being sent: that attempt will settle it
    key = (job.load.endpoint_id, job.load.object_id)
    run.held.add(job.load.id)
    run.unsent += 1
    if key in run.chains:
        run.chains[key].append(job)
        return
    run.chains[key] = deque([job])
    run.ready.append(key)
    if len(run.senders) < run.concurrency:
        task = asyncio.create_task(_send_ready(run))
        run.senders.add(task)
        task.add_done_callback(partial(_sender_done, run))


def _sender_done(run: _Run, task: asyncio.Task[None]) -> None:
    run.senders.discard(task)
    if not task.cancelled() and (failure := task.exception()):
        run.failure = failure
    run.stir.set()


async def _send_ready(run: _Run) -> None:
    """One of `concurrency` senders: take chains until none is ready. One endpoint gets a quarter of the senders."""
    share = max(1, run.concurrency // 4)
    while run.ready:
        key = run.ready.popleft()
        if run.busy[key[0]] >= share:
            run.parked[key[0]].append(key)
            continue
        run.busy[key[0]] += 1
        await _send_chain(run, key)
        run.busy[key[0]] -= 1
        if run.parked[key[0]]:
            run.ready.append(run.parked[key[0]].popleft())


async def _send_chain(run: _Run, key: Key) -> None:
    """News about one object, in order; what comes after a failed one waits for it, within bounds."""
    chain = run.chains[key]
    while chain:
        done = _without_sending(run, chain[0]) or await _attempt(run, chain[0])
        if isinstance(done.outcome, Retry):
            run.later[key] = done.outcome.at
        elif done.outcome:
            run.later.pop(key, None)
        run.finished.append(done)
        run.unsent -= 1
        chain.popleft()
    del run.chains[key]


def _without_sending(run: _Run, job: Job) -> Done | None:
    """Reasons not to send now, read again before every attempt."""
    now, load, endpoint = run.resources.now(), job.load, job.target.endpoint if job.target else None
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
    until = None if job.ping or load.resend else _in_order(run, load, now)
    return None if until is None else Done(job, hold=until)


def _in_order(run: _Run, load: Load, now: datetime) -> datetime | None:
    """Until when earlier news of the same object keeps this one back: a retry of ours, or what others have in hand."""
    planned = run.later.get((load.endpoint_id, load.object_id))
    if planned and planned > now:
        return rules.hold_until(load.created_at, planned, now)
    if load.earlier_at and load.earlier not in run.held:
        return rules.hold_until(load.created_at, load.earlier_at, now)
    return None


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
    target, load, at = job.target, job.load, run.resources.now()
    assert target
    if not target.callable:
        return Made(trigger, number, at, webhooks.Attempt(Answer(None, Failure.REFUSED_ADDRESS), 0.0))
    message = webhooks.Message(target.endpoint.url, load.event_id, load.body, target.keys, load.sequence, number)
    return Made(trigger, number, at, await webhooks.send(run.resources.outward_http, message, at))


async def _settle(run: _Run) -> None:
    """Store what is finished, one short transaction per portal."""
    batch, run.finished = run.finished, []
    if not batch:
        return
    if any(one.made for one in batch):
        run.resources.failpoint("delivery.sent")
    batch.sort(key=lambda one: one.job.claim.portal_id)
    for portal_id, group in groupby(batch, key=lambda one: one.job.claim.portal_id):
        async with run.resources.tenant(portal_id) as db:
            await outbox.tune(db, durable=False)
            run.settled += await _settle_portal(db, run.resources.now(), portal_id, list(group))
    run.held.difference_update(one.job.load.id for one in batch)
    run.stored += 1
    run.resources.failpoint("delivery.settled")


async def _settle_portal(db: AsyncConnection, now: datetime, portal_id: int, batch: Sequence[Done]) -> int:
    """Only what is still ours is stored. Returns how many attempts were settled."""
    meanings = {done.job.load.endpoint_id for done in batch if _meaning(done)}
    if meanings:
        await endpoints.lock(db, portal_id, meanings)
    ours = await outbox.hold(db, portal_id, [done.job.claim for done in batch])
    mine = [(done, _change(done)) for done in batch if done.job.claim.key in ours]
    later, over = [], []
    for done, change in mine:
        due = done.hold or (change.next_at if change.state is DeliveryState.WAITING else None)
        if due:
            later.append((done.job.claim, due, change.last_error))
        else:
            over.append(done.job.claim)
    await outbox.put_off(db, portal_id, later)
    await work.finish(db, WorkKind.DELIVERY, over, now)
    await outbox.add_attempts(db, portal_id, [row for done, _ in mine for row in _rows(done)])
    moved = [change for done, change in mine if done.made or done.end not in (None, done.job.load.state)]
    await outbox.change(db, portal_id, moved, now)
    for done, _ in mine:
        if meaning := _meaning(done):
            await _tell_endpoint(db, now, portal_id, done, *meaning)
    return sum(bool(done.made) for done, _ in mine)


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
        await endpoints.hurry(db, portal_id, endpoint.id, now)
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
