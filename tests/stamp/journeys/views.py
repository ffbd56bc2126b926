"""What people see of numbers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Subject
from b24app.domain.portal.portal import Mode, Portal
from b24app.resources import Resources
from tests.stamp.store import stamps


@dataclass(frozen=True, slots=True)
class StampSettings:
    """`given`: how many cards have a number."""

    mode: Mode
    given: int
    busy: bool = False


async def settings_view(db: AsyncConnection, resources: Resources, portal: Portal) -> StampSettings:
    return StampSettings(resources.rules.mode(portal, "stamp"), await stamps.count(db, portal.id))


async def card_view(db: AsyncConnection, resources: Resources, portal: Portal, subject: Subject) -> int | None:
    """The card's number."""
    stamp = (await stamps.load(db, portal.id, [subject])).get(subject, {}).get(False)
    return stamp.number if stamp else None
