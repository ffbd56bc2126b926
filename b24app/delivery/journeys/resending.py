"""What an endpoint got and what it missed: its deliveries, the events after a number, one delivery sent once more."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.journeys.endpoints import owned, refuse_disabled
from b24app.delivery.journeys.once import Keep, unkept
from b24app.delivery.store import deliveries
from b24app.delivery.store.deliveries import CatchUp, Delivery, PastAttempt
from b24app.delivery.store.endpoints import Endpoint
from b24app.domain.delivery import news
from b24app.domain.delivery.schedule import DeliveryState
from b24app.domain.portal.portal import Portal
from b24app.errors import Refused
from b24app.lanes import Lane
from b24app.resources import Resources
from b24app.work.store import index
from b24app.work.store.index import WorkKind


async def deliveries_of(
    resources: Resources,
    portal: Portal,
    app_id: UUID,
    endpoint_id: UUID,
    *,
    before: int | None,
    states: Collection[DeliveryState],
    limit: int,
) -> list[Delivery]:
    """Newest first; `before` is the `row_no` of the last one seen. Raises `Refused` `not_found`."""
    async with resources.tenant(portal.id) as db:
        await owned(db, portal, app_id, endpoint_id)
        return await deliveries.of_endpoint(db, portal.id, endpoint_id, before=before, states=states, limit=limit)


async def catch_up(
    resources: Resources, portal: Portal, app_id: UUID, endpoint_id: UUID, after: int, limit: int
) -> CatchUp:
    """The endpoint's events after a sequence number, delivered or not. Raises `Refused` `not_found`."""
    async with resources.tenant(portal.id) as db:
        await owned(db, portal, app_id, endpoint_id)
        return await deliveries.catch_up(db, portal.id, endpoint_id, after, limit)


async def delivery(
    resources: Resources, portal: Portal, app_id: UUID, delivery_id: UUID
) -> tuple[Delivery, list[PastAttempt]]:
    """A delivery of this client app with its attempts. Raises `Refused` `not_found`."""
    async with resources.tenant(portal.id) as db:
        asked, _ = await _owned_delivery(db, portal, app_id, delivery_id)
        return asked, await deliveries.attempts_of(db, portal.id, delivery_id)


async def resend(
    resources: Resources, portal: Portal, app_id: UUID, delivery_id: UUID, keep: Keep[Delivery] = unkept
) -> Delivery:
    """Send once more, now; a failure plans nothing.

    Raises `Refused` `not_found`, `endpoint_disabled`, `ping_not_resent`.
    """
    async with resources.tenant(portal.id) as db:
        asked, endpoint = await _owned_delivery(db, portal, app_id, delivery_id)
        refuse_disabled(endpoint)
        if asked.type == news.EndpointPing.TYPE:
            raise Refused("ping_not_resent", 409)
        await index.arrive(db, portal.id, WorkKind.DELIVERY, [str(delivery_id)], Lane.INTERACTIVE, resources.now())
        await deliveries.ask_resend(db, portal.id, delivery_id)
        await keep(db, asked)
    await resources.wake.outbox()
    return asked


async def _owned_delivery(
    db: AsyncConnection, portal: Portal, app_id: UUID, delivery_id: UUID
) -> tuple[Delivery, Endpoint]:
    asked = await deliveries.one(db, portal.id, delivery_id)
    if asked is None:
        raise Refused("not_found", 404)
    return asked, await owned(db, portal, app_id, asked.endpoint_id)
