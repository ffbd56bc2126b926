"""The jobs that one drain has in hand: which may be sent next, which have to wait, which are not stored yet."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from b24app.delivery import webhooks
from b24app.delivery.store.endpoints import Endpoint
from b24app.delivery.store.loading import Load
from b24app.domain.delivery import schedule as rules
from b24app.domain.delivery.news import EndpointPing
from b24app.domain.delivery.schedule import DeliveryState, Failure, Outcome, Retry, Schedule, Trigger
from b24app.net.addresses import Address
from b24app.resources import Resources
from b24app.work.store.index import Claim

SLICE = 8  # rows of one claim, in multiples of the concurrency
MOST_SLICES = 4  # rows in hand at most, in multiples of a slice

ChainKey = tuple[UUID, str]
"""An endpoint and an object: news about the object goes to the endpoint in order."""


@dataclass(frozen=True, slots=True)
class DeliveryTarget:
    """An endpoint as it is now. `keys` sign for it, the newest first; `address` None: not one that we call.

    `obstacle`: why nothing can be sent there; None: nothing is in the way.
    """

    endpoint: Endpoint
    address: Address | None
    keys: tuple[bytes, ...]
    obstacle: Failure | None


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed delivery with its bytes. `target` None: the endpoint or its portal is erased or removed."""

    claim: Claim
    load: Load
    target: DeliveryTarget | None

    @property
    def ping(self) -> bool:
        return self.load.type == EndpointPing.TYPE

    @property
    def trigger(self) -> Trigger:
        """Why it is sent. Pings and tests are the deliveries without a number."""
        if self.load.resend:
            return Trigger.MANUAL
        if self.load.sequence is None:
            return Trigger.PING if self.ping else Trigger.TEST
        return Trigger.SCHEDULED

    @property
    def chain(self) -> ChainKey:
        return (self.load.endpoint_id, self.load.object_id)


@dataclass(frozen=True, slots=True)
class JobAttempt:
    """One attempt of a job: the `number`-th of its delivery, made `at`."""

    trigger: Trigger
    number: int
    at: datetime
    result: webhooks.Attempt


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job: `attempts` and their `outcome`; or no attempt, and either `hold` or `end`.

    `hold`: when the job is claimed again; `end`: the state that ends the delivery.
    """

    job: Job
    attempts: tuple[JobAttempt, ...] = ()
    outcome: Outcome | None = None
    hold: datetime | None = None
    end: DeliveryState | None = None


class DeliveryRun:
    """One drain's jobs. Each goes through `take`, `finished` and `settled`.

    A job is *held* until its result is stored, and *unsent* until it is finished. Jobs about one object for one
    endpoint form a chain, which one sender sends from first to last. A chain is ready, or parked while its endpoint has
    its share of the senders, or with a sender.
    """

    def __init__(self, resources: Resources, worker: str, schedule: Schedule, concurrency: int) -> None:
        self.resources, self.worker, self.schedule, self.concurrency = resources, worker, schedule, concurrency
        self.token = uuid4()
        self._chains: dict[ChainKey, deque[Job]] = {}
        self._ready: deque[ChainKey] = deque()
        self._parked: defaultdict[UUID, deque[ChainKey]] = defaultdict(deque)  # by endpoint
        self._senders: Counter[UUID] = Counter()  # by endpoint
        self._held: set[UUID] = set()  # deliveries
        self._unsent: Counter[int] = Counter()  # by portal
        self._retries: dict[ChainKey, datetime] = {}  # when failed news of a chain is tried again
        self._resting: dict[UUID, datetime] = {}  # endpoints that are given a rest, until when
        self._finished: list[Done] = []
        self._signing_keys: dict[bytes, bytes | None] = {}
        self._notified = asyncio.Event()
        self._closing = False
        self._settlings = 0
        self._results: Counter[str] = Counter()

    @property
    def slice(self) -> int:
        """Rows of one claim."""
        return self.concurrency * SLICE

    @property
    def closing(self) -> bool:
        """The budget is used up: attempts under way are finished, all other jobs are let go."""
        return self._closing

    @property
    def empty(self) -> bool:
        return not self._held

    @property
    def ready(self) -> int:
        """Chains that wait for a sender."""
        return len(self._ready)

    @property
    def settlings(self) -> int:
        """How often results were stored so far."""
        return self._settlings

    @property
    def results(self) -> Counter[str]:
        """Attempted deliveries that are stored, by result."""
        return self._results

    def close(self) -> None:
        self._closing = True

    def take(self, job: Job) -> None:
        """Queue a claimed job behind others about the same object, or as a chain of its own."""
        if job.load.id in self._held:
            return  # our own lease ran out while it is being sent: that attempt will settle it
        self._held.add(job.load.id)
        self._unsent[job.claim.portal_id] += 1
        chain = job.chain
        if chain in self._chains:
            self._chains[chain].append(job)
            return
        self._chains[chain] = deque([job])
        self._ready.append(chain)

    def next_chain(self) -> ChainKey | None:
        """Hand the next ready chain to a sender, who gives it back by `release`. None: no chain is ready.

        One endpoint has a quarter of the senders at most; its other chains are parked meanwhile.
        """
        while self._ready:
            chain = self._ready.popleft()
            endpoint_id, _ = chain
            if self._senders[endpoint_id] < max(1, self.concurrency // 4):
                self._senders[endpoint_id] += 1
                return chain
            self._parked[endpoint_id].append(chain)
        return None

    def release(self, chain: ChainKey) -> None:
        """The sender has sent the whole chain: the next parked one of the endpoint is ready."""
        endpoint_id, _ = chain
        self._senders[endpoint_id] -= 1
        if self._parked[endpoint_id]:
            self._ready.append(self._parked[endpoint_id].popleft())

    def next_job(self, chain: ChainKey) -> Job | None:
        """The first job of the chain; it stays first until it is `finished`. None: the chain has ended."""
        return self._chains[chain][0] if chain in self._chains else None

    def hold(self, job: Job) -> datetime | None:
        """Until when the job has to wait, or None to send it now.

        It waits if the run is closing, if its endpoint is given a rest, and behind earlier news of its object.
        """
        now, load = self.resources.now(), job.load
        rest = self._resting.get(load.endpoint_id)
        if self._closing or rest:
            return max(now, rest or now)
        if job.trigger is not Trigger.SCHEDULED:
            return None
        retry = self._retries.get(job.chain)
        if retry and retry > now:
            return rules.hold_until(load.created_at, retry, now)
        if load.earlier_at and load.earlier not in self._held:  # others have it in hand, or it waits for its retry
            return rules.hold_until(load.created_at, load.earlier_at, now)
        return None

    def finished(self, done: Done) -> None:
        """The first job of a chain is over for this run. Its result waits to be stored."""
        job, chain = done.job, done.job.chain
        if isinstance(done.outcome, Retry):
            self._retries[chain] = done.outcome.at
        elif done.outcome is not None:
            self._retries.pop(chain, None)
        if done.attempts and rules.slows_endpoint(done.attempts[-1].result.answer):
            self._resting[job.load.endpoint_id] = self.resources.now() + timedelta(seconds=self.schedule.slow)
        self._finished.append(done)
        self._unsent[job.claim.portal_id] -= 1
        self._chains[chain].popleft()
        if not self._chains[chain]:
            del self._chains[chain]

    def unsettled(self) -> list[Done]:
        """Hand out the results that are to be stored, each once, ordered by portal."""
        batch, self._finished = self._finished, []
        return sorted(batch, key=lambda done: done.job.claim.portal_id)

    def settled(self, batch: Sequence[Done], results: Counter[str]) -> None:
        """These results are stored; `results` counts those of attempted deliveries."""
        self._held.difference_update(done.job.load.id for done in batch)
        self._settlings += 1
        self._results += results

    def full_portals(self) -> list[int]:
        """Portals with a slice unsent: none of their rows is claimed meanwhile, so that others' rows find room."""
        return [portal_id for portal_id, rows in self._unsent.items() if rows >= self.slice]

    def has_room(self) -> bool:
        """Whether another slice may be claimed, full portals left out."""
        unsent = self._unsent.values()
        return sum(rows for rows in unsent if rows < self.slice) < self.slice and sum(unsent) < self.slice * MOST_SLICES

    def has_room_for(self, portals: Collection[int]) -> bool:
        """Whether one of these portals is not full."""
        return any(self._unsent[portal_id] < self.slice for portal_id in portals)

    def signing_key(self, sealed: bytes) -> bytes | None:
        """As `webhooks.opened_key`, once for each secret."""
        if sealed not in self._signing_keys:
            self._signing_keys[sealed] = webhooks.opened_key(self.resources.vault, sealed)
        return self._signing_keys[sealed]

    def notify(self) -> None:
        """A task of this run has ended: whoever waits goes on."""
        self._notified.set()

    async def wait(self, seconds: float) -> None:
        """Until a task of this run has ended since the last wait, for `seconds` at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._notified.wait()
        except TimeoutError:
            pass
        self._notified.clear()
