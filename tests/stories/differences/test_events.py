"""Events that never come, though everything is bound: nobody finished the installation, or we were slow once."""

from __future__ import annotations

from emulator.model.installs import finish
from tests.stories.cards.test_drift import total
from tests.stories.differences.switches import proves, switch
from tests.stories.scene import CONTACT, Scene, told_once
from tests.world import World


@proves("differences install_unfinished")
async def test_an_installation_that_is_not_finished_is_waited_for(world: World) -> None:
    """Bindings are taken and listed meanwhile; the admin finds the installer again, everybody else a word about it."""
    await switch(world, "differences", install_unfinished=True)
    contact = world.add_contact(world.add_company())
    installation = await world.install()
    assert (await world.row()).state == "installing"
    assert installation.bindings
    page = await world.open(installation, world.manager(), "CRM_CONTACT_DETAIL_TAB", ID=contact)
    assert page.status == 403

    await switch(world, "differences", install_unfinished=False)
    finish(installation, world.admin())
    await world.settle()

    assert (await world.row()).imported
    await world.subscribe()
    world.tick(CONTACT, contact)
    await world.settle()
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]


@proves("differences slow_handler_dropped")
async def test_a_portal_that_calls_us_no_more_is_found_by_looking(world: World, scene: Scene) -> None:
    await switch(world, "differences", slow_handler_dropped=1e-6)
    world.portal.crm.update(CONTACT, scene.contact, {"COMMENTS": "Звонили"}, world.manager())
    await world.settle()  # the last event we ever hear of
    world.tick(CONTACT, scene.contact)
    await world.settle()
    assert world.receiver.events() == []

    world.pass_time(minutes=6)
    await world.rescan()

    told_once(world, scene)
    assert (await total(world))["fields"] == 1, "people can see that something is amiss"
