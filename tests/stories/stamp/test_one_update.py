"""Two rules on one card: it is written once."""

from __future__ import annotations

from tests.stories.scene import COMPANY, written
from tests.stories.stamp.aid import stamp
from tests.world import World


async def test_a_new_company_gets_its_number_and_its_status_in_one_update(world: World) -> None:
    await world.install()
    await world.subscribe()

    company = world.add_company(UF_CRM_B24APP_CHECK="1")
    world.add_contact(company)
    await world.settle()

    assert stamp(world, company) == 1
    assert world.card(COMPANY, company) == (True, "На проверке")
    assert written(world)["company"] == 1
