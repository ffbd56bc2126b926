"""What people do in lists and cards, and what the portal tells the app about it.

Pages: api-reference/crm/contacts/events/on-crm-contact-update.md, widgets/crm/*; layout rules:
api-reference/crm/universal/item-details-configuration/index.md.
"""

import pytest
from playwright.async_api import expect

from emulator.crm.entities import Entity
from emulator.crm.layouts import COMMON, Variant
from emulator.model.events import EventBinding
from emulator.model.installs import Installation
from emulator.model.people import CrmAccess
from emulator.model.portal import Portal
from tests.browser.emulator.world import ADMIN, BOX, HEAD, MANAGER, OTHER, Guest, Vendor


async def pencil(guest: Guest, field: str) -> None:
    await guest.page.hover(f"[data-field='{field}']")
    await guest.page.click(f"[data-field='{field}'] [data-edit]")


async def saved(guest: Guest) -> None:
    """Press Save and wait for the card to show the result."""
    await guest.page.click("[data-save]")
    await guest.page.wait_for_selector(".savebar", state="hidden")


def listen(installation: Installation, shop: Vendor, event: str) -> None:
    number = installation.portal.next_id("event_handler")
    installation.bindings.append(EventBinding(number, event, f"{shop.url}/events"))


async def test_the_box_is_ticked_and_the_app_hears_who_did_it(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    listen(installation, shop, "ONCRMCONTACTUPDATE")
    await guest.enter(MANAGER)
    await guest.go("/crm/contact/details/2/")
    box = guest.page.locator(f"[data-field={BOX}]")
    await expect(box).to_contain_text("нет")
    await pencil(guest, BOX)
    await box.get_by_role("checkbox").check()
    await saved(guest)
    await expect(box).to_contain_text("да")
    record = portal.crm.get(Entity.CONTACT, 2)
    assert record is not None
    assert (record[BOX], record["MODIFY_BY_ID"]) == (True, MANAGER)
    await expect(guest.page.locator("[data-region=timeline]")).to_contain_text("Изменено поле «Требуется проверка»")

    assert await portal.world.deliver() == 1
    event = shop.events[-1]
    assert (event["event"], event["data[FIELDS][ID]"]) == ("ONCRMCONTACTUPDATE", "2")
    assert event["auth[user_id]"] == str(MANAGER)


async def test_a_robot_changes_the_card_and_nobody_is_named(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    listen(installation, shop, "ONCRMCONTACTUPDATE")
    await guest.enter(MANAGER)
    await guest.go("/crm/contact/details/2/")
    await guest.page.click("summary[aria-label=Ещё]")
    await guest.page.click("text=Изменить поле роботом")
    await guest.page.select_option("#robot select", BOX)
    await guest.page.fill("#robot input", "да")
    await guest.page.click("#robot >> text=Выполнить")
    await expect(guest.page.locator(f"[data-field={BOX}]")).to_contain_text("да")
    await portal.world.deliver()
    event = shop.events[-1]
    assert event["data[FIELDS][ID]"] == "2"
    assert event["auth[application_token]"] == installation.application_token
    assert not {"auth[user_id]", "auth[access_token]"} & set(event)


async def test_many_fields_are_saved_as_one_change(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    listen(installation, shop, "ONCRMCOMPANYUPDATE")
    await guest.enter(MANAGER)
    await guest.go("/crm/company/details/1/")
    await pencil(guest, "TITLE")
    await guest.page.fill("[data-field=TITLE] input", "ООО «СтройМонтаж Плюс»")
    await pencil(guest, "PHONE")
    await guest.page.fill("[data-field=PHONE] input", "+7 900 000-77-77")
    await guest.page.click("[data-section=additional] [data-edit-section]")
    await guest.page.select_option("[data-field=UF_CRM_LEVEL] select", label="Silver")
    await guest.page.select_option("[data-field=EMPLOYEES] select", label="50–250")
    await saved(guest)
    record = portal.crm.get(Entity.COMPANY, 1)
    assert record is not None
    assert record["TITLE"] == "ООО «СтройМонтаж Плюс»"
    assert [(row["ID"], row["VALUE"]) for row in record["PHONE"]] == [(1, "+7 900 000-77-77")]
    option = portal.crm.userfields[Entity.COMPANY].get("UF_CRM_LEVEL")
    assert option is not None
    assert record["UF_CRM_LEVEL"] == option.options[1].id
    assert await guest.page.text_content("#pagetitle") == "ООО «СтройМонтаж Плюс»"
    assert await portal.world.deliver() == 1


async def test_changes_made_elsewhere_show_by_themselves_but_not_under_somebodys_pen(
    guest: Guest, portal: Portal
) -> None:
    await guest.enter(MANAGER)
    await guest.go("/crm/contact/details/1/")
    await guest.page.fill("[name=comment]", "черновик")
    portal.crm.robot_update(Entity.CONTACT, 1, {"POST": "Директор"})
    await expect(guest.page.locator("[data-field=POST] .field__value")).to_have_text("Директор")
    assert await guest.page.input_value("[name=comment]") == "черновик"
    await pencil(guest, "NAME")
    await guest.page.fill("[data-field=NAME] input", "Пётр")
    portal.crm.robot_update(Entity.CONTACT, 1, {"POST": "Прораб"})
    async with guest.page.expect_request("**/save/"):
        await guest.page.click("[data-save]")
    await expect(guest.page.locator("[data-field=POST] .field__value")).to_have_text("Прораб")
    await expect(guest.page.locator("#pagetitle")).to_have_text("Пётр Петров")


async def test_cancelling_changes_nothing(guest: Guest, portal: Portal) -> None:
    await guest.enter(MANAGER)
    await guest.go("/crm/contact/details/1/")
    await pencil(guest, "NAME")
    await guest.page.fill("[data-field=NAME] input", "Пётр")
    await guest.page.click("[data-cancel]")
    await expect(guest.page.locator("[data-field=NAME] .field__value")).to_have_text("Иван")
    record = portal.crm.get(Entity.CONTACT, 1)
    assert record is not None
    assert record["NAME"] == "Иван"


async def test_a_read_only_field_has_no_pencil_and_takes_no_value(guest: Guest, portal: Portal) -> None:
    await guest.enter(MANAGER)
    await guest.go("/crm/company/details/1/")
    field = guest.page.locator("[data-field=UF_CRM_POINTS]")
    await expect(field).to_contain_text("1\u00a0250")
    assert await field.locator("[data-edit]").count() == 0
    forced = await guest.page.request.post(
        f"{portal.url}/crm/company/details/1/save/", data={"fields": {"UF_CRM_POINTS": "9"}}
    )
    assert forced.status == 400
    assert "Баллы" in (await forced.json())["error"]


async def test_links_between_people_and_companies(guest: Guest, portal: Portal) -> None:
    await guest.enter(MANAGER)
    await guest.go("/crm/contact/details/1/")
    await pencil(guest, "COMPANY")
    await guest.page.click("[data-field=COMPANY] [data-link]")
    await guest.page.click(".picker__row >> text=Северный мост")
    await saved(guest)
    assert portal.crm.links.companies(1) == [1, 2]
    await guest.page.click("[data-field=COMPANY] >> text=Северный мост")
    company = guest.page.frame_locator(".slider__frame")
    await expect(company.locator("#pagetitle")).to_have_text("АО «Северный мост»")
    await expect(company.locator("[data-field=CONTACT]")).to_contain_text("Иван Петров")
    await guest.page.click(".slider__close")
    await pencil(guest, "COMPANY")
    await guest.page.click("[data-field=COMPANY] .chip:first-child .chip__drop")
    await saved(guest)
    assert portal.crm.links.companies(1) == [2]


async def test_a_change_in_a_panel_shows_on_the_page_below_when_it_closes(guest: Guest) -> None:
    await guest.enter(MANAGER)
    await guest.go("/crm/contact/list/?q=client0@example.com")
    await guest.page.click("a.title")
    card = guest.page.frame_locator(".slider__frame")
    await card.locator("[data-field=NAME]").hover()
    await card.locator("[data-field=NAME] [data-edit]").click()
    await card.locator("[data-field=NAME] input").fill("Пётр")
    await card.locator("[data-save]").click()
    await expect(card.locator("#pagetitle")).to_have_text("Пётр Петров")
    await guest.page.keyboard.press("Escape")
    await expect(guest.page.locator("a.title")).to_have_text("Пётр Петров")


async def test_the_responsible_person_is_chosen_from_the_staff(guest: Guest, portal: Portal) -> None:
    await guest.enter(MANAGER)
    await guest.go("/crm/contact/details/1/")
    await pencil(guest, "ASSIGNED_BY_ID")
    await guest.page.click("[data-field=ASSIGNED_BY_ID] [data-person]")
    await guest.page.fill(".picker input", "белов")
    await guest.page.click(".picker__row >> text=Мария Белова")
    await saved(guest)
    await expect(guest.page.locator("[data-field=ASSIGNED_BY_ID]")).to_contain_text("Мария Белова")
    record = portal.crm.get(Entity.CONTACT, 1)
    assert record is not None
    assert record["ASSIGNED_BY_ID"] == OTHER


async def test_a_deal_moves_along_its_stages(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    listen(installation, shop, "ONCRMDEALUPDATE")
    await guest.enter(MANAGER)
    await guest.go("/crm/deal/details/1/")
    stages = portal.crm.books.stages(Entity.DEAL)
    await guest.page.click(f".stages button >> text={stages[3].name}")
    await expect(guest.page.locator(".stages [aria-current=step]")).to_have_text(stages[3].name)
    assert await guest.page.locator(".stages .past").count() == 4
    record = portal.crm.get(Entity.DEAL, 1)
    assert record is not None
    assert record["STAGE_ID"] == stages[3].status_id
    await expect(guest.page.locator("[data-region=timeline]")).to_contain_text("Стадия изменена")
    assert await portal.world.deliver() == 1


async def test_comments_and_things_to_do(guest: Guest, portal: Portal) -> None:
    await guest.enter(MANAGER)
    await guest.go("/crm/contact/details/1/")
    await guest.page.fill("[name=comment]", "Заедет [b]завтра[/b] <script>alert(1)</script>")
    await guest.page.click("[data-comment] button")
    timeline = guest.page.locator("[data-region=timeline]")
    await expect(timeline.locator("b", has_text="завтра")).to_be_visible()
    await expect(timeline).to_contain_text("<script>alert(1)</script>")
    await guest.page.click("[data-activity]")
    await expect(timeline).to_contain_text("Дело выполнено")
    assert await guest.page.locator("[data-activity]").count() == 0
    assert all(row.completed for row in portal.crm.timeline.activities.values())


async def test_the_built_in_layout_shows_new_fields_and_a_saved_one_does_not(guest: Guest, portal: Portal) -> None:
    await guest.enter(MANAGER)
    await guest.go("/crm/contact/details/1/")
    assert await guest.page.locator(f"[data-section=additional] [data-field={BOX}]").count() == 1
    data = [{"name": "main", "title": "Главное", "type": "section", "elements": [{"name": "NAME"}, {"name": "POST"}]}]
    portal.crm.layouts.set(Variant(3), COMMON, 0, data)
    await guest.go("/crm/contact/details/1/")
    assert await guest.page.locator(".section h2").all_text_contents() == ["Главное"]
    assert await guest.page.locator("[data-field]").evaluate_all("(all) => all.map((one) => one.dataset.field)") == [
        "NAME",
        "POST",
    ]
    extra = {
        "name": "app_loyalty",
        "title": "Лояльность",
        "type": "section",
        "elements": [{"name": BOX, "optionFlags": "1"}],
    }
    portal.crm.layouts.set(Variant(3), COMMON, 0, [*data, extra])
    await guest.go("/crm/contact/details/1/")
    await expect(guest.page.locator(f"[data-section=app_loyalty] [data-field={BOX}]")).to_be_visible()
    portal.crm.userfields[Entity.CONTACT].add("UF_CRM_MUST", "string", mandatory=True)
    await guest.go("/crm/contact/details/1/")
    await expect(guest.page.locator("[data-section=required] [data-field=UF_CRM_MUST]")).to_be_visible()


async def test_of_own_records_only_those_are_listed_and_opened(guest: Guest, portal: Portal) -> None:
    portal.crm.tables[Entity.CONTACT].rows[2]["ASSIGNED_BY_ID"] = HEAD
    portal.users[HEAD].crm_access = CrmAccess.OWN
    await guest.enter(HEAD)
    assert await guest.page.locator("a.title").all_text_contents() == ["Ольга Романова"]
    answer = await guest.page.goto(f"{portal.url}/crm/contact/details/1/")
    assert answer is not None
    assert answer.status == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [("петров", 13), ("Иван Петров-4", 1), ("8 900 000 10 03", 1), ("CLIENT7@example.com", 1), ("никто", 0)],
)
async def test_searching_a_list(guest: Guest, query: str, found: int) -> None:
    await guest.enter(MANAGER)
    await guest.page.fill("[name=q]", query)
    await guest.page.keyboard.press("Enter")
    await guest.page.wait_for_url("**/?q=*")
    assert await guest.page.locator("a.title").count() == found


async def test_pages_and_columns_of_a_list(guest: Guest) -> None:
    await guest.enter(MANAGER)
    assert await guest.page.locator("a.title").count() == 20
    await guest.page.click(".grid__foot nav >> text=2")
    await guest.page.wait_for_url("**page=2")
    assert await guest.page.locator("a.title").count() == 5
    await guest.page.click("summary[aria-label=Столбцы]")
    await guest.page.check(f"input[value={BOX}]")
    await guest.page.click("text=Применить")
    await expect(guest.page.locator("th >> text=Требуется проверка")).to_be_visible()


async def test_a_new_contact_by_hand(guest: Guest, portal: Portal, installation: Installation, shop: Vendor) -> None:
    listen(installation, shop, "ONCRMCONTACTADD")
    await guest.enter(MANAGER)
    await guest.page.click("text=Создать")
    await guest.page.fill("#new [name=LAST_NAME]", "Зимин")
    await guest.page.fill("#new [name=PHONE]", "+7 900 000-55-55")
    await guest.page.click("#new >> text=Сохранить")
    await expect(guest.page.locator("#pagetitle")).to_have_text("Зимин")
    assert portal.crm.communications.find("PHONE", "+79000005555") == [(Entity.CONTACT, 26)]
    await portal.world.deliver()
    assert shop.events[-1]["data[FIELDS][ID]"] == "26"


async def test_a_deleted_record_is_gone_for_everybody(guest: Guest, portal: Portal) -> None:
    await guest.enter(ADMIN)
    await guest.go("/crm/contact/details/1/")
    await guest.page.click("summary[aria-label=Ещё]")
    await guest.page.click(".menu__item >> text=Удалить")
    await guest.page.click("#delete .button_primary")
    await guest.page.wait_for_url("**/crm/contact/list/")
    answer = await guest.page.goto(f"{portal.url}/crm/contact/details/1/")
    assert answer is not None
    assert answer.status == 404


async def test_the_bell(guest: Guest, portal: Portal) -> None:
    await guest.enter(MANAGER)
    await expect(guest.page.locator(".head .count")).to_have_text("1")
    await guest.page.click(".head a[href='/notifications/']")
    await guest.page.click("main >> text=Иван Петров")
    await expect(guest.page.frame_locator(".slider__frame").locator("#pagetitle")).to_have_text("Иван Петров")
    await guest.page.click(".slider__close")
    await guest.page.click("text=Прочитать все")
    await expect(guest.page.locator(".notice")).to_have_count(1)
    assert await guest.page.locator(".count").count() == 0
