"""The card tab's question: is this card a deleted one, made anew? One press says yes."""

from __future__ import annotations

from typing import Any

from b24app.bitrix24.values import number
from b24app.errors import Refused
from b24app.verification.journeys import intents
from placements.frame import Call
from placements.verification.card_tab import contents


async def say(call: Call) -> dict[str, Any]:
    gone = number(call.text("gone"))
    if not gone:
        raise Refused("bad_parameter", 422, {"name": "gone"})
    await intents.same_card(call.resources, call.viewer, call.token, call.subject(), gone)
    return await contents(call)
