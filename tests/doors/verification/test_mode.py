"""Verification off, watch or on: what pages offer then."""

from __future__ import annotations

from emulator.crm.entities import Entity
from tests.doors.frames import main, members, tab
from tests.world import World

CONTACT = Entity.CONTACT


async def test_the_settings_promise_nothing_while_verification_is_off(world: World) -> None:
    await world.install()
    opened = await main(world, world.admin(), "verification")
    assert "Проверка выключена" not in opened.html
    await world.mode("off")
    assert "Проверка выключена" in await opened.content()


async def test_a_module_that_is_off_has_no_buttons(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    opened = await tab(world, "contact", contact)
    (membership,) = members(opened.html)
    admin = await main(world, world.admin(), "verification")
    assert (await admin.call("/frame/mode", mode="off")).status == 200
    shown = await opened.content()
    assert members(shown) == [] and "Проверка выключена" in shown
    assert (await opened.press("recheck", membership)).status == 409
    assert (await admin.call("/frame/mode", mode="sideways")).status == 422
    assert (await admin.call("/frame/mode", mode="on")).status == 200
    await world.settle()
    assert members(await opened.content()) == [membership]


async def test_while_watching_a_button_writes_nothing(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.mode("watch")
    world.tick(CONTACT, contact)
    await world.settle()

    opened = await tab(world, "contact", contact)

    assert members(opened.html) == []
    await world.mode("on")
    await world.settle()
    assert world.card(CONTACT, contact) == (True, "На проверке")  # what watching decided is put into the cards now
    assert len(members((await tab(world, "contact", contact)).html)) == 1
