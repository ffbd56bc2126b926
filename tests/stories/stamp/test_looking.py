"""Numbers that cards have lost, found by looking, and values that are held back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from b24app.card_rules import CardDecision, Earlier
from b24app.features import product as composed
from b24app.plug import Product
from tests.stamp.domain import STAMP
from tests.stamp.feature import FEATURE
from tests.stamp.journeys.rule import StampRule
from tests.stories.scene import COMPANY, written
from tests.stories.stamp.aid import FIELD, decided, given, stamp
from tests.world import World


@pytest.mark.parametrize("look", ["rescan", "sweep"])
async def test_a_lost_change_of_the_number_is_found_and_put_right(world: World, look: str) -> None:
    await world.install()
    await world.subscribe()
    company = world.add_company()
    await world.settle()

    world.pass_time(minutes=6)
    world.portal.crm.update(COMPANY, company, {FIELD: 99}, world.manager())
    world.forget_events()
    await world.settle()
    assert stamp(world, company) == 99

    world.pass_time(minutes=6)
    await (world.rescan() if look == "rescan" else world.sweep())

    assert stamp(world, company) == 1
    assert written(world)["company"] == 2
    assert given(world) == [(company, 1)]


@pytest.mark.parametrize("look", ["rescan", "sweep"])
async def test_a_card_whose_coming_was_lost_gets_its_number(world: World, look: str) -> None:
    await world.install()
    await world.subscribe()
    company = world.add_company()
    world.forget_events()

    world.pass_time(minutes=6)
    await (world.rescan() if look == "rescan" else world.sweep())

    assert stamp(world, company) == 1
    assert given(world) == [(company, 1)]


async def test_what_was_there_before_the_app_gets_its_number_without_an_event(world: World) -> None:
    companies = [world.add_company(f"ООО «{one}»") for one in range(3)]
    await world.install()
    await world.settle()

    assert sorted(stamp(world, one) or 0 for one in companies) == [1, 2, 3]


class LateRule(StampRule):
    """Numbers are shown ten minutes after they are taken."""

    def decide(self, facts: Any, rows: Any, earlier: Earlier, now: Any) -> CardDecision[Any]:
        decision, own = super().decide(facts, rows, earlier, now), facts.known
        since = own.record.modified_at if own and own.record.modified_at else facts.card.modified_at
        return replace(decision, not_before={STAMP: since + timedelta(minutes=10)})


class TestHeldBack:
    @pytest.fixture
    def product(self) -> Product:
        return composed(replace(FEATURE, cards=(LateRule(),)))

    async def test_a_number_is_held_back_and_shown_later(self, world: World) -> None:
        await world.install()
        await world.subscribe()
        company = world.add_company(UF_CRM_B24APP_CHECK="1")
        world.add_contact(company)
        await world.settle()

        assert world.card(COMPANY, company) == (True, "На проверке")
        assert decided(world) == ["pending"]
        assert stamp(world, company) is None
        assert given(world) == []
        assert await world.failed() == 0

        world.pass_time(minutes=11)
        await world.settle()

        assert stamp(world, company) == 1
        assert given(world) == [(company, 1)]
        assert written(world)["company"] == 2
