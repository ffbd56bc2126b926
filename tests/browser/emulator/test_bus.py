"""The portal's official browser library, @bitrix24/b24jssdk, in frames of our pages: the judge of the frame bus.

Pages: sdk/bx24-js-sdk/*, api-reference/widgets/ui-interaction/*.
"""

import json
from pathlib import Path

import pytest
from playwright.async_api import Frame, Playwright

from emulator.model.installs import Installation
from emulator.model.portal import Portal
from emulator.run import Emulator
from tests.browser.conftest import DESK, FLAGS
from tests.browser.emulator.world import ADMIN, HEAD, MANAGER, Guest, Vendor, inside

CALL = "async ([method, params]) => (await b24.actions.v2.call.make({method, params})).getData().result"


async def opened(guest: Guest, installation: Installation, user: int = MANAGER) -> Frame:
    await guest.enter(user)
    await guest.go(f"/marketplace/app/{installation.id}/")
    return await guest.app()


async def tab(guest: Guest, user: int = MANAGER) -> Frame:
    await guest.enter(user)
    await guest.go("/crm/contact/details/1/")
    await guest.page.click("[role=tab] >> text=Лояльность")
    return await guest.app("[role=tabpanel]:not([hidden])")


async def test_who_the_frame_belongs_to(guest: Guest, portal: Portal, installation: Installation) -> None:
    frame = await opened(guest, installation)
    auth = await frame.evaluate("b24.auth.getAuthData()")
    assert auth["domain"] == portal.url
    assert auth["member_id"] == portal.member_id
    grant = portal.world.auth.check(portal, auth["access_token"])
    assert (grant.user_id, grant.installation) == (MANAGER, installation)
    assert await frame.evaluate("[b24.auth.isAdmin, b24.getLang(), b24.placement.isDefault]") == [False, "ru", True]


async def test_rest_from_the_frame_across_origins(guest: Guest, installation: Installation) -> None:
    frame = await tab(guest)
    assert (await frame.evaluate(CALL, ["profile", {}]))["ID"] == str(MANAGER)
    contact = await frame.evaluate(CALL, ["crm.contact.get", {"ID": 1}])
    assert contact["LAST_NAME"] == "Петров"


async def test_placement_and_its_commands(guest: Guest, portal: Portal, installation: Installation) -> None:
    frame = await tab(guest)
    assert await frame.evaluate("b24.placement.title") == "CRM_CONTACT_DETAIL_TAB"
    assert (await frame.evaluate("b24.placement.options"))["ID"] == "1"
    assert await frame.evaluate("b24.placement.getInterface()") == {"command": ["reloadData"], "event": []}
    main = await opened(guest, installation)
    assert await main.evaluate("b24.placement.getInterface()") == {"command": [], "event": []}


async def test_reload_data_refreshes_the_card_behind_the_tab(
    guest: Guest, portal: Portal, installation: Installation
) -> None:
    frame = await tab(guest)
    await frame.evaluate(CALL, ["crm.contact.update", {"ID": 1, "fields": {"POST": "Директор"}}])
    assert await guest.page.text_content("[data-field=POST] .field__value") == "Главный инженер"
    assert await frame.evaluate("b24.placement.call('reloadData')") != {"isSafely": True}
    assert await guest.page.text_content("[data-field=POST] .field__value") == "Директор"
    assert await frame.evaluate("b24.placement.options.ID") == "1", "the frame itself was not reloaded"


async def test_an_unknown_command_is_never_answered(guest: Guest, installation: Installation) -> None:
    frame = await tab(guest)
    for name in ("noSuchCommand", "constructor", "reloadWindow"):
        assert await frame.evaluate("(name) => b24.placement.call(name)", name) == {"isSafely": True}


async def test_the_apps_own_page_may_reload_itself(guest: Guest, installation: Installation, shop: Vendor) -> None:
    frame = await opened(guest, installation)
    before = len(shop.opens)
    async with guest.page.expect_navigation():
        await frame.evaluate("void b24.parent.reloadWindow()")
    await guest.app()
    assert len(shop.opens) == before + 1


async def test_the_window_fits_its_content(guest: Guest, installation: Installation) -> None:
    frame = await tab(guest)
    await frame.evaluate("document.querySelector('main').style.height = '1500px'")
    answer = await frame.evaluate("b24.parent.fitWindow()")
    assert answer["height"] >= 1500
    box = await guest.page.locator("[role=tabpanel]:not([hidden]) .app-frame").bounding_box()
    assert box is not None
    assert box["height"] == answer["height"]
    assert (await frame.evaluate("b24.parent.resizeWindow(300, 420)")) == {"width": 300, "height": 420}


async def test_title_and_scroll_of_the_page(guest: Guest, installation: Installation) -> None:
    frame = await opened(guest, installation)
    assert await frame.evaluate("b24.parent.setTitle('Мои баллы: 10')") == {"title": "Мои баллы: 10"}
    assert await guest.page.text_content("#pagetitle") == "Мои баллы: 10"
    await frame.evaluate("b24.parent.resizeWindow(600, 3000)")
    assert await frame.evaluate("b24.parent.scrollParentWindow(700)") == {"scroll": 700}
    assert await guest.page.evaluate("window.scrollY") == 700


async def test_refreshed_tokens_are_new_and_belong_to_the_same_person(
    guest: Guest, portal: Portal, installation: Installation
) -> None:
    frame = await opened(guest, installation)
    first = await frame.evaluate("b24.auth.getAuthData()")
    portal.world.auth.expire_access(installation, MANAGER)
    second = await frame.evaluate("b24.auth.refreshAuth()")
    assert second["access_token"] != first["access_token"]
    assert portal.world.auth.check(portal, second["access_token"]).user_id == MANAGER
    assert (await frame.evaluate(CALL, ["profile", {}]))["ID"] == str(MANAGER)


async def test_user_options_are_kept_for_this_person_only(
    guest: Guest, portal: Portal, installation: Installation
) -> None:
    frame = await opened(guest, installation)
    await frame.evaluate("b24.options.userSet('view', 'table:wide')")
    frame = await opened(guest, installation)
    assert await frame.evaluate("b24.options.userGet('view')") == "table:wide"
    assert installation.user_options == {MANAGER: {"view": "table:wide"}}


async def test_app_options_are_the_administrators(guest: Guest, installation: Installation) -> None:
    frame = await opened(guest, installation)
    await frame.evaluate("b24.options.appSet('mode', 'watch')")
    assert installation.options == {}
    frame = await opened(guest, installation, ADMIN)
    await frame.evaluate("b24.options.appSet('mode', 'on')")
    assert installation.options == {"mode": "on"}
    frame = await opened(guest, installation)
    assert await frame.evaluate("b24.options.appGet('mode')") == "on"


async def test_the_first_run_is_told_once_per_person(guest: Guest, installation: Installation) -> None:
    assert await (await opened(guest, installation)).evaluate("b24.isFirstRun") is True
    assert await (await opened(guest, installation)).evaluate("b24.isFirstRun") is False
    assert await (await opened(guest, installation, HEAD)).evaluate("b24.isFirstRun") is True


async def test_install_finish_is_refused_to_an_installed_app(guest: Guest, installation: Installation) -> None:
    frame = await opened(guest, installation, ADMIN)
    told = await frame.evaluate("b24.installFinish().then(() => 'done', (error) => error.code)")
    assert told == "JSSDK_FRAME_INSTALL_ALREADY_FINISHED"


async def test_open_path_opens_cards_over_the_app_and_tells_when_they_are_closed(
    guest: Guest, installation: Installation
) -> None:
    frame = await opened(guest, installation)
    await frame.evaluate("window.told = b24.slider.openPath(b24.slider.getUrl('/crm/company/details/1/'), 950); 0")
    card = guest.page.frame_locator(".slider__frame")
    await card.locator("#pagetitle").wait_for()
    assert await card.locator("#pagetitle").text_content() == "ООО «СтройМонтаж»"
    assert await card.locator(".menu-side").count() == 0
    await guest.page.click(".slider__close")
    assert await frame.evaluate("window.told") == {"isOpenAtNewWindow": False, "isClose": True}


@pytest.mark.parametrize(
    "path", ["/notifications/", "/crm/contact/list/", "/rest/profile", "//example.com/marketplace/"]
)
async def test_open_path_refuses_all_other_addresses(guest: Guest, installation: Installation, path: str) -> None:
    frame = await opened(guest, installation)
    send = "(path) => b24.parent.message.send('openPath', {path})"
    assert await frame.evaluate(send, path) == {"result": "error", "errorCode": "PATH_NOT_AVAILABLE"}
    assert await guest.page.locator(".slider").count() == 0


async def test_open_application_brings_parameters_to_a_panel_that_closes_itself(
    guest: Guest, installation: Installation, shop: Vendor
) -> None:
    frame = await opened(guest, installation)
    asked = "{case: 991, deep: {a: true}, bx24_width: 700, bx24_title: 'Заявка'}"
    await frame.evaluate(f"window.told = b24.slider.openSliderAppPage({asked}).then(() => 'closed'); 0")
    inner_page = await inside(guest.page, ".slider__frame")
    box = await inside(inner_page, ".app-frame iframe")
    await box.wait_for_function("window.ready")
    await box.evaluate("window.ready")
    assert json.loads(shop.opens[-1][2]["PLACEMENT_OPTIONS"]) == {"case": "991", "deep": {"a": "true"}}
    assert await guest.page.title() == "Заявка"
    panel = await guest.page.locator(".slider__panel").bounding_box()
    assert panel is not None
    assert panel["width"] == 700
    await box.evaluate("void b24.slider.closeSliderAppPage()")
    await guest.page.wait_for_selector(".slider", state="detached")
    assert await frame.evaluate("window.told") == "closed"


async def test_a_frame_that_is_no_panel_cannot_close_anything(guest: Guest, installation: Installation) -> None:
    frame = await opened(guest, installation)
    await frame.evaluate("void b24.parent.closeApplication().catch(() => 0)")
    assert await frame.evaluate("b24.placement.getInterface()") == {"command": [], "event": []}
    assert await guest.page.locator(".app-frame iframe").count() == 1


async def test_choosing_people_access_and_records(guest: Guest, installation: Installation) -> None:
    frame = await opened(guest, installation)
    await frame.evaluate("window.one = b24.dialog.selectUser(); 0")
    await guest.page.click(".picker__row >> text=Анна Соколова")
    chosen = await frame.evaluate("window.one")
    assert (chosen["id"], chosen["name"]) == (str(HEAD), "Анна Соколова")

    await frame.evaluate("window.many = b24.dialog.selectUsers(); 0")
    await guest.page.click(".picker__row >> text=Анна Соколова")
    await guest.page.click(".picker__row >> text=Мария Белова")
    await guest.page.click(".picker >> text=Выбрать")
    assert [one["name"] for one in await frame.evaluate("window.many")] == ["Анна Соколова", "Мария Белова"]

    await frame.evaluate("window.access = b24.dialog.selectAccess(['U2']); 0")
    await guest.page.click(".picker__row >> text=Филиал Казань")
    await guest.page.click(".picker >> text=Выбрать")
    assert await frame.evaluate("window.access") == [{"id": "DR3", "name": "Филиал Казань"}]

    await frame.evaluate("window.crm = b24.dialog.selectCRM({entityType: ['company'], multiple: false}); 0")
    await guest.page.click(".picker__row >> text=СтройМонтаж")
    company = (await frame.evaluate("window.crm"))["company"][0]
    assert (company["id"], company["type"], company["title"]) == ("CO_1", "company", "ООО «СтройМонтаж»")


async def test_calls_and_chats_are_asked_for_without_an_answer(guest: Guest, installation: Installation) -> None:
    frame = await opened(guest, installation)
    await frame.evaluate("window.call = b24.parent.imCallTo(2); 0")
    await guest.page.locator(".toast", has_text="Звонок: 2").wait_for()
    assert await frame.evaluate("window.call") == {"isSafely": True}
    await frame.evaluate("void b24.parent.imOpenMessenger('chat7')")
    await guest.page.locator(".toast", has_text="Чат: chat7").wait_for()


async def test_messages_of_strangers_and_broken_ones_are_ignored(guest: Guest, installation: Installation) -> None:
    frame = await opened(guest, installation)
    sid = (await frame.evaluate("window.name")).split("|")[2]
    origin = guest.portal.url
    heard = "window.heard = []; window.addEventListener('message', (event) => window.heard.push(event.data)); 0"
    await frame.evaluate(heard)
    send = "([text, origin]) => parent.postMessage(text, origin)"
    for text in (f"getInterface:cb1:{'0' * 32}", "getInterface", "::", "{", f"toString:cb2:{sid}"):
        await frame.evaluate(send, [text, origin])
    await frame.evaluate(send, [{"method": "getInterface", "callback": "cb3", "appSid": "0" * 32}, origin])
    await guest.page.evaluate(
        "(text) => window.postMessage(text, '*')", f"setTitle:{json.dumps({'title': 'x'})}:cb4:{sid}"
    )
    await frame.evaluate(send, [{"method": "getInterface", "params": "", "callback": "cb5", "appSid": sid}, origin])
    await frame.evaluate(send, [f"getInterface:cb6:{sid}", origin])
    await frame.wait_for_function("window.heard.some((text) => String(text).startsWith('cb6'))")
    assert [text.split(":")[0] for text in await frame.evaluate("window.heard")] == ["cb5", "cb6"]
    assert await guest.page.text_content("#pagetitle") == "Забота о клиентах"


async def test_with_all_cookies_of_the_app_blocked(
    playwright: Playwright, chromium: str, emulator: Emulator, installation: Installation, tmp_path: Path
) -> None:
    portal = emulator.portal("first")
    address = portal.host.partition(":")[0]
    settings = {
        "profile": {
            "default_content_setting_values": {"cookies": 2},
            "content_settings": {"exceptions": {"cookies": {f"{address},*": {"setting": 1}}}},
        }
    }
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(settings))
    context = await playwright.chromium.launch_persistent_context(
        tmp_path, executable_path=chromium, args=list(FLAGS), viewport=DESK
    )
    try:
        guest = Guest(await context.new_page(), portal)
        frame = await tab(guest)
        stored = "(() => { try { localStorage.a = 1; return 'kept' } catch (error) { return error.name } })()"
        assert await frame.evaluate(stored) == "SecurityError"
        assert await frame.evaluate("document.cookie = 'a=1; SameSite=None; Secure', document.cookie") == ""
        assert (await frame.evaluate(CALL, ["profile", {}]))["ID"] == str(MANAGER)
        assert (await frame.evaluate("b24.auth.refreshAuth()"))["access_token"]
    finally:
        await context.close()
