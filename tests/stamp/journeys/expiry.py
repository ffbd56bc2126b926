"""Numbers of cards that were deleted so long ago that they may not come back are free again."""

from __future__ import annotations

from b24app.domain.cards.succession import RETURNS_WITHIN
from b24app.domain.portal.portal import Portal
from b24app.resources import Resources
from tests.stamp.store import stamps


async def expire(resources: Resources, portal: Portal, _: str = "") -> int:
    """Returns how many."""
    async with resources.tenant(portal.id) as db:
        return await stamps.expire(db, portal.id, resources.now() - RETURNS_WITHIN)
