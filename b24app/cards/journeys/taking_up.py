"""Cards that a rule has never seen: at the first read, or because the rule was off until now. What they show is known
to it from then on, and told to nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.card_rules import RuleContext
from b24app.cards.store import records
from b24app.domain.cards.facts import Card, Subject
from b24app.domain.cards.records import Known
from b24app.domain.portal.portal import Portal
from b24app.resources import Resources


async def first_seen(
    db: AsyncConnection, resources: Resources, portal: Portal, cards: Sequence[Card], now: datetime
) -> set[Subject]:
    """For every rule. Returns the cards that have to be looked at."""
    context, found = RuleContext(portal, resources.policy, now), set[Subject]()
    for rule in resources.rules.active(portal):
        if mine := [card for card in cards if card.subject.kind in rule.kinds and resources.rules.able(rule, card)]:
            found |= await rule.first_seen(db, context, mine)
    return found


async def take_up(
    db: AsyncConnection,
    resources: Resources,
    portal: Portal,
    cards: Sequence[Card],
    known: Mapping[Subject, Known],
    now: datetime,
) -> set[Subject]:
    """Known cards of which a rule has agreed on nothing yet. Returns the cards that have to be looked at."""
    context, found = RuleContext(portal, resources.policy, now), set[Subject]()
    for rule in resources.rules.active(portal):
        lacking = [
            card
            for card in cards
            if card.subject in known
            and lacks(known[card.subject], resources.rules.codes_of(rule, card.subject.kind))
            and resources.rules.able(rule, card)
        ]
        if lacking:
            found |= await rule.first_seen(db, context, lacking)
            await records.take_up(db, portal.id, lacking, rule.fields)
    return found


def lacks(known: Known, codes: frozenset[str]) -> bool:
    """Nothing is agreed on about any of these."""
    return bool(codes) and not known.record.deleted and not codes & known.record.settled.keys()
