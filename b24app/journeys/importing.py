"""The first read of a portal: companies, contacts and their links, page by page, resumable, with visible progress.

What it finds is taken as known: told without news. Cards that show something else than their memberships say (a portal
that was installed before) are put in line by the verification journey afterwards, in the bulk lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24.cards import count_cards, import_cards
from b24app.domain.arrivals import Arrival, Source
from b24app.domain.facts import Card, Kind, Subject
from b24app.domain.installation import PortalState
from b24app.domain.membership import ALONE, Membership
from b24app.domain.verification import first_sight, project
from b24app.journeys.fields import field_map
from b24app.journeys.tokens import client
from b24app.lanes import Lane
from b24app.resources import Resources
from b24app.store import imports, inbox, memberships, portals, records
from b24app.store.portals import Portal

BUDGET = 20.0  # seconds of one go, so that other chores have their turn
ORDER = (Kind.COMPANY, Kind.CONTACT)  # a contact's membership wants to know whether its company's box is ticked

log = structlog.get_logger()


async def run(resources: Resources, portal_id: int) -> bool:
    """Read what is not read yet, for `BUDGET` seconds at most; then it wakes itself and goes on at the last page.

    Returns whether the portal is imported.
    """
    stop_at = monotonic() + BUDGET
    async with resources.directory() as db:
        portal = await portals.by_id(db, portal_id)
    if portal is None or portal.state is not PortalState.ACTIVE or portal.imported:
        return portal is not None and portal.imported
    for kind in ORDER:
        if not await _import(resources, portal, kind, stop_at):
            await resources.wake.chore("import_portal", portal_id)
            return False
    async with resources.directory() as db:
        await portals.change(db, portal.id, imported_at=resources.now())
    log.info("imported", portal=portal.id)
    await resources.wake.inbox(portal.id, Lane.BULK)
    return True


async def _import(resources: Resources, portal: Portal, kind: Kind, stop_at: float) -> bool:
    """Whether this kind is read to its end."""
    line = client(resources, portal, Lane.BULK)
    total = await count_cards(line, kind)
    async with resources.tenant(portal.id) as db:
        at = await imports.begin(db, portal.id, kind, total, resources.now())
    if at.finished:
        return True
    read = at.read
    async for page in import_cards(line, kind, field_map(portal), at.after_id):
        read += len(page)
        async with resources.tenant(portal.id) as db:
            await _take(db, resources, portal, kind, page)
            await imports.advance(db, portal.id, kind, page[-1].subject.id, read)
        resources.failpoint("import.page")
        if monotonic() > stop_at:
            return False
    async with resources.tenant(portal.id) as db:
        await imports.finish(db, portal.id, kind, resources.now())
    return True


async def _take(db: AsyncConnection, resources: Resources, portal: Portal, kind: Kind, page: Sequence[Card]) -> None:
    now = resources.now()
    new = await records.add_new(db, portal.id, page, now)
    fresh = [card for card in page if card.subject in new]
    found: list[Membership] = []
    if kind is Kind.CONTACT:
        companies = {company for card in fresh for company in card.links}
        ticked = await records.ticked(db, portal.id, Kind.COMPANY, companies)
        found = [
            first_sight(card, card.subject.id, company, uuid4(), box=card.needs_check or company in ticked)
            for card in fresh
            for company in card.links or (ALONE,)
        ]
        await memberships.add_new(db, portal.id, found, now)
    changed = await _changed_meanwhile(db, portal, [card for card in page if card.subject not in new])
    out_of_step = sorted(_out_of_step(fresh, found) | changed)
    arrivals = [Arrival(Source.IMPORT, "import", subject) for subject in out_of_step]
    await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, now)


async def _changed_meanwhile(db: AsyncConnection, portal: Portal, cards: Sequence[Card]) -> set[Subject]:
    """Cards known from before that show something else now: nobody was looking, the module was off or we were away."""
    known = await records.load(db, portal.id, [card.subject for card in cards])
    return {card.subject for card in cards if records.differs(card, known.get(card.subject))}


def _out_of_step(cards: Sequence[Card], found: Sequence[Membership]) -> set[Subject]:
    """Cards, and companies behind them, that show something else than their memberships say."""
    uneven: set[Subject] = set()
    for card in cards:
        mine = [one for one in found if one.contact_id == card.subject.id]
        if mine and project(mine, records.shown(card)) != records.shown(card):
            uneven.add(card.subject)
        uneven |= {Subject(Kind.COMPANY, one.company_id) for one in mine if one.company_id and one.state == "pending"}
    return uneven
