"""Calls about the choice who keeps access: in the installer and in the settings alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from b24app.domain.portal.viewer import Viewer
from b24app.domain.verification.launch import Choice
from b24app.errors import Refused
from b24app.portal.journeys.pages import admins_only
from b24app.resources import Resources
from b24app.verification.journeys import launch
from placements.frame import Call, FrameCall
from placements.portal import installing
from placements.settings import settings_page


async def contents(call: Call) -> dict[str, Any]:
    """The page that asked, as it is now."""
    if call.body.get("page") == "installer":
        return await installing.contents(call)
    return await settings_page(call)


async def choose(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    try:
        choice = Choice(call.text("choice"))
    except ValueError:
        raise Refused("bad_parameter", 422, {"name": "choice"}) from None
    await launch.choose(call.resources, call.viewer, choice)
    return await contents(call)


async def act(what: Callable[[Resources, Viewer], Awaitable[None]], call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    await what(call.resources, call.viewer)
    return await contents(call)


CALLS: dict[str, FrameCall] = {
    "/frame/launch": contents,
    "/frame/launch/choose": choose,
    "/frame/launch/rethink": partial(act, launch.rethink),
    "/frame/launch/start": partial(act, launch.start),
    "/frame/launch/pause": partial(act, launch.pause),
    "/frame/launch/resume": partial(act, launch.resume),
    "/frame/launch/undo": partial(act, launch.undo),
    "/frame/launch/again": partial(act, launch.again),
}
