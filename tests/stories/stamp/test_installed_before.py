"""A portal that had the app before the feature came: it works on, and gets the field by “Check and repair”."""

from __future__ import annotations

from typing import Any

from b24app.portal.store import portals
from emulator.crm.entities import Entity
from tests.doors.frames import main
from tests.stories.scene import COMPANY
from tests.stories.stamp.aid import FIELD, decided, given, stamp, tries
from tests.world import World


async def before_the_feature(world: World) -> None:
    """As the version without it has left the portal: no field, no events of deals and leads, nothing known of it."""
    for entity in (COMPANY, Entity.DEAL):
        world.portal.crm.userfields[entity].drop(FIELD)
    installation = world.installation()
    kept = [one for one in installation.bindings if "DEAL" not in one.event and "LEAD" not in one.event]
    installation.bindings[:] = kept
    row = await world.row()
    fields: dict[str, Any] = {
        kind: {code: name for code, name in row.fields[kind].items() if code != "stamp"}
        for kind in ("contact", "company")
    }
    async with world.resources.transaction() as db:
        await portals.change(db, row.id, fields=fields, modes={"verification": "on"})


async def test_it_works_on_and_gets_the_field_by_check_and_repair(world: World) -> None:
    await world.install()
    await world.subscribe()
    await before_the_feature(world)

    old = world.add_company(UF_CRM_B24APP_CHECK="1")
    world.add_contact(old)
    await world.settle()
    assert decided(world) == ["pending"]
    assert world.card(COMPANY, old) == (True, "На проверке")
    assert given(world) == []
    assert await tries(world) == {} and await world.failed() == 0

    opened = await main(world, world.admin(), "stamp")
    assert (await opened.call("/frame/repair")).status == 200
    await world._chores("sweep_portal")
    await world.settle()

    assert FIELD in world.portal.crm.userfields[COMPANY]
    assert stamp(world, old) == 1
    deal = world.portal.crm.add(Entity.DEAL, {"TITLE": "Кран"}, world.manager())
    await world.settle()
    assert stamp(world, deal, Entity.DEAL) == 2
    assert decided(world) == ["pending"]
