"""The first read of a portal: companies, contacts, their links and requisites, page by page, resumable, with visible
progress.

What it finds is taken as known: told without news. Cards that show something else than their memberships say (a portal
that was installed before) are put in line by the verification journey afterwards, in the bulk lane.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from time import monotonic
from uuid import UUID, uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.journeys import lists, odd
from b24app.cards.journeys.lists import Seen
from b24app.cards.journeys.test_cards import is_test
from b24app.cards.store import imports, records, requisites
from b24app.cards.store.imports import ImportStep, Progress
from b24app.domain.cards.facts import Card, Kind, Listed, Odd, Requisite, RequisiteId, RequisiteKind, Subject, Topic
from b24app.domain.cards.reading import pace_of
from b24app.domain.portal.portal import Portal
from b24app.domain.verification.decision import first_sight, project
from b24app.domain.verification.membership import ALONE, Membership
from b24app.domain.work.arrivals import Arrival, Source
from b24app.domain.work.clock import SOON
from b24app.lanes import Lane
from b24app.portal.journeys.tokens import admin_client
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.verification.store import memberships
from b24app.work.store import inbox

BUDGET = 20.0  # seconds of one go, so that other chores have their turn
GROUP = 500  # rows of one transaction
ORDER: tuple[Listed, ...] = (Kind.COMPANY, Kind.CONTACT, *RequisiteKind)
"""A contact's membership wants to know whether its company's box is ticked; what hangs on cards comes after them."""

log = structlog.get_logger()


async def run(resources: Resources, portal: Portal, _: str = "") -> datetime | None:
    """Read what is not read yet, for `BUDGET` seconds at most; the next go begins at the last card.

    Returns when to go on, None where the portal is imported. Where somebody else reads it, nothing is done.
    """
    reader, stop_at = uuid4(), monotonic() + BUDGET
    if portal.imported:
        return None
    await _begin(resources, portal)
    for kind in ORDER:
        if not await _import(resources, portal, kind, reader, stop_at):
            return resources.now() if monotonic() > stop_at else resources.now() + SOON
    await _end(resources, portal)
    return None


async def _begin(resources: Resources, portal: Portal) -> None:
    """Count once, for people to see what is before us."""
    async with resources.tenant(portal.id) as db:
        known = await imports.progress(db, portal.id)
    if len(known) < len(ORDER):
        client = admin_client(resources, portal, Lane.BULK)
        found = {kind: await lists.before_us(client, kind, resources.now()) for kind in ORDER}
        totals = {kind: one.total for kind, one in found.items()}
        newest = {kind: one.newest for kind, one in found.items()}
        async with resources.tenant(portal.id) as db:
            await imports.start(db, portal.id, totals, resources.now(), newest)


async def _end(resources: Resources, portal: Portal) -> None:
    """What was modified behind the cursor since the read began is for the rescan, whether its event came or not."""
    async with resources.tenant(portal.id) as db:
        began = min(one.started_at for one in await imports.progress(db, portal.id))
        since = max(began, portal.rescanned_at or began)  # later where only a list was added that we did not read then
        await portals.change(db, portal.id, imported_at=resources.now(), rescanned_at=since)
    log.info("imported", portal=portal.id)
    await resources.wake.inbox(portal.id, Lane.BULK)


async def _import(resources: Resources, portal: Portal, kind: Listed, reader: UUID, stop_at: float) -> bool:
    """Whether this kind is read to its end."""
    async with resources.tenant(portal.id) as db:
        at = await imports.hold(db, portal.id, kind, reader, resources.now())
    if at is None or at.finished:
        return at is not None
    try:
        return await _read_on(resources, portal, at, reader, stop_at)
    except Exception:
        await _release(resources, portal, reader)
        raise


async def _read_on(resources: Resources, portal: Portal, at: Progress, reader: UUID, stop_at: float) -> bool:
    kind, began, rows = at.kind, resources.now(), 0
    found = lists.pages(admin_client(resources, portal, Lane.BULK), portal, kind, at.after_id)
    async for group in _grouped(found):
        rows, now = rows + len(group), resources.now()
        pace = pace_of(rows, (now - began).total_seconds(), at.pace)
        ours = await _keep(resources, portal, kind, reader, group, pace)
        resources.failpoint("import.page")
        if not ours:
            return False
        if monotonic() > stop_at:
            await _release(resources, portal, reader)
            return False
    async with resources.tenant(portal.id) as db:
        return await imports.finish(db, portal.id, kind, reader, resources.now())


async def _keep(
    resources: Resources, portal: Portal, kind: Listed, reader: UUID, group: Sequence[Seen], pace: float | None
) -> bool:
    """Store a group with where the read stands then; whether the reader still holds the kind.

    What the store does not take is halved until one row is left, which waits for its own journey.
    """
    step = ImportStep(group[-1].subject.id, len(group), pace)
    try:
        async with resources.tenant(portal.id) as db:
            if not await portals.enter(db, portal.id):
                return False
            await _take(db, resources, portal, group)
            return await imports.advance(db, portal.id, kind, reader, step, resources.now())
    except Exception as error:
        if not imports.not_taken(error) or isinstance(group[0], Odd):
            raise
        log.warning("group_not_stored", portal=portal.id, kind=kind, rows=len(group), error=type(error).__name__)
    half = len(group) // 2
    parts: Sequence[Sequence[Seen]] = (group[:half], group[half:]) if half else ([Odd(group[0].subject, "")],)
    for part in parts:
        if not await _keep(resources, portal, kind, reader, part, pace):
            return False
    return True


async def _release(resources: Resources, portal: Portal, reader: UUID) -> None:
    async with resources.tenant(portal.id) as db:
        await imports.release(db, portal.id, reader)


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


async def _take(db: AsyncConnection, resources: Resources, portal: Portal, group: Sequence[Seen]) -> None:
    now = resources.now()
    out_of_step: set[Topic] = set()
    if cards := [one for one in group if isinstance(one, Card) and not is_test(resources, portal, one.title)]:
        out_of_step |= await _take_cards(db, portal, cards, now)
    if seen_requisites := [one for one in group if isinstance(one, Requisite)]:
        out_of_step |= await _take_requisites(db, portal, seen_requisites, now)
    arrivals = [Arrival(Source.IMPORT, "import", one) for one in sorted(out_of_step, key=str)]
    arrivals += odd.rows_for(portal, [one for one in group if isinstance(one, Odd)], Source.IMPORT)
    await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, now)


async def _take_cards(db: AsyncConnection, portal: Portal, cards: Sequence[Card], now: datetime) -> set[Subject]:
    """Returns those whose journey has to look: what they show is not what we know."""
    new = await records.add_new(db, portal.id, cards, now)
    fresh = [card for card in cards if card.subject in new]
    found: list[Membership] = []
    if people := [card for card in fresh if card.subject.kind is Kind.CONTACT]:
        companies = {company for card in people for company in card.links}
        ticked = await records.ticked(db, portal.id, Kind.COMPANY, companies)
        found = [
            first_sight(card, card.subject.id, company, uuid4(), box=card.needs_check or company in ticked)
            for card in people
            for company in card.links or (ALONE,)
        ]
        await memberships.add_first_seen(db, portal.id, found, now)
    changed = await _changed_meanwhile(db, portal, [card for card in cards if card.subject not in new])
    return _out_of_step(fresh, found) | changed


async def _take_requisites(
    db: AsyncConnection, portal: Portal, seen: Sequence[Requisite], now: datetime
) -> set[RequisiteId]:
    """Returns those known from before that are otherwise now."""
    new = await requisites.add_new(db, portal.id, seen, now)
    known = await requisites.load(db, portal.id, [one.subject for one in seen if one.subject not in new])
    return {one.subject for one in seen if one.subject in known and known[one.subject] != one}


async def _changed_meanwhile(db: AsyncConnection, portal: Portal, cards: Sequence[Card]) -> set[Subject]:
    """Cards known from before that show something else now: nobody was looking, the module was off or we were away."""
    if not cards:
        return set()
    known = await records.load(db, portal.id, [card.subject for card in cards])
    return {card.subject for card in cards if records.differs(card, known.get(card.subject))}


def _out_of_step(cards: Sequence[Card], found: Sequence[Membership]) -> set[Subject]:
    """Cards, and companies behind them, that show something else than their memberships say."""
    mine: dict[int, list[Membership]] = {}
    for one in found:
        mine.setdefault(one.contact_id, []).append(one)
    uneven = {Subject(Kind.COMPANY, one.company_id) for one in found if one.company_id and one.state == "pending"}
    for card in cards:
        members = mine.get(card.subject.id)
        if members and project(members, records.shown(card)) != records.shown(card):
            uneven.add(card.subject)
    return uneven
