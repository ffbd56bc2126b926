"""The portal itself changes: unpaid, renamed, updated, left and come back to. The story goes on where it can."""

from __future__ import annotations

import pytest
from redis import Redis

from b24app.domain.portal.installation import PortalState
from b24app.work.wake import CHORES, open_queue
from emulator.model.faults import Break
from emulator.model.installs import pay
from tests.chores import look_at, rescan_one
from tests.stories.differences.switches import proves, switch
from tests.stories.scene import CONTACT, Scene, another_admin, break_calls, pass_until, rows, told_once, waits
from tests.world import World
from workers.chores import do_due


@proves("payment")
@pytest.mark.parametrize("hours", [0, 2], ids=["with a living token", "with an expired one"])
async def test_an_unpaid_portal_waits_and_goes_on_when_it_is_paid(world: World, scene: Scene, hours: int) -> None:
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    await switch(world, "payment", expired=True)
    world.pass_time(hours=hours)
    await world.settle()
    await waits(world, f"contact:{scene.contact}", "unpaid")

    await switch(world, "payment", expired=False)
    await world.settle()
    await do_chore(world, "look_at_portal")
    await world.settle()

    assert (await world.row()).state is PortalState.ACTIVE
    told_once(world, scene)


async def do_chore(world: World, name: str) -> None:
    """The worker's part: whoever asked for the chore has left it in Redis."""
    redis = Redis.from_url(world.resources.settings.redis_url)
    *_, job = [one for one in open_queue(CHORES, redis).jobs if one.args[0] == name]
    redis.close()
    await do_due(world.resources, *job.args)


async def test_an_admin_who_opens_a_paid_app_ends_the_wait_too(world: World, scene: Scene) -> None:
    """The portal's word about the payment got lost."""
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    pay(scene.installation, expired=True)
    await look_at(world.resources, (await world.row()).id)
    await world.settle()
    assert (await world.row()).state is PortalState.UNPAID

    scene.installation.payment_expired = False
    page = await world.open(scene.installation, world.admin())
    assert page.status == 200, page.text
    await world.settle()

    told_once(world, scene)


@proves("rename")
@pytest.mark.parametrize("hours", [0, 2], ids=["with a living token", "with an expired one"])
async def test_a_renamed_portal_is_followed_after_proof(world: World, scene: Scene, hours: int) -> None:
    await switch(world, "rename", host="127.0.0.2:0")
    world.pass_time(hours=hours)

    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert (await world.row()).domain == world.portal.host
    told_once(world, scene)


async def test_a_renamed_portal_whose_events_are_lost_is_followed_by_the_rescan(world: World, scene: Scene) -> None:
    await world.emulator.world.rename(world.portal, "127.0.0.2:0")
    world.emulator.world.faults.events.lose_rate = 1.0

    world.tick(CONTACT, scene.contact)
    await world.settle()  # one look finds the address, the next one the card
    await world.settle()

    assert (await world.row()).domain == world.portal.host
    told_once(world, scene)


async def test_a_removed_portal_leaves_no_delivery_behind(world: World, scene: Scene) -> None:
    world.receiver.answers = [500]
    world.tick(CONTACT, scene.contact)
    await world.settle()
    assert len(await rows(world)) == 1
    tries = world.receiver.tries

    await world.uninstall(scene.installation, clean=False)
    world.pass_time(hours=1)
    await world.settle()

    assert await rows(world) == []
    assert world.receiver.tries == tries
    assert world.receiver.events() == []


@proves("uninstall clean=0")
async def test_what_waited_when_the_app_was_removed_is_done_when_it_comes_back(world: World, scene: Scene) -> None:
    break_calls(world, Break.ERROR_500)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    await switch(world, "uninstall", clean=False)
    await world.settle()
    world.emulator.world.faults.clear()
    world.pass_time(hours=5)
    await world.settle()
    assert world.receiver.events() == []

    await world.install()

    told_once(world, scene)


@proves("uninstall clean=1")
async def test_an_app_removed_with_its_data_begins_anew(world: World, scene: Scene) -> None:
    """Its key and endpoint are gone with the rest; what the cards show is believed, without news."""
    world.tick(CONTACT, scene.contact)
    await world.settle()
    await switch(world, "uninstall", clean=True)
    await world.settle()
    await world.erase()
    assert (await world.api("GET", "/memberships", scene.key)).status == 401

    await world.install()
    key = await world.subscribe()

    (membership,) = (await world.api("GET", "/memberships", key)).json()["data"]
    assert membership["state"] == "pending"
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"], "told before it left, not again"


@proves("update")
async def test_a_new_version_goes_on_with_a_new_application_token(world: World, scene: Scene) -> None:
    """The portal drops bindings and tabs; what happens until they are bound again is found by the rescan."""
    before = (await world.row()).token_digest
    await switch(world, "update")
    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert (await world.row()).token_digest != before
    bound = {one.event for one in scene.installation.bindings}
    assert bound == set(world.resources.manifest.events)
    world.pass_time(minutes=6)
    await rescan_one(world.resources, (await world.row()).id)
    await world.settle()
    told_once(world, scene)


@proves("user admin")
async def test_an_installer_who_is_no_administrator_any_more_still_serves(world: World, scene: Scene) -> None:
    """Rights in the CRM are what the work needs; only set-up asks for an administrator."""
    another_admin(world)
    await switch(world, "user", user=world.admin().id, admin=False)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    told_once(world, scene)


@proves("user crm_access")
async def test_an_admin_who_sees_no_cards_any_more_makes_room_for_the_next(world: World, scene: Scene) -> None:
    installer, other, manager = world.admin(), another_admin(world), world.manager()
    for one in (other, installer):
        await world.open(scene.installation, one)
    await switch(world, "user", user=installer.id, admin=False, crm_access="none")
    world.tick(CONTACT, scene.contact, by=manager)
    await world.settle()
    pass_until(world, await waits(world, f"contact:{scene.contact}", "CARDS_HIDDEN"))
    await world.settle()

    assert (await world.row()).state is PortalState.ACTIVE
    told_once(world, scene)


@proves("access")
async def test_an_employee_whom_the_app_was_taken_from_is_told_so(world: World, scene: Scene) -> None:
    """The work goes on with the administrator's token, whom the portal always lets in."""
    await switch(world, "access", users=[])
    page = await world.open(scene.installation, world.manager(), "CRM_CONTACT_DETAIL_TAB", ID=scene.contact)
    assert page.status == 403 and "У Вас нет доступа к этому приложению" in page.text
    world.tick(CONTACT, scene.contact)
    await world.settle()

    await switch(world, "access", users=None)
    page = await world.open(scene.installation, world.manager(), "CRM_CONTACT_DETAIL_TAB", ID=scene.contact)
    assert page.status == 200, page.text
    told_once(world, scene)


@proves("plan")
async def test_a_portal_on_a_smaller_plan_goes_on_without_what_the_plan_lacks(world: World, scene: Scene) -> None:
    await switch(world, "plan", plan="free")
    world.tick(CONTACT, scene.contact)
    await world.settle()
    told_once(world, scene)
    await switch(world, "plan", plan="enterprise")
