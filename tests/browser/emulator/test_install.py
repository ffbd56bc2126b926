"""The marketplace and the life of an app in a real browser.

Pages: settings/app-installation/installation-finish.md, settings/app-uninstallation.md, settings/oauth/simple-way.md.
"""

import json
from dataclasses import replace

from playwright.async_api import expect

from emulator.crm.entities import Entity
from emulator.model.installs import Installation
from emulator.model.portal import Portal
from tests.browser.emulator.world import ADMIN, CODE, MANAGER, Guest, Vendor

OPENED = [
    "AUTH_ID",
    "AUTH_EXPIRES",
    "REFRESH_ID",
    "SERVER_ENDPOINT",
    "APPLICATION_TOKEN",
    "APPLICATION_SCOPE",
    "member_id",
    "status",
    "PLACEMENT",
]
"""Body of an open, in order (settings/oauth/simple-way.md)."""


async def test_an_admin_installs_and_the_app_opens(guest: Guest, portal: Portal, shop: Vendor) -> None:
    await guest.enter(ADMIN)
    await guest.go(f"/marketplace/detail/{CODE}/")
    await guest.page.click("button[value=install]")
    installer = await guest.app()
    path, query, body = shop.opens[-1]
    assert path == "/install"
    assert list(query) == ["DOMAIN", "PROTOCOL", "LANG", "APP_SID"]
    assert (query["DOMAIN"], query["PROTOCOL"], query["LANG"]) == (portal.host, "0", "ru")
    assert list(body) == OPENED
    assert body["PLACEMENT"] == "DEFAULT"
    assert await installer.evaluate("window.name") == f"{portal.host}|0|{query['APP_SID']}"

    assert await installer.evaluate("b24.isInstallMode") is True
    await installer.evaluate("void b24.installFinish()")
    await guest.page.wait_for_url("**/marketplace/app/*/?install_finished=Y")
    main = await guest.app()
    assert shop.opens[-1][0] == "/app"
    assert await main.evaluate("b24.isInstallMode") is False
    assert portal.installations["app.0123456789abcd.00000001"].installed


async def test_an_installer_binds_a_tab_which_shows_only_when_it_has_finished(
    guest: Guest, portal: Portal, shop: Vendor
) -> None:
    await guest.enter(ADMIN)
    await guest.go(f"/marketplace/detail/{CODE}/")
    await guest.page.click("button[value=install]")
    installer = await guest.app()
    bound = {
        "PLACEMENT": "CRM_CONTACT_DETAIL_TAB",
        "HANDLER": f"{shop.url}/tab",
        "LANG_ALL": {"ru": {"TITLE": "Баллы"}},
    }
    answer = await installer.evaluate(
        "async (params) => (await b24.actions.v2.call.make({method: 'placement.bind', params})).getData().result", bound
    )
    assert answer is True

    await guest.go("/crm/contact/details/1/")
    assert await guest.page.locator("[role=tab]").count() == 1
    await guest.go("/marketplace/app/1/")
    await (await guest.app()).evaluate("void b24.installFinish()")
    await guest.page.wait_for_url("**install_finished=Y")

    await guest.enter(MANAGER)
    await guest.go("/crm/contact/details/1/?from=list")
    opened_before = len(shop.opens)
    assert not [one for one in shop.opens if one[0] == "/tab"]
    await guest.page.click("[role=tab] >> text=Баллы")
    tab = await guest.app("[role=tabpanel]:not([hidden])")
    assert len(shop.opens) == opened_before + 1
    path, _, body = shop.opens[-1]
    assert (path, body["PLACEMENT"]) == ("/tab", "CRM_CONTACT_DETAIL_TAB")
    assert json.loads(body["PLACEMENT_OPTIONS"]) == {"ID": "1", "URI": "/crm/contact/details/1/?from=list"}
    assert await tab.evaluate("b24.placement.options") == json.loads(body["PLACEMENT_OPTIONS"])
    assert await guest.page.locator("#tab-general").is_hidden()

    await guest.page.click("[role=tab] >> nth=0")
    await guest.page.click("[role=tab] >> text=Баллы")
    assert len(shop.opens) == opened_before + 1, "a tab is loaded once"


async def test_others_wait_until_the_installation_has_finished(guest: Guest, portal: Portal, shop: Vendor) -> None:
    await guest.enter(ADMIN)
    await guest.go(f"/marketplace/detail/{CODE}/")
    await guest.page.click("button[value=install]")
    await guest.app()
    await guest.enter(MANAGER)
    before = len(shop.opens)
    await guest.go("/marketplace/app/1/")
    await expect(guest.page.locator(".message")).to_contain_text("Установка ещё не завершена")
    assert len(shop.opens) == before


async def test_an_app_without_a_page_of_installation_is_installed_at_once(
    guest: Guest, portal: Portal, shop: Vendor
) -> None:
    silent = replace(
        portal.world.catalogue["app.0123456789abcd.00000001"], install_url=f"{shop.url}/events", callback_install=True
    )
    portal.world.catalogue[silent.client_id] = silent
    await guest.enter(ADMIN)
    await guest.go(f"/marketplace/detail/{CODE}/")
    await guest.page.click("button[value=install]")
    frame = await guest.app()
    assert await frame.evaluate("b24.isInstallMode") is False
    assert [one[0] for one in shop.opens] == ["/app"]
    assert await portal.world.deliver() == 1
    assert shop.events[-1]["event"] == "ONAPPINSTALL"
    assert shop.events[-1]["auth[user_id]"] == str(ADMIN)


async def test_only_an_administrator_installs(guest: Guest, portal: Portal) -> None:
    await guest.enter(MANAGER)
    await guest.go(f"/marketplace/detail/{CODE}/")
    assert await guest.page.locator("button[value=install]").count() == 0
    answer = await guest.page.request.post(f"{portal.url}/marketplace/detail/{CODE}/", form={"action": "install"})
    assert answer.status == 403
    assert portal.installations == {}


async def test_uninstalling_with_and_without_the_data(guest: Guest, portal: Portal, installation: Installation) -> None:
    installation.options["kept"] = "1"
    await guest.enter(ADMIN)
    for clean in (False, True):
        await guest.go(f"/marketplace/detail/{CODE}/")
        await guest.page.click("text=Удалить")
        if clean:
            await guest.page.check("#clean")
        await guest.page.click("dialog button[value=uninstall]")
        await guest.page.wait_for_selector("button[value=install]")
        assert portal.installations == {}
        await guest.page.click("button[value=install]")
        await guest.app()
        assert portal.installations[installation.app.client_id].options == ({} if clean else {"kept": "1"})


async def test_an_update_brings_the_installer_back(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    newer = replace(installation.app, version=2)
    portal.world.catalogue[newer.client_id] = newer
    await guest.enter(ADMIN)
    await guest.go(f"/marketplace/detail/{CODE}/")
    await guest.page.click("text=Обновить до версии 2")
    await guest.app()
    assert shop.opens[-1][0] == "/install"
    assert installation.placements == []


async def test_direct_links_hand_over_their_parameters(guest: Guest, installation: Installation, shop: Vendor) -> None:
    await guest.enter(MANAGER)
    await guest.go(f"/marketplace/view/{CODE}/?params[case]=991&lost=1")
    await guest.app()
    path, _, body = shop.opens[-1]
    assert (path, body["PLACEMENT"]) == ("/rest_app_uri", "REST_APP_URI")
    assert json.loads(body["PLACEMENT_OPTIONS"])["case"] == "991"
    assert "lost" not in json.loads(body["PLACEMENT_OPTIONS"])


async def test_toolbar_row_menu_and_left_menu_open_the_app(
    guest: Guest, installation: Installation, shop: Vendor
) -> None:
    await guest.enter(MANAGER)
    await guest.go("/crm/contact/details/1/")
    await guest.page.click("summary >> text=Приложения")
    await guest.page.click(".menu__item >> text=Лояльность")
    await guest.page.frame_locator(".slider__frame").frame_locator("iframe").locator("#state").wait_for()
    assert json.loads(shop.opens[-1][2]["PLACEMENT_OPTIONS"])["ID"] == "1"
    assert shop.opens[-1][2]["PLACEMENT"] == "CRM_CONTACT_DETAIL_TOOLBAR"

    await guest.go("/crm/contact/list/?q=client0@example.com")
    await guest.page.click(".row-menu")
    await guest.page.click(".menu__item >> text=Лояльность")
    await guest.page.frame_locator(".slider__frame").frame_locator("iframe").locator("#state").wait_for()
    assert shop.opens[-1][2]["PLACEMENT"] == "CRM_CONTACT_LIST_MENU"
    assert json.loads(shop.opens[-1][2]["PLACEMENT_OPTIONS"])["ID"] == "1"

    await guest.go("/crm/contact/details/2/")
    await guest.page.click(".tl__bar summary")
    await guest.page.click(".tl__bar >> text=Лояльность")
    await guest.page.frame_locator(".slider__frame").frame_locator("iframe").locator("#state").wait_for()
    assert shop.opens[-1][2]["PLACEMENT"] == "CRM_CONTACT_DETAIL_ACTIVITY"
    assert json.loads(shop.opens[-1][2]["PLACEMENT_OPTIONS"])["ID"] == "2"

    await guest.go("/crm/contact/list/")
    await guest.page.click(".menu-side >> text=Лояльность")
    await guest.app()
    assert shop.opens[-1][2]["PLACEMENT"] == "LEFT_MENU"
    assert set(json.loads(shop.opens[-1][2]["PLACEMENT_OPTIONS"])) == {"URI"}


async def test_an_unpaid_app_is_not_opened(guest: Guest, installation: Installation, shop: Vendor) -> None:
    installation.payment_expired = True
    await guest.enter(MANAGER)
    await guest.go(f"/marketplace/app/{installation.id}/")
    await expect(guest.page.locator(".message")).to_contain_text("Подписка закончилась")
    await guest.go("/crm/contact/details/1/")
    await guest.page.click("[role=tab] >> text=Лояльность")
    await expect(guest.page.locator(".app-frame .message")).to_contain_text("Подписка закончилась")
    assert shop.opens == []


async def test_an_old_portal_sends_fewer_keys(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    portal.old = True
    await guest.enter(MANAGER)
    await guest.go(f"/marketplace/app/{installation.id}/")
    await guest.app()
    newer = {"SERVER_ENDPOINT", "APPLICATION_TOKEN", "APPLICATION_SCOPE"}
    assert list(shop.opens[-1][2]) == [key for key in OPENED if key not in newer]
    assert portal.crm.exists(Entity.CONTACT, 1)
