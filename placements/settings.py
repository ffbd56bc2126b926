"""`/app`: the app's own page in the portal, a section or more of each part. Administrators change things there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import HTMLResponse

from b24app.bitrix24.payloads import OpenRequest
from b24app.plug import SettingsView, product_of
from b24app.portal.journeys import opening, sessions
from b24app.portal.journeys.pages import portal_of
from b24app.resources import Resources
from placements.frame import Call
from placements.opened import frame_of, regained
from placements.render import Render


async def page(render: Render, resources: Resources, opened: OpenRequest) -> HTMLResponse:
    proven = await opening.prove_open(resources, opened)
    if proven.portal is None or not proven.portal.fields:
        proven = await opening.bring_back(resources, proven)
    person = await opening.who(resources, proven)
    portal = await opening.welcome(resources, proven, await opening.ready(resources, proven), person)
    async with resources.tenant(portal.id, durable=False) as db:
        viewer, token = await sessions.open_session(db, resources, proven, portal, person)
    return render.page(
        "main.html",
        opened.lang,
        frame=frame_of(opened),
        page={"kind": "main", "token": token, "url": "/frame/status", "body": {"page": "main"}},
        notice=regained(proven, portal),
        views=await settings_views(resources, portal.id),
        viewer=viewer,
        shown_once={},
    )


async def status(call: Call) -> dict[str, Any]:
    return await settings_page(call)


async def settings_page(call: Call, **once: object) -> dict[str, Any]:
    """The settings as they are now. `once`: by the name of the part, what a call of it shows this one time."""
    views = await settings_views(call.resources, call.viewer.portal_id)
    shown = {"views": views, "viewer": call.viewer, "shown_once": once}
    return {"html": call.render.part("main_content.html", call.viewer.lang, **shown)}


async def settings_views(resources: Resources, portal_id: int) -> Mapping[str, SettingsView]:
    """What each feature shows in the settings, by its name. Raises Refused `portal_unknown`."""
    portal = await portal_of(resources, portal_id)
    features = product_of(resources).features
    async with resources.tenant(portal.id) as db:
        makers = {feature.name: feature.settings_view for feature in features if feature.settings_view}
        return {name: await make(db, resources, portal) for name, make in makers.items()}
