"""The settings page: what it shows, and the few things an administrator may change there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from b24app.cards.store import imports, scans
from b24app.cards.store.imports import Progress
from b24app.cards.store.scans import Scan
from b24app.connection_check.journeys import journey
from b24app.connection_check.journeys.journey import CheckView
from b24app.delivery.store import client_apps, endpoints
from b24app.delivery.store.client_apps import ClientApp
from b24app.delivery.store.endpoints import Endpoint
from b24app.domain.cards.drift import ScanTrigger, Scope
from b24app.domain.cards.reading import SILENT, time_left
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.portal.viewer import Viewer
from b24app.export.journeys.files_view import FilesView, files_view
from b24app.features import SECTIONS
from b24app.lanes import Lane
from b24app.portal.journeys.pages import portal_of
from b24app.portal.store import card_layouts, portals
from b24app.portal.store.card_layouts import KnownLayout
from b24app.resources import Resources
from b24app.verification.journeys import modes
from b24app.work.store import inbox

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Connected:
    """A client app and where its news goes."""

    app: ClientApp
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class SettingsView:
    """Everything the settings page prints. `report`: of the last set-up (installation.Report as JSON); `time_left`: of
    the first read, where its pace is known; `stalled`: nothing of it came for minutes."""

    portal: Portal
    report: Mapping[str, Any]
    progress: Sequence[Progress]
    time_left: timedelta | None
    stalled: bool
    mode: Mode
    connected: tuple[Connected, ...]
    waiting: int
    failed: int
    looked: Mapping[Scope, Scan]
    sweeping: Scan | None
    cards: Sequence[KnownLayout]
    files: FilesView
    checked: CheckView | None

    @property
    def whole(self) -> bool:
        """Everything app.yaml asks for is there."""
        return bool(self.report.get("ok"))

    @property
    def checking(self) -> bool:
        """A check of the connection is under way."""
        return self.checked is not None and not self.checked.finished

    @property
    def importing(self) -> bool:
        return not self.portal.imported

    @property
    def comparing(self) -> bool:
        """Every card is being compared, or will be in a moment."""
        return self.sweeping is not None or self.portal.sweep_asked is not None


async def settings_view(resources: Resources, portal_id: int) -> SettingsView:
    portal = await portal_of(resources, portal_id)
    async with resources.tenant(portal.id) as db:
        apps = await client_apps.living(db, portal.id)
        found = [Connected(app, tuple(await endpoints.of_app(db, portal.id, app.id))) for app in apps]
        parts = await imports.progress(db, portal.id)
        return SettingsView(
            portal=portal,
            report=portal.report,
            progress=parts,
            time_left=_time_left(parts),
            stalled=bool(parts) and resources.now() - max(one.moved_at for one in parts) > SILENT,
            mode=portal.mode("verification"),
            connected=tuple(found),
            waiting=await inbox.count(db, portal.id, "waiting"),
            failed=await inbox.count(db, portal.id, "failed"),
            looked=await scans.newest(db, portal.id),
            sweeping=await scans.unfinished(db, portal.id, Scope.ALL),
            cards=list((await card_layouts.listing(db, portal.id)).values()),
            files=await files_view(db, resources, portal, SECTIONS),
            checked=await journey.look(db, resources, portal.id),
        )


def _time_left(parts: Sequence[Progress]) -> timedelta | None:
    """Of everything unread, at the pace of whatever came last."""
    moved = [one for one in parts if one.advanced_at]
    last = max(moved, key=lambda one: one.moved_at, default=None)
    return time_left([(one.read, one.total) for one in parts if not one.finished], last.pace if last else None)


async def ask_sweep(resources: Resources, viewer: Viewer) -> None:
    """Compare every card now and not at night."""
    async with resources.autocommit() as db:
        await portals.ask_sweep(db, viewer.portal_id, ScanTrigger.BUTTON)
    log.info("sweep_asked", portal=viewer.portal_id, user=viewer.user_id)
    await resources.wake.chore("sweep_portal", viewer.portal_id)


async def set_mode(resources: Resources, viewer: Viewer, mode: Mode) -> None:
    """Verification off, watch or on.

    Coming back from `off`, the portal is read anew: we were not looking. Coming from `watch` to `on`, the cards are
    given what watching decided; nothing of it is told, since watching counted it as told.
    """
    portal = await portal_of(resources, viewer.portal_id)
    before = portal.mode("verification")
    if before is mode:
        return
    async with resources.tenant(portal.id) as db:
        await modes.switch(db, resources, portal, mode)
    log.info("mode_changed", portal=portal.id, user=viewer.user_id, was=before, now=mode)
    if before is Mode.OFF:
        await resources.wake.chore("import_portal", portal.id)
    await resources.wake.inbox(portal.id, Lane.BULK)
