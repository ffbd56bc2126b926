"""How long pressed buttons are kept, people of launches, and clients that a choice is counted by."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.verification.launch import UNDO_WITHIN
from b24app.store.kept import delete_slice
from b24app.verification.store.tables import deal_clients, intents, launch_people, launches

INTENTS, DEAL_CLIENTS = timedelta(days=30), timedelta(days=30)


async def delete_intents(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, intents, portal_id, intents.c.created_at < now - INTENTS)


async def delete_launch_people(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    """Of launches that cannot be undone any more."""
    over = select(launches.c.id).where(launches.c.portal_id == portal_id, launches.c.ended_at < now - UNDO_WITHIN)
    return await delete_slice(db, launch_people, portal_id, launch_people.c.launch_id.in_(over))


async def delete_deal_clients(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    """Whoever chooses by them later has them counted anew."""
    return await delete_slice(db, deal_clients, portal_id, deal_clients.c.seen_at < now - DEAL_CLIENTS)
