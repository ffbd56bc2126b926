"""The net under lost portal events: cards modified since the last look go through the same journey as events do.

The portal never repeats an event. A look every five minutes with five minutes of overlap finds what was lost; links,
deletions and requisites show in no modification date and are not found here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from b24app.bitrix24.cards import import_cards
from b24app.domain.arrivals import Arrival, Source
from b24app.domain.facts import Card, Kind
from b24app.domain.installation import PortalState
from b24app.journeys.fields import field_map
from b24app.journeys.tokens import client
from b24app.lanes import Lane
from b24app.resources import Resources
from b24app.store import inbox, portals, records
from b24app.store.portals import Portal

EVERY = timedelta(minutes=5)
OVERLAP = timedelta(minutes=5)

log = structlog.get_logger()


async def run(resources: Resources, portal_id: int) -> int:
    """Look at everything modified since the last look. Returns how many cards had drifted from what we know."""
    started = resources.now()
    async with resources.directory() as db:
        portal = await portals.by_id(db, portal_id)
    if portal is None or portal.state is not PortalState.ACTIVE or not portal.imported:
        return 0
    drifted = 0
    for kind in Kind:
        drifted += await _look(resources, portal, kind)
    async with resources.directory() as db:
        await portals.change(db, portal_id, rescanned_at=started)
    if drifted:
        log.warning("drift_found", portal=portal_id, cards=drifted)
        await resources.wake.inbox(portal_id, Lane.BULK)
    return drifted


async def _look(resources: Resources, portal: Portal, kind: Kind) -> int:
    line, drifted = client(resources, portal, Lane.BULK), 0
    since = (portal.rescanned_at or portal.imported_at or resources.now()) - OVERLAP
    async for page in import_cards(line, kind, field_map(portal), since=since):
        drifted += await _compare(resources, portal, page)
    return drifted


async def _compare(resources: Resources, portal: Portal, page: Sequence[Card]) -> int:
    async with resources.tenant(portal.id) as db:
        known = await records.load(db, portal.id, [card.subject for card in page])
        lost = [card.subject for card in page if records.differs(card, known.get(card.subject))]
        arrivals = [Arrival(Source.RESCAN, "rescan", subject) for subject in lost]
        await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, resources.now())
    return len(lost)
