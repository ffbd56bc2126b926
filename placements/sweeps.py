"""The settings' button that compares every card with what we know."""

from __future__ import annotations

from typing import Any

from b24app.journeys.settings import ask_sweep
from b24app.portal.journeys.pages import admins_only
from placements import frame
from placements.frame import Call


async def compare(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    await ask_sweep(call.resources, call.viewer)
    return await frame.status(call)
