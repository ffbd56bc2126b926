"""The journal: who changed what in the settings, when, for administrators to read."""

from __future__ import annotations

import re

from sqlalchemy import func, select

from b24app.delivery.journeys import client_apps
from b24app.portal.store import journal
from b24app.portal.store.journal import Changed, JournalLine
from b24app.portal.store.tables import journal as journal_table
from tests.chores import chore, tidy_all
from tests.doors.frames import Frame, main
from tests.stories.export.files import downloaded, restored
from tests.stories.portal.test_card_layout import MAIN, MORE, add, arrange, look, take_back
from tests.world import World


async def lines(world: World) -> list[JournalLine]:
    """Oldest first."""
    row = await world.row()
    async with world.resources.tenant(row.id) as db:
        return (await journal.newest(db, row.id, 1_000))[::-1]


def shown(page: str) -> list[str]:
    """What the page says of each change, the newest first."""
    part = page.split('id="journal"')[1].split("</section>")[0]
    return re.findall(r"<li><span>(.*?)</span>", part)


async def do_everything(world: World, admin: Frame) -> None:
    """Each change of the settings that a person can make."""
    made = (await admin.call("/frame/client-apps", name="Мобильное приложение")).json()["html"]
    app = made.split('name="client_app" value="')[1].split('"')[0]
    for call in ("key", "revoke", "reconnect"):
        await admin.call(f"/frame/client-apps/{call}", client_app=app)
    await admin.call("/frame/test-receiver/on")
    await admin.call("/frame/test-receiver/off")
    await admin.call("/frame/mode", mode="watch")
    await admin.call("/frame/compare")
    await admin.call("/frame/repair")
    await admin.call("/frame/export/weekly", url=f"{world.receiver.url.removesuffix('/webhooks')}/files?key=secret")
    await admin.call("/frame/export/weekly/stop")
    await add(admin, await look(admin))
    for _ in range(2):
        await take_back(admin)
    await admin.call("/frame/export")
    await world.settle()
    await restored(world, await downloaded(world, admin))


async def test_each_change_stands_there_in_words_with_who_made_it(world: World) -> None:
    arrange(world, MAIN, MORE)
    await world.install()
    admin = await main(world, world.admin(), "journal")
    assert "Изменений ещё не было" in admin.html
    await do_everything(world, admin)

    files = f"{world.receiver.url.removesuffix('/webhooks')}/files"
    assert shown(await admin.content())[::-1] == [
        "Подключено клиентское приложение «Мобильное приложение»",
        "Выпущен новый ключ: «Мобильное приложение»",
        "Отключено клиентское приложение «Мобильное приложение»",
        "Снова подключено клиентское приложение «Мобильное приложение»",
        "Включён пробный приёмник",
        "Убран пробный приёмник",
        "Проверка клиентов: Включена → Наблюдение",
        "Запущена сверка с CRM",
        "Установка проверена и восстановлена",
        f"Еженедельная выгрузка отправляется на {files}",
        f"Еженедельная выгрузка на {files} прекращена",
        "Раздел приложения добавлен в карточки: Компании",
        "Раздел приложения убран из карточек: Компании",
        "Скачана выгрузка данных",
        "Данные восстановлены из выгрузки",
    ]
    who, name = world.admin(), f"{world.admin().name} {world.admin().last_name}"
    assert {(one.user_id, one.user_name) for one in await lines(world)} == {(who.id, name)}


async def test_what_was_refused_or_changed_nothing_leaves_no_line(world: World) -> None:
    await world.install()
    admin, manager = await main(world, world.admin(), "journal"), await main(world, world.manager())
    await manager.call("/frame/client-apps", name="Моё")
    await admin.call("/frame/client-apps", name=" ")
    await admin.call("/frame/mode", mode="on")
    await admin.call("/frame/export/weekly/stop")
    await admin.call("/frame/export/file")
    await admin.call("/frame/test-receiver/off")
    await admin.content()
    assert await lines(world) == []


async def test_only_administrators_read_it(world: World) -> None:
    await world.install()
    admin, manager = await main(world, world.admin(), "journal"), await main(world, world.manager())
    await admin.call("/frame/client-apps", name="Мобильное приложение")
    assert 'id="journal"' not in await manager.content()
    assert (await manager.call("/frame/journal", before="9", size="50")).status == 403


async def test_older_lines_come_a_page_at_a_time(world: World) -> None:
    await world.install()
    row, now = await world.row(), world.resources.now()
    async with world.resources.tenant(row.id) as db:
        for number in range(120):
            made = Changed(feature="delivery", action="client_app_made", about=str(number))
            await journal.write(db, row.id, None, made, now)
    admin = await main(world, world.admin(), "journal")
    assert shown(admin.html) == [f"Подключено клиентское приложение «{number}»" for number in range(119, 69, -1)]
    assert "обслуживание приложения" in admin.html

    page = admin.html
    for left in (20, 0):
        form = page.split('hx-post="/frame/journal"')[1]
        before, size = (form.split(f'name="{name}" value="')[1].split('"')[0] for name in ("before", "size"))
        page = (await admin.call("/frame/journal", before=before, size=size)).json()["html"]
        assert len(shown(page)) == 120 - left
    assert 'hx-post="/frame/journal"' not in page
    for odd in ("", "-1", "x", "9" * 19, "٣"):
        assert (await admin.call("/frame/journal", before=odd, size="50")).status == 422


async def test_a_change_of_a_later_version_is_still_a_line(world: World) -> None:
    await world.install()
    row = await world.row()
    async with world.resources.tenant(row.id) as db:
        for feature in ("delivery", "loyalty"):
            await journal.write(db, row.id, None, Changed(feature=feature, action="new"), world.resources.now())
    assert shown((await main(world, world.admin(), "journal")).html) == ["Настройки изменены"] * 2


async def test_lines_are_kept_for_a_year_and_go_with_the_portal(world: World) -> None:
    installation = await world.install()
    portal_id = (await world.row()).id
    await client_apps.create(world.resources, portal_id, "Мобильное приложение")
    for days, left in ((364, 1), (2, 0)):
        world.pass_time(days=days)
        await tidy_all(world.resources)
        assert len(await lines(world)) == left

    await client_apps.create(world.resources, portal_id, "Ещё одно")
    await world.uninstall(installation, clean=True)
    world.pass_time(days=2)
    await chore(world.resources, "erase_portal", portal_id)
    async with world.resources.tenant(portal_id) as db:
        assert (await db.execute(select(func.count()).select_from(journal_table))).scalar_one() == 0
