"""How this room stands: is the CRM loaded."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.journeys.settings_view import settings_view
from b24app.domain.portal.portal import Portal
from b24app.plug import Health, Level, Standing, Step
from b24app.resources import Resources

PAGE = "cards"


async def standing(db: AsyncConnection, resources: Resources, portal: Portal) -> Standing:
    view = await settings_view(db, resources, portal)
    stalled = (Health(Level.LOOK, "stalled", PAGE),) if view.importing and view.stalled else ()
    return Standing(stalled, (Step("loaded", not view.importing, PAGE),))
