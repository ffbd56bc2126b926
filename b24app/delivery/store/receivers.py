"""The test receiver of a portal, and what it got. Who looks one up by its address knows no tenant yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.store.tables import test_receivers, test_webhooks

KEPT = 20  # webhooks of a receiver, the newest ones


@dataclass(frozen=True, slots=True)
class BuiltInReceiver:
    """`id`: the last part of its address."""

    id: UUID
    portal_id: int
    client_app_id: UUID
    endpoint_id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReceivedWebhook:
    """One webhook whose signature was right. `body`: its bytes as they came."""

    webhook_id: str
    type: str
    sequence: int | None
    attempt: int
    body: bytes
    received_at: datetime


async def add(db: AsyncConnection, new: BuiltInReceiver) -> bool:
    """False where the portal has one already. Needs no tenant, as do the next three."""
    values = {
        "id": new.id,
        "portal_id": new.portal_id,
        "client_app_id": new.client_app_id,
        "endpoint_id": new.endpoint_id,
        "created_at": new.created_at,
    }
    added = insert(test_receivers).values(values).on_conflict_do_nothing().returning(test_receivers.c.id)
    return (await db.execute(added)).first() is not None


async def by_id(db: AsyncConnection, id: UUID) -> BuiltInReceiver | None:
    row = (await db.execute(select(test_receivers).where(test_receivers.c.id == id))).one_or_none()
    return BuiltInReceiver(**row._mapping) if row else None


async def of_portal(db: AsyncConnection, portal_id: int) -> BuiltInReceiver | None:
    row = (await db.execute(select(test_receivers).where(test_receivers.c.portal_id == portal_id))).one_or_none()
    return BuiltInReceiver(**row._mapping) if row else None


async def drop(db: AsyncConnection, portal_id: int) -> BuiltInReceiver | None:
    """The receiver that went."""
    gone = delete(test_receivers).where(test_receivers.c.portal_id == portal_id).returning(test_receivers)
    row = (await db.execute(gone)).one_or_none()
    return BuiltInReceiver(**row._mapping) if row else None


async def keep(db: AsyncConnection, portal_id: int, came: ReceivedWebhook) -> None:
    """Store a webhook, once however often it comes, and only the `KEPT` newest. Inside one tenant."""
    values = {
        "portal_id": portal_id,
        "webhook_id": came.webhook_id,
        "type": came.type,
        "sequence": came.sequence,
        "attempt": came.attempt,
        "body": came.body,
        "received_at": came.received_at,
    }
    await db.execute(insert(test_webhooks).values(values).on_conflict_do_nothing())
    mine = test_webhooks.c.portal_id == portal_id
    newest = select(test_webhooks.c.id).where(mine).order_by(test_webhooks.c.id.desc()).limit(KEPT)
    await db.execute(delete(test_webhooks).where(mine, test_webhooks.c.id.not_in(newest)))


async def newest(db: AsyncConnection, portal_id: int) -> Sequence[ReceivedWebhook]:
    """Newest first. Inside one tenant."""
    mine = select(test_webhooks).where(test_webhooks.c.portal_id == portal_id)
    rows = await db.execute(mine.order_by(test_webhooks.c.id.desc()))
    return [
        ReceivedWebhook(row.webhook_id, row.type, row.sequence, row.attempt, row.body, row.received_at) for row in rows
    ]


async def clear(db: AsyncConnection, portal_id: int) -> None:
    """Inside one tenant."""
    await db.execute(delete(test_webhooks).where(test_webhooks.c.portal_id == portal_id))
