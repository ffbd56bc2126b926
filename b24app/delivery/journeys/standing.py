"""How this room stands: is a client app connected, and do its addresses get what they asked for."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.journeys.settings_view import ConnectedEndpoint, settings_view
from b24app.delivery.store import deliveries
from b24app.domain.delivery.health import EndpointHealth
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.portal.portal import Portal
from b24app.plug import Health, Level, Standing, Step
from b24app.resources import Resources

PAGE = "delivery"
LEVELS = {
    EndpointHealth.GONE: Level.BROKEN,
    EndpointHealth.NEVER_ANSWERED: Level.BROKEN,
    EndpointHealth.RESTORED: Level.LOOK,
    EndpointHealth.FAILING: Level.LOOK,
    EndpointHealth.UNANSWERED: Level.LOOK,
    EndpointHealth.SWITCHED_OFF: Level.OFF,
}


async def standing(db: AsyncConnection, resources: Resources, portal: Portal) -> Standing:
    """The test receiver counts as a client app: whoever has it sees notifications arrive."""
    view = await settings_view(db, resources, portal)
    named = [(connected.app.name, one) for connected in view.connected for one in connected.endpoints]
    health = [_health(name, one) for name, one in named if one.health in LEVELS]
    addresses = [one for _, one in named] + ([view.receiver.endpoint] if view.receiver else [])
    active = any(one.endpoint.state is EndpointState.ACTIVE for one in addresses)
    told = active and await deliveries.ever_delivered(db, portal.id)
    return Standing(tuple(health), (Step("connected", bool(addresses), PAGE), Step("told", told, PAGE)))


def _health(name: str, one: ConnectedEndpoint) -> Health:
    since = one.endpoint.failing_since or one.endpoint.updated_at
    return Health(LEVELS[one.health], one.health.value, PAGE, {"name": name, "since": since})
