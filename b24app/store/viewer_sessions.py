"""Sessions of people with a page open: their own token, sealed, for at most an hour. Never refreshed by us."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.viewer import Viewer
from b24app.store.tables import viewer_sessions as table

_ADD = insert(table)


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


async def load(db: AsyncConnection, portal_id: int, session_id: UUID) -> tuple[Viewer, bytes] | None:
    """The viewer and their sealed token, expired or not."""
    row = (
        await db.execute(select(table).where(table.c.portal_id == portal_id, table.c.id == session_id))
    ).one_or_none()
    if row is None:
        return None
    viewer = Viewer(row.id, row.portal_id, row.user_id, row.user_name, row.is_admin, row.lang, row.expires_at)
    return viewer, row.access


async def renew(db: AsyncConnection, viewer: Viewer, access: bytes) -> None:
    """The person's next token, proven again."""
    await db.execute(
        update(table)
        .where(table.c.portal_id == viewer.portal_id, table.c.id == viewer.session_id)
        .values(access=access, expires_at=viewer.expires_at)
    )


async def end_all(db: AsyncConnection, portal_id: int) -> None:
    """The app was removed: nobody looks at it any more."""
    await db.execute(delete(table).where(table.c.portal_id == portal_id))
