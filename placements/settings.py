"""`/app`: the app's own page in the portal. Everybody's work list, and for administrators the settings behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import HTMLResponse

from b24app.bitrix24.payloads import OpenRequest
from b24app.domain.portal.portal import Portal
from b24app.plug import SettingsView, product_of
from b24app.portal.journeys import opening, sessions
from b24app.portal.journeys.pages import portal_of
from b24app.resources import Resources
from placements import work
from placements.frame import Call
from placements.opened import frame_of, regained
from placements.pages import SETTINGS, WORK, address_of, asked_for, standing_of
from placements.render import Render


async def page(render: Render, resources: Resources, opened: OpenRequest) -> HTMLResponse:
    proven = await opening.prove_open(resources, opened)
    if proven.portal is None or not proven.portal.fields:
        proven = await opening.bring_back(resources, proven)
    person = await opening.who(resources, proven)
    portal = await opening.welcome(resources, proven, await opening.ready(resources, proven), person)
    async with resources.tenant(portal.id, durable=False) as db:
        viewer, token = await sessions.open_session(db, resources, proven, portal, person)
    call = Call(render, resources, viewer, opened.auth_id, {"page": asked_for(opened.options)})
    template, view = await _contents(call, portal)
    return render.page(
        "main.html",
        opened.lang,
        frame=frame_of(opened),
        page={"token": token},
        notice=regained(proven, portal),
        contents=template,
        **view,
    )


async def fresh(call: Call) -> dict[str, Any]:
    """Any page of the app as it is now: the one that the call names."""
    return await settings_page(call)


async def settings_page(call: Call, **once: object) -> dict[str, Any]:
    """The page that the call came from, as it is now. `once`: by the name of the part, what this one time is shown."""
    portal = await portal_of(call.resources, call.viewer.portal_id)
    template, view = await _contents(call, portal, once)
    return {"html": call.render.part(template, call.viewer.lang, **view)}


async def _contents(call: Call, portal: Portal, once: Mapping[str, object] | None = None) -> tuple[str, dict[str, Any]]:
    """The template of a page and what it prints."""
    address = address_of(call.body.get("page"), call.viewer)
    if address == WORK:
        return "work.html", await work.view_of(call, portal)
    slug = address.removeprefix(SETTINGS).strip("/")
    async with call.resources.tenant(portal.id) as db:
        standing = await standing_of(db, call.resources, portal)
        features = [one for one in product_of(call.resources).features if one.settings_view]
        owners = {part.name for part in call.render.parts for page in part.settings if page.slug == slug}
        views: dict[str, SettingsView] = {
            one.name: await one.settings_view(db, call.resources, portal)
            for one in features
            if one.settings_view and one.name in owners
        }
    view = {"address": address, "slug": slug, "standing": standing, "views": views, "once_of": once or {}}
    return "settings.html", {**view, "viewer": call.viewer, "portal": portal}
