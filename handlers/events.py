"""`POST /bitrix/events`: portal events. Stored and acknowledged at once; the work is done by workers.

The portal never repeats an event and slows down for slow receivers (api-reference/events/index.md), so nothing is read
or decided here. 4xx with a stable code for whatever is not a genuine event; then nothing was stored.
"""

from __future__ import annotations

import json

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from b24app.bitrix24.payloads import PortalEvent, portal_event, record_events
from b24app.bitrix24.probing import connection_check
from b24app.connection_check.journeys import journey
from b24app.domain.cards.facts import Subject
from b24app.domain.portal.portal import Portal
from b24app.domain.work.arrivals import Arrival, Source
from b24app.errors import Refused
from b24app.portal.journeys import lifecycle
from b24app.portal.journeys.reception import Reception
from b24app.resources import Resources

STORED = JSONResponse({"status": "ok"})

log = structlog.get_logger()


async def receive(request: Request) -> Response:
    resources: Resources = request.state.resources
    event = portal_event(await request.body())
    try:
        await _hand_over(resources, request.state.reception, event)
    except Refused as refused:
        log.warning("event_refused", code=refused.code, event_name=event.name, member_id=event.member_id)
        raise
    return STORED


async def _hand_over(resources: Resources, reception: Reception, event: PortalEvent) -> None:
    match event.name:
        case "ONAPPINSTALL" | "ONAPPUPDATE":
            await lifecycle.installed(resources, event)
            reception.forget(event.member_id)
        case "ONAPPPAYMENT":
            await lifecycle.paid(resources, event)
        case "ONAPPUNINSTALL":
            reception.forget(event.member_id)
            portal = lifecycle.prove(await reception.portal(event.member_id), event)
            await lifecycle.uninstalled(resources, portal, event)
            reception.forget(event.member_id)
        case connection_check.TEST_EVENT:
            await journey.heard(resources, await _proven(reception, event), connection_check.nonce_of(event))
        case _:
            await _store(resources, reception, event)


async def _proven(reception: Reception, event: PortalEvent) -> Portal:
    """A portal installed anew in another process brings a token we do not know yet: look once more before refusing."""
    try:
        return lifecycle.prove(await reception.portal(event.member_id), event)
    except Refused:
        reception.forget(event.member_id)
        return lifecycle.prove(await reception.portal(event.member_id), event)


def _asked_for(resources: Resources, name: str) -> bool:
    """Bound for every portal, or for those in which a rule acts on the kind."""
    return name in resources.manifest.events or any(name in record_events(kind) for kind in resources.rules.acted_on)


async def _store(resources: Resources, reception: Reception, event: PortalEvent) -> None:
    portal = await _proven(reception, event)
    if event.subject is None or not _asked_for(resources, event.name):
        log.info("event_ignored", event_name=event.name, portal=portal.id)
        return
    body = json.dumps(event.without_auth(), ensure_ascii=False)
    token = event.tokens.access_token if event.tokens and event.user_id and isinstance(event.subject, Subject) else ""
    await reception.store(portal, Arrival(Source.EVENT, event.name, event.subject, event.user_id, body, token))
    resources.failpoint("event.stored")
