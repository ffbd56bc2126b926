"""Fields of ours that a portal no longer answers: cards are without them, and people are told."""

from __future__ import annotations

from collections.abc import Iterable

from b24app.bitrix24.cards import FieldMap
from b24app.domain.cards.facts import Card, Kind
from b24app.domain.portal.portal import Portal
from b24app.portal.journeys.fields import tell_missing
from b24app.resources import Resources


async def tell(resources: Resources, portal: Portal, fields: FieldMap, seen: Iterable[object]) -> None:
    """Name them in the log and in the settings; `seen`: what one read brought. A field of which some card shows a value
    is there."""
    shown: dict[Kind, set[str]] = {}
    for card in seen:
        if isinstance(card, Card):
            shown.setdefault(card.subject.kind, set()).update(card.values)
    for kind, codes in shown.items():
        await tell_missing(resources, portal, kind, fields[kind].keys() - codes)
