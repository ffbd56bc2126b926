"""How this room stands: does the weekly copy arrive."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.portal import Portal
from b24app.export.store import exports
from b24app.plug import Health, Level, Standing
from b24app.resources import Resources

PAGE = "export"


async def standing(db: AsyncConnection, resources: Resources, portal: Portal) -> Standing:
    target = await exports.target(db, portal.id)
    failing = target is not None and bool(target.error)
    return Standing((Health(Level.LOOK, "weekly_failing", PAGE),) if failing else ())
