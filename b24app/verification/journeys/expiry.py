"""Cards that were deleted so long ago that they may not come back any more."""

from __future__ import annotations

from b24app.cards.store import records
from b24app.domain.cards.succession import RETURNS_WITHIN
from b24app.domain.portal.portal import Portal
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.resources import Resources
from b24app.verification.store import memberships
from b24app.work.store import inbox


async def expire(resources: Resources, portal: Portal, _: str = "") -> int:
    """Leave a row for each of them that memberships are still suspended for: its journey ends these. Returns how
    many."""
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        suspended = await memberships.suspended_before(db, portal.id, now - RETURNS_WITHIN)
        known = await records.load(db, portal.id, suspended) if suspended else {}
        deleted = sorted(subject for subject in suspended if subject in known and known[subject].record.deleted)
        arrivals = [Arrival(Source.RESCAN, "expired", subject) for subject in deleted]
        await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, now)
    if deleted:
        await resources.wake.inbox(portal.id, Lane.BULK)
    return len(deleted)
