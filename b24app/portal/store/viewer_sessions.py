"""Sessions of people with a page open: their own token, sealed, for at most an hour. Never refreshed by us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.viewer import Viewer
from b24app.portal.store.tables import viewer_sessions as table

_ADD = insert(table)


@dataclass(frozen=True, slots=True)
class Session:
    """A viewer with their sealed token. Calls from `asks_from` on ask the portal about them; None: no call came yet."""

    viewer: Viewer
    access: bytes
    asks_from: datetime | None


async def add(db: AsyncConnection, viewer: Viewer, access: bytes) -> None:
    await db.execute(
        _ADD,
        {
            "id": viewer.session_id,
            "portal_id": viewer.portal_id,
            "user_id": viewer.user_id,
            "user_name": viewer.name,
            "is_admin": viewer.is_admin,
            "lang": viewer.lang,
            "access": access,
            "expires_at": viewer.expires_at,
        },
    )


async def load(db: AsyncConnection, portal_id: int, session_id: UUID) -> Session | None:
    """Expired or not."""
    row = (
        await db.execute(select(table).where(table.c.portal_id == portal_id, table.c.id == session_id))
    ).one_or_none()
    if row is None:
        return None
    viewer = Viewer(row.id, row.portal_id, row.user_id, row.user_name, row.is_admin, row.lang, row.expires_at)
    return Session(viewer, row.access, row.asks_from)


async def ask_from(db: AsyncConnection, found: Session, moment: datetime) -> bool:
    """Whether it was this call that moved the session's next question to the portal to this moment."""
    mine = (table.c.portal_id == found.viewer.portal_id, table.c.id == found.viewer.session_id)
    unmoved = table.c.asks_from.is_not_distinct_from(found.asks_from)
    return (await db.execute(update(table).where(*mine, unmoved).values(asks_from=moment))).rowcount == 1


async def change(db: AsyncConnection, viewer: Viewer, *, asks_from: datetime) -> None:
    """What the portal has just said of them."""
    mine = (table.c.portal_id == viewer.portal_id, table.c.id == viewer.session_id)
    await db.execute(update(table).where(*mine).values(is_admin=viewer.is_admin, asks_from=asks_from))


async def renew(db: AsyncConnection, viewer: Viewer, access: bytes, asks_from: datetime) -> bool:
    """The person's next token, proven again. Whether the session was still there."""
    done = await db.execute(
        update(table)
        .where(table.c.portal_id == viewer.portal_id, table.c.id == viewer.session_id)
        .values(access=access, is_admin=viewer.is_admin, expires_at=viewer.expires_at, asks_from=asks_from)
    )
    return done.rowcount == 1


async def end(db: AsyncConnection, portal_id: int, session_id: UUID) -> None:
    """The portal lets this person in no more."""
    await db.execute(delete(table).where(table.c.portal_id == portal_id, table.c.id == session_id))


async def end_all(db: AsyncConnection, portal_id: int) -> None:
    """The app was removed: nobody looks at it any more."""
    await db.execute(delete(table).where(table.c.portal_id == portal_id))
