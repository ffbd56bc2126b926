"""What becomes of records and cards by hand: the recycle bin, merging, company details, the card's layout.

Rules: crm/lib/merger/entitymerger.php; api-reference/crm/universal/item-details-configuration/index.md.
"""

from playwright.async_api import FrameLocator, expect

from emulator.crm.entities import Entity, Record
from emulator.crm.layouts import COMMON, PERSONAL, Variant
from emulator.model.events import EventBinding
from emulator.model.installs import Installation
from emulator.model.people import CrmAccess
from emulator.model.portal import Portal
from tests.browser.emulator.world import ADMIN, BOX, HEAD, MANAGER, Guest, Vendor


def listen(installation: Installation, shop: Vendor, *events: str) -> None:
    for number, event in enumerate(events):
        installation.bindings.append(EventBinding(number, event, f"{shop.url}/events"))


def heard(shop: Vendor) -> list[tuple[str, str]]:
    return [(one["event"], one["data[FIELDS][ID]"]) for one in shop.events]


def record(portal: Portal, entity: Entity, number: int) -> Record:
    found = portal.crm.get(entity, number)
    assert found is not None
    return found


async def test_a_deleted_record_comes_back_under_a_new_number(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    listen(installation, shop, "ONCRMCONTACTADD")
    portal.crm.delete(Entity.CONTACT, 1, portal.users[MANAGER])
    portal.users[HEAD].crm_access = CrmAccess.OWN
    await guest.enter(HEAD)
    await guest.go("/crm/recyclebin/")
    await expect(guest.page.locator(".empty")).to_have_text("В корзине пусто.")
    await guest.enter(MANAGER)
    await guest.page.click(".menu-side >> text=Корзина")
    await expect(guest.page.locator("tbody tr")).to_contain_text("Иван Петров")
    await guest.page.click("text=Восстановить")
    await guest.page.click("[role=status] >> text=Иван Петров")
    await expect(guest.page.frame_locator(".slider__frame").locator("#pagetitle")).to_have_text("Иван Петров")
    assert portal.crm.links.companies(26) == [1]
    await portal.world.deliver()
    assert heard(shop) == [("ONCRMCONTACTADD", "26")]


async def test_two_contacts_are_merged_and_the_ticked_box_wins(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    portal.crm.update(Entity.CONTACT, 2, {BOX: True, "COMMENTS": "Второй телефон"}, portal.users[ADMIN])
    listen(installation, shop, "ONCRMCONTACTUPDATE", "ONCRMCONTACTDELETE")
    await guest.enter(MANAGER)
    await guest.go("/crm/contact/list/?page=2")
    for number in (2, 1):
        await guest.page.check(f"[data-pick='{number}']")
    await guest.page.click("[data-merge] button")
    page = guest.page.frame_locator(".slider__frame")
    await page.get_by_label("Иван Петров").check()
    box = page.locator("tr", has_text="Требуется проверка").locator("td")
    kept = "(all) => all.map((one) => getComputedStyle(one).backgroundColor !== 'rgba(0, 0, 0, 0)')"
    order = [await page.locator("thead small").nth(column).text_content() for column in (0, 1)]
    assert dict(zip(order, await box.evaluate_all(kept), strict=True)) == {"#1": False, "#2": True}
    names = page.locator("tr", has_text="Фамилия").locator("td")
    assert dict(zip(order, await names.evaluate_all(kept), strict=True)) == {"#1": True, "#2": False}
    await page.get_by_role("button", name="Объединить").click()
    await expect(page.locator("#pagetitle")).to_have_text("Иван Петров")
    merged = record(portal, Entity.CONTACT, 1)
    assert (merged[BOX], merged["COMMENTS"], merged["LAST_NAME"]) == (True, "Второй телефон", "Петров")
    assert len(merged["PHONE"]) == 2
    assert not portal.crm.exists(Entity.CONTACT, 2)
    assert portal.crm.links.companies(1) == [1, 2]
    await portal.world.deliver()
    assert sorted(heard(shop)) == [("ONCRMCONTACTDELETE", "2"), ("ONCRMCONTACTUPDATE", "1")]
    await guest.page.click(".slider__close")
    await expect(guest.page.locator("[data-pick='2']")).to_have_count(0)


async def test_company_details_are_edited_in_the_card(
    guest: Guest, portal: Portal, installation: Installation, shop: Vendor
) -> None:
    events = ("ONCRMREQUISITEADD", "ONCRMREQUISITEUPDATE", "ONCRMREQUISITEDELETE", "ONCRMCOMPANYUPDATE")
    listen(installation, shop, *events)
    await guest.enter(MANAGER)
    await guest.go("/crm/company/details/1/")
    field = guest.page.locator("[data-field=REQUISITES]")

    async def opened() -> None:
        await field.hover()
        await field.locator("[data-edit]").click()

    async def saved() -> None:
        await guest.page.click("[data-save]")
        await guest.page.wait_for_selector(".savebar", state="hidden")

    await opened()
    await field.get_by_text("добавить реквизиты").click()
    await field.get_by_label("ИНН").fill("7707083893")
    await field.get_by_label("КПП").fill("770701001")
    await field.get_by_label("ОГРН").fill("1027700132195")
    await saved()
    await expect(field).to_contain_text("ИНН 7707083893, КПП 770701001, ОГРН 1027700132195")
    held = portal.crm.requisites.with_inn("7707083893")
    assert [(row["ENTITY_ID"], row["PRESET_ID"], row["NAME"]) for row in held] == [(1, 1, "Организация")]
    await opened()
    await saved()
    await opened()
    await field.get_by_label("ИНН").fill("7736050003")
    await saved()
    assert portal.crm.requisites.with_inn("7736050003") == held
    await opened()
    await field.get_by_label("Убрать").click()
    await saved()
    await expect(field).to_contain_text("не заполнено")
    await portal.world.deliver()
    assert heard(shop) == [(event, str(held[0]["ID"])) for event in events[:3]], "untouched details tell nobody"


async def layout(guest: Guest) -> FrameLocator:
    await guest.page.click("summary[aria-label=Ещё]")
    await guest.page.click("text=Вид карточки")
    return guest.page.frame_locator(".slider__frame")


async def test_a_saved_layout_hides_new_fields_until_somebody_adds_them(guest: Guest, portal: Portal) -> None:
    fields = portal.crm.userfields[Entity.DEAL]
    fields.add("UF_CRM_OLD", "boolean", labels={"EDIT_FORM_LABEL": {"ru": "Старое поле"}})
    await guest.enter(ADMIN)
    await guest.go("/crm/deal/details/1/")
    panel = await layout(guest)
    await panel.get_by_text("Общий вид").click()
    await expect(panel.locator(".lay__note").first).to_contain_text("Видят все")
    for _ in range(2):
        await panel.get_by_label("Ниже: Название").click()
    await panel.get_by_label("Скрыть: Стадия сделки").click()
    await panel.get_by_label("Название раздела").nth(0).fill("Главное")
    await panel.get_by_role("button", name="Сохранить").click()
    await expect(guest.page.locator("[data-section=main] h2")).to_have_text("Главное")
    fields.add("UF_CRM_NEW", "boolean", labels={"EDIT_FORM_LABEL": {"ru": "Новое поле"}})
    await guest.go("/crm/deal/details/1/")
    names = "(all) => all.map((one) => one.dataset.field)"
    shown = await guest.page.locator("[data-region=fields] [data-field]").evaluate_all(names)
    assert shown[:2] == ["OPPORTUNITY_WITH_CURRENCY", "TITLE"]
    assert {"UF_CRM_OLD"} == {"UF_CRM_OLD", "UF_CRM_NEW", "STAGE_ID"} & set(shown)

    await guest.enter(MANAGER)
    await guest.go("/crm/deal/details/1/")
    panel = await layout(guest)
    await panel.get_by_label("Показать: Новое поле").click()
    assert await panel.locator("[data-scope]").count() == 0, "only administrators arrange the common view"
    await panel.get_by_label("Выше: Новое поле").click()
    await panel.get_by_role("button", name="Сохранить").click()
    await expect(guest.page.locator("[data-field=UF_CRM_NEW]")).to_be_visible()
    card, layouts = Variant(2), portal.crm.layouts
    mine = layouts.get(card, PERSONAL, MANAGER)
    assert mine is not None
    assert [one["name"] for one in mine[-1]["elements"]][-2:] == ["UF_CRM_NEW", "UF_CRM_OLD"]
    refused = await guest.page.request.post(
        f"{portal.url}/crm/deal/details/1/layout/", data={"scope": "C", "reset": True}
    )
    assert refused.status == 403

    await guest.enter(ADMIN)
    await guest.go("/crm/deal/details/1/layout/?scope=C")
    await guest.page.get_by_role("button", name="Общий вид всем").click()
    await guest.page.wait_for_url("**/details/1/")
    assert layouts.get(card, PERSONAL, MANAGER) is None
    await guest.go("/crm/deal/details/1/layout/?scope=C")
    await guest.page.get_by_role("button", name="Сбросить").click()
    await guest.page.wait_for_url("**/details/1/")
    assert layouts.get(card, COMMON, 0) is None
    assert await guest.page.locator("[data-field=UF_CRM_NEW]").count() == 1
