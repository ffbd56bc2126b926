"""How long an export that was asked for is kept, and an uploaded one with its preview. The weekly one goes when it is
sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.export.store import exports, restores

FILES = timedelta(days=1)


async def delete_exports(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await exports.drop(db, portal_id, exports.ASKED, before=now - FILES)


async def delete_restores(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await restores.drop(db, portal_id, before=now - FILES)
