"""Calls of the settings page about our section in cards: look at what would change, add it, take it back."""

from __future__ import annotations

from typing import Any

from b24app.domain.portal.card_layout import Undone
from b24app.portal.journeys import card_layout
from b24app.portal.journeys.pages import admins_only
from placements.frame import Call, FrameCall
from placements.portal import words
from placements.settings import settings_page


async def preview(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    found = await card_layout.preview(call.resources, call.viewer, call.token, call.text("view"))
    return await settings_page(call, portal=found)


async def add(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    await card_layout.add(call.resources, call.viewer, call.token, call.text("view"), call.text("mark"))
    return await settings_page(call) | {"text": _said(call, words.SECTION_ADDED)}


async def take_back(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    undone: Undone = await card_layout.take_back(call.resources, call.viewer, call.token, call.text("view"))
    return await settings_page(call) | {"text": _said(call, words.UNDONE[undone])}


def _said(call: Call, message: str) -> str:
    return call.render.words(call.viewer.lang).text(message)


CALLS: dict[str, FrameCall] = {
    "/frame/layout/preview": preview,
    "/frame/layout/add": add,
    "/frame/layout/take-back": take_back,
}
