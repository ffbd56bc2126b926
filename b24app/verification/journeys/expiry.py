"""Cards that were deleted so long ago that they may not come back any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store import records
from b24app.domain.portal.portal import Portal
from b24app.domain.verification.succession import SUSPENDED_FOR
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.resources import Resources
from b24app.verification.store import memberships
from b24app.work.store import inbox


async def expire(db: AsyncConnection, resources: Resources, portal: Portal, now: datetime) -> None:
    """Leave a row for each of them that memberships are still suspended for: its journey ends these.

    Call `resources.wake.inbox` after the commit.
    """
    suspended = await memberships.suspended_before(db, portal.id, now - SUSPENDED_FOR)
    known = await records.load(db, portal.id, suspended) if suspended else {}
    deleted = sorted(subject for subject in suspended if subject in known and known[subject].record.deleted)
    arrivals = [Arrival(Source.RESCAN, "expired", subject) for subject in deleted]
    await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, now)
