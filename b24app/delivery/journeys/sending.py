"""Jobs on their way out: many senders at a time, one chain each; who waits for a slow receiver keeps nobody waiting."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from time import monotonic

import structlog

from b24app.delivery import webhooks
from b24app.delivery.journeys.run import ChainKey, DeliveryRun, Done, Job, JobAttempt
from b24app.domain.delivery import schedule as rules
from b24app.domain.delivery.schedule import Answer, DeliveryState, EndpointState, Failure, Trigger

CHECK_WAIT = timedelta(minutes=5)  # news looks again at an endpoint that has not answered its ping
SLOW = 1.0  # seconds after which an attempt no longer keeps others from being made
MOST_SENDERS = 4  # at most, in multiples of the concurrency

log = structlog.get_logger()


class Senders:
    """The tasks that send a run's chains."""

    def __init__(self, run: DeliveryRun) -> None:
        self._run = run
        self._tasks: set[asyncio.Task[None]] = set()
        self._began: dict[ChainKey, float] = {}  # attempts under way
        self._failure: BaseException | None = None

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        return list(self._tasks)

    def spread(self) -> None:
        """Start a sender for each chain that is ready, within bounds."""
        for _ in range(min(self._run.ready, self._allowed() - len(self._tasks))):
            task = asyncio.create_task(self._send_ready())
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def raise_failure(self) -> None:
        """Raise what a sender raised, if one did."""
        if self._failure:
            raise self._failure

    def _allowed(self) -> int:
        """As many senders as the concurrency, and one more for each that waits for somebody slow, within bounds."""
        slow = sum(began < monotonic() - SLOW for began in self._began.values())
        return min(self._run.concurrency + slow, self._run.concurrency * MOST_SENDERS)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()):
            self._failure = failure
        self._run.notify()

    async def _send_ready(self) -> None:
        """One sender: it sends chains until none is ready."""
        while chain := self._run.next_chain():
            await self._send_chain(chain)
            self._run.release(chain)

    async def _send_chain(self, chain: ChainKey) -> None:
        """News about one object, in order."""
        while job := self._run.next_job(chain):
            done = _without_sending(self._run, job)
            if done is None:
                self._began[chain] = monotonic()
                done = await _attempt(self._run, job)
                del self._began[chain]
            self._run.finished(done)


def _without_sending(run: DeliveryRun, job: Job) -> Done | None:
    """What becomes of a job that is not sent now, or None to send it. Asked again before every attempt."""
    load, endpoint = job.load, job.target.endpoint if job.target else None
    if load.state is not DeliveryState.WAITING and not load.resend:
        return Done(job, end=load.state)
    if endpoint is None or endpoint.state is EndpointState.DELETED:
        return Done(job, end=DeliveryState.CLOSED)
    if endpoint.state is EndpointState.DISABLED:
        return Done(job, end=DeliveryState.CLOSED if load.sequence is None else DeliveryState.SKIPPED)
    if endpoint.state is EndpointState.CHECKING and not job.ping:
        return Done(job, hold=run.resources.now() + CHECK_WAIT)
    until = run.hold(job)
    return None if until is None else Done(job, hold=until)


async def _attempt(run: DeliveryRun, job: Job) -> Done:
    """Send the job, and once more at once where only the connection failed."""
    load, trigger = job.load, job.trigger
    attempts = [await _send(run, job, trigger, load.attempts + 1)]
    limit, first = run.resources.manifest.delivery.instant_retry_under, attempts[0].result
    if rules.instantly_again(first.answer, first.duration, limit):
        attempts.append(await _send(run, job, Trigger.INSTANT, load.attempts + 2))
    tries = load.tries if trigger is Trigger.MANUAL else load.tries + 1
    chance = random.random()  # noqa: S311 - jitter
    outcome = rules.after(attempts[-1].result.answer, trigger, tries, run.schedule, run.resources.now(), chance)
    return Done(job, tuple(attempts), outcome)


async def _send(run: DeliveryRun, job: Job, trigger: Trigger, number: int) -> JobAttempt:
    at = run.resources.now()
    return JobAttempt(trigger, number, at, await _result(run, job, number, at))


async def _result(run: DeliveryRun, job: Job, number: int, at: datetime) -> webhooks.Attempt:
    target, load = job.target, job.load
    assert target
    if target.obstacle or target.address is None:
        return webhooks.Attempt(Answer(None, target.obstacle), 0.0)
    message = webhooks.Message(target.address, load.event_id, load.body, target.keys, load.sequence, number)
    try:
        return await webhooks.send(run.resources.outward_http, message, at)
    except Exception as error:  # a fault of ours that one receiver brings out must not end the drain of all
        log.warning("send_failed", delivery=str(load.id), error=repr(error), exc_info=True)
        return webhooks.Attempt(Answer(None, Failure.PROTOCOL), 0.0)
