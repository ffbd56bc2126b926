"""The number's part in a changed card."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.card_rules import CardDecision, CardFacts, CardRule, Confirmed, Decided, Earlier, RuleContext
from b24app.domain.cards.facts import Card, Kind, Subject
from b24app.domain.delivery.news import News
from b24app.domain.portal.portal import Mode, Portal
from tests.stamp.domain import STAMP, Stamp, StampPlan, plan
from tests.stamp.journeys.filing import NUMBERS
from tests.stamp.news import StampGiven
from tests.stamp.store import refusals, stamps


@dataclass(frozen=True, slots=True)
class StampRows:
    """Numbers by card, and by whether a rule took them that only watched."""

    stamps: Mapping[Subject, Mapping[bool, Stamp]]

    def own(self, facts: CardFacts) -> Stamp | None:
        return self._of(facts.subject, facts)

    def before(self, facts: CardFacts) -> tuple[Stamp, ...]:
        """Of cards that it goes on for."""
        lead = (facts.origin,) if facts.origin and facts.subject.kind is Kind.DEAL else ()
        found = (self._of(subject, facts) for subject in (*(known.subject for known in facts.predecessors), *lead))
        return tuple(stamp for stamp in found if stamp)

    def gone_on(self, facts: CardFacts) -> bool:
        """A lead whose number is a deal's by now."""
        shadow, lead = facts.mode is Mode.WATCH, facts.subject
        every = (stamp for mine in self.stamps.values() if (stamp := mine.get(shadow)))
        return lead.kind is Kind.LEAD and any(stamp.lead_id == lead.id for stamp in every)

    def _of(self, subject: Subject, facts: CardFacts) -> Stamp | None:
        return self.stamps.get(subject, {}).get(facts.mode is Mode.WATCH)


SHOWN = frozenset({Kind.COMPANY, Kind.DEAL})
"""Cards that have the field."""


class StampRule(CardRule[StampRows, StampPlan]):
    name = "stamp"
    kinds = frozenset({Kind.COMPANY, Kind.LEAD, Kind.DEAL})
    fields = frozenset({STAMP})

    async def holds(self, db: AsyncConnection, portal: Portal, subjects: Collection[Subject]) -> frozenset[Subject]:
        return frozenset(await stamps.load(db, portal.id, subjects))

    async def load(self, db: AsyncConnection, context: RuleContext, facts: Sequence[CardFacts]) -> StampRows:
        before = {known.subject for one in facts for known in one.predecessors}
        leads = {one.origin for one in facts if one.origin}
        return StampRows(await stamps.load(db, context.portal.id, {one.subject for one in facts} | before | leads))

    def asks(self, facts: CardFacts, rows: StampRows, earlier: Earlier) -> bool:
        has = rows.own(facts) or rows.before(facts) or rows.gone_on(facts)
        return facts.card is not None and not has

    async def reserve(
        self, db: AsyncConnection, context: RuleContext, facts: Sequence[CardFacts], rows: StampRows
    ) -> StampRows:
        for shadow in (False, True):
            if mine := [one.subject for one in facts if (one.mode is Mode.WATCH) is shadow]:
                await stamps.reserve(db, context.portal.id, mine, shadow=shadow)
        return await self.load(db, context, facts)

    def decide(self, facts: CardFacts, rows: StampRows, earlier: Earlier, now: datetime) -> CardDecision[StampPlan]:
        """A card that is deleted keeps its row, for another one to go on for it."""
        if facts.card is None or rows.gone_on(facts):
            return CardDecision()
        own, before = rows.own(facts), rows.before(facts)
        decided = plan(facts.subject, own, before, facts.origin.id if facts.origin else None)
        number = decided.keep.number if decided else own.number if own else None
        return CardDecision(
            plan=decided,
            wanted={STAMP: number} if facts.subject.kind in SHOWN else {},
            touched=frozenset(one.subject for one in (own, *before) if one),
        )

    async def store(
        self, db: AsyncConnection, context: RuleContext, decided: Sequence[Decided[StampPlan]]
    ) -> Sequence[News]:
        plans = [one.plan for one in decided]
        await stamps.save(db, context.portal.id, [one.keep for one in plans], [one for p in plans for one in p.drop])
        context.announce(NUMBERS, *(one.keep.subject for one in plans))
        return ()

    async def written(
        self, db: AsyncConnection, context: RuleContext, confirmed: Sequence[Confirmed]
    ) -> Sequence[News]:
        shown = {one.subject: one.value for one in confirmed if isinstance(one.value, int)}
        await refusals.clear(db, context.portal.id, shown)
        return [
            StampGiven(
                kind=one.subject.kind.value,
                card_id=one.subject.id,
                number=one.number,
                version=one.version,
                previous_version=one.told,
                occurred_at=context.now,
            )
            for one in await stamps.told(db, context.portal.id, shown)
        ]

    async def give_up(self, db: AsyncConnection, context: RuleContext, subject: Subject, reason: str) -> Sequence[News]:
        """A number that was never shown is free again, and administrators hear of the card that has none."""
        await stamps.give_back(db, context.portal.id, subject)
        await refusals.add(db, context.portal.id, subject)
        return ()

    async def first_seen(self, db: AsyncConnection, context: RuleContext, cards: Sequence[Card]) -> frozenset[Subject]:
        """A number that a card shows already is its own, where nobody else has it; the others get theirs."""
        shown = {card.subject: number for card in cards if isinstance(number := card.values.get(STAMP), int)}
        taken = await stamps.take_up(db, context.portal.id, shown)
        return frozenset(card.subject for card in cards) - taken

    async def mode_changed(self, db: AsyncConnection, portal: Portal, mode: Mode) -> None:
        await stamps.drop_shadows(db, portal.id)

    async def to_show(self, db: AsyncConnection, portal: Portal) -> Collection[Subject]:
        return await stamps.shadows(db, portal.id)
