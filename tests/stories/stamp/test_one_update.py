"""Two rules on one card: it is written once, and each tells its own news."""

from __future__ import annotations

from tests.stories.scene import COMPANY, written
from tests.stories.stamp.aid import Story, decided, given, stamp
from tests.world import World


async def a_new_company_gets_its_number_and_its_status_in_one_update(world: World) -> None:
    await world.install()
    await world.subscribe()

    company = world.add_company(UF_CRM_B24APP_CHECK="1")
    world.add_contact(company)
    await world.settle()

    assert stamp(world, company) == 1
    assert world.card(COMPANY, company) == (True, "На проверке")
    assert written(world)["company"] == 1
    assert given(world) == [(company, 1)]
    assert decided(world) == ["pending"]


async def an_echo_of_our_own_write_writes_and_tells_nothing(world: World) -> None:
    await world.install()
    await world.subscribe()
    company = world.add_company()
    await world.settle()
    assert written(world)["company"] == 1

    world.portal.crm.update(COMPANY, company, {"COMMENTS": "Звонили"}, world.manager())
    await world.settle()

    assert written(world)["company"] == 1
    assert given(world) == [(company, 1)]


ONE_UPDATE: list[Story] = [
    a_new_company_gets_its_number_and_its_status_in_one_update,
    an_echo_of_our_own_write_writes_and_tells_nothing,
]
"""Two rules on one card."""
