"""How long scans are kept, and cards and requisites that the CRM no longer shows, with ids that answer for them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, and_, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store.tables import customers, looks, persons, records, rehearsed, requisites
from b24app.store.kept import delete_slice

SCANS, REQUISITES, REHEARSED = timedelta(days=30), timedelta(days=30), timedelta(days=30)
RECORDS = timedelta(days=90)  # with the name of whoever it was: as long as the news of it


async def delete_rehearsed(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, rehearsed, portal_id, rehearsed.c.at < now - REHEARSED)


async def delete_scans(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, looks, portal_id, looks.c.started_at < now - SCANS)


async def delete_records(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, records, portal_id, records.c.gone_at < now - RECORDS)


async def delete_customer_aliases(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, customers, portal_id, _long_gone(customers, customers.c.kind, portal_id, now))


async def delete_person_aliases(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, persons, portal_id, _long_gone(persons, literal("contact"), portal_id, now))


def _long_gone(table: Table, kind: ColumnElement[str], portal_id: int, now: datetime) -> ColumnElement[bool]:
    """Aliases of cards whose records have gone; those that a file brought back, as long after it."""
    record = and_(records.c.portal_id == portal_id, records.c.kind == kind, records.c.crm_id == table.c.crm_id)
    kept = select(records.c.crm_id).where(record).exists()
    return and_(table.c.goes_on_as.is_not(None), table.c.made_at < now - RECORDS, ~kept)


async def delete_requisites(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, requisites, portal_id, requisites.c.gone_at < now - REQUISITES)
