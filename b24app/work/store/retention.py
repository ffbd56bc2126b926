"""How long inbox rows are kept, and the tokens in them. Failed rows stay until somebody closes them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.store.kept import delete_slice
from b24app.work.store.inbox import forget_tokens
from b24app.work.store.tables import inbox

HANDLED = timedelta(days=30)
TOKENS = timedelta(hours=1)  # of events that wait: what they could prove has run out


async def delete_handled(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    handled = and_(inbox.c.state.in_(("done", "closed")), inbox.c.handled_at < now - HANDLED)
    return await delete_slice(db, inbox, portal_id, handled)


async def delete_tokens(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    """The rows stay: 0."""
    await forget_tokens(db, portal_id, before=now - TOKENS)
    return 0
