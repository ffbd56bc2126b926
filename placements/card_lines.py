"""What features show in the tab of a card, besides the feature whose tab it is."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Subject
from b24app.domain.portal.portal import Portal
from b24app.plug import product_of
from b24app.resources import Resources


async def card_lines(
    db: AsyncConnection, resources: Resources, portal: Portal, subject: Subject
) -> Mapping[str, object]:
    """By the feature's name; the caller has proven the right to see the card."""
    makers = {one.name: one.card_view for one in product_of(resources).features if one.card_view}
    made = {name: await make(db, resources, portal, subject) for name, make in makers.items()}
    return {name: line for name, line in made.items() if line is not None}
