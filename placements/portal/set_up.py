"""Set-up once more: the settings' "Check and repair", and the installer's "Try again"."""

from __future__ import annotations

from typing import Any

from b24app.portal.journeys import installation
from b24app.portal.journeys.installation import IMPORT
from b24app.portal.journeys.pages import admins_only, portal_of
from b24app.verification.journeys import launch
from b24app.work.store import index
from placements.frame import Call
from placements.portal import installing
from placements.settings import settings_page


async def repair(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    portal = await portal_of(call.resources, call.viewer.portal_id)
    report = await installation.reconcile(call.resources, portal, call.viewer)
    if call.body.get("page") == "installer":
        if report.ok:
            await launch.begin(call.resources, portal)
        return await installing.contents(call, report)
    if not portal.imported:
        async with call.resources.autocommit() as db:
            await index.ask(db, portal.id, IMPORT, call.resources.now())
        await call.resources.wake.chore(IMPORT, portal.id)
    return await settings_page(call)
