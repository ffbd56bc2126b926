"""Rules that go by other rules, or by other cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.card_rules import CardDecision, CardFacts, CardRule, Earlier, RuleContext, SliceReader
from b24app.domain.cards.facts import ASSIGNED_BY, Kind, Subject
from b24app.features import product as composed
from b24app.plug import Product
from emulator.model.people import User
from tests.stamp import feature, lead_queue
from tests.stamp.lead_queue import LeadQueueRule
from tests.stories.scene import COMPANY
from tests.stories.stamp.aid import BrokenRule, numbers, tries
from tests.stories.stamp.test_leads import ASSIGNED, LEAD, add, responsible, told
from tests.world import World

VERA = 71


class NumberedFirst(LeadQueueRule):
    """A lead without a number is given to nobody."""

    needs = frozenset({"stamp"})


async def with_vera(world: World) -> None:
    world.portal.users[VERA] = User(VERA, "Вера", "Орлова", departments=[1])
    await world.install()
    await world.subscribe()


class TestAnotherRule:
    @pytest.fixture
    def number(self) -> BrokenRule:
        return BrokenRule(at="decide")

    @pytest.fixture
    def product(self, number: BrokenRule) -> Product:
        queue = replace(lead_queue.FEATURE, cards=(NumberedFirst([VERA]),))
        return composed(replace(feature.FEATURE, cards=(number,)), queue)

    async def test_a_rule_waits_for_the_one_it_needs(self, world: World, number: BrokenRule) -> None:
        """On that card: others go on."""
        await with_vera(world)
        lead, other = add(world), add(world, "Другая")
        before, number.cards = responsible(world, lead), {lead}
        await world.settle()

        assert (responsible(world, lead), responsible(world, other)) == (before, VERA)
        assert told(world) == [(other, VERA)]
        assert await tries(world) == {f"stamp lead:{lead}": 1}, "whoever waits has not failed"

        number.cards = set()
        world.pass_time(minutes=1)
        await world.settle()

        assert responsible(world, lead) == VERA
        assert told(world) == [(other, VERA), (lead, VERA)]
        assert await tries(world) == {}

    async def test_a_rule_waits_no_longer_than_the_one_it_needs_is_tried(
        self, world: World, number: BrokenRule
    ) -> None:
        await with_vera(world)
        lead = add(world)
        before, number.cards = responsible(world, lead), {lead}
        await world.settle()
        for _ in range(8):
            world.pass_time(minutes=15)
            await world.settle()

        assert await tries(world) == {}
        assert responsible(world, lead) == before
        assert await world.failed() >= 1
        assert await world.waiting() == 0

        number.cards = set()
        world.portal.crm.update(LEAD, lead, {"COMMENTS": "Звонили"}, world.manager())
        await world.settle()

        assert await numbers(world) == {f"lead:{lead}": 1}
        assert told(world) == [(lead, VERA)]
        world.leftovers_explained = "the lead is tried again with the next event"


class OfItsCompany(CardRule[Mapping[Subject, int], None]):
    """A lead is given to whoever is responsible for its company. `read`: cards that each slice had read for it."""

    name = "lead_queue"
    kinds = frozenset({Kind.LEAD})
    fields = frozenset({ASSIGNED_BY})
    select: Mapping[Kind, frozenset[str]] = {Kind.LEAD: frozenset({"companyId"})}

    def __init__(self) -> None:
        self.read: list[set[Subject]] = []

    async def load(
        self, db: AsyncConnection, context: RuleContext, facts: Sequence[CardFacts]
    ) -> Mapping[Subject, int]:
        return {}

    async def look_up(
        self, reader: SliceReader, facts: Sequence[CardFacts], rows: Mapping[Subject, int]
    ) -> Mapping[Subject, int]:
        self.read.append({company for one in facts if (company := self._company(one))})
        found = (await reader.look_at(self.read[-1])).found
        return {subject: card.assigned_by for subject, card in found.items()}

    def decide(
        self, facts: CardFacts, rows: Mapping[Subject, int], earlier: Earlier, now: datetime
    ) -> CardDecision[None]:
        company = self._company(facts)
        return CardDecision(wanted={ASSIGNED_BY: rows[company]} if company and company in rows else {})

    def _company(self, facts: CardFacts) -> Subject | None:
        company: Any = facts.card.facts.get("companyId") if facts.card else None
        return Subject(Kind.COMPANY, int(company)) if company else None


class TestAnotherCard:
    @pytest.fixture
    def rule(self) -> OfItsCompany:
        return OfItsCompany()

    @pytest.fixture
    def product(self, rule: OfItsCompany) -> Product:
        return composed(feature.FEATURE, replace(lead_queue.FEATURE, cards=(rule,)))

    async def test_a_rule_has_another_card_read(self, world: World, rule: OfItsCompany) -> None:
        """As it is now, with one look for all leads of a slice."""
        company = world.add_company(ASSIGNED_BY_ID=world.manager().id)
        await with_vera(world)
        world.portal.crm.update(COMPANY, company, {ASSIGNED: VERA}, world.admin())
        world.forget_events()
        leads = [add(world, f"Заявка {one}", COMPANY_ID=company) for one in range(3)]
        alone = add(world, "Без компании")
        before = responsible(world, alone)
        await world.settle()

        assert [responsible(world, one) for one in (*leads, alone)] == [VERA, VERA, VERA, before]
        assert rule.read[0] == {Subject(Kind.COMPANY, company)}
