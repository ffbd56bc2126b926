"""`POST /bitrix/events`: portal events. Stored and acknowledged at once; the work is done by workers.

The portal never repeats an event and slows down for slow receivers (api-reference/events/index.md), so nothing is read
or decided here. 4xx with a stable code for whatever is not a genuine event; then nothing was stored.
"""

from __future__ import annotations

import json

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from b24app.bitrix24.payloads import PortalEvent, portal_event
from b24app.domain.arrivals import Arrival, Source
from b24app.errors import Refused
from b24app.journeys import lifecycle
from b24app.lanes import Lane
from b24app.resources import Resources
from b24app.store import inbox

log = structlog.get_logger()


async def receive(request: Request) -> Response:
    resources: Resources = request.state.resources
    event = portal_event(await request.body())
    try:
        await _hand_over(resources, event)
    except Refused as refused:
        log.warning("event_refused", code=refused.code, event_name=event.name, member_id=event.member_id)
        raise
    return JSONResponse({"status": "ok"})


async def _hand_over(resources: Resources, event: PortalEvent) -> None:
    match event.name:
        case "ONAPPINSTALL" | "ONAPPUPDATE":
            await lifecycle.installed(resources, event)
        case "ONAPPPAYMENT":
            await lifecycle.paid(resources, event)
        case "ONAPPUNINSTALL":
            await lifecycle.uninstalled(resources, await lifecycle.prove(resources, event), event)
        case _:
            await _store(resources, event)


async def _store(resources: Resources, event: PortalEvent) -> None:
    portal = await lifecycle.prove(resources, event)
    if event.subject is None or event.name not in resources.manifest.events:
        log.info("event_ignored", event_name=event.name, portal=portal.id)
        return
    body = json.dumps(event.without_auth(), ensure_ascii=False)
    arrival = Arrival(Source.EVENT, event.name, event.subject, event.user_id, body)
    async with resources.tenant(portal.id) as db:
        await inbox.receive(db, resources.vault, portal.id, [arrival], Lane.INTERACTIVE, resources.now())
    resources.failpoint("event.stored")
    await resources.wake.inbox(portal.id, Lane.INTERACTIVE)
