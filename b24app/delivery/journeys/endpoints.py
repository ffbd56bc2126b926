"""The endpoints of a client app: list, read, delete. Every other act on an endpoint begins with `owned`.

The other acts: `registering` makes and changes an endpoint, `pinging` pings it, `rotating` gives it a new secret,
`resending` tells what it got and sends it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.store import endpoints
from b24app.delivery.store.endpoints import Endpoint
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.portal.portal import Portal
from b24app.errors import Refused
from b24app.resources import Resources


@dataclass(frozen=True, slots=True)
class WithSecret:
    """An endpoint with its newest secret in clear, which is shown once."""

    endpoint: Endpoint
    secret: str


async def listing(resources: Resources, portal: Portal, app_id: UUID) -> list[Endpoint]:
    """Endpoints that are not deleted, oldest first."""
    async with resources.tenant(portal.id) as db:
        return await endpoints.of_app(db, portal.id, app_id)


async def find(resources: Resources, portal: Portal, app_id: UUID, endpoint_id: UUID) -> Endpoint:
    """Raise `Refused` `not_found`, also for an endpoint of another client app."""
    async with resources.tenant(portal.id) as db:
        return await owned(db, portal, app_id, endpoint_id)


async def remove(resources: Resources, portal: Portal, app_id: UUID, endpoint_id: UUID) -> None:
    """Delete the endpoint: it is sent nothing more, and its waiting deliveries are closed. Raises as `find` does."""
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        await owned(db, portal, app_id, endpoint_id, lock=True)
        deleted = {"state": EndpointState.DELETED.value, "state_reason": "owner", "deleted_at": now}
        await endpoints.change(db, portal.id, endpoint_id, now, **deleted)
        await endpoints.make_due(db, portal.id, endpoint_id, now)
    await resources.wake.outbox()


async def owned(
    db: AsyncConnection, portal: Portal, app_id: UUID, endpoint_id: UUID, *, lock: bool = False
) -> Endpoint:
    """The endpoint of this client app. Raises as `find` does. `lock`: nobody else changes it before the commit."""
    endpoint = await endpoints.one(db, portal.id, app_id, endpoint_id, lock=lock)
    if endpoint is None:
        raise Refused("not_found", 404)
    return endpoint


def refuse_disabled(endpoint: Endpoint) -> None:
    """Raise `Refused` `endpoint_disabled`."""
    if endpoint.state is EndpointState.DISABLED:
        raise Refused("endpoint_disabled", 409)
