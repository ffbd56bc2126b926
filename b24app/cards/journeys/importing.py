"""The first read of a portal: companies, contacts, their links and requisites, page by page, resumable, with visible
progress.

What it finds is taken as known: told without news. Cards that show something else than we know of them (a portal that
was installed before) are looked at by their own journey afterwards, in the bulk lane.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from uuid import UUID, uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.journeys import absent, lists, odd, taking_up
from b24app.cards.journeys.lists import Seen
from b24app.cards.journeys.test_cards import is_test
from b24app.cards.store import customers, imports, records, requisites
from b24app.cards.store.imports import ImportStep, Progress
from b24app.domain.cards.drift import ScanTrigger, drift_of
from b24app.domain.cards.facts import Card, Listed, Odd, Requisite, RequisiteId, Subject, Topic
from b24app.domain.cards.reading import pace_of
from b24app.domain.cards.records import newly_met
from b24app.domain.portal.portal import Portal
from b24app.domain.work.arrivals import Arrival, Source
from b24app.domain.work.clock import SOON
from b24app.lanes import Lane
from b24app.portal.journeys.fields import to_read
from b24app.portal.journeys.tokens import admin_client
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.work.store import inbox

BUDGET = 20.0  # seconds of one go, so that other chores have their turn
GROUP = 500  # rows of one transaction

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FirstRead:
    """One go at a portal. `reader`: who holds a list meanwhile; `stop_at`: on the monotonic clock."""

    resources: Resources
    portal: Portal
    reader: UUID
    stop_at: float


async def run(resources: Resources, portal: Portal, _: str = "") -> datetime | None:
    """Read what is not read yet, for `BUDGET` seconds at most; the next go begins at the last card.

    Returns when to go on, None where the portal is imported. Where somebody else reads it, nothing is done.
    """
    stop_at = monotonic() + BUDGET
    if portal.imported:
        return None
    await _begin(resources, portal)
    read = FirstRead(resources, portal, uuid4(), stop_at)
    for kind in lists.order(resources.rules.kinds(portal)):
        if not await _import(read, kind):
            return resources.now() if monotonic() > stop_at else resources.now() + SOON
    await _end(resources, portal)
    return None


async def _begin(resources: Resources, portal: Portal) -> None:
    """Count once, for people to see what is before us. What was read before the app was installed anew counts for
    nothing."""
    async with resources.tenant(portal.id) as db:
        known = await imports.progress(db, portal.id)
        if portal.installed_at and any(part.started_at < portal.installed_at for part in known):
            await imports.restart(db, portal.id)
            known = []
    order = lists.order(resources.rules.kinds(portal))
    if not {part.kind for part in known} >= set(order):
        client = admin_client(resources, portal, Lane.BULK)
        found = {kind: await lists.before_us(client, kind, resources.now()) for kind in order}
        totals = {kind: one.total for kind, one in found.items()}
        newest = {kind: one.newest for kind, one in found.items()}
        async with resources.tenant(portal.id) as db:
            await imports.start(db, portal.id, totals, resources.now(), newest)


async def _end(resources: Resources, portal: Portal) -> None:
    """What was modified behind the cursor since the read began is for the rescan, whether its event came or not."""
    async with resources.tenant(portal.id) as db:
        now = await portals.by_id(db, portal.id)
        if now is None or now.installed_at != portal.installed_at:
            return  # installed anew meanwhile: another go reads from the beginning
        read = await imports.progress(db, portal.id)
        began = min((one.started_at for one in read), default=resources.now())
        since = max(began, portal.rescanned_at or began)  # later where only a list was added that we did not read then
        await portals.change(db, portal.id, imported_at=resources.now(), rescanned_at=since)
        if now.sweep_asked:
            await portals.ask_sweep(db, portal.id, ScanTrigger(now.sweep_asked), resources.now())
    log.info("imported", portal=portal.id)
    await resources.wake.inbox(portal.id, Lane.BULK)


async def _import(read: FirstRead, kind: Listed) -> bool:
    """Whether this kind is read to its end."""
    resources, portal = read.resources, read.portal
    async with resources.tenant(portal.id) as db:
        at = await imports.hold(db, portal.id, kind, read.reader, resources.now())
    if at is None or at.finished:
        return at is not None
    try:
        return await _read_on(read, at)
    except Exception:
        await _release(read)
        raise


async def _read_on(read: FirstRead, at: Progress) -> bool:
    resources, portal = read.resources, read.portal
    began, rows = resources.now(), 0
    fields = to_read(resources, portal)
    pages = lists.pages(admin_client(resources, portal, Lane.BULK), fields, at.kind, at.after_id)
    async for group in _grouped(pages):
        if not rows:
            await absent.tell(resources, portal, fields, group)
        rows, now = rows + len(group), resources.now()
        pace = pace_of(rows, (now - began).total_seconds(), at.pace)
        ours = await _store_group(read, at.kind, group, pace)
        resources.failpoint("import.page")
        if not ours:
            return False
        if monotonic() > read.stop_at:
            await _release(read)
            return False
    async with resources.tenant(portal.id) as db:
        return await imports.finish(db, portal.id, at.kind, read.reader, resources.now())


async def _store_group(read: FirstRead, kind: Listed, group: Sequence[Seen], pace: float | None) -> bool:
    """Store a group with where the read stands then; whether the reader still holds the kind.

    What the store does not take is halved until one row is left, which waits for its own journey.
    """
    resources, portal = read.resources, read.portal
    step = ImportStep(group[-1].subject.id, len(group), pace)
    try:
        async with resources.tenant(portal.id) as db:
            if not await portals.enter(db, portal.id):
                return False
            await _take(db, read, group)
            return await imports.advance(db, portal.id, kind, read.reader, step, resources.now())
    except Exception as error:
        if not imports.not_taken(error) or isinstance(group[0], Odd):
            raise
        log.warning("group_not_stored", portal=portal.id, kind=kind, rows=len(group), error=type(error).__name__)
    half = len(group) // 2
    parts: Sequence[Sequence[Seen]] = (group[:half], group[half:]) if half else ([Odd(group[0].subject, "")],)
    for part in parts:
        if not await _store_group(read, kind, part, pace):
            return False
    return True


async def _release(read: FirstRead) -> None:
    async with read.resources.tenant(read.portal.id) as db:
        await imports.release(db, read.portal.id, read.reader)


async def _grouped(pages: AsyncIterator[Sequence[Seen]]) -> AsyncIterator[list[Seen]]:
    """Pages of 50 put together: a transaction costs more than the rows of one page."""
    group: list[Seen] = []
    async for page in pages:
        group += page
        if len(group) >= GROUP:
            yield group
            group = []
    if group:
        yield group


async def _take(db: AsyncConnection, read: FirstRead, group: Sequence[Seen]) -> None:
    resources, portal = read.resources, read.portal
    now = resources.now()
    out_of_step: set[Topic] = set()
    if cards := [one for one in group if isinstance(one, Card) and not is_test(resources, portal, one.title)]:
        out_of_step |= await _take_cards(db, read, cards, now)
    if seen_requisites := [one for one in group if isinstance(one, Requisite)]:
        out_of_step |= await _take_requisites(db, portal, seen_requisites, now)
    arrivals = [Arrival(Source.IMPORT, "import", one) for one in sorted(out_of_step, key=str)]
    arrivals += odd.rows_for(portal, [one for one in group if isinstance(one, Odd)], Source.IMPORT)
    await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, now)


async def _take_cards(db: AsyncConnection, read: FirstRead, cards: Sequence[Card], now: datetime) -> set[Subject]:
    """Returns those whose journey has to look: what they show is not what we know."""
    resources, portal = read.resources, read.portal
    codes = resources.rules.codes(portal, cards[0].subject.kind)
    new = await records.add_new(db, portal.id, cards, codes, now)
    first = [card for card in cards if card.subject in new]
    await customers.ensure(db, portal.id, {subject for card in first for subject in newly_met(card, None)}, now)
    uneven = await taking_up.first_seen(db, resources, portal, first, now)
    changed = await _changed_meanwhile(db, read, [card for card in cards if card.subject not in new])
    return changed | uneven


async def _take_requisites(
    db: AsyncConnection, portal: Portal, seen: Sequence[Requisite], now: datetime
) -> set[RequisiteId]:
    """Returns those known from before that are otherwise now."""
    new = await requisites.add_new(db, portal.id, seen, now)
    known = await requisites.load(db, portal.id, [one.subject for one in seen if one.subject not in new])
    return {one.subject for one in seen if one.subject in known and known[one.subject] != one}


async def _changed_meanwhile(db: AsyncConnection, read: FirstRead, cards: Sequence[Card]) -> set[Subject]:
    """Cards known from before that show something else now: nobody was looking, the module was off or we were away."""
    if not cards:
        return set()
    known = await records.load(db, read.portal.id, [card.subject for card in cards])
    codes = read.resources.rules.codes(read.portal, cards[0].subject.kind)
    facts = read.resources.rules.select(read.portal, cards[0].subject.kind)
    return {card.subject for card in cards if drift_of(card, known.get(card.subject), codes, facts)}
