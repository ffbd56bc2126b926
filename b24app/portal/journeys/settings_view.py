"""What this room shows in the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.portal import Portal
from b24app.portal.journeys import journal_view
from b24app.portal.journeys.journal_view import JournalPage
from b24app.portal.store import card_layouts
from b24app.portal.store.card_layouts import KnownLayout
from b24app.resources import Resources
from b24app.work.store import inbox


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """`waiting`, `failed`: changes in the portal's inbox; `layouts`: how its cards show our fields; `journal`: who
    changed the settings, its first page."""

    portal: Portal
    waiting: int
    failed: int
    layouts: Sequence[KnownLayout]
    journal: JournalPage

    @property
    def whole(self) -> bool:
        """Everything app.yaml asks for is there."""
        return bool(self.portal.report.get("ok"))

    @property
    def busy(self) -> bool:
        return self.waiting > 0


async def settings_view(db: AsyncConnection, resources: Resources, portal: Portal) -> PortalSettings:
    return PortalSettings(
        portal=portal,
        waiting=await inbox.count(db, portal.id, "waiting"),
        failed=await inbox.count(db, portal.id, "failed"),
        layouts=list((await card_layouts.listing(db, portal.id)).values()),
        journal=await journal_view.page(db, portal.id),
    )
