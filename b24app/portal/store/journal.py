"""Who changed the settings, when and how. Inside one tenant.

Whoever changes something for a person writes its line in the same transaction: what was rolled back stands nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.viewer import Viewer
from b24app.portal.store.tables import journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What somebody changed. `feature` and `action`: by which pages find the words (`JOURNAL` of the feature's words).

    `about`: the thing, by its name or a code of the feature's; `was`, `became`: its value, where it has one.
    """

    feature: str
    action: str
    about: str = ""
    was: str = ""
    became: str = ""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """A line as it stands there. `user_id` None: whoever runs the app did it, on the console."""

    id: int
    at: datetime
    user_id: int | None
    user_name: str
    changed: Changed


async def write(db: AsyncConnection, portal_id: int, by: Viewer | None, changed: Changed, at: datetime) -> None:
    """`by` None: on the console."""
    await db.execute(
        insert(journal).values(
            portal_id=portal_id,
            at=at,
            user_id=by.user_id if by else None,
            user_name=by.name if by else "",
            feature=changed.feature,
            action=changed.action,
            about=changed.about,
            was=changed.was,
            became=changed.became,
        )
    )


async def newest(db: AsyncConnection, portal_id: int, limit: int, before: int | None = None) -> list[JournalLine]:
    """Newest first; `before`: the id of the last line seen."""
    mine = [journal.c.portal_id == portal_id, *([] if before is None else [journal.c.id < before])]
    rows = await db.execute(select(journal).where(*mine).order_by(journal.c.id.desc()).limit(limit))
    return [
        JournalLine(
            id=row.id,
            at=row.at,
            user_id=row.user_id,
            user_name=row.user_name,
            changed=Changed(feature=row.feature, action=row.action, about=row.about, was=row.was, became=row.became),
        )
        for row in rows
    ]
