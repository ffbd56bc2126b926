"""A box is put back, since several wait and nobody can tell who is meant: the card's timeline says why, once."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from b24app.verification.store.tables import put_backs
from emulator.crm.entities import Entity
from emulator.crm.timeline import Comment
from emulator.model.faults import Break
from tests.stories.scene import COMPANY, CONTACT, Scene, at, break_calls
from tests.world import World

SAYS = (
    "Отметка возвращена: проверки ждут двое — Илья Соколов и Вера Лесная. "
    "Подтвердите каждого во вкладке «Клиентский кабинет»."
)


def comments(world: World, entity: Entity, id: int) -> list[str]:
    return [one.text for one in world.portal.crm.timeline.of(entity, id) if isinstance(one, Comment)]


async def two_wait(world: World, scene: Scene) -> int:
    """The second one's id."""
    other = world.add_contact(scene.company, name="Вера", last_name="Лесная")
    await world.settle()
    world.tick(COMPANY, scene.company)
    await world.settle()
    return other


async def left(world: World) -> int:
    async with world.resources.tenant((await world.row()).id) as db:
        return len((await db.execute(select(put_backs))).all())


async def test_the_timeline_says_why_the_box_came_back(world: World, scene: Scene) -> None:
    await two_wait(world, scene)
    assert comments(world, COMPANY, scene.company) == []

    world.tick(COMPANY, scene.company, ticked=False)
    await world.settle()

    assert world.card(COMPANY, scene.company)[0]
    assert comments(world, COMPANY, scene.company) == [SAYS] and await left(world) == 0


async def test_it_says_so_each_time_and_not_at_each_reading(world: World, scene: Scene) -> None:
    await two_wait(world, scene)
    world.tick(COMPANY, scene.company, ticked=False)
    await world.settle()
    world.portal.crm.update(COMPANY, scene.company, {"COMMENTS": "Звонили"}, world.manager())
    await world.rescan()
    await world.sweep()
    assert comments(world, COMPANY, scene.company) == [SAYS]

    world.tick(COMPANY, scene.company, ticked=False)
    await world.settle()
    assert comments(world, COMPANY, scene.company) == [SAYS, SAYS]


async def test_a_person_who_waits_in_two_companies(world: World, scene: Scene) -> None:
    other = world.add_company("АО «Высота»")
    world.portal.crm.update(CONTACT, scene.contact, {"COMPANY_IDS": [scene.company, other]}, world.admin())
    await world.settle()
    world.tick(CONTACT, scene.contact)
    await world.settle()

    world.tick(CONTACT, scene.contact, ticked=False)
    await world.settle()

    assert comments(world, CONTACT, scene.contact) == [
        "Отметка возвращена: человек ждёт проверки в нескольких компаниях — ООО «Стройтехника» и АО «Высота». "
        "Подтвердите каждую во вкладке «Клиентский кабинет»."
    ]


@pytest.mark.parametrize("point", ["cards.intended", "cards.written", "cards.settled", "put_back.said"])
async def test_a_worker_that_dies_leaves_one_comment(world: World, scene: Scene, point: str) -> None:
    await two_wait(world, scene)
    world.failpoints.armed = {point}
    world.tick(COMPANY, scene.company, ticked=False)
    await world.settle()

    assert world.kills == 1 and comments(world, COMPANY, scene.company) == [SAYS]


@pytest.mark.parametrize("kind", [Break.LOST_AFTER, Break.CLOSE, Break.HTML])
async def test_a_lost_answer_leaves_one_comment(world: World, scene: Scene, kind: Break) -> None:
    await two_wait(world, scene)
    at(world, "put_back.tried", lambda: break_calls(world, kind, times=1))
    world.tick(COMPANY, scene.company, ticked=False)
    await world.settle()
    world.pass_time(minutes=1)
    await world.settle()

    assert comments(world, COMPANY, scene.company) == [SAYS] and await left(world) == 0


async def test_a_box_that_could_not_be_put_back_yet_is_not_said_to_be(world: World, scene: Scene) -> None:
    await two_wait(world, scene)
    at(world, "cards.intended", lambda: break_calls(world, Break.HTML))
    world.tick(COMPANY, scene.company, ticked=False)
    await world.settle()
    assert comments(world, COMPANY, scene.company) == [] and await left(world) == 1

    world.emulator.world.faults.clear()
    world.pass_time(hours=1)
    await world.settle()

    assert world.card(COMPANY, scene.company)[0] and comments(world, COMPANY, scene.company) == [SAYS]


async def test_nothing_is_said_where_the_module_only_watches(world: World, scene: Scene) -> None:
    await two_wait(world, scene)
    await world.mode("watch")
    world.tick(COMPANY, scene.company, ticked=False)
    await world.settle()

    assert comments(world, COMPANY, scene.company) == [] and await left(world) == 0


async def test_a_card_that_is_gone_meanwhile_is_left_alone(world: World, scene: Scene) -> None:
    await two_wait(world, scene)
    at(world, "put_back.tried", lambda: world.portal.crm.delete(COMPANY, scene.company, world.admin()))
    world.tick(COMPANY, scene.company, ticked=False)
    await world.settle()

    assert await left(world) == 0
