"""A receiver of our own, so that people without a client app see what comes to one.

It is a client app without a key, whose endpoint is an address of ours. News goes there by the ordinary way out: under
the rules for addresses, over HTTP, signed. What comes in is looked at as every receiver has to: nothing is believed
but the signature, which only whoever knows the endpoint's secret can make.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID, uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery import webhooks
from b24app.delivery.journeys.pinging import publish_ping
from b24app.delivery.journeys.registering import Wanted, new_endpoint, validate
from b24app.delivery.store import client_apps, endpoints, receivers
from b24app.delivery.store.client_apps import ClientApp
from b24app.delivery.store.endpoints import Endpoint
from b24app.delivery.store.receivers import BuiltInReceiver, ReceivedWebhook
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.errors import Refused
from b24app.portal.store import journal
from b24app.portal.store.journal import Changed
from b24app.resources import Resources

PATH = "/test-receiver/"
LARGEST = 256 * 1024  # bytes of a webhook; ours are far smaller

log = structlog.get_logger()


async def switch_on(resources: Resources, portal: Portal, name: str, by: Viewer) -> None:
    """Make the portal's receiver, unless it has one. `name`: of its client app.

    Raises Refused 422 `url_<reason>`: the app's own address is none that we call (`b24app.net.guard`).
    """
    receiver_id, app = uuid4(), ClientApp(uuid4(), name, resources.now(), built_in=True)
    wanted = Wanted(url=f"{resources.settings.public_url}{PATH}{receiver_id}")
    await validate(resources, portal.id, wanted)
    endpoint = new_endpoint(resources, app.id, wanted).endpoint
    async with resources.tenant(portal.id) as db:
        if not await receivers.add(db, BuiltInReceiver(receiver_id, portal.id, app.id, endpoint.id, resources.now())):
            return
        await client_apps.add(db, portal.id, app)
        await endpoints.add(db, portal.id, endpoint)
        await publish_ping(resources, db, portal, endpoint.id)
        await _note(db, resources, portal, by, "receiver_on")
    log.info("test_receiver_on", portal=portal.id, user=by.user_id)
    await resources.wake.outbox()


async def switch_off(resources: Resources, portal: Portal, by: Viewer) -> None:
    """Remove the receiver with its client app and all that it got. Nothing happens where there is none."""
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        gone = await receivers.drop(db, portal.id)
        if gone is None:
            return
        for endpoint_id in await client_apps.revoke(db, portal.id, gone.client_app_id, now) or ():
            await endpoints.make_due(db, portal.id, endpoint_id, now)
        await receivers.clear(db, portal.id)
        await _note(db, resources, portal, by, "receiver_off")
    log.info("test_receiver_off", portal=portal.id, user=by.user_id)
    await resources.wake.outbox()


async def receive(resources: Resources, receiver_id: UUID, fields: Mapping[str, str], body: bytes) -> None:
    """Keep a webhook that was sent to this receiver. `fields`: its headers, their names in small letters.

    Raises Refused `not_found` (404), `signature_wrong` (401), `body_too_large` (413). Only what is signed is looked
    into.
    """
    if len(body) > LARGEST:
        raise Refused("body_too_large", 413)
    async with resources.autocommit() as db:
        receiver = await receivers.by_id(db, receiver_id)
    if receiver is None:
        raise Refused("not_found", 404)
    async with resources.tenant(receiver.portal_id) as db:
        endpoint = (await endpoints.reachable(db, receiver.portal_id, [receiver.endpoint_id])).get(receiver.endpoint_id)
        if endpoint is None or endpoint.state is EndpointState.DELETED:
            raise Refused("not_found", 404)
        if not webhooks.verified(fields, body, _keys(resources, endpoint), resources.now()):
            raise Refused("signature_wrong", 401)
        await receivers.keep(db, receiver.portal_id, _webhook(resources, fields, body))


def _keys(resources: Resources, endpoint: Endpoint) -> list[bytes]:
    key = webhooks.opened_key(resources.vault, endpoint.secret)
    return [] if key is None else [key]


def _webhook(resources: Resources, fields: Mapping[str, str], body: bytes) -> ReceivedWebhook:
    """Of headers and bytes that we sent ourselves."""
    sequence = fields.get("webhook-sequence")
    return ReceivedWebhook(
        webhook_id=fields["webhook-id"],
        type=json.loads(body)["type"],
        sequence=int(sequence) if sequence else None,
        attempt=int(fields["webhook-attempt"]),
        body=body,
        received_at=resources.now(),
    )


async def _note(db: AsyncConnection, resources: Resources, portal: Portal, by: Viewer, action: str) -> None:
    await journal.write(db, portal.id, by, Changed(feature="delivery", action=action), resources.now())
