"""How long scans are kept, and cards and requisites that the CRM no longer shows."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store.tables import looks, records, rehearsed, requisites
from b24app.store.kept import delete_slice

SCANS, REQUISITES, REHEARSED = timedelta(days=30), timedelta(days=30), timedelta(days=30)
RECORDS = timedelta(days=90)  # with the name of whoever it was: as long as the news of it


async def delete_rehearsed(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, rehearsed, portal_id, rehearsed.c.at < now - REHEARSED)


async def delete_scans(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, looks, portal_id, looks.c.started_at < now - SCANS)


async def delete_records(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, records, portal_id, records.c.gone_at < now - RECORDS)


async def delete_requisites(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, requisites, portal_id, requisites.c.gone_at < now - REQUISITES)
