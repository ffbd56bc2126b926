"""How this room stands: access, what is set up in the portal, changes that could not be handled."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.card_layout import FieldsShown
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.plug import Health, Level, Standing, Step
from b24app.portal.journeys.settings_view import settings_view
from b24app.resources import Resources

PAGE = "setup"
HIDDEN = (FieldsShown.HIDDEN, FieldsShown.LOCKED)


async def standing(db: AsyncConnection, resources: Resources, portal: Portal) -> Standing:
    view = await settings_view(db, resources, portal)
    health = []
    if portal.state in (PortalState.NEEDS_ADMIN, PortalState.UNPAID):
        health.append(Health(Level.BROKEN, portal.state.value, PAGE))
    if portal.state is PortalState.ACTIVE and not view.whole:
        health.append(Health(Level.LOOK, "not_whole", PAGE))
    if view.failed:
        health.append(Health(Level.LOOK, "failed", PAGE, {"num": view.failed}))
    if hidden := [one.view for one in view.layouts if one.state.shown in HIDDEN]:
        health.append(Health(Level.LOOK, "hidden", PAGE, {"cards": hidden}))
    return Standing(tuple(health), (Step("installed", portal.state is not PortalState.INSTALLING, PAGE),))
