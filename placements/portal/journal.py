"""The settings' journal: older lines."""

from __future__ import annotations

from typing import Any

from b24app.errors import Refused
from b24app.portal.journeys import journal_view
from b24app.portal.journeys.pages import admins_only
from placements.frame import Call
from placements.settings import settings_page


async def older(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    before, size = _number(call, "before"), _number(call, "size")
    return await settings_page(
        call, portal=await journal_view.older(call.resources, call.viewer.portal_id, before, size)
    )


def _number(call: Call, name: str) -> int:
    text = call.text(name)
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Refused("bad_parameter", 422, {"name": name})
    return int(text)
