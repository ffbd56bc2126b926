"""What switching a rule's mode means for what was decided, read and told until now."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.card_rules import CardRule
from b24app.cards.store import aliases, imports, records, scans
from b24app.domain.cards.drift import ScanTrigger, Scope
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.portal.viewer import Viewer
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.portal.journeys.installation import IMPORT, RECONCILE, owe
from b24app.portal.journeys.pages import portal_of
from b24app.portal.store import journal, portals
from b24app.portal.store.journal import Changed
from b24app.resources import Resources
from b24app.work.store import inbox, index

log = structlog.get_logger()


async def set_mode(resources: Resources, viewer: Viewer, rule: str, mode: Mode) -> None:
    """Off, watch or on.

    Coming back from off, every card is compared and those that the rule has never seen are taken as they are; nothing
    is imported again. Kinds of card that no rule acted on before are bound and read. Coming from watch to on, cards are
    given what watching decided; nothing of it is told, since watching counted it as told.
    """
    portal = await portal_of(resources, viewer.portal_id)
    before = resources.rules.mode(portal, rule)
    if before is mode:
        return
    async with resources.tenant(portal.id) as db:
        await switch(db, resources, portal, rule, mode)
        changed = Changed(feature=rule, action="mode_changed", was=before.value, became=mode.value)
        await journal.write(db, portal.id, viewer, changed, resources.now())
    log.info("mode_changed", portal=portal.id, user=viewer.user_id, rule=rule, was=before, now=mode)
    if before is Mode.OFF:
        for chore in (RECONCILE, IMPORT, portals.SWEEP):
            await resources.wake.chore(chore, portal.id)
    await resources.wake.inbox(portal.id, Lane.BULK)


async def switch(db: AsyncConnection, resources: Resources, portal: Portal, name: str, mode: Mode) -> None:
    """What `set_mode` does in the portal's transaction; the wake-ups are the caller's, or the tick's."""
    before, rule = resources.rules.mode(portal, name), resources.rules.get(name)
    await portals.change(db, portal.id, modes={**portal.modes, name: mode.value})
    due = []
    if before is Mode.OFF:
        await _begin_kinds(db, resources, portal, rule)
        await _compare_all(db, resources, portal)
        due = [*await records.behind(db, portal.id, name), *await aliases.owed_by(db, portal.id, name)]
    if mode is Mode.ON:
        due += await rule.to_show(db, portal)
    await rule.mode_changed(db, portal, mode)
    arrivals = [Arrival(Source.RESCAN, "mode_changed", subject) for subject in sorted(set(due))]
    await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, resources.now())


async def _begin_kinds(db: AsyncConnection, resources: Resources, portal: Portal, rule: CardRule[Any, Any]) -> None:
    """Cards of kinds that nobody acted on until now: their events are bound, and those that were never read are."""
    new = rule.kinds - set(resources.rules.kinds(portal))
    if not new:
        return
    await owe(db, resources, portal)
    read = {part.kind for part in await imports.progress(db, portal.id) if part.finished}
    if portal.imported and not new <= read:
        await portals.change(db, portal.id, imported_at=None)
        await index.ask(db, portal.id, IMPORT, resources.now())


async def _compare_all(db: AsyncConnection, resources: Resources, portal: Portal) -> None:
    """From the beginning: what was compared or read until now was so without this rule."""
    if not portal.imported:
        await imports.restart(db, portal.id)
        return
    if under_way := await scans.unfinished(db, portal.id, Scope.ALL):
        await scans.drop(db, portal.id, under_way)
    await portals.ask_sweep(db, portal.id, ScanTrigger.SWITCH, resources.now())
