"""Client apps and endpoints as an export file holds them, and their way back; a slice at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.store.client_apps import ClientApp
from b24app.delivery.store.endpoints import Endpoint
from b24app.delivery.store.tables import client_apps, endpoints
from b24app.domain.delivery.schedule import EndpointState


async def client_apps_after(db: AsyncConnection, portal_id: int, after: UUID, limit: int) -> list[ClientApp]:
    """Living ones by rising id; what is built in is no truth of the portal's."""
    mine = (client_apps.c.portal_id == portal_id, client_apps.c.id > after, client_apps.c.disabled_at.is_(None))
    of_owner = client_apps.c.built_in.is_(False)
    rows = await db.execute(select(client_apps).where(*mine, of_owner).order_by(client_apps.c.id).limit(limit))
    return [ClientApp(row.id, row.name, row.created_at) for row in rows]


async def known_client_apps(db: AsyncConnection, portal_id: int, ids: Collection[UUID]) -> Mapping[UUID, bool]:
    """Those there are → whether they are alive: a revoked one is known too."""
    mine = select(client_apps.c.id, client_apps.c.disabled_at).where(
        client_apps.c.portal_id == portal_id, client_apps.c.id.in_(ids)
    )
    return {row.id: row.disabled_at is None for row in await db.execute(mine)}


async def endpoints_after(db: AsyncConnection, portal_id: int, after: UUID, limit: int) -> Sequence[Any]:
    """Living ones by rising id, as rows: id, client_app_id, url, description, event_types, created_at.

    None of what is built in.
    """
    mine = (endpoints.c.portal_id == portal_id, endpoints.c.id > after)
    living = endpoints.c.state != EndpointState.DELETED.value
    built_in = select(client_apps.c.id).where(client_apps.c.portal_id == portal_id, client_apps.c.built_in)
    columns = [endpoints.c[name] for name in ("id", "client_app_id", "url", "description", "event_types", "created_at")]
    of_owner = endpoints.c.client_app_id.not_in(built_in)
    rows = await db.execute(select(*columns).where(*mine, living, of_owner).order_by(endpoints.c.id).limit(limit))
    return rows.all()


async def known_endpoints(db: AsyncConnection, portal_id: int, ids: Collection[UUID]) -> set[UUID]:
    mine = select(endpoints.c.id).where(endpoints.c.portal_id == portal_id, endpoints.c.id.in_(ids))
    return set((await db.execute(mine)).scalars())


async def put_switched_off(db: AsyncConnection, portal_id: int, new: Endpoint) -> None:
    """An endpoint that its client app has to bring back to life; left alone where it is there already."""
    values = {
        "id": new.id,
        "portal_id": portal_id,
        "client_app_id": new.client_app_id,
        "url": new.url,
        "description": new.description,
        "event_types": list(new.event_types),
        "secret": new.secret,
        "state": EndpointState.DISABLED.value,
        "state_reason": new.state_reason,
        "created_at": new.created_at,
        "updated_at": new.updated_at,
    }
    await db.execute(insert(endpoints).values(values).on_conflict_do_nothing())
