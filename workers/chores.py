"""Chores: what is done for a portal now and then, or because somebody asked. Each is a row of the work index, due when
it has to be done next; the claim sees to it that one worker does it.

`chores_of` are those of the features and the machine's own: rows that nobody needs any more are removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from time import monotonic
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.domain.work.clock import next_turn, night, try_again
from b24app.errors import AppError, Overtaken
from b24app.lanes import Lane
from b24app.plug import Chore, Done, product_of
from b24app.portal.journeys import removal
from b24app.portal.store import portals, retention
from b24app.resources import Resources
from b24app.store import kept
from b24app.store.engine import away, collided
from b24app.work.store import index
from b24app.work.store.index import ChoreClock, Claim, WorkKind
from b24app.work.wake import ERASING
from workers import runtime
from workers.inbox import heartbeat, moved
from workers.inline_delivery import worker_name

BUDGET = 20.0  # seconds of one chore of a portal; then it wakes itself again and lets others have a turn
TIDY = 60.0  # seconds of one go
MINUTES = 60  # of an hour

log = structlog.get_logger()


def run(name: str, *arguments: int) -> None:
    """RQ entry point: a chore of a portal. Wake-ups of earlier versions may name others, or no portal."""
    resources = runtime.resources()
    resources.wake.heard(":".join(map(str, ("chore", name, *arguments))))
    runtime.run(do_due(resources, name, *arguments))


async def wake_due(resources: Resources) -> int:
    """Wake whoever has due rows nobody holds. Returns how many wake-ups were sent; those already waiting coalesce."""
    now, known = resources.now(), chores_of(resources)
    async with resources.autocommit() as db:
        waiting = await index.waiting(db, (*product_of(resources).parts, WorkKind.DELIVERY), now)
        chores = await index.chores_due(db, states_of(known), now)
    for portal_id, kind, lane in waiting:
        if kind == WorkKind.DELIVERY:
            await resources.wake.outbox()
        else:
            await resources.wake.inbox(portal_id, Lane(lane))
    for portal_id, name in chores:
        await resources.wake.chore(name, portal_id, known[name].queue)
    return len(waiting) + len(chores)


async def keep_clocks(resources: Resources) -> int:
    """Rows of chores that go by the clock, for portals that have none yet: they, or the chore, are new. Returns how
    many."""
    by_clock = [chore for chore in chores_of(resources).values() if chore.every or chore.nightly]
    clocks = [_clock(resources, chore, state) for chore in by_clock for state in chore.states]
    async with resources.autocommit() as db:
        await index.adopt_files(db)
        await portals.keep_owed(db, resources.now())
        return await index.keep_chores(db, clocks, resources.now())


async def do_due(resources: Resources, name: str, portal_id: int = 0) -> Sequence[Done]:
    """Do what is due of a portal's chore, for a while. Returns what came of each row, None where it failed."""
    until, done, chore = monotonic() + BUDGET, list[Done](), chores_of(resources).get(name)
    if chore is None:
        log.warning("chore_unknown", chore=name)
        return done
    while True:
        async with resources.autocommit() as db:
            portal = await portals.by_id(db, portal_id)
            claim = await _claim(db, resources, portal, chore) if portal else None
        resources.failpoint("chore.claimed")
        if portal is None or claim is None:
            return done
        done.append(await _do(resources, portal, chore, claim))
        if monotonic() >= until:
            await resources.wake.chore(name, portal_id, chore.queue)
            return done


async def do_now(resources: Resources, name: str, portal_id: int) -> Sequence[Done]:
    """Do a chore that nobody has asked for yet, here; as `do_due`."""
    async with resources.autocommit() as db:
        await index.ask(db, portal_id, name, resources.now())
    return await do_due(resources, name, portal_id)


async def _claim(db: AsyncConnection, resources: Resources, portal: Portal, chore: Chore) -> Claim | None:
    if portal.state not in chore.states:
        return None
    return await index.claim_chore(db, portal.id, chore.name, worker=worker_name(), token=uuid4(), now=resources.now())


async def _do(resources: Resources, portal: Portal, chore: Chore, claim: Claim) -> Done:
    """Whatever comes of it, the row says when the chore is done next."""
    started, (_, _, argument) = resources.now(), claim.key.partition(":")
    try:
        async with heartbeat(resources, [claim]):
            done = await chore.run(resources, portal, argument)
    except Exception as error:
        await _failed(resources, portal, chore, claim, error)
        return None
    due_at = done if isinstance(done, datetime) else _next(resources, portal, chore, started)
    async with resources.transaction() as db:
        ours = await index.finish(db, WorkKind.CHORE, [claim], resources.now())
        if ours and due_at:
            await index.ask(db, portal.id, claim.key, due_at)
    return done


async def _failed(resources: Resources, portal: Portal, chore: Chore, claim: Claim, error: Exception) -> None:
    """A portal that has got another address is asked there the next time."""
    outside = isinstance(error, AppError | Overtaken) or away(error) or collided(error)
    log.warning("chore_interrupted", chore=chore.name, portal=portal.id, error=repr(error), exc_info=not outside)
    await moved(resources, portal, error)
    due_at = try_again(claim.tries, resources.now(), ours=not outside)
    async with resources.autocommit() as db:
        await index.postpone(db, WorkKind.CHORE, [claim], due_at, type(error).__name__, counted=not outside)


def _next(resources: Resources, portal: Portal, chore: Chore, started: datetime) -> datetime | None:
    """By the chore's clock, None where it has none."""
    if chore.nightly:
        sweep = resources.manifest.sweep
        turn = timedelta(minutes=portal.id % (sweep.hours * MINUTES))
        return next_turn(_there(resources, resources.now()), sweep.from_hour, turn)
    return started + chore.every if chore.every else None


def _clock(resources: Resources, chore: Chore, state: PortalState) -> ChoreClock:
    """The first time: portals that come together do not go together."""
    now = resources.now()
    if chore.every:
        return ChoreClock(chore.name, state, now, max(int(chore.every.total_seconds() / 60), 1))
    sweep = resources.manifest.sweep
    return ChoreClock(
        chore.name,
        state,
        night(_there(resources, now), sweep.from_hour),
        sweep.hours * MINUTES,
    )


def _there(resources: Resources, now: datetime) -> datetime:
    """In the zone in which app.yaml says when it is night."""
    return now.astimezone(timezone(timedelta(hours=resources.manifest.sweep.utc_offset)))


async def _tidy(resources: Resources, portal: Portal, _: str = "") -> Done:
    """Remove what has been kept long enough, slice by slice; what is left after `TIDY` is for another go.
    Returns how many rows went."""
    now, gone, until, full = resources.now(), 0, monotonic() + TIDY, True
    while full and monotonic() < until:
        async with resources.tenant(portal.id) as db:
            went = await retention.tidy(db, portal.id, product_of(resources).kept, now)
        gone, full = gone + went, went >= kept.SLICE
    log.info("tidied", portal=portal.id, rows=gone)
    return resources.now() if full else gone


async def _erase(resources: Resources, portal: Portal, argument: str) -> Done:
    return await removal.erase(resources, portal, argument, tables=product_of(resources).tables)


_OURS = (
    Chore("tidy_portal", _tidy, every=timedelta(hours=1), states=frozenset(PortalState)),
    Chore(portals.ERASE, _erase, states=frozenset(PortalState), queue=ERASING),
)


def chores_of(resources: Resources) -> Mapping[str, Chore]:
    """By name."""
    features = product_of(resources).features
    return {chore.name: chore for chore in (*(chore for one in features for chore in one.chores), *_OURS)}


def states_of(chores: Mapping[str, Chore]) -> list[tuple[str, PortalState]]:
    """Each chore with the states of portals it is done for."""
    return [(chore.name, state) for chore in chores.values() for state in chore.states]
