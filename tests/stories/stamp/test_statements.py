"""What two rules cost on cards that did not change."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from b24app.lanes import Lane
from tests.stories.scene import COMPANY, written
from tests.world import World
from workers.inbox import drain_portal

MOST = 13


async def test_an_unchanged_slice_needs_few_statements(world: World) -> None:
    await world.install()
    companies = [world.add_company(f"ООО «{one}»") for one in range(20)]
    await world.settle()
    before = written(world)["company"]
    for company in companies:
        world.portal.crm.update(COMPANY, company, {"COMMENTS": "Звонили"}, world.manager())
    await world.emulator.world.deliver()

    said, counted = list[str](), list[int]()
    world.failpoints.meanwhile["inbox.claimed"] = said.clear
    world.failpoints.meanwhile["cards.settled"] = lambda: counted.append(len(said))

    def listen(*told: Any) -> None:
        said.append(told[2])

    engine = world.resources.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    await drain_portal(world.resources, (await world.row()).id, Lane.BULK)
    event.remove(engine, "before_cursor_execute", listen)

    assert counted and counted[0] <= MOST, "\n".join(said)
    assert written(world)["company"] == before
