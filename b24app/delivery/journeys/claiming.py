"""Rows of the work index are claimed, a slice at a time, while senders send and the drain settles."""

from __future__ import annotations

import asyncio
from itertools import groupby
from operator import attrgetter
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from b24app.delivery.journeys.loading import load_jobs
from b24app.delivery.journeys.run import DeliveryRun
from b24app.delivery.journeys.sending import Senders
from b24app.work.store import index
from b24app.work.store.index import Claim, WorkKind

CLAIM_AGAIN = 0.5  # seconds from a claim that brought less than a slice to the next one, while attempts are under way


class _Claimed(NamedTuple):
    """What a claim brought. `left_out`: portals that were full; `settlings`: how many had been when it began."""

    rows: int
    left_out: list[int]
    settlings: int


class Claiming:
    """Claims rows for a run, one claim at a time, in a task of its own; loads them and gives them to the senders.

    It claims up to `limit` rows over all portals, again and again; of one portal, where `portal_id` is given, only
    once. `begun` is set when the first claim is loaded.
    """

    def __init__(
        self,
        run: DeliveryRun,
        senders: Senders,
        limit: int,
        *,
        portal_id: int | None = None,
        begun: asyncio.Event | None = None,
    ) -> None:
        self._run, self._senders, self._limit, self._portal_id = run, senders, limit, portal_id
        self._begun = begun or asyncio.Event()
        self._task: asyncio.Task[_Claimed] | None = None
        self._left_out: list[int] = []
        self._next_at = monotonic()
        self._dry = False

    @property
    def tasks(self) -> list[asyncio.Task[_Claimed]]:
        """The claim under way, if there is one."""
        return [self._task] if self._task else []

    @property
    def under_way(self) -> bool:
        return self._task is not None

    @property
    def dry(self) -> bool:
        """The last claim was over all portals and found nothing, and no result was stored while it looked.

        A stored result may make other rows due. A run of one portal is dry after its claim.
        """
        return self._dry

    def collect(self) -> None:
        """Take the result of the claim that has ended, if one has. Raises what the claim raised."""
        if self._task is None or not self._task.done():
            return
        claimed = self._task.result()
        self._task, self._left_out = None, claimed.left_out
        nothing_due = claimed.rows == 0 and not claimed.left_out and claimed.settlings == self._run.settlings
        self._dry = nothing_due or self._portal_id is not None
        self._next_at = monotonic() + (0 if claimed.rows == self._limit else CLAIM_AGAIN)
        self._begun.set()

    def begin(self) -> None:
        """Begin the next claim, where none is under way, the run has room for it and its time has come."""
        run = self._run
        over = run.closing or (self._dry and self._portal_id is not None)
        due = run.empty or run.has_room_for(self._left_out) or monotonic() >= self._next_at
        if self._task is None and not over and due and run.has_room():
            self._task = asyncio.create_task(self._claim())
            self._task.add_done_callback(lambda _: run.notify())

    async def _claim(self) -> _Claimed:
        run, settlings, left_out = self._run, self._run.settlings, self._run.full_portals()
        async with (
            run.resources.transaction(bulk=True) if self._portal_id is None else run.resources.autocommit() as db
        ):
            claims = await index.claim(
                db,
                WorkKind.DELIVERY,
                worker=run.worker,
                token=run.token,
                now=run.resources.now(),
                limit=self._limit,
                portal_id=self._portal_id,
                without=left_out,
            )
        await self._take(claims)
        return _Claimed(len(claims), left_out, settlings)

    async def _take(self, claims: list[Claim]) -> None:
        """The first portal's jobs are being sent while those of the next are loaded."""
        if claims:
            self._run.resources.failpoint("delivery.claimed")
        claims.sort(key=attrgetter("portal_id"))
        for portal_id, group in groupby(claims, key=attrgetter("portal_id")):
            for job in await load_jobs(self._run, portal_id, {UUID(claim.key): claim for claim in group}):
                self._run.take(job)
            self._senders.spread()
