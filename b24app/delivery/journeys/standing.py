"""How this room stands: is a client app connected, and do its addresses get what they asked for."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.journeys.settings_view import settings_view
from b24app.delivery.store import deliveries
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.portal.portal import Portal
from b24app.plug import Health, Level, Standing, Step
from b24app.resources import Resources

PAGE = "delivery"
BY_OWNER = "owner"


async def standing(db: AsyncConnection, resources: Resources, portal: Portal) -> Standing:
    view = await settings_view(db, resources, portal)
    pairs = [(connected.app, endpoint) for connected in view.connected for endpoint in connected.endpoints]
    health = [
        Health(
            Level.OFF if endpoint.state_reason == BY_OWNER else Level.BROKEN,
            "address_off",
            PAGE,
            {"name": app.name, "since": endpoint.updated_at, "reason": endpoint.state_reason},
        )
        for app, endpoint in pairs
        if endpoint.state is EndpointState.DISABLED
    ]
    connected = any(endpoint.state is EndpointState.ACTIVE for _, endpoint in pairs)
    told = connected and await deliveries.ever_delivered(db, portal.id)
    return Standing(tuple(health), (Step("connected", bool(pairs), PAGE), Step("told", told, PAGE)))
