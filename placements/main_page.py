"""`/app`: the app's own page in the portal: how it stands, what is set up, client apps. Administrators change it."""

from __future__ import annotations

from starlette.responses import HTMLResponse

from b24app.bitrix24.payloads import OpenRequest
from b24app.journeys.settings import settings_view
from b24app.portal.journeys import opening, sessions
from b24app.resources import Resources
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
        view=await settings_view(resources, portal.id),
        viewer=viewer,
        new=None,
        preview=None,
        secret="",
    )
