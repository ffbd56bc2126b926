"""A rule that writes who is responsible: everybody sees it, people have the last word, and news follows truth."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from b24app.domain.cards.facts import ASSIGNED_BY
from b24app.features import product as composed
from b24app.plug import Product
from emulator.crm.entities import Entity
from emulator.crm.store import Changes, Crm, CrmError
from emulator.model.people import User
from tests.stamp import feature, lead_queue
from tests.stamp.lead_queue import LeadQueueRule
from tests.stamp.store.tables import lead_turns
from tests.stories.stamp.aid import tries, would_have
from tests.world import World

LEAD = Entity.LEAD
ASSIGNED = "ASSIGNED_BY_ID"
Story = Callable[[World, list[User]], Awaitable[None]]


@pytest.fixture
def rule() -> LeadQueueRule:
    return LeadQueueRule()


@pytest.fixture
def product(rule: LeadQueueRule) -> Product:
    return composed(feature.FEATURE, replace(lead_queue.FEATURE, cards=(rule,)))


@pytest.fixture
async def people(world: World, rule: LeadQueueRule) -> list[User]:
    """Three who take turns; the app is there and a client app listens."""
    found = [User(one, name, "Орлова", departments=[1]) for one, name in ((71, "Вера"), (72, "Нина"), (73, "Ася"))]
    world.portal.users |= {one.id: one for one in found}
    rule.queue = [one.id for one in found]
    await world.install()
    await world.subscribe()
    return found


def add(world: World, title: str = "Заявка с сайта", **fields: Any) -> int:
    return world.portal.crm.add(LEAD, {"TITLE": title, **fields}, world.manager())


def responsible(world: World, lead: int) -> int:
    record = world.portal.crm.get(LEAD, lead)
    assert record is not None
    return int(record[ASSIGNED])


def told(world: World) -> list[tuple[int, int]]:
    return [(one.data["lead_id"], one.data["user_id"]) for one in world.receiver.events("lead.assigned")]


async def leads_go_round_and_each_is_told_once(world: World, people: list[User]) -> None:
    leads = [add(world, f"Заявка {one}") for one in range(4)]
    await world.settle()

    assert sorted(responsible(world, one) for one in leads) == [71, 71, 72, 73]
    assert sorted(told(world)) == sorted((one, responsible(world, one)) for one in leads)


async def everybody_sees_who_moved_the_lead(world: World, people: list[User]) -> None:
    """The portal writes the change of responsible person into the card's history."""
    lead = add(world)
    await world.settle()

    assert responsible(world, lead) == 71
    moves = [one for one in world.portal.crm.history if one.entity is LEAD and one.id == lead]
    assert moves, "nothing of it stands in the history"


async def a_person_who_takes_the_lead_back_is_not_overruled(world: World, people: list[User]) -> None:
    lead = add(world)
    await world.settle()
    assert responsible(world, lead) == 71

    world.portal.crm.update(LEAD, lead, {ASSIGNED: 73}, world.manager())
    await world.settle()
    assert responsible(world, lead) == 73
    for comment in ("Звонили", "Ещё раз"):
        world.portal.crm.update(LEAD, lead, {"COMMENTS": comment}, world.manager())
        await world.settle()

    assert responsible(world, lead) == 73
    assert told(world) == [(lead, 71)]


async def watching_leaves_leads_where_they_are(world: World, people: list[User]) -> None:
    await world.mode("watch", "lead_queue")
    lead = add(world)
    before = responsible(world, lead)
    await world.settle()

    assert responsible(world, lead) == before
    assert await would_have(world, "lead_queue") == {f"lead:{lead}": {ASSIGNED_BY: 71}}
    assert told(world) == []


STORIES: list[Story] = [
    leads_go_round_and_each_is_told_once,
    everybody_sees_who_moved_the_lead,
    a_person_who_takes_the_lead_back_is_not_overruled,
    watching_leaves_leads_where_they_are,
]
every_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)


@every_story
async def test_story(world: World, people: list[User], story: Story) -> None:
    await story(world, people)


@every_story
@pytest.mark.bend
async def test_story_with_each_event_doubled(world: World, people: list[User], story: Story) -> None:
    world.emulator.world.faults.events.duplicate_rate = 1.0
    await story(world, people)


@every_story
@pytest.mark.bend
@pytest.mark.parametrize("seed", range(3))
async def test_story_with_events_out_of_order(world: World, people: list[User], story: Story, seed: int) -> None:
    world.emulator.world.faults.random.seed(seed)
    world.emulator.world.faults.events.reorder = True
    await story(world, people)


@every_story
@pytest.mark.bend
async def test_story_with_every_event_lost(world: World, people: list[User], story: Story) -> None:
    world.emulator.world.faults.events.lose_rate = 1.0
    await story(world, people)


async def test_a_person_who_takes_the_lead_back_unheard_is_found_by_a_look(world: World, people: list[User]) -> None:
    lead = add(world)
    await world.settle()
    world.pass_time(minutes=6)
    world.portal.crm.update(LEAD, lead, {ASSIGNED: 73}, world.manager())
    world.forget_events()
    world.pass_time(minutes=6)
    await world.rescan()
    async with world.resources.tenant((await world.row()).id) as db:
        assert (await db.execute(select(lead_turns.c.taken_back))).scalar_one(), "the look has found it"
    world.portal.crm.update(LEAD, lead, {"COMMENTS": "Звонили"}, world.manager())
    await world.settle()

    assert responsible(world, lead) == 73


@pytest.mark.parametrize("point", ["cards.reserved", "cards.intended", "cards.written", "cards.settled"])
async def test_a_killed_worker_takes_no_second_turn(world: World, people: list[User], point: str) -> None:
    world.failpoints.armed.add(point)
    first = add(world)
    await world.settle()
    second = add(world, "Вторая")
    await world.settle()

    assert world.kills == 1
    assert [responsible(world, one) for one in (first, second)] == [71, 72]
    assert told(world) == [(first, 71), (second, 72)]


async def test_a_lead_that_is_refused_is_told_to_nobody_until_it_is_taken(
    world: World, people: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = Crm.update, [True]

    def update(crm: Crm, entity: Entity, id: int, fields: Any, actor: Any, *, history: bool = True) -> Changes:
        if broken and entity is LEAD and ASSIGNED in fields:
            raise CrmError("Something went wrong.")
        return real(crm, entity, id, fields, actor, history=history)

    monkeypatch.setattr(Crm, "update", update)
    lead = add(world)
    await world.settle()
    assert told(world) == []
    assert await tries(world) == {f"lead_queue lead:{lead}": 1}

    broken.clear()
    world.pass_time(minutes=1)
    await world.settle()
    assert responsible(world, lead) == 71
    assert told(world) == [(lead, 71)]
