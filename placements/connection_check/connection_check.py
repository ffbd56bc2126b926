"""The settings' button that checks the connection, there and back."""

from __future__ import annotations

from typing import Any

from b24app.connection_check.journeys import journey as connection_check
from b24app.portal.journeys.pages import admins_only
from placements.frame import Call
from placements.settings import settings_page


async def begin(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    await connection_check.begin(call.resources, call.viewer.portal_id, call.viewer.user_id, call.viewer.name)
    return await settings_page(call)
