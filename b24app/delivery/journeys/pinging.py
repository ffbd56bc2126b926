"""Two questions to an endpoint: a signed `endpoint.ping` asks whether it is there, a test shows it what news is like.

The newest ping counts, older ones are closed. A test is sent once, whatever comes of it.
"""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.journeys.endpoints import owned, refuse_disabled
from b24app.delivery.journeys.once import Keep, unkept
from b24app.delivery.store import deliveries, endpoints, publishing
from b24app.domain.delivery import news
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.portal.portal import Portal
from b24app.errors import Refused
from b24app.resources import Resources


async def ping(
    resources: Resources, portal: Portal, app_id: UUID, endpoint_id: UUID, keep: Keep[UUID] = unkept
) -> UUID:
    """Send a ping now; return its delivery's id. Raises `Refused` `not_found`, `endpoint_disabled`."""
    async with resources.tenant(portal.id) as db:
        refuse_disabled(await owned(db, portal, app_id, endpoint_id, lock=True))
        delivery_id = await publish_ping(resources, db, portal, endpoint_id)
        await keep(db, delivery_id)
    await resources.wake.outbox()
    return delivery_id


async def send_test(
    resources: Resources, portal: Portal, app_id: UUID, endpoint_id: UUID, keep: Keep[UUID] = unkept
) -> UUID:
    """Send news of the first type that the endpoint asks for, marked as a test; return its delivery's id.

    Raises `Refused` `not_found`, `endpoint_disabled`, `endpoint_not_answered`.
    """
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        endpoint = await owned(db, portal, app_id, endpoint_id, lock=True)
        refuse_disabled(endpoint)
        if endpoint.state is EndpointState.CHECKING:
            raise Refused("endpoint_not_answered", 409)
        known = resources.news.event_types
        asked = next((one for one in endpoint.event_types if one in known), known[0])
        type_ = resources.news.types[asked]
        event = news.sample(type_, portal=portal.public_id, randomness=secrets.token_bytes(16), now=now)
        delivery_id = await publishing.publish_to(db, portal.id, endpoint_id, event, now)
        await endpoints.change(db, portal.id, endpoint_id, endpoint.updated_at, last_test=delivery_id)
        await keep(db, delivery_id)
    await resources.wake.outbox()
    return delivery_id


async def publish_ping(resources: Resources, db: AsyncConnection, portal: Portal, endpoint_id: UUID) -> UUID:
    """Write a ping and its delivery, inside the caller's transaction; return the delivery's id.

    The caller calls `resources.wake.outbox()` after the commit.
    """
    now = resources.now()
    await deliveries.close_pings(db, portal.id, endpoint_id, now)
    told = news.EndpointPing(endpoint_id=endpoint_id, ping_id=uuid4(), occurred_at=now)
    event = news.event(told, portal=portal.public_id, randomness=secrets.token_bytes(16))
    return await publishing.publish_to(db, portal.id, endpoint_id, event, now)
