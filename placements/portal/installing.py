"""What the installer's page shows: what was set up, who keeps access, and what to do next."""

from __future__ import annotations

from typing import Any

from b24app.domain.portal.portal import Portal
from b24app.portal.journeys.installation import Report, SetupStep
from b24app.portal.journeys.pages import portal_of
from b24app.verification.journeys.launch import LaunchView, launch_view
from placements.frame import Call


def finishes(report: Report, launch: LaunchView | None) -> bool:
    """Nothing is left to be asked: the page of the app opens by itself."""
    return report.ok and (launch is None or not launch.asks)


async def contents(call: Call, report: Report | None = None) -> dict[str, Any]:
    """Read again. `report`: of a set-up just made; after a choice the page stays until somebody goes on."""
    portal = await portal_of(call.resources, call.viewer.portal_id)
    async with call.resources.tenant(portal.id) as db:
        launch = await launch_view(db, call.resources, portal)
    shown = report or _last(portal)
    came_back = bool(call.text("came_back"))
    view = {"report": shown, "launch": launch, "came_back": came_back, "viewer": call.viewer}
    view |= {"finish": report is not None and finishes(shown, launch)}
    return {"html": call.render.part("portal/installer_content.html", call.viewer.lang, **view)}


def _last(portal: Portal) -> Report:
    """The set-up of the installer that is open."""
    steps = portal.report.get("steps", ())
    return Report(tuple(SetupStep(**{**step, "missing": tuple(step["missing"])}) for step in steps))
