"""Set-up once more: the settings' "Check and repair", and the installer's "Try again"."""

from __future__ import annotations

from typing import Any

from b24app.portal.journeys import installation
from b24app.portal.journeys.pages import admins_only, portal_of
from placements.frame import Call
from placements.settings import settings_page


async def repair(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    portal = await portal_of(call.resources, call.viewer.portal_id)
    report = await installation.reconcile(call.resources, portal)
    if call.body.get("page") == "installer":
        shown = {"report": report, "came_back": False}
        return {"html": call.render.part("portal/installer_content.html", call.viewer.lang, **shown)}
    if not portal.imported:
        await call.resources.wake.chore("import_portal", portal.id)
    return await settings_page(call)
