"""The second net under lost portal events: what the portal kept for us is fetched every ten minutes.

It brings what no look at cards can tell: who acted, even who deleted. A change whose event came is fetched as well and
changes nothing. A row is stored before the portal forgets it: killed in between, it is fetched twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from b24app.bitrix24 import offline
from b24app.bitrix24.offline import PAGE, OfflineEvent
from b24app.domain.portal.portal import Portal
from b24app.domain.work.arrivals import Arrival, Source
from b24app.errors import AccessDenied, CallRefused
from b24app.lanes import Lane
from b24app.portal.journeys.tokens import admin_client
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.work.store import inbox

EVERY = timedelta(minutes=10)

log = structlog.get_logger()


async def run(resources: Resources, portal: Portal, _: str = "") -> int:
    """Fetch everything the portal keeps for us. Returns how many rows were stored. Raises the PortalErrors."""
    started, portal_id = resources.now(), portal.id
    if not (portal.imported and portal.offline):
        return 0
    try:
        stored = await _fetch(resources, portal)
    except CallRefused as error:
        if isinstance(error, AccessDenied):
            raise  # our admin lost the right; the plan may be as it was
        log.warning("offline_events_lost", portal=portal_id, error=repr(error))
        async with resources.autocommit() as db:
            await portals.change(db, portal_id, offline=False)
        return 0
    async with resources.autocommit() as db:
        await portals.change(db, portal_id, fetched_at=started)
    if stored:
        log.info("offline_events_fetched", portal=portal_id, rows=stored)
        await resources.wake.inbox(portal_id, Lane.BULK)
    return stored


async def _fetch(resources: Resources, portal: Portal) -> int:
    client, stored, after = admin_client(resources, portal, Lane.BULK), 0, 0
    while rows := await offline.listed(client, after):
        after = rows[-1].id
        stored += await _store(resources, portal, rows)
        resources.failpoint("offline.stored")
        seen = {(one.id, one.changed) for one in rows}
        renewed = [one for one in await offline.fetched(client, after) if (one.id, one.changed) not in seen]
        stored += await _store(resources, portal, renewed)
        if len(rows) < PAGE:
            break
    return stored


async def _store(resources: Resources, portal: Portal, rows: Sequence[OfflineEvent]) -> int:
    arrivals = [Arrival(Source.OFFLINE, one.event, one.subject, one.user_id) for one in rows if one.subject]
    async with resources.tenant(portal.id) as db:
        await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, resources.now())
    return len(arrivals)
