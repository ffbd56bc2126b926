"""The settings' switch of a feature: off, watch, on."""

from __future__ import annotations

from functools import partial
from typing import Any

from b24app.cards.journeys import modes
from b24app.domain.portal.portal import Mode
from b24app.errors import Refused
from b24app.portal.journeys.pages import admins_only
from placements.frame import Call, FrameCall
from placements.settings import settings_page


def switch(feature: str) -> FrameCall:
    """The call of its switch."""
    return partial(_switch, feature)


async def _switch(feature: str, call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    try:
        await modes.set_mode(call.resources, call.viewer, feature, Mode(call.text("mode")))
    except ValueError:
        raise Refused("bad_parameter", 422, {"name": "mode"}) from None
    return await settings_page(call)
