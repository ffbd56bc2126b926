"""What switching the module's mode means for what was decided, read and told until now."""

from __future__ import annotations

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store import imports
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.portal.viewer import Viewer
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.portal.journeys.pages import portal_of
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.verification.store import memberships
from b24app.work.store import inbox, index

log = structlog.get_logger()


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
        await switch(db, resources, portal, mode)
    log.info("mode_changed", portal=portal.id, user=viewer.user_id, was=before, now=mode)
    if before is Mode.OFF:
        await resources.wake.chore("import_portal", portal.id)
    await resources.wake.inbox(portal.id, Lane.BULK)


async def switch(db: AsyncConnection, resources: Resources, portal: Portal, mode: Mode) -> None:
    """What `set_mode` does in the portal's transaction; the wake-ups are the caller's, or the tick's."""
    before = portal.mode("verification")
    await portals.change(db, portal.id, modes={**portal.modes, "verification": mode.value})
    if before is Mode.OFF:
        await portals.change(db, portal.id, imported_at=None)
        await imports.restart(db, portal.id)
        await index.ask(db, portal.id, "import_portal", resources.now())
    if (before, mode) == (Mode.WATCH, Mode.ON):
        decided = sorted(await memberships.decided_subjects(db, portal.id))
        arrivals = [Arrival(Source.RESCAN, "mode_changed", subject) for subject in decided]
        await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, resources.now())
