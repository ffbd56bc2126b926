"""Routes of numbers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from b24app.domain.cards.facts import Kind, Subject
from b24app.errors import Refused
from handlers.api.common import Routes
from handlers.api.door import Called, Used
from tests.stamp.store import stamps

router = Routes("Stamps", "Numbers of cards.", {"no_stamp": ("The card has no number.", "У карточки нет номера.")})


class StampOut(BaseModel):
    """A card's number."""

    kind: str
    card_id: int
    number: int


@router.get("/stamps/{kind}/{card_id}", summary="Read a card's number")
async def read(used: Used, called: Called, kind: Literal["company", "deal"], card_id: int) -> StampOut:
    """No other card of the portal has it."""
    subject = Subject(Kind(kind), card_id)
    async with used.tenant(called.portal.id) as db:
        stamp = (await stamps.load(db, called.portal.id, [subject])).get(subject, {}).get(False)
    if stamp is None:
        raise Refused("no_stamp", 404)
    return StampOut(kind=kind, card_id=card_id, number=stamp.number)
