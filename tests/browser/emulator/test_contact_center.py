"""The contact centre: an app's tile, and the settings of its connector, in frames."""

from emulator.face.pages.contact_center import connect
from emulator.model.installs import Installation
from emulator.model.placements import PlacementBinding
from tests.browser.emulator.world import ADMIN, MANAGER, Guest, Vendor


async def test_a_tile_and_a_connector(guest: Guest, installation: Installation, shop: Vendor) -> None:
    number = installation.portal.next_id("placement")
    installation.placements.append(PlacementBinding(number, "CONTACT_CENTER", f"{shop.url}/tile", title="Чат на сайте"))
    connect(installation, "Site_Chat", "Канал сайта", f"{shop.url}/connector")
    await guest.enter(ADMIN)
    await guest.go("/contact_center/")
    await guest.page.click("text=Чат на сайте")
    frame = await guest.app()
    assert await frame.evaluate("b24.placement.title") == "CONTACT_CENTER"
    assert (await frame.evaluate("b24.placement.options"))["ID"] == str(number)
    await guest.go("/contact_center/")
    await guest.page.click("text=Канал сайта")
    frame = await guest.app()
    options = await frame.evaluate("b24.placement.options")
    assert (options["CONNECTOR"], options["LINE"], options["REGISTER_STATUS"]) == ("site_chat", "1", True)
    await guest.enter(MANAGER)
    await guest.go("/contact_center/")
    assert await guest.page.locator("text=Канал сайта").count() == 0
