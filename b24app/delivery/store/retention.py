"""How long news, deliveries and answers are kept. Deliveries go before their events and endpoints, which wait for
them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.store.idempotency import KEPT
from b24app.delivery.store.tables import (
    api_keys,
    attempts,
    client_apps,
    endpoints,
    events,
    idempotency,
    outbox,
    test_webhooks,
)
from b24app.domain.delivery.schedule import EndpointState
from b24app.store.kept import delete_slice

NEWS = timedelta(days=90)
DISCONNECTED = timedelta(days=7)  # a client app that can be connected again
TESTS = timedelta(days=1)  # what the test receiver got


async def delete_answers(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    """Those kept by their `Idempotency-Key`."""
    return await delete_slice(db, idempotency, portal_id, idempotency.c.created_at < now - KEPT)


async def delete_attempts(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, attempts, portal_id, attempts.c.made_at < now - NEWS)


async def delete_deliveries(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    finished = and_(outbox.c.state != "waiting", outbox.c.created_at < now - NEWS)
    return await delete_slice(db, outbox, portal_id, finished)


async def delete_events(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    deliveries = select(outbox.c.id).where(outbox.c.event_id == events.c.id, outbox.c.portal_id == portal_id)
    return await delete_slice(db, events, portal_id, and_(events.c.occurred_at < now - NEWS, ~deliveries.exists()))


async def delete_endpoints(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    deleted = and_(endpoints.c.state == EndpointState.DELETED, endpoints.c.deleted_at < now - NEWS)
    deliveries = select(outbox.c.id).where(outbox.c.endpoint_id == endpoints.c.id, outbox.c.portal_id == portal_id)
    return await delete_slice(db, endpoints, portal_id, and_(deleted, ~deliveries.exists()))


async def delete_client_apps(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    """Disconnected ones with their keys, as soon as no endpoint of theirs is left: the history has their names."""
    left = select(endpoints.c.id).where(
        endpoints.c.client_app_id == client_apps.c.id, endpoints.c.portal_id == portal_id
    )
    old = and_(client_apps.c.disabled_at < now - DISCONNECTED, ~left.exists())
    gone = select(client_apps.c.id).where(client_apps.c.portal_id == portal_id, old)
    await db.execute(delete(api_keys).where(api_keys.c.portal_id == portal_id, api_keys.c.client_app_id.in_(gone)))
    return await delete_slice(db, client_apps, portal_id, old)


async def delete_test_webhooks(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, test_webhooks, portal_id, test_webhooks.c.received_at < now - TESTS)
