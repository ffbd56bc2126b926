"""The portal is busy, down, or talks nonsense in the middle of a story: one webhook in the end, and the cards right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from b24app.bitrix24.pace import ENTERPRISE
from b24app.errors import PATIENCE
from b24app.lanes import Lane
from emulator.model.faults import Break
from tests.chores import rescan_one
from tests.stories.differences.switches import proves, switch
from tests.stories.scene import (
    COMPANY,
    CONTACT,
    INTENDED,
    Scene,
    at,
    break_calls,
    pass_until,
    rows,
    told_once,
    waits,
    written,
)
from tests.world import World
from workers.inbox import drain_portal

READING = [
    (Break.OVERLOAD, "OVERLOAD_LIMIT"),
    (Break.ERROR_500, "INTERNAL_SERVER_ERROR"),
    (Break.HTML, "NOT_JSON"),
    (Break.CUT, "NOT_JSON"),
    (Break.CLOSE, "CONNECTION_LOST"),
    (Break.OPERATING, "OPERATION_TIME_LIMIT"),
    (Break.ERROR_200, "ERROR_CORE"),
    (Break.EMPTY_ERROR, "AccessDenied"),
    (Break.NUMERIC_ERROR, "200040300010"),
    (Break.CONFIRM, "METHOD_CONFIRM_WAITING"),
    (Break.PLAN, "unpaid"),
]


@pytest.mark.parametrize(("kind", "code"), [pytest.param(*one, marks=proves(f"faults {one[0]}")) for one in READING])
async def test_a_portal_that_fails_while_we_read(world: World, scene: Scene, kind: Break, code: str) -> None:
    break_calls(world, kind)
    world.tick(CONTACT, scene.contact)
    await world.settle()

    row = await waits(world, f"contact:{scene.contact}", code)
    assert world.receiver.events() == []
    assert world.card(CONTACT, scene.contact) == (True, "")

    world.emulator.world.faults.clear()
    await world.settle()
    assert world.receiver.events() == [], "not before its time"
    pass_until(world, row)
    await world.settle()

    told_once(world, scene)
    assert await world.failed() == 0


async def test_a_portal_that_lets_us_in_again_does_so_for_whoever_waits(world: World, scene: Scene) -> None:
    """It was found unpaid for a moment only: the next card that gets through takes those along that wait."""
    break_calls(world, Break.PLAN, times=1)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    await waits(world, f"contact:{scene.contact}", "unpaid")

    world.portal.crm.update(COMPANY, scene.company, {"COMMENTS": "Звонили"}, world.manager())
    await world.settle()

    told_once(world, scene)
    assert await rows(world) == []


async def test_a_limit_uses_up_no_patience(world: World, scene: Scene) -> None:
    """No operating time left for hours, then down for a moment: the card is not given up for all the tries before."""
    break_calls(world, Break.OPERATING)
    world.tick(CONTACT, scene.contact)
    for _ in range(PATIENCE):
        await world.settle()
        pass_until(world, await waits(world, f"contact:{scene.contact}", "OPERATION_TIME_LIMIT"))

    world.emulator.world.faults.clear()
    break_calls(world, Break.ERROR_500)
    await world.settle()
    pass_until(world, await waits(world, f"contact:{scene.contact}", "INTERNAL_SERVER_ERROR"))
    world.emulator.world.faults.clear()
    await world.settle()

    told_once(world, scene)
    assert await world.failed() == 0


WRITING = [
    (Break.ERROR_500, "INTERNAL_SERVER_ERROR"),
    (Break.HTML, "NOT_JSON"),
    (Break.CUT, "NOT_JSON"),
    (Break.CLOSE, "CONNECTION_LOST"),
    (Break.LOST_AFTER, "CONNECTION_LOST"),
    (Break.ERROR_AFTER, "INTERNAL_SERVER_ERROR"),
    (Break.OPERATING, "OPERATION_TIME_LIMIT"),
    (Break.ERROR_200, "ERROR_CORE"),
]


@pytest.mark.parametrize(("kind", "code"), [pytest.param(*one, marks=proves(f"faults {one[0]}")) for one in WRITING])
async def test_a_portal_that_fails_while_we_write(world: World, scene: Scene, kind: Break, code: str) -> None:
    times = 2 if kind is Break.ERROR_200 else 1  # what is refused is sent again once, each rule's part by itself
    at(world, INTENDED, lambda: break_calls(world, kind, times=times))
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    await drain_portal(world.resources, (await world.row()).id, Lane.INTERACTIVE)

    row = next(one for one in await rows(world) if one.error)
    assert (row.key, row.error) == (f"contact:{scene.contact}", code)
    assert world.receiver.events() == []
    pass_until(world, row)
    await world.settle()

    told_once(world, scene)
    assert written(world) == {"contact": 1, "company": 1}, "what was done though its answer was lost is not done again"


@proves("faults busy")
async def test_a_busy_portal_is_waited_for(world: World, scene: Scene) -> None:
    break_calls(world, Break.BUSY, times=1)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    told_once(world, scene)


async def test_a_used_up_budget_is_waited_for(world: World, scene: Scene) -> None:
    """Others of our processes have booked the next half minute: nothing is sent, and the row says so."""
    portal, budget = await world.row(), ENTERPRISE
    booked = replace(budget, full=budget.full + 30 * budget.rate)
    await world.resources.pace.pushed_up(portal.id, booked)
    sent = len(world.emulator.world.journal)
    world.tick(CONTACT, scene.contact)
    await world.settle()

    row = await waits(world, f"contact:{scene.contact}", "OWN_PACE")
    assert len(world.emulator.world.journal) == sent
    await world.resources.redis.flushdb()  # as time empties the bucket
    pass_until(world, row)
    await world.settle()
    told_once(world, scene)


@proves("faults slow")
async def test_a_slow_portal_is_only_slow(world: World, scene: Scene) -> None:
    break_calls(world, Break.SLOW, times=2, seconds=0.3)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    told_once(world, scene)


async def test_a_refusal_that_lasts_is_kept_for_a_person_and_found_again_when_it_ends(
    world: World, scene: Scene
) -> None:
    break_calls(world, Break.ERROR_200)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    while left := await rows(world):
        pass_until(world, left[0])
        await world.settle()

    assert await world.failed() == 1
    assert world.receiver.events() == []
    world.emulator.world.faults.clear()
    await rescan_one(world.resources, (await world.row()).id)
    await world.settle()
    told_once(world, scene)


@proves("faults deleted")
async def test_a_deleted_portal_is_not_asked_again_and_is_found_again_when_it_was_a_lie(
    world: World, scene: Scene
) -> None:
    break_calls(world, Break.DELETED)
    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert (await rows(world), await world.failed()) == ([], 1)
    world.emulator.world.faults.clear()
    await rescan_one(world.resources, (await world.row()).id)
    await world.settle()
    told_once(world, scene)


@proves("faults enforce_limit")
async def test_a_portal_whose_limit_others_have_used_up(world: World, scene: Scene) -> None:
    """Another app calls from our address: the portal refuses what our own pace would allow."""
    await switch(world, "faults", enforce_limit=True)
    (bucket,) = [one for (name, _), one in world.emulator.world.meters.buckets.items() if name == "first"]
    bucket.level, bucket.at = bucket.capacity + 100, world.resources.now().timestamp()
    world.tick(CONTACT, scene.contact)
    await world.settle()

    await waits(world, f"contact:{scene.contact}", "QUERY_LIMIT_EXCEEDED")
    assert world.receiver.events() == []
    world.pass_time(minutes=1)  # the bucket leaks
    await world.settle()
    told_once(world, scene)


@proves("faults operating_cost")
async def test_a_method_without_operating_time_left_is_waited_for(world: World, scene: Scene) -> None:
    """The first read uses up the allowance of ten minutes; the card across, and our write's echo, wait for more."""
    await switch(world, "faults", operating_cost={"crm.item.list": 500.0})
    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert {one.error for one in await rows(world)} == {"OPERATION_TIME_LIMIT"}
    assert world.card(COMPANY, scene.company) == (False, "")
    await switch(world, "faults", clear=True)
    await world.resources.redis.flushdb()  # our gauge goes by the server's clock, which stands still here
    world.pass_time(minutes=11)
    await world.settle()
    told_once(world, scene)
