"""A fault in one step of a rule, on one card: the other rule and the other cards do not notice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from b24app.features import product as composed
from b24app.plug import Product
from tests.stamp.feature import FEATURE
from tests.stories.scene import COMPANY, written
from tests.stories.stamp.aid import BrokenRule, decided, given, refuse, stamp, tries
from tests.world import CHECK, STATUS, World

STEPS = ["load", "look_up", "asks", "reserve", "decide", "store", "written"]


@pytest.fixture
def rule() -> BrokenRule:
    return BrokenRule()


@pytest.fixture
def product(rule: BrokenRule) -> Product:
    return composed(replace(FEATURE, cards=(rule,)))


@pytest.mark.parametrize("step", STEPS)
async def test_a_fault_on_one_card_is_that_rules_and_that_cards(world: World, rule: BrokenRule, step: str) -> None:
    await world.install()
    await world.subscribe()
    companies = [world.add_company(f"ООО «{one}»", UF_CRM_B24APP_CHECK="1") for one in range(4)]
    people = [world.add_contact(one) for one in companies]
    rule.at, rule.cards, bad = step, {companies[1]}, companies[1]
    others = [one for one in companies if one != bad]

    await world.settle()

    assert decided(world) == ["pending"] * len(people)
    assert [world.card(COMPANY, one) for one in companies] == [(True, "На проверке")] * 4
    assert len({stamp(world, one) for one in others}) == 3 and all(stamp(world, one) for one in others)
    assert sorted(given(world)) == sorted((one, stamp(world, one)) for one in others)
    assert set(await tries(world)) == {f"stamp company:{bad}"}

    rule.cards = set()
    world.pass_time(minutes=20)
    await world.settle()

    assert sorted(given(world)) == sorted((one, stamp(world, one)) for one in companies)
    assert await tries(world) == {}
    assert len({stamp(world, one) for one in companies}) == 4
    assert written(world)["company"] <= 9


@pytest.mark.parametrize("step", STEPS)
async def test_tries_are_counted_and_the_rule_alone_is_given_up(world: World, rule: BrokenRule, step: str) -> None:
    await world.install()
    await world.subscribe()
    company = world.add_company(UF_CRM_B24APP_CHECK="1")
    world.add_contact(company)
    rule.at, rule.cards = step, {company}

    await world.settle()
    counted = [(await tries(world))[f"stamp company:{company}"]]
    while await tries(world):
        world.pass_time(minutes=15)
        await world.settle()
        counted += (await tries(world)).values()

    assert counted == [*range(counted[0], 6)]
    assert await world.failed() >= 1
    assert given(world) == []
    assert decided(world) == ["pending"]
    world.tick(COMPANY, company, ticked=False)
    rule.cards = set()
    await world.settle()
    assert decided(world) == ["pending", "confirmed"]
    assert given(world) == [(company, stamp(world, company))]


async def test_a_rule_that_was_given_up_stays_so_while_another_is_tried(
    world: World, rule: BrokenRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until something else comes for the card."""
    await world.install()
    await world.subscribe()
    company = world.add_company(UF_CRM_B24APP_CHECK="1")
    world.add_contact(company)
    rule.at, rule.cards = "decide", {company}
    for _ in range(4):
        await world.settle()
        world.pass_time(minutes=15)
    assert await tries(world) == {f"stamp company:{company}": 4}

    refused = refuse(monkeypatch, STATUS, CHECK)
    world.tick(COMPANY, company, ticked=False)
    await world.settle()
    world.pass_time(minutes=15)
    await world.settle()
    rule.cards = set()
    world.pass_time(minutes=15)
    await world.settle()
    assert stamp(world, company) is None, "what was given up is not tried with another rule's tries"

    refused.clear()
    world.pass_time(minutes=60)
    await world.settle()
    assert await tries(world) == {}
    assert decided(world) == ["pending", "confirmed"]
    assert given(world) == [(company, 1)], "the event of our own write comes for the card"
    world.leftovers_explained = "the number was tried again with the next event"
