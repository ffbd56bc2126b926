"""Client apps in the settings: a key is made, replaced, revoked; it is shown once."""

from __future__ import annotations

from typing import Any

import structlog

from b24app.delivery.journeys import client_apps
from b24app.portal.journeys.pages import admins_only
from placements.frame import Call, FrameCall
from placements.settings import settings_page

log = structlog.get_logger()


async def create(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    new = await client_apps.create(call.resources, call.viewer.portal_id, call.text("name"))
    log.info("client_app_created", portal=call.viewer.portal_id, user=call.viewer.user_id, client_app=str(new.app.id))
    return await settings_page(call, delivery=new)


async def new_key(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    new = await client_apps.new_key(call.resources, call.viewer.portal_id, call.id("client_app"))
    log.info("client_app_key_created", portal=call.viewer.portal_id, user=call.viewer.user_id)
    return await settings_page(call, delivery=new)


async def revoke(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    await client_apps.revoke(call.resources, call.viewer.portal_id, call.id("client_app"))
    log.info("client_app_revoked", portal=call.viewer.portal_id, user=call.viewer.user_id)
    return await settings_page(call)


CALLS: dict[str, FrameCall] = {
    "/frame/client-apps": create,
    "/frame/client-apps/key": new_key,
    "/frame/client-apps/revoke": revoke,
}
