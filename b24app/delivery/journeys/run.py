"""What one drain has in hand: jobs in chains, who sends them, what is finished and not stored yet."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from uuid import UUID, uuid4

from b24app.delivery import webhooks
from b24app.delivery.store.endpoints import Endpoint
from b24app.delivery.store.loading import Load
from b24app.domain.delivery.news import EndpointPing
from b24app.domain.delivery.schedule import DeliveryState, Failure, Outcome, Schedule, Trigger
from b24app.net.addresses import Address
from b24app.resources import Resources
from b24app.work.store.index import Claim

SLICE = 8  # rows of one claim, in multiples of the concurrency
SLOW = 1.0  # seconds after which an attempt no longer keeps others from being made
MOST = 4  # attempts under way at once, slow ones included, and rows in hand, in multiples of what is usual

Key = tuple[UUID, str]
"""What is kept in order: an endpoint and an object."""


@dataclass(frozen=True, slots=True)
class DeliveryTarget:
    """An endpoint as it is now, where it is called, the keys that sign for it, and why nothing can be sent there, if
    so: `address` is None where it is not one that we call."""

    endpoint: Endpoint
    address: Address | None
    keys: tuple[bytes, ...]
    obstacle: Failure | None


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed delivery with its bytes and where it goes (None: nowhere any more)."""

    claim: Claim
    load: Load
    target: DeliveryTarget | None

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


@dataclass(slots=True)
class DeliveryRun:
    """One drain, of one portal `only` or of all.

    `chains`: jobs about one object of one endpoint, sent one after another; `parked`: chains of an endpoint that has
    its share of senders already; `begun`: something was looked for; `under_way`: when each attempt began; `stored`:
    settlings so far; `came_to`: attempts stored, by what they came to.
    """

    resources: Resources
    worker: str
    schedule: Schedule
    concurrency: int
    only: int | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    token: UUID = field(default_factory=uuid4)
    chains: dict[Key, deque[Job]] = field(default_factory=dict)
    ready: deque[Key] = field(default_factory=deque)
    parked: defaultdict[UUID, deque[Key]] = field(default_factory=lambda: defaultdict(deque))
    busy: Counter[UUID] = field(default_factory=Counter)
    senders: set[asyncio.Task[None]] = field(default_factory=set)
    under_way: dict[UUID, float] = field(default_factory=dict)
    held: set[UUID] = field(default_factory=set)
    unsent: Counter[int] = field(default_factory=Counter)
    later: dict[Key, datetime] = field(default_factory=dict)
    finished: list[Done] = field(default_factory=list)
    slowed: dict[UUID, datetime] = field(default_factory=dict)
    keys: dict[bytes, bytes | None] = field(default_factory=dict)
    stir: asyncio.Event = field(default_factory=asyncio.Event)
    closing: bool = False
    came_to: Counter[str] = field(default_factory=Counter)
    stored: int = 0
    failure: BaseException | None = None

    @property
    def slice(self) -> int:
        return self.concurrency * SLICE

    @property
    def share(self) -> int:
        """Senders that one endpoint may have."""
        return max(1, self.concurrency // 4)

    @property
    def senders_wanted(self) -> int:
        """As many as do not wait for somebody slow, within bounds."""
        slow = sum(began < monotonic() - SLOW for began in self.under_way.values())
        return min(self.concurrency + slow, self.concurrency * MOST)

    def full(self) -> list[int]:
        """Portals with a slice in hand: none of theirs is claimed meanwhile, so that others' rows find room."""
        return [portal_id for portal_id, rows in self.unsent.items() if rows >= self.slice]

    def has_room(self) -> bool:
        in_hand = self.unsent.values()
        return sum(rows for rows in in_hand if rows < self.slice) < self.slice and sum(in_hand) < self.slice * MOST
