"""Drain what waits for one portal in one lane: claim a slice, carry it through its journey, again.

Cards and what hangs on them are parts of the work index, each with a journey of its own; a slice is of one part.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from uuid import uuid4

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.domain.work import slices
from b24app.errors import AppError, Close, Later, Overtaken, Park, PortalError, PortalMoved, Refused, Unreadable, plan
from b24app.lanes import Lane
from b24app.plug import product_of
from b24app.portal.journeys.tokens import adopt_address
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.store.engine import away, collided
from b24app.work.store import index
from b24app.work.store.index import Claim
from workers import runtime
from workers.inline_delivery import worker_name

BUDGET = 20.0  # seconds of one drain; then it wakes itself again and lets others have a turn
WAIT_OUTSIDE = timedelta(minutes=10)  # until we look again at a portal that needs an admin or a payment
OVERTAKEN = timedelta(seconds=1)
DATABASE_AWAY = timedelta(seconds=5)
HEARTBEAT = 20.0  # seconds; a claim lasts 60
WAITING_OUTSIDE = frozenset({"needs_admin", "unpaid", "needs_fresh_token"})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WorkSlice:
    """Claims of one part of the work index, out of one lane."""

    kind: str
    lane: Lane
    claims: Sequence[Claim]


def drain(portal_id: int, lane: int) -> None:
    """RQ entry point."""
    resources = runtime.resources()
    resources.wake.heard(f"inbox:{portal_id}:{lane}")
    runtime.run(drain_portal(resources, portal_id, Lane(lane)))


async def drain_portal(resources: Resources, portal_id: int, lane: Lane) -> int:
    """Handle what is due now. Returns how many subjects were taken.

    Between two slices of the bulk lane whatever a person waits for goes first, in a slice and at a pace of its own. A
    portal that lets us in again does so for the rows of earlier slices, too.
    """
    started, taken, size, let_in = monotonic(), 0, slices.FIRST, False
    parts = turn = tuple(product_of(resources).parts)
    while (began := monotonic()) - started < BUDGET:
        async with resources.autocommit() as db:
            portal = await portals.by_id(db, portal_id)
            slice_ = await _claim(db, resources, portal, lane, size, turn) if portal else None
            if let_in and not slice_:
                await index.make_due(db, portal_id, parts, resources.now(), errors=WAITING_OUTSIDE)
        resources.failpoint("inbox.claimed")
        if portal is None or not slice_:
            return taken
        taken += len(slice_.claims)
        let_in = await _handle(resources, portal, slice_)
        turn = (*(one for one in parts if one != slice_.kind), slice_.kind)
        if slice_.lane is Lane.BULK:
            size = slices.next_size(size, monotonic() - began)
    await resources.wake.inbox(portal_id, lane)
    return taken


async def _claim(
    db: AsyncConnection, resources: Resources, portal: Portal, lane: Lane, size: int, turn: Sequence[str]
) -> WorkSlice | None:
    """Rows of one lane, the fastest that has any, and of one part, the first of `turn` that has any. Only an active
    portal is worked for; rows of the others stay."""
    if portal.state is not PortalState.ACTIVE:
        return None
    for served, kind in ((one, kind) for one in Lane if one <= lane for kind in turn):
        claims = await index.claim(
            db,
            kind,
            worker=worker_name(),
            token=uuid4(),
            now=resources.now(),
            limit=slices.INTERACTIVE if served is Lane.INTERACTIVE else size,
            portal_id=portal.id,
            lane=served,
        )
        if claims:
            return WorkSlice(kind, served, claims)
    return None


async def _handle(resources: Resources, portal: Portal, slice_: WorkSlice) -> bool:
    """One slice; whether all of it went well. What goes wrong stays in its rows, with the time of the next try."""
    try:
        async with heartbeat(resources, slice_.claims):
            failed = (
                await product_of(resources).parts[slice_.kind].handle(resources, portal, slice_.claims, slice_.lane)
            )
    except Exception as error:
        await _slice_failed(resources, portal, slice_, error)
        return False
    for case in failed or ():
        assert case.error
        log.warning("subject_failed", portal=portal.id, subject=case.claim.key, error=repr(case.error))
        await _give_up_or_wait(resources, portal, slice_.kind, case.claim, case.error)
    return not failed


async def _slice_failed(resources: Resources, portal: Portal, slice_: WorkSlice, error: Exception) -> None:
    kind, claims = slice_.kind, slice_.claims
    if _overtaken(error):
        log.info("slice_overtaken", portal=portal.id, subjects=len(claims), error=type(error).__name__)
        await _later(resources, kind, claims, Later(resources.now() + OVERTAKEN), "overtaken")
        return
    if away(error):  # nobody's fault: no try is counted, and where not even this can be stored the claims run out
        log.warning("slice_interrupted", portal=portal.id, subjects=len(claims), error=repr(error))
        await _later(resources, kind, claims, Later(resources.now() + DATABASE_AWAY, counted=False), "database_away")
        return
    unknown = not isinstance(error, AppError)
    log.warning("slice_failed", portal=portal.id, subjects=len(claims), error=repr(error), exc_info=unknown)
    if await moved(resources, portal, error):
        await _later(resources, kind, claims, Later(resources.now()), "moved")
    elif (unknown or isinstance(error, Unreadable)) and len(claims) > 1:
        for part in slices.halves(claims):
            await _handle(resources, portal, replace(slice_, claims=part))
    else:
        for claim in claims:
            await _give_up_or_wait(resources, portal, kind, claim, error)


def _overtaken(error: Exception) -> bool:
    """Two workers at the same rows: whoever came second looks again."""
    return isinstance(error, Overtaken) or collided(error)


@asynccontextmanager
async def heartbeat(resources: Resources, claims: Sequence[Claim]) -> AsyncIterator[None]:
    """Keep the claims ours while the portal is slow or the pace makes us wait. A beat that failed is no reason to stop:
    a database that was away for a moment is there for the next."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            try:
                async with resources.autocommit() as db:
                    await index.renew(db, claims[0].token, resources.now())
            except (SQLAlchemyError, OSError) as error:
                log.warning("heartbeat_missed", portal=claims[0].portal_id, error=type(error).__name__)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()


async def moved(resources: Resources, portal: Portal, error: Exception) -> bool:
    """Whether the error was a portal that has got another address, which we have adopted now."""
    if not isinstance(error, PortalMoved):
        return False
    try:
        return await adopt_address(resources, portal)
    except (PortalError, Refused) as unproven:
        log.warning("move_not_proven", portal=portal.id, error=repr(unproven))
        return False


async def _give_up_or_wait(resources: Resources, portal: Portal, kind: str, claim: Claim, error: Exception) -> None:
    code = getattr(error, "code", "") or type(error).__name__
    match plan(error, claim.tries, resources.now()):
        case Later() as later:
            await _later(resources, kind, [claim], later, code)
        case Park(reason) if reason in WAITING_OUTSIDE:
            await _later(resources, kind, [claim], Later(resources.now() + WAIT_OUTSIDE, counted=False), reason)
        case Park(reason) | Close(reason):
            await product_of(resources).parts[kind].give_up(resources, portal, claim, reason)


async def _later(resources: Resources, kind: str, claims: Sequence[Claim], later: Later, error: str) -> None:
    async with resources.autocommit() as db:
        await index.postpone(db, kind, claims, later.at, error, counted=later.counted)
