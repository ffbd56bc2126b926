"""How this room stands: does the box in cards count."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.portal import Mode, Portal
from b24app.plug import Health, Level, Standing, Step
from b24app.resources import Resources
from b24app.verification.journeys.launch import launch_view

PAGE = "verification"


async def standing(db: AsyncConnection, resources: Resources, portal: Portal) -> Standing:
    mode = resources.rules.mode(portal, "verification")
    if mode is not Mode.ON:
        return Standing((Health(Level.OFF, mode.value, PAGE),))
    launch = await launch_view(db, resources, portal)
    return Standing(steps=(Step("launch", not launch.asks, PAGE),) if launch else ())
