"""A notice on its way: portals that fail, refuse or never agreed, workers that die; one stands under the bell."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from b24app.portal.journeys.notices import ONCE_A_DAY, PART, UNABLE
from b24app.portal.store.tables import notices
from b24app.work.store.tables import work
from emulator.crm.entities import Entity
from emulator.model.faults import Break
from tests.chores import tidy_all
from tests.stories.differences.switches import switch
from tests.stories.scene import CONTACT, Scene, at, break_calls
from tests.world import CHECK, World

WAITS = "Ждёт проверки: Илья Соколов, ООО «Стройтехника»"


def bell(world: World) -> list[str]:
    return [one.message.partition(" [URL")[0] for one in world.portal.notifications]


def sent(world: World) -> int:
    return world.emulator.world.meters.commands["first", "im.notify.system.add"]


async def held(world: World) -> list[str | None]:
    """Why notices wait."""
    async with world.resources.transaction() as db:
        return list((await db.execute(select(work.c.error).where(work.c.kind == PART))).scalars())


async def texts(world: World) -> list[str]:
    """What is kept of them."""
    async with world.resources.tenant((await world.row()).id) as db:
        return list((await db.execute(select(notices.c.text))).scalars())


@pytest.mark.parametrize("point", ["notices.loaded", "notices.sent"])
async def test_a_worker_that_dies_leaves_one_notice(world: World, scene: Scene, point: str) -> None:
    world.failpoints.armed = {point}
    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert world.kills == 1 and bell(world) == [WAITS]


@pytest.mark.parametrize("kind", [Break.LOST_AFTER, Break.CLOSE, Break.HTML])
async def test_a_lost_answer_or_a_portal_that_is_away_leaves_one_notice(
    world: World, scene: Scene, kind: Break
) -> None:
    at(world, "notices.loaded", lambda: break_calls(world, kind, times=1))
    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert len(await held(world)) == 1
    world.pass_time(minutes=1)
    await world.settle()
    assert bell(world) == [WAITS] and await held(world) == []


async def test_what_is_over_before_it_was_sent_is_never_sent(world: World, scene: Scene) -> None:
    at(world, "notices.loaded", lambda: break_calls(world, Break.HTML, times=1))
    world.tick(CONTACT, scene.contact)
    await world.settle()

    world.tick(CONTACT, scene.contact, ticked=False)
    await world.settle()
    world.pass_time(hours=1)
    await world.settle()

    assert sent(world) == 0 and await texts(world) == []


async def test_the_text_goes_once_it_is_sent_and_the_rest_after_a_quarter(world: World, scene: Scene) -> None:
    world.tick(CONTACT, scene.contact)
    await world.settle()
    assert await texts(world) == [""], "names are in the portal, where they belong"

    world.pass_time(days=91)
    await tidy_all(world.resources)
    assert await texts(world) == []


async def test_a_portal_that_never_agreed_to_notices_is_asked_again_once_a_day(world: World, scene: Scene) -> None:
    world.installation().scope -= {"im"}
    world.tick(CONTACT, scene.contact)
    await world.settle()
    assert await held(world) == [UNABLE] and world.card(CONTACT, scene.contact) == (True, "На проверке")

    world.installation().scope |= {"im"}
    world.pass_time(seconds=ONCE_A_DAY.total_seconds() + 1)
    await world.settle()

    assert bell(world) == [WAITS]


async def test_a_box_without_notices_loses_nothing_else(world: World, scene: Scene) -> None:
    await switch(world, "differences", methods_missing=["im.notify.system.add", "im.notify.delete"])
    world.tick(CONTACT, scene.contact)
    await world.settle()
    assert await held(world) == [UNABLE]

    world.tick(CONTACT, scene.contact, ticked=False)
    await world.settle()

    assert await held(world) == [] and [one.data["new_state"] for one in world.receiver.events()][-1] == "confirmed"


async def test_a_refusal_is_given_up_in_the_end_and_keeps_no_name(world: World, scene: Scene) -> None:
    at(world, "notices.loaded", lambda: break_calls(world, Break.NUMERIC_ERROR))
    world.tick(CONTACT, scene.contact)
    await world.settle()
    for _ in range(6):
        world.pass_time(hours=1)
        await world.settle()

    assert await held(world) == [] and await texts(world) == [""] and bell(world) == []


async def test_two_portals_never_hear_of_each_other(world: World, scene: Scene) -> None:
    theirs = world.add_contact(world.add_company("Acme", portal=world.other_portal), portal=world.other_portal)
    await world.install(world.other_portal)
    world.other_portal.crm.robot_update(Entity.CONTACT, theirs, {CHECK: "1"})
    await world.settle()

    assert bell(world) == []
    (told,) = world.other_portal.notifications
    assert told.message.startswith("Pending review: Илья Соколов, Acme [URL=")
