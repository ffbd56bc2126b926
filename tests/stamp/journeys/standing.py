"""How this room stands: has every card its number."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.portal import Portal
from b24app.plug import Health, Level, Standing
from b24app.resources import Resources
from tests.stamp.store import refusals

PAGE = "stamp"


async def standing(db: AsyncConnection, resources: Resources, portal: Portal) -> Standing:
    refused = await refusals.count(db, portal.id)
    return Standing((Health(Level.LOOK, "refused", PAGE, {"cards": refused}),) if refused else ())
