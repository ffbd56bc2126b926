"""Client apps in the settings: a key is made, replaced and shown once; an app is disconnected and connected again; an
address is switched on and tested; the test receiver comes and goes."""

from __future__ import annotations

from typing import Any

import structlog

from b24app.delivery.journeys import client_apps, pinging, receiver, registering
from b24app.delivery.journeys.registering import Wanted
from b24app.domain.portal.portal import Portal
from b24app.portal.journeys.pages import admins_only, portal_of
from placements.delivery import words
from placements.frame import Call, FrameCall
from placements.settings import settings_page

log = structlog.get_logger()


async def create(call: Call) -> dict[str, Any]:
    portal = await _portal(call)
    new = await client_apps.create(call.resources, portal.id, call.text("name"), by=call.viewer)
    log.info("client_app_created", portal=portal.id, user=call.viewer.user_id, client_app=str(new.app.id))
    return await settings_page(call, delivery=new)


async def new_key(call: Call) -> dict[str, Any]:
    portal = await _portal(call)
    new = await client_apps.new_key(call.resources, portal.id, call.id("client_app"), call.viewer)
    log.info("client_app_key_created", portal=portal.id, user=call.viewer.user_id)
    return await settings_page(call, delivery=new)


async def revoke(call: Call) -> dict[str, Any]:
    portal = await _portal(call)
    await client_apps.revoke(call.resources, portal.id, call.id("client_app"), call.viewer)
    log.info("client_app_revoked", portal=portal.id, user=call.viewer.user_id)
    return await settings_page(call)


async def reconnect(call: Call) -> dict[str, Any]:
    portal = await _portal(call)
    new = await client_apps.reconnect(call.resources, portal, call.id("client_app"), call.viewer)
    log.info("client_app_reconnected", portal=portal.id, user=call.viewer.user_id)
    return await settings_page(call, delivery=new)


async def switch_on(call: Call) -> dict[str, Any]:
    portal, endpoint_id = await _portal(call), call.id("endpoint")
    wanted = Wanted(enabled=True)
    await registering.change(call.resources, portal, call.id("client_app"), endpoint_id, wanted, call.viewer)
    log.info("endpoint_switched_on", portal=portal.id, user=call.viewer.user_id, endpoint=str(endpoint_id))
    return await settings_page(call)


async def send_test(call: Call) -> dict[str, Any]:
    portal = await _portal(call)
    await pinging.send_test(call.resources, portal, call.id("client_app"), call.id("endpoint"))
    return await settings_page(call)


async def receiver_on(call: Call) -> dict[str, Any]:
    portal = await _portal(call)
    name = call.render.words(call.viewer.lang).text(words.RECEIVER)
    await receiver.switch_on(call.resources, portal, name, call.viewer)
    return await settings_page(call)


async def receiver_off(call: Call) -> dict[str, Any]:
    portal = await _portal(call)
    await receiver.switch_off(call.resources, portal, call.viewer)
    return await settings_page(call)


async def _portal(call: Call) -> Portal:
    """Raises as `admins_only` does."""
    await admins_only(call.resources, call.viewer, call.token)
    return await portal_of(call.resources, call.viewer.portal_id)


CALLS: dict[str, FrameCall] = {
    "/frame/client-apps": create,
    "/frame/client-apps/key": new_key,
    "/frame/client-apps/revoke": revoke,
    "/frame/client-apps/reconnect": reconnect,
    "/frame/endpoints/on": switch_on,
    "/frame/endpoints/test": send_test,
    "/frame/test-receiver/on": receiver_on,
    "/frame/test-receiver/off": receiver_off,
}
