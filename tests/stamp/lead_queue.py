"""A second sample feature, beside the stamp: leads go round among employees. It writes the portal's own field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.card_rules import CardDecision, CardFacts, CardRule, Confirmed, Decided, Earlier, RuleContext
from b24app.domain.cards.facts import ASSIGNED_BY, Kind, Subject, Value
from b24app.domain.delivery.news import News
from b24app.plug import Feature
from tests.stamp.lead_turn import LeadAssigned, Turn
from tests.stamp.store import turns
from tests.stamp.store.tables import lead_turns

Turns = Mapping[Subject, Turn]


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A person has given the lead to somebody else."""

    lead: Subject


class LeadQueueRule(CardRule[Turns, TakenBack]):
    """`queue`: who takes turns, in their order; nobody, until somebody says so."""

    name = "lead_queue"
    kinds = frozenset({Kind.LEAD})
    fields = frozenset({ASSIGNED_BY})

    def __init__(self, queue: Sequence[int] = ()) -> None:
        self.queue = list(queue)

    async def load(self, db: AsyncConnection, context: RuleContext, facts: Sequence[CardFacts]) -> Turns:
        return await turns.load(db, context.portal.id, [one.subject for one in facts])

    def asks(self, facts: CardFacts, rows: Turns, earlier: Earlier) -> bool:
        return facts.card is not None and facts.subject not in rows and bool(self.queue)

    async def reserve(
        self, db: AsyncConnection, context: RuleContext, facts: Sequence[CardFacts], rows: Turns
    ) -> Turns:
        await turns.reserve(db, context.portal.id, [one.subject for one in facts], self.queue)
        return await self.load(db, context, facts)

    def decide(self, facts: CardFacts, rows: Turns, earlier: Earlier, now: datetime) -> CardDecision[TakenBack]:
        turn = rows.get(facts.subject)
        if facts.card is None or turn is None or turn.taken_back:
            return CardDecision()
        if turn.is_taken_back(facts.card.assigned_by):
            return CardDecision(plan=TakenBack(facts.subject))
        return CardDecision(wanted={ASSIGNED_BY: turn.user_id})

    def theirs(self, code: str, wrote: Value, shown: Value) -> bool:
        """Whoever saves the lead while we write decides."""
        return True

    async def store(
        self, db: AsyncConnection, context: RuleContext, decided: Sequence[Decided[TakenBack]]
    ) -> Sequence[News]:
        await turns.taken_back(db, context.portal.id, [one.plan.lead for one in decided])
        return ()

    async def written(
        self, db: AsyncConnection, context: RuleContext, confirmed: Sequence[Confirmed]
    ) -> Sequence[News]:
        leads = {one.subject: one.value for one in confirmed if isinstance(one.value, int)}
        return [
            LeadAssigned(
                lead_id=turn.lead.id, user_id=turn.user_id, version=1, previous_version=None, occurred_at=context.now
            )
            for turn in await turns.shown(db, context.portal.id, leads)
        ]

    async def give_up(self, db: AsyncConnection, context: RuleContext, subject: Subject, reason: str) -> Sequence[News]:
        await turns.give_back(db, context.portal.id, subject)
        return ()


FEATURE = Feature(
    name="lead_queue",
    tables=(lead_turns,),
    cards=(LeadQueueRule(),),
    news=(LeadAssigned,),
)
