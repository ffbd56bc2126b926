"""`/placements/contact-tab`, `/placements/company-tab`: the tab in a card: who uses the client apps, and may they."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.responses import HTMLResponse

from b24app.bitrix24.payloads import OpenRequest
from b24app.domain.cards.facts import Kind
from b24app.domain.portal.installation import PortalState
from b24app.domain.verification.membership import Action
from b24app.errors import Refused
from b24app.portal.journeys import opening, sessions
from b24app.portal.journeys.pages import portal_of
from b24app.resources import Resources
from b24app.verification.journeys import card_tab, intents
from placements.card_lines import card_lines
from placements.frame import Call, FrameCall
from placements.opened import OpenedPage, frame_of, regained
from placements.render import Render


async def page(kind: Kind, render: Render, resources: Resources, opened: OpenRequest) -> HTMLResponse:
    """Rights first: the record is read with the person's own token before anything of ours is."""
    subject = opened.subject
    if subject is None or subject.kind is not kind:
        raise Refused("no_card", 404)
    proven = await opening.prove_open(resources, opened)
    if proven.portal and proven.portal.state is PortalState.REMOVED:
        proven = await opening.bring_back(resources, proven)
    portal = await opening.ready(resources, proven)
    person = await card_tab.prove_right(resources, portal, subject, proven.owner.user_id, opened.auth_id)
    portal = await opening.welcome(resources, proven, portal, person)
    async with resources.tenant(portal.id, durable=False) as db:
        _, token = await sessions.open_session(db, resources, proven, portal, person)
        view = await card_tab.tab_of(db, resources, portal, subject)
        lines = await card_lines(db, resources, portal, subject)
    return render.page(
        "verification/card.html",
        opened.lang,
        frame=frame_of(opened),
        page={"token": token},
        notice=regained(proven, portal),
        view=view,
        lines=lines,
        portal_state=portal.state,
    )


async def contents(call: Call) -> dict[str, Any]:
    portal, subject = await portal_of(call.resources, call.viewer.portal_id), call.subject()
    await card_tab.prove_right(call.resources, portal, subject, call.viewer.user_id, call.token)
    async with call.resources.tenant(portal.id) as db:
        view = await card_tab.tab_of(db, call.resources, portal, subject)
        lines = await card_lines(db, call.resources, portal, subject)
    shown = {"view": view, "lines": lines, "portal_state": portal.state}
    return {"html": call.render.part("verification/card_content.html", call.viewer.lang, **shown)}


async def press(call: Call) -> dict[str, Any]:
    try:
        action = Action(call.text("action"))
    except ValueError:
        raise Refused("bad_parameter", 422, {"name": "action"}) from None
    subject, membership = call.subject(), call.id("membership")
    await intents.press(call.resources, call.viewer, call.token, subject, membership, action, call.text("note"))
    return await contents(call)


PAGES: dict[str, OpenedPage] = {
    "/placements/contact-tab": partial(page, Kind.CONTACT),
    "/placements/company-tab": partial(page, Kind.COMPANY),
}
CALLS: dict[str, FrameCall] = {"/frame/card": contents, "/frame/press": press}
