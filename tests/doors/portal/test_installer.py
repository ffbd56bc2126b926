"""The installer, and the repair of what it set up."""

from __future__ import annotations

from sqlalchemy import select

from b24app.store import tables
from emulator.model.installs import install
from tests.doors.frames import frame, main
from tests.world import World


async def test_the_installer_finishes_by_itself_and_says_what_it_did(world: World) -> None:
    installation = install(world.portal, world.market_app, world.admin())
    opened = frame(world, await world.open(installation, world.admin()))
    assert "data-finish" in opened.html
    assert "Вкладки в карточках" in opened.html
    again = frame(world, await world.open(installation, world.admin()))
    assert "Уже на месте" in again.html and "data-finish" in again.html


async def test_nobody_but_an_administrator_installs(world: World) -> None:
    installation = install(world.portal, world.market_app, world.admin())
    page = await world.open(installation, world.manager())
    assert page.status == 403
    assert "Установить приложение может только администратор" in page.text
    async with world.resources.transaction() as db:
        assert (await db.execute(select(tables.portals))).all() == []


async def test_repair_puts_back_what_somebody_removed(world: World) -> None:
    installation = await world.install()
    admin = await main(world, world.admin(), "setup")
    before = len(installation.placements)
    installation.placements.clear()
    repaired = await admin.call("/frame/repair")
    assert repaired.status == 200 and len(installation.placements) == before
    assert "step failed" not in repaired.json()["html"]
