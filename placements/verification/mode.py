"""The settings' switch of the module: off, watch, on."""

from __future__ import annotations

from typing import Any

from b24app.cards.journeys import modes
from b24app.domain.portal.portal import Mode
from b24app.errors import Refused
from b24app.portal.journeys.pages import admins_only
from placements.frame import Call
from placements.settings import settings_page


async def switch(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    try:
        await modes.set_mode(call.resources, call.viewer, "verification", Mode(call.text("mode")))
    except ValueError:
        raise Refused("bad_parameter", 422, {"name": "mode"}) from None
    return await settings_page(call)
