"""Cards apps draw in the timeline, in the hands of people.

Pages: api-reference/crm/timeline/activities/configurable/structure/{action,footer,content-block}.md.
"""

import json
from datetime import timedelta

from playwright.async_api import Locator, expect

from emulator.crm.timeline import Activity
from emulator.model.events import EventBinding
from emulator.model.installs import Installation
from emulator.model.people import CrmAccess
from emulator.model.portal import Portal
from tests.browser.emulator.cards import plant
from tests.browser.emulator.world import ADMIN, MANAGER, Guest, Vendor, inside

CARD = "/crm/contact/details/1/"


def item(guest: Guest, row: Activity) -> Locator:
    return guest.page.locator(f"[data-item='{row.id}']")


def answer(portal: Portal, row: Activity, **changes: object) -> None:
    """The app updates its card."""
    portal.crm.timeline.touch_activity(row.id, portal.users[ADMIN], **changes)


async def test_a_button_tells_the_app_and_waits_until_the_app_has_changed_the_card(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    installation.bindings.append(EventBinding(1, "ONCRMTIMELINEITEMACTION", f"{shop.url}/events"))
    row = plant(installation)
    await guest.enter(MANAGER)
    await guest.go(CARD)
    card = item(guest, row)
    no, yes = card.get_by_role("button", name="Отклонить"), card.get_by_role("button", name="Подтвердить")
    async with guest.page.expect_response("**/press/"):
        await no.click()
    await expect(no).to_be_disabled()
    await portal.world.deliver()
    event = shop.events[-1]
    assert (event["data[id]"], event["data[do]"], event["data[case]"]) == ("decide", "refuse", "991")
    assert (event["data[entityTypeId]"], event["data[entityId]"]) == ("3", "1")
    assert (event["data[activityId]"], event["auth[user_id]"]) == (str(row.id), str(MANAGER))
    await guest.page.evaluate("Portal.refresh()")
    await expect(no).to_be_disabled()
    answer(portal, row)
    await expect(no).to_be_enabled()

    async with guest.page.expect_response("**/press/"):
        await yes.click()
    await expect(card).to_have_attribute("aria-busy", "true")
    await expect(card.get_by_role("status", include_hidden=True)).to_be_visible()
    await portal.world.deliver()
    assert shop.events[-1]["data[do]"] == "confirm"
    assert row.extra["layout"]["footer"].pop("buttons")
    answer(portal, row, completed=True)
    await expect(card).not_to_have_attribute("aria-busy", "true")
    await expect(yes).to_have_count(0)
    assert await card.locator("[data-complete]").count() == 0, "it has moved to the history"


async def test_who_only_reads_sees_the_card_but_little_of_what_changes_it(
    guest: Guest, portal: Portal, installation: Installation
) -> None:
    portal.users[MANAGER].crm_access = CrmAccess.READ
    row = plant(installation)
    await guest.enter(MANAGER)
    await guest.go(CARD)
    card = item(guest, row)
    assert await card.locator(".tl__foot .button").all_text_contents() == ["Отклонить"], "the other asked to be hidden"
    await expect(card.locator("[data-complete]")).to_be_disabled()
    assert await card.locator("[data-deadline], [data-deed], .field__pencil").count() == 0
    for deed in ("complete", "drop", "postpone", "pin"):
        body = {"activity": row.id, "by": "day"}
        refused = await guest.page.request.post(f"{portal.url}{CARD}{deed}/", data=body)
        assert refused.status == 403
    assert row.id in portal.crm.timeline.activities
    assert not row.completed


async def test_its_links_open_cards_and_the_app_with_what_it_asked_for(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    row = plant(installation)
    await guest.enter(MANAGER)
    await guest.go(CARD)
    card = item(guest, row)
    assert await card.get_by_text("Mobile only").count() == 0
    assert await card.locator(".ac__tag").all_text_contents() == ["ждёт решения", "ИНН найден"]
    await card.get_by_text("Проверьте клиента").click()
    await expect(guest.page.frame_locator(".slider__frame").locator("#pagetitle")).to_have_text("ООО «СтройМонтаж»")
    await guest.page.click(".slider__close")
    await card.get_by_label("Ещё").click()
    await card.get_by_text("Открыть заявку").click()
    app = await inside(await inside(guest.page, ".slider__frame"), ".app-frame iframe")
    await app.wait_for_function("window.ready")
    path, _, form = shop.opens[-1]
    assert (path, form["PLACEMENT"]) == ("/app", "DEFAULT")
    context = {"entityTypeId": "3", "entityId": "1", "activityId": str(row.id)}
    assert json.loads(form["PLACEMENT_OPTIONS"]) == context | {"case": "991", "do": "proof"}
    panel = await guest.page.locator(".slider__panel").bounding_box()
    assert panel is not None
    assert panel["width"] == 700
    await guest.page.click(".slider__close")
    await card.get_by_label("Ещё").click()
    await card.get_by_text("О приложении").click()
    app = await inside(await inside(guest.page, ".slider__frame"), ".app-frame iframe")
    await app.wait_for_function("window.ready")
    assert json.loads(shop.opens[-1][2]["PLACEMENT_OPTIONS"]) == context | {"context": "aboutMenuItem"}


async def test_deadline_completion_pin_and_deletion(guest: Guest, portal: Portal, installation: Installation) -> None:
    row = plant(installation)
    before = row.deadline
    assert before is not None
    await guest.enter(MANAGER)
    await guest.go(CARD)
    card = item(guest, row)
    await card.get_by_label("Ещё").click()
    await card.get_by_text("Отложить на день").click()
    await expect(card).to_have_attribute("data-revision", "1")
    assert row.deadline == before + timedelta(days=1)
    await card.locator(".ac__deadline summary").click()
    await card.locator("[name=deadline]").fill("2031-03-05T12:30")
    await card.locator("[data-deadline] button").click()
    await expect(card.locator(".ac__deadline")).to_contain_text("5 марта 2031, 12:30".replace("5 ", "5\u00a0"))
    await card.get_by_label("Завершить дело").click()
    await expect(card.locator("[data-complete]")).to_have_count(0)
    assert row.completed
    await card.get_by_label("Ещё").click()
    await card.get_by_text("Закрепить").click()
    await expect(guest.page.locator(".tl__day", has_text="Закреплено")).to_be_visible()
    await expect(card).to_have_count(2)
    await card.first.get_by_label("Ещё").click()
    await card.first.get_by_role("button", name="Удалить").click()
    await guest.page.click("#drop .button_primary")
    await expect(card).to_have_count(0)
    assert row.id not in portal.crm.timeline.activities
