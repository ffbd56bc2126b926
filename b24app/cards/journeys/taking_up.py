"""Cards that a rule has never seen: at the first read, or because the rule was off until now. What they show is known
to it from then on, and told to nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.card_rules import CardRule, CardRules, RuleContext
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
    """For every rule. Returns the cards that have to be looked at."""
    context, found = RuleContext(portal, resources.policy, now), set[Subject]()
    for rule in resources.rules.active(portal):
        _, beside = await take_up_by(db, resources.rules, context, rule, cards, known)
        found |= beside
    return found


async def take_up_by(
    db: AsyncConnection,
    rules: CardRules,
    context: RuleContext,
    rule: CardRule[Any, Any],
    cards: Sequence[Card],
    known: Mapping[Subject, Known],
) -> tuple[list[Card], frozenset[Subject]]:
    """Known cards of which this rule has agreed on nothing yet: it agrees on what they show. Returns them, and the
    cards that have to be looked at."""
    lacking = [
        card
        for card in cards
        if (before := known.get(card.subject))
        and _lacks(before, rules.codes_of(rule, card.subject.kind))
        and rules.able(rule, card)
    ]
    if not lacking:
        return [], frozenset()
    beside = await rule.first_seen(db, context, lacking)
    await records.take_up(db, context.portal.id, lacking, rule.fields)
    return lacking, beside


def _lacks(known: Known, codes: frozenset[str]) -> bool:
    """Nothing is agreed on about any of these."""
    return bool(codes) and not known.record.deleted and not codes & known.record.settled.keys()
