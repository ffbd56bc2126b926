"""A portal that says yes and stores nothing, or not all of it: what it shows is read back, and its yes decides nothing.

Its event about such a write is like any other, so answering it by writing again would never end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from b24app.cli.failures import settled
from emulator.crm.entities import Entity
from emulator.crm.store import Changes, Crm
from tests.doors.frames import members, tab
from tests.stories.differences.switches import proves, switch
from tests.stories.scene import COMPANY, CONTACT, Scene, written
from tests.stories.verification.merging import states
from tests.world import CHECK, STATUS, World


@pytest.fixture
async def two(world: World) -> tuple[int, int, int]:
    """A company and its two people, in a portal with the app, whose client app listens."""
    company = world.add_company()
    people = world.add_contact(company), world.add_contact(company, name="Вера")
    await world.install()
    await world.subscribe()
    return company, *people


def news(world: World) -> list[tuple[int, str]]:
    return [(one.data["contact_id"], one.data["new_state"]) for one in world.receiver.events()]


@proves("differences write_ignores")
async def test_a_status_that_is_not_stored_is_written_once_and_named(world: World, scene: Scene) -> None:
    await switch(world, "differences", write_ignores=[STATUS])

    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert news(world) == [(scene.contact, "pending")]
    assert world.card(CONTACT, scene.contact) == (True, "")
    assert written(world) == {"contact": 1, "company": 1}
    assert await world.failed() == 2, "one for each card"


@pytest.mark.parametrize("minutes", [0, 11])
@proves("differences write_ignores")
async def test_it_is_written_again_when_a_person_retries_it(world: World, scene: Scene, minutes: int) -> None:
    await switch(world, "differences", write_ignores=[STATUS])
    world.tick(CONTACT, scene.contact)
    await world.settle()
    await switch(world, "differences", write_ignores=[])

    world.pass_time(minutes=minutes)
    await settled(world.resources, await world.row(), (), retry=True, close=False)
    await world.settle()

    assert world.card(CONTACT, scene.contact) == (True, "На проверке")
    assert news(world) == [(scene.contact, "pending")]


@proves("differences write_ignores")
async def test_a_box_that_is_not_stored_confirms_nobody(world: World, two: tuple[int, int, int]) -> None:
    """We tick the people of a ticked company: their boxes stay as they were, which is nobody's unticking."""
    company, *people = two
    await switch(world, "differences", write_ignores=[CHECK])

    world.tick(COMPANY, company)
    await world.settle()
    for one in people:
        world.portal.crm.update(CONTACT, one, {"COMMENTS": "Звонили"}, world.manager())
    await world.settle()
    world.pass_time(minutes=11)
    for one in people:
        world.portal.crm.update(CONTACT, one, {"COMMENTS": "Ещё раз"}, world.manager())
    await world.settle()

    assert sorted(news(world)) == [(one, "pending") for one in people]
    assert [world.card(CONTACT, one) for one in people] == [(False, "На проверке")] * 2


@proves("differences write_ignores")
async def test_a_box_that_is_not_cleared_puts_nobody_back(world: World, two: tuple[int, int, int]) -> None:
    """The company's box stays ticked though nobody waits there any more, which is nobody's ticking."""
    company, first, _ = two
    world.tick(CONTACT, first)
    await world.settle()
    await switch(world, "differences", write_ignores=[CHECK])

    world.tick(CONTACT, first, ticked=False)
    await world.settle()
    world.portal.crm.update(COMPANY, company, {"COMMENTS": "Звонили"}, world.manager())
    await world.settle()

    assert news(world) == [(first, "pending"), (first, "confirmed")]
    assert world.card(COMPANY, company) == (True, "Подтверждён")


@proves("differences write_ignores")
async def test_a_person_decides_all_the_same(world: World, two: tuple[int, int, int]) -> None:
    company, first, second = two
    await switch(world, "differences", write_ignores=[CHECK])
    world.tick(COMPANY, company)
    await world.settle()

    world.tick(CONTACT, first)
    await world.settle()
    world.tick(CONTACT, first, ticked=False)
    await world.settle()

    assert sorted(news(world)) == [(first, "confirmed"), (first, "pending"), (second, "pending")]


@proves("differences write_ignores")
async def test_a_button_whose_write_is_not_stored_is_refused(world: World, scene: Scene) -> None:
    world.tick(CONTACT, scene.contact)
    await world.settle()
    await switch(world, "differences", write_ignores=[CHECK])

    page = await tab(world, "contact", scene.contact)
    answer = await page.press("confirm", *members(page.html))
    await world.settle()

    assert answer.status == 409, answer.text
    assert news(world) == [(scene.contact, "pending")]
    assert world.card(CONTACT, scene.contact) == (True, "На проверке")


@proves("differences write_ignores")
async def test_a_button_whose_box_is_stored_counts_though_its_status_is_not(world: World, scene: Scene) -> None:
    """Told that it was refused, the person would see it confirmed a moment later, without their note."""
    await switch(world, "differences", write_ignores=[STATUS])
    world.tick(CONTACT, scene.contact)
    await world.settle()

    page = await tab(world, "contact", scene.contact)
    answer = await page.press("confirm", *members(page.html))
    await world.settle()

    assert answer.status == 200, answer.text
    assert news(world) == [(scene.contact, "pending"), (scene.contact, "confirmed")]
    assert world.receiver.events()[-1].data["decided_by"]["source"] == "button"


# --- somebody is quicker than the reading back ---------------------------------------------------------------------


def right_after_our_write(monkeypatch: pytest.MonkeyPatch, card: tuple[Entity, int], act: Callable[[], None]) -> None:
    """Once, between our write of the card and what the same request reads back of it."""
    real, waits = Crm.update, [card]

    def update(crm: Crm, entity: Entity, id: int, fields: Any, actor: Any, *, history: bool = True) -> Changes:
        changed = real(crm, entity, id, fields, actor, history=history)
        if not history and (entity, id) in waits:
            waits.clear()
            act()
        return changed

    monkeypatch.setattr(Crm, "update", update)


async def test_a_tick_between_a_write_and_its_reading_back_counts(
    world: World, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We clear the company's box, and before we look somebody sets it again: that is a decision, not a lost write."""
    world.tick(CONTACT, scene.contact)
    await world.settle()
    company = COMPANY, scene.company
    right_after_our_write(monkeypatch, company, lambda: world.tick(*company))

    world.tick(CONTACT, scene.contact, ticked=False)
    await world.settle()

    assert news(world) == [(scene.contact, one) for one in ("pending", "confirmed", "pending")]
    assert await states(world) == {(scene.contact, scene.company): "pending"}
    assert await world.failed() == 0


@proves("differences write_ignores")
async def test_a_box_that_was_moved_beside_a_status_that_is_not_stored_counts(
    world: World, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.tick(CONTACT, scene.contact)
    await world.settle()
    world.tick(CONTACT, scene.contact, ticked=False)
    await world.settle()
    await switch(world, "differences", write_ignores=[STATUS])
    contact = CONTACT, scene.contact
    right_after_our_write(monkeypatch, contact, lambda: world.tick(*contact))

    world.portal.crm.update(*contact, {STATUS: ""}, world.manager())
    await world.settle()

    assert news(world) == [(scene.contact, one) for one in ("pending", "confirmed", "pending")]
    assert world.card(*contact) == (True, "")
