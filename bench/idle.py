"""A rule that does nothing: what the pipeline itself costs for each rule."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.card_rules import CardDecision, CardFacts, CardRule, Earlier, RuleContext
from b24app.domain.cards.facts import Kind


class IdleRule(CardRule[None, None]):
    """Acts on companies and does nothing. `select`: portal fields that are read for it."""

    kinds = frozenset({Kind.COMPANY})
    fields = frozenset[str]()

    def __init__(self, name: str, select: Collection[str] = ()) -> None:
        self.name, self.select = name, {Kind.COMPANY: frozenset(select)}

    async def load(self, db: AsyncConnection, context: RuleContext, facts: Sequence[CardFacts]) -> None:
        return None

    def decide(self, facts: CardFacts, rows: None, earlier: Earlier, now: datetime) -> CardDecision[None]:
        return CardDecision()
