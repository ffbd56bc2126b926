"""The settings' button that compares every card with what we know."""

from __future__ import annotations

from typing import Any

from b24app.cards.journeys import sweep
from b24app.portal.journeys.pages import admins_only
from placements.frame import Call
from placements.settings import settings_page


async def compare(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    await sweep.ask(call.resources, call.viewer)
    return await settings_page(call)
