"""A launch while workers die, answers are lost and the portal is away: everybody is checked once, and nobody twice."""

from __future__ import annotations

import asyncio

import pytest

from b24app.verification.journeys import launch
from emulator.crm.entities import Entity
from emulator.model.faults import FOREVER, Break
from tests.stories.verification.launching import heard, launched, one_batch, press, view, work
from tests.world import World
from workers.chores import do_due

CONTACT = Entity.CONTACT
NAMES = ("Анна", "Вера", "Илья")


@pytest.mark.parametrize("point", ["launch.handed_out", "cards.read", "cards.intended", "cards.written"])
@pytest.mark.parametrize("undoing", [False, True], ids=["checking", "undoing"])
async def test_a_worker_that_dies_anywhere(
    world: World, monkeypatch: pytest.MonkeyPatch, point: str, undoing: bool
) -> None:
    people = await launched(world, *NAMES, batch=2, patch=monkeypatch)
    if undoing:
        await work(world)
        await press(world, "undo")
    world.failpoints.armed.add(point)
    await work(world)

    assert world.kills == 1
    checked = [(one, "pending", "launch") for one in people]
    returned = [(one, "confirmed", "launch_undone") for one in people] if undoing else []
    assert sorted(heard(world)) == sorted(checked + returned)
    assert [world.card(CONTACT, one) for one in people] == [(False, "") if undoing else (True, "На проверке")] * 3
    assert (await view(world)).phase == ("undone" if undoing else "done")


@pytest.mark.parametrize("kind", [Break.LOST_AFTER, Break.ERROR_AFTER, Break.BUSY, Break.HTML])
async def test_answers_that_are_lost(world: World, monkeypatch: pytest.MonkeyPatch, kind: Break) -> None:
    people = await launched(world, *NAMES, batch=2, patch=monkeypatch)
    world.emulator.world.faults.add(kind, 2, host=world.portal.host, method="batch")
    for _ in range(4):
        await one_batch(world)
        world.pass_time(minutes=2)
    await work(world)
    assert sorted(heard(world)) == [(one, "pending", "launch") for one in people]
    assert [world.card(CONTACT, one) for one in people] == [(True, "На проверке")] * 3


async def test_a_portal_that_is_away_for_an_hour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await launched(world, *NAMES, batch=1, patch=monkeypatch)
    await one_batch(world)
    world.emulator.world.faults.add(Break.CLOSE, FOREVER, host=world.portal.host)
    for _ in range(3):
        await one_batch(world)
        world.pass_time(minutes=20)
    assert len(heard(world)) == 1 and (await view(world)).phase == "running"
    world.emulator.world.faults.clear()
    world.pass_time(hours=1)
    await work(world)
    assert sorted(heard(world)) == [(one, "pending", "launch") for one in people]


async def test_two_workers_at_the_same_batch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await launched(world, *NAMES, batch=2, patch=monkeypatch)
    portal = await world.row()
    await asyncio.gather(*(launch.run(world.resources, portal) for _ in range(3)))
    await do_due(world.resources, launch.RUN, portal.id)
    await work(world)
    assert sorted(heard(world)) == [(one, "pending", "launch") for one in people]


async def test_events_that_are_lost_and_come_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.emulator.world.faults.events.duplicate_rate = 1.0
    people = await launched(world, *NAMES, batch=2, patch=monkeypatch)
    await work(world)
    assert sorted(heard(world)) == [(one, "pending", "launch") for one in people]


async def test_a_card_that_cannot_be_changed_keeps_nobody_else_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await launched(world, *NAMES, batch=1, patch=monkeypatch)
    world.portal.crm.delete(CONTACT, people[0], world.manager())
    await world.settle()
    await work(world)
    assert [world.card(CONTACT, one)[0] for one in people[1:]] == [True, True]
    assert (await view(world)).phase == "done"
