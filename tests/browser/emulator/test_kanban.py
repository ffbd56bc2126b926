"""Deals by stage: moved by hand, with the badges of apps.

Page: api-reference/crm/timeline/activities/configurable/badges/index.md.
"""

from datetime import timedelta

from playwright.async_api import Page, expect

from emulator.crm.entities import Entity
from emulator.crm.timeline import Badge
from emulator.model.events import EventBinding
from emulator.model.installs import Installation
from emulator.model.people import CrmAccess
from emulator.model.portal import Portal
from emulator.model.robots import Robot
from tests.browser.emulator.cards import plant
from tests.browser.emulator.world import ADMIN, MANAGER, Guest, Vendor


def stage(portal: Portal, number: int) -> str:
    record = portal.crm.get(Entity.DEAL, number)
    assert record is not None
    return str(record["STAGE_ID"])


async def test_deals_are_dragged_or_sent_from_their_menu(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    installation.bindings.append(EventBinding(1, "ONCRMDEALUPDATE", f"{shop.url}/events"))
    await guest.enter(MANAGER)
    await guest.go("/crm/deal/list/")
    await guest.page.click(".views >> text=Канбан")
    heads = guest.page.locator(".kb__head > span:first-child")
    assert (await heads.all_text_contents())[:2] == ["Новая", "Подготовка документов"]
    await expect(heads).to_have_count(5)
    target = guest.page.locator(".kb__column[data-stage=PREPARATION]")
    await guest.page.locator("[data-record='1']").drag_to(target)
    await expect(target.locator("[data-record]")).to_have_count(2)
    await expect(target.locator(".kb__total")).to_have_text("97\u00a0500\u00a0₽")
    assert stage(portal, 1) == "PREPARATION"

    await guest.page.locator("[data-record='2'] summary").click()
    await guest.page.locator("[data-record='2'] [data-to=WON]").click()
    await expect(guest.page.locator("[data-record='2']")).to_have_count(0)
    assert stage(portal, 2) == "WON"
    await portal.world.deliver()
    assert [one["data[FIELDS][ID]"] for one in shop.events] == ["1", "2"]
    assert {one["auth[user_id]"] for one in shop.events} == {str(MANAGER)}


async def test_only_the_newest_badge_is_worn_and_only_while_the_card_is_open(
    guest: Guest, portal: Portal, installation: Installation
) -> None:
    timeline = portal.crm.timeline
    older, newer = plant(installation, Entity.DEAL, 3), plant(installation, Entity.DEAL, 3)
    timeline.badges["late"] = Badge("late", "Проверка", {"en": "Late"}, "failure")
    newer.extra["badgeCode"] = "late"
    forgotten = plant(installation, Entity.DEAL, 1)
    forgotten.updated -= timedelta(days=31)
    await guest.enter(MANAGER)
    await guest.go("/crm/deal/kanban/")
    worn = guest.page.locator(".badge")
    await expect(worn).to_have_text("Late")
    await expect(worn).to_have_class("badge ac__tag_failure")
    timeline.touch_activity(newer.id, portal.users[ADMIN], completed=True)
    await expect(worn).to_have_text("Ждёт")
    await guest.go("/crm/deal/list/")
    await expect(worn).to_have_text("Ждёт")
    timeline.touch_activity(older.id, portal.users[ADMIN], completed=True)
    await guest.go("/crm/deal/list/")
    await expect(worn).to_have_count(0)


async def test_who_only_reads_moves_nothing(phone: Page, portal: Portal) -> None:
    portal.users[MANAGER].crm_access = CrmAccess.READ
    guest = Guest(phone, portal)
    await guest.enter(MANAGER)
    await guest.go("/crm/deal/kanban/")
    await expect(phone.locator("[data-record]")).to_have_count(4)
    assert await phone.locator("[data-to], [draggable=true]").count() == 0
    body = {"fields": {"STAGE_ID": "WON"}}
    assert (await phone.request.post(f"{portal.url}/crm/deal/details/1/save/", data=body)).status == 403


async def test_an_administrator_puts_robots_and_triggers_on_stages(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    places = {"office": "Офис", "site": "Объект"}
    properties = {
        "REASON": {"NAME": {"ru": "За что", "en": "Reason"}, "TYPE": "string"},
        "PLACE": {"NAME": "Место", "TYPE": "select", "OPTIONS": places},
    }
    robot = Robot("points", f"{shop.url}/events", {"ru": "Начислить баллы", "en": "Add points"}, properties=properties)
    installation.robots["points"], installation.triggers["paid"] = robot, "Клиент оплатил"
    await guest.enter(ADMIN)
    await guest.go("/crm/deal/automation/")
    stage_of_work = guest.page.locator("[data-stage=EXECUTING]")
    await stage_of_work.locator(".auto__add summary").click()
    await stage_of_work.get_by_text("Начислить баллы").click()
    await guest.page.get_by_label("За что").fill("Аренда")
    await guest.page.get_by_label("Место").select_option("Объект")
    await guest.page.locator("dialog[open]").get_by_text("Сохранить").click()
    await expect(stage_of_work.locator(".auto_robot .kb__client")).to_have_text(["За что: Аренда", "Место: Объект"])
    await stage_of_work.locator(".auto__add summary").click()
    await stage_of_work.get_by_text("Клиент оплатил").click()
    await guest.page.locator("dialog[open]").get_by_text("Сохранить").click()
    await expect(stage_of_work.locator(".auto_trigger")).to_contain_text("Клиент оплатил")

    assert portal.automation.fire(Entity.DEAL, 1, installation.app.client_id, "paid")
    assert stage(portal, 1) == "EXECUTING"
    await portal.world.deliver()
    called = shop.events[-1]
    assert (called["code"], called["document_id[2]"]) == ("points", "DEAL_1")
    assert (called["properties[REASON]"], called["properties[PLACE]"]) == ("Аренда", "site")
    await guest.go("/crm/deal/automation/")
    await expect(guest.page.locator(".auto__run")).to_contain_text("ждёт приложение")
    await stage_of_work.get_by_label("Удалить: Начислить баллы").click()
    await expect(stage_of_work.locator(".auto_robot")).to_have_count(0)
    assert portal.automation.robots == []
    await guest.enter(MANAGER)
    answer = await guest.page.goto(f"{portal.url}/crm/deal/automation/")
    assert answer is not None
    assert answer.status == 403
