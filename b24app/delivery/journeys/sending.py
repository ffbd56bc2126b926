"""Jobs on their way out: in order for each object, a share of the senders for each endpoint, slow ones aside."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

import structlog

from b24app.delivery import webhooks
from b24app.delivery.journeys.run import DeliveryRun, Done, Job, Key, Made
from b24app.delivery.store.loading import Load
from b24app.domain.delivery import schedule as rules
from b24app.domain.delivery.schedule import Answer, DeliveryState, EndpointState, Failure, Retry, Trigger

log = structlog.get_logger()

CHECK_WAIT = timedelta(minutes=5)  # news looks again at an endpoint that has not answered its ping


def start(run: DeliveryRun, job: Job) -> None:
    """Queue a job behind others about the same object, or as a chain of its own."""
    if job.load.id in run.held:
        return  # our own lease ran out while it is being sent: that attempt will settle it
    key = (job.load.endpoint_id, job.load.object_id)
    run.held.add(job.load.id)
    run.unsent[job.claim.portal_id] += 1
    if key in run.chains:
        run.chains[key].append(job)
        return
    run.chains[key] = deque([job])
    run.ready.append(key)


def spread(run: DeliveryRun) -> None:
    """Somebody to send each chain that is ready, as far as there may be senders."""
    for _ in range(min(len(run.ready), run.senders_wanted - len(run.senders))):
        task = asyncio.create_task(_send_ready(run))
        run.senders.add(task)
        task.add_done_callback(partial(_sender_done, run))


def _sender_done(run: DeliveryRun, task: asyncio.Task[None]) -> None:
    run.senders.discard(task)
    if not task.cancelled() and (failure := task.exception()):
        run.failure = failure
    run.stir.set()


async def _send_ready(run: DeliveryRun) -> None:
    """A sender takes chains until none is ready. One endpoint gets a quarter of the senders."""
    while run.ready:
        key = run.ready.popleft()
        if run.busy[key[0]] >= run.share:
            run.parked[key[0]].append(key)
            continue
        run.busy[key[0]] += 1
        await _send_chain(run, key)
        run.busy[key[0]] -= 1
        if run.parked[key[0]]:
            run.ready.append(run.parked[key[0]].popleft())


async def _send_chain(run: DeliveryRun, key: Key) -> None:
    """News about one object, in order; what comes after a failed one waits for it, within bounds."""
    chain = run.chains[key]
    while chain:
        job = chain[0]
        done = _without_sending(run, job) or await _attempt(run, job)
        if isinstance(done.outcome, Retry):
            run.later[key] = done.outcome.at
        elif done.outcome:
            run.later.pop(key, None)
        run.finished.append(done)
        run.unsent[job.claim.portal_id] -= 1
        chain.popleft()
    del run.chains[key]


def _without_sending(run: DeliveryRun, job: Job) -> Done | None:
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


def _in_order(run: DeliveryRun, load: Load, now: datetime) -> datetime | None:
    """Until when earlier news of the same object keeps this one back: a retry of ours, or what others have in hand."""
    planned = run.later.get((load.endpoint_id, load.object_id))
    if planned and planned > now:
        return rules.hold_until(load.created_at, planned, now)
    if load.earlier_at and load.earlier not in run.held:
        return rules.hold_until(load.created_at, load.earlier_at, now)
    return None


async def _attempt(run: DeliveryRun, job: Job) -> Done:
    load, now = job.load, run.resources.now
    trigger = Trigger.MANUAL if load.resend else Trigger.PING if job.ping else Trigger.SCHEDULED
    run.under_way[load.id] = monotonic()
    made = [await _send(run, job, trigger, load.attempts + 1)]
    limit = run.resources.manifest.delivery.instant_retry_under
    if rules.instantly_again(made[0].attempt.answer, made[0].attempt.duration, limit):
        made.append(await _send(run, job, Trigger.INSTANT, load.attempts + 2))
    del run.under_way[load.id]
    answer = made[-1].attempt.answer
    tries = load.tries if trigger is Trigger.MANUAL else load.tries + 1
    outcome = rules.after(answer, trigger, tries, run.schedule, now(), random.random())  # noqa: S311 - jitter
    if rules.slows_endpoint(answer):
        run.slowed[load.endpoint_id] = now() + timedelta(seconds=run.schedule.slow)
    return Done(job, tuple(made), outcome)


async def _send(run: DeliveryRun, job: Job, trigger: Trigger, number: int) -> Made:
    target, load, at = job.target, job.load, run.resources.now()
    assert target
    if target.obstacle or target.address is None:
        return Made(trigger, number, at, webhooks.Attempt(Answer(None, target.obstacle), 0.0))
    message = webhooks.Message(target.address, load.event_id, load.body, target.keys, load.sequence, number)
    try:
        attempt = await webhooks.send(run.resources.outward_http, message, at)
    except Exception as error:  # a fault of ours that one receiver brings out must not end the drain of all
        log.warning("send_failed", delivery=str(load.id), error=repr(error), exc_info=True)
        attempt = webhooks.Attempt(Answer(None, Failure.PROTOCOL), 0.0)
    return Made(trigger, number, at, attempt)
