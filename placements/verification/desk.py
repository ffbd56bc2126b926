"""The work list of verification: one press confirms a person or all those ticked, by the rights of who presses."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.verification.membership import Action
from b24app.errors import PortalError, Refused
from b24app.portal.journeys.pages import portal_of
from b24app.verification.journeys import intents
from b24app.verification.store import memberships
from placements.frame import Call
from placements.opened import spoken
from placements.settings import settings_page
from placements.verification import words

MOST = 50


async def confirm(call: Call) -> dict[str, Any]:
    """`one`: a membership; else `membership`: those ticked. Whoever is refused is named with the reason."""
    ids = [call.id("one")] if call.text("one") else call.ids("membership")[:MOST]
    people = await _people(call, ids)
    refused: dict[str, int] = {}
    for membership_id, contact_id in people.items():
        try:
            subject = Subject(Kind.CONTACT, contact_id)
            await intents.press(call.resources, call.viewer, call.token, subject, membership_id, Action.CONFIRM, "")
        except (Refused, PortalError) as error:
            if len(ids) == 1:
                raise
            refused[spoken(error)[0]] = refused.get(spoken(error)[0], 0) + 1
    said = call.render.words(call.viewer.lang)
    done = len(people) - sum(refused.values())
    text = said.text(words.CONFIRMED_MANY, num=done)
    for code, number in refused.items():
        text += f" {said.text(words.NOT_CONFIRMED, num=number)} {said.text(call.render.refused[code].title)}."
    return {**await settings_page(call), "text": text}


async def _people(call: Call, ids: list[UUID]) -> dict[UUID, int]:
    """Whose memberships these are."""
    portal = await portal_of(call.resources, call.viewer.portal_id)
    async with call.resources.tenant(portal.id) as db:
        return await memberships.contacts_of(db, portal.id, ids)


CALLS = {"/frame/desk/verification": confirm}
