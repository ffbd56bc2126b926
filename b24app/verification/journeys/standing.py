"""How this room stands: does the box in cards count."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.portal import Mode, Portal
from b24app.plug import Health, Level, Standing
from b24app.resources import Resources

PAGE = "verification"


async def standing(db: AsyncConnection, resources: Resources, portal: Portal) -> Standing:
    mode = resources.rules.mode(portal, "verification")
    return Standing(() if mode is Mode.ON else (Health(Level.OFF, mode.value, PAGE),))
