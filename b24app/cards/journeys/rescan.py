"""The net under lost portal events: cards modified since the last look go through the same journey as events do.

The portal never repeats an event. A look every five minutes with five minutes of overlap finds what was lost; from when
on is said by the portal's own clock, the newest date of change it showed. Links show in no such date: those of people
somebody decided about within a day are read every half an hour, all others, with deletions, by the sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from b24app.bitrix24.cards import read_cards
from b24app.bitrix24.client import BATCH_SIZE, PAGE, PortalClient
from b24app.bitrix24.recent import MARGIN, End, FilterEffect, Recent
from b24app.cards.journeys.drift import compare
from b24app.cards.store import imports, scans
from b24app.cards.store.scans import Scan
from b24app.domain.cards.drift import OVERLAP, ScanTrigger, Scope, next_from
from b24app.domain.cards.facts import Card, Odd
from b24app.domain.portal.portal import Portal
from b24app.lanes import Lane
from b24app.portal.journeys.fields import to_read
from b24app.portal.journeys.tokens import admin_client
from b24app.portal.store import portals
from b24app.resources import Resources

EVERY = timedelta(minutes=5)
LINKS_EVERY = timedelta(minutes=30)
LATELY = timedelta(days=1)
OUTAGE = timedelta(hours=1)
"""Nobody looked for so long: deletions and links may have been missed, and every card is to be compared."""

log = structlog.get_logger()


async def run(resources: Resources, portal: Portal, _: str = "") -> int:
    """Look at what was modified since the last scan, and at the links of people decided about lately when it is time.

    Returns how many cards had drifted from what we know.
    """
    started, portal_id = resources.now(), portal.id
    if portal.imported_at is None:
        return 0
    if not resources.rules.kinds(portal):
        return 0
    before = portal.rescanned_at or portal.imported_at
    client = admin_client(resources, portal, Lane.BULK)
    drifted, many = await _recent(resources, portal, client, started, before)
    done = {"rescanned_at": started}
    if (portal.links_read_at or portal.imported_at) <= started - LINKS_EVERY:
        drifted += await _lately(resources, portal, client, started - LATELY)
        done["links_read_at"] = started
    async with resources.transaction() as db:
        await portals.change(db, portal_id, **done)
        if many or started - before > OUTAGE:
            await portals.ask_sweep(db, portal_id, ScanTrigger.OUTAGE, resources.now())
    if drifted:
        log.warning("drift_found", portal=portal_id, cards=drifted)
        await resources.wake.inbox(portal_id, Lane.BULK)
    return drifted


async def _recent(
    resources: Resources, portal: Portal, client: PortalClient, started: datetime, before: datetime
) -> tuple[int, bool]:
    """Cards changed since the look at `before`: how many had drifted, and whether there were more than a look takes.

    A look that cannot know what has changed is none: it does not stand as one that compared.
    """
    async with resources.tenant(portal.id) as db:
        scan = await scans.begin(db, portal.id, Scope.RECENT, ScanTrigger.CLOCK, started)
    ends: list[End] = []
    for kind in resources.rules.kinds(portal):
        async with resources.tenant(portal.id) as db:
            since = await imports.changes_from(db, portal.id, kind) or before - MARGIN
        recent = Recent(client, kind, to_read(resources, portal), since, started)
        async for page in recent.pages():
            scan = await _page(resources, portal, scan, page)
        async with resources.tenant(portal.id) as db:
            until = next_from(since, recent.newest, rested=started - before >= OVERLAP)
            await imports.looked(db, portal.id, kind, until)
        ends.append(_named(portal, recent))
    async with resources.tenant(portal.id) as db:
        known = all(one is End.REACHED for one in ends)
        await (scans.finish(db, portal.id, scan, resources.now()) if known else scans.drop(db, portal.id, scan))
    return scan.drifted, End.MANY in ends


def _named(portal: Portal, recent: Recent) -> End:
    """In the log, where a portal does not answer as it should."""
    if recent.filter is not FilterEffect.WORKS:
        log.info("date_filter_without_effect", portal=portal.id, kind=recent.kind, shows=recent.filter)
    if recent.end is not End.REACHED:
        log.warning("look_cannot_know", portal=portal.id, kind=recent.kind, why=recent.end)
    return recent.end


async def _lately(resources: Resources, portal: Portal, client: PortalClient, since: datetime) -> int:
    """The links of cards somebody decided about since then: how many had drifted."""
    async with resources.tenant(portal.id) as db:
        scan = await scans.begin(db, portal.id, Scope.PEOPLE, ScanTrigger.CLOCK, resources.now())
        decided = {one for rule in resources.rules.active(portal) for one in await rule.lately(db, portal, since)}
    cards_of_all = sorted(decided)
    slice_ = BATCH_SIZE * PAGE
    for at in range(0, len(cards_of_all), slice_):
        cards = await read_cards(client, cards_of_all[at : at + slice_], to_read(resources, portal))
        page: list[Card | Odd] = [*cards.found.values(), *cards.odd.values()]
        if page:
            scan = await _page(resources, portal, scan, sorted(page, key=lambda one: one.subject.id))
    async with resources.tenant(portal.id) as db:
        await scans.finish(db, portal.id, scan, resources.now())
    return scan.drifted


async def _page(resources: Resources, portal: Portal, scan: Scan, page: Sequence[Card | Odd]) -> Scan:
    last = page[-1].subject
    async with resources.tenant(portal.id) as db:
        drift = await compare(db, resources, portal, page)
        moved = await scans.advance(db, portal.id, scan, last.kind, last.id, len(page), drift)
    assert moved, "a look by the clock is nobody else's"
    return moved
