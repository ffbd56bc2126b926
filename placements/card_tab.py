"""`/placements/contact-tab`, `/placements/company-tab`: the tab in a card: who uses the client apps, and may they."""

from __future__ import annotations

from starlette.responses import HTMLResponse

from b24app.bitrix24.payloads import OpenRequest
from b24app.domain.cards.facts import Kind
from b24app.domain.portal.installation import PortalState
from b24app.errors import Refused
from b24app.portal.journeys import opening, sessions
from b24app.resources import Resources
from b24app.verification.journeys import card_tab
from placements.opened import frame_of, regained
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
    return render.page(
        "card.html",
        opened.lang,
        frame=frame_of(opened),
        page={"kind": "card", "token": token, "url": "/frame/card", "body": {"subject": str(subject)}},
        notice=regained(proven, portal),
        view=view,
        portal_state=portal.state,
    )
