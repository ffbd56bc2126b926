"""Export and restore as an administrator does it: a download, an upload, a look at what would change, a press."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from playwright.async_api import FrameLocator, Page, expect

from emulator.crm.entities import Entity
from tests.browser.app.conftest import Person
from tests.browser.conftest import Shoot
from tests.doors.frames import members, tab
from tests.world import World

CONTACT = Entity.CONTACT


async def busy_portal(world: World) -> None:
    """People of several companies: some confirmed by a button, one still waiting."""
    company = world.add_company("ООО «ВысотаСтрой»")
    people = [world.add_contact(company, name=name) for name in ("Игорь", "Анна", "Вера", "Пётр")]
    await world.install()
    await world.subscribe()
    for one in people[:3]:
        world.tick(CONTACT, one)
    await world.settle()
    for one in people[:2]:
        opened = await tab(world, "contact", one)
        await opened.press("confirm", members(opened.html)[0], "Позвонила, всё верно")
        await world.settle()


async def settings(person: Person, world: World) -> FrameLocator:
    await person.enter(world.admin(person.portal))
    await person.go(f"/marketplace/app/{world.installation(person.portal).id}/?page=settings/export")
    await person.app.locator("#data").wait_for()
    return person.app


async def exported(person: Person, world: World, folder: Path) -> Path:
    app = await settings(person, world)
    await app.get_by_role("button", name="Выгрузить данные").click()
    await expect(app.get_by_text("выгружается")).to_be_visible()
    await world.settle()
    async with person.page.expect_download() as waiting:
        await app.get_by_role("button", name="Скачать файл").click()
    download = await waiting.value
    assert re.fullmatch(r"b24app-[a-z0-9.-]+-\d{4}-\d\d-\d\d\.jsonl\.gz", download.suggested_filename)
    path = folder / download.suggested_filename
    await download.save_as(path)
    return path


async def test_data_is_taken_out_deleted_and_brought_back(
    world: World, person: Person, shoot: Shoot, tmp_path: Path
) -> None:
    await busy_portal(world)
    file = await exported(person, world, tmp_path)
    assert b'"note":"\xd0\x9f\xd0\xbe\xd0\xb7\xd0\xb2' in gzip.decompress(file.read_bytes())
    app = person.app
    await app.locator("#data").scroll_into_view_if_needed()
    await shoot(person.page, "app-export-ready-ru-1280")

    await world.uninstall(world.installation(), clean=True)
    await world.erase()
    await world.install()
    app = await settings(person, world)
    await expect(app.get_by_text("Если у Вас есть выгрузка, восстановите её ниже")).to_be_visible()
    await app.locator("input[data-upload]").set_input_files(file)
    await expect(app.get_by_text("Файл проверяется")).to_be_visible()
    await world.settle()
    await expect(app.get_by_text("решение берётся из файла")).to_be_visible()
    await app.get_by_role("button", name="Оставить как есть").scroll_into_view_if_needed()
    await shoot(person.page, "app-restore-preview-ru-1280")

    await app.get_by_role("button", name="Восстановить", exact=True).click()
    await expect(app.get_by_text("восстанавливается")).to_be_visible()
    await world.settle()
    await expect(app.get_by_text(re.compile("^Восстановлено"))).to_be_visible()
    await app.locator("input[data-upload]").scroll_into_view_if_needed()
    await shoot(person.page, "app-restore-done-ru-1280")
    await app.get_by_role("button", name="Клиентские приложения").click()
    await expect(app.get_by_role("button", name="Выпустить новый ключ")).to_be_visible()


async def test_a_file_of_something_else_is_refused_in_words(
    world: World, person: Person, shoot: Shoot, tmp_path: Path
) -> None:
    await world.install()
    app = await settings(person, world)
    wrong = tmp_path / "holiday.zip"
    wrong.write_bytes(b"PK\x03\x04 not ours")
    await app.locator("input[data-upload]").set_input_files(wrong)
    await expect(app.get_by_text("Это не выгрузка приложения")).to_be_visible()
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(b'{"export":{}}\n'))
    await app.locator("input[data-upload]").set_input_files(cut)
    await expect(app.get_by_text("Файл проверяется")).to_be_visible()
    await world.settle()
    await expect(app.locator(".banner.bad")).to_contain_text("Это не выгрузка приложения")
    await app.locator("#data").scroll_into_view_if_needed()
    await shoot(person.page, "app-restore-refused-ru-1280")


async def test_the_weekly_export_is_set_up_and_its_secret_shown_once(
    world: World, person: Person, shoot: Shoot
) -> None:
    await world.install()
    app = await settings(person, world)
    await app.get_by_label("Адрес", exact=True).fill(world.receiver.url.replace("/webhooks", "/files?token=secret"))
    await app.get_by_role("button", name="Отправлять").click()
    world.receiver.secret = await app.locator("#new-secret-value").input_value()
    assert world.receiver.secret.startswith("whsec_")
    await world.settle()
    await app.get_by_role("button", name="Я сохранил секрет, закрыть").click()
    await expect(app.get_by_text(re.compile("Следующая"))).to_be_visible()
    await expect(app.locator("#content")).not_to_contain_text("token=secret")
    await app.locator("#data").scroll_into_view_if_needed()
    await shoot(person.page, "app-export-weekly-ru-1280")
    assert len(world.receiver.files) == 1
    world.leftovers_explained = "the next weekly export waits for its week"


@pytest.mark.parametrize("lang", ["ru", "en"])
async def test_it_reads_well_on_a_phone(world: World, phone: Page, shoot: Shoot, lang: str) -> None:
    portal = world.portal if lang == "ru" else world.other_portal
    await world.install(portal)
    person = Person(phone, portal)
    app = await settings(person, world)
    await app.locator("#data").scroll_into_view_if_needed()
    await expect(app.locator("#data")).to_be_visible()
    width = await app.locator("#content").evaluate("e => e.ownerDocument.documentElement.scrollWidth - innerWidth")
    assert width <= 0
    await shoot(phone, f"app-export-{lang}-390")
