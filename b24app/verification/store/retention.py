"""How long pressed buttons are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.store.kept import delete_slice
from b24app.verification.store.tables import intents

INTENTS = timedelta(days=30)


async def delete_intents(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, intents, portal_id, intents.c.created_at < now - INTENTS)
