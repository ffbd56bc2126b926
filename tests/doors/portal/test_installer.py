"""The installer, and the repair of what it set up."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from b24app.store import tables
from emulator.model.faults import FOREVER, Break
from emulator.model.installs import finish, install
from tests.doors.frames import frame, main
from tests.world import World


async def test_the_installer_says_what_it_did_and_finishes_by_itself_once_nothing_is_asked(world: World) -> None:
    installation = install(world.portal, world.market_app, world.admin())
    opened = frame(world, await world.open(installation, world.admin()))
    assert "Вкладки в карточках" in opened.html
    assert "Кому открыть доступ?" in opened.html and "data-finish" not in opened.html
    chosen = await opened.call("/frame/launch/choose", choice="everyone")
    assert "Доступ открыт всем" in chosen.json()["html"]
    assert "data-finish" not in chosen.json()["html"], "what to do next is there to be read"
    again = frame(world, await world.open(installation, world.admin()))
    assert "Уже на месте" in again.html and "data-finish" in again.html


async def test_the_installer_waits_for_no_answer(world: World) -> None:
    installation = install(world.portal, world.market_app, world.admin())
    opened = frame(world, await world.open(installation, world.admin()))
    assert "Решить позже и продолжить" in opened.html and "data-go-on" in opened.html
    finish(installation, world.admin())
    await world.settle()
    settings = await main(world, world.admin())
    assert "Приложение работает" in settings.html and "До Вашего выбора доступ открыт всем" in settings.html


async def test_no_employee_chooses_who_keeps_access(world: World) -> None:
    await world.install()
    page = await main(world, world.manager())
    assert "Сначала проверять всех" in page.html and "/frame/launch/choose" not in page.html
    for act in ("choose", "start", "pause", "resume", "undo", "again", "rethink"):
        assert (await page.call(f"/frame/launch/{act}", choice="nobody")).status == 403


@pytest.mark.parametrize("kind", [Break.OVERLOAD, Break.HTML, Break.ERROR_500, Break.CUT])
async def test_where_bitrix24_is_away_the_installer_tries_again_by_itself(world: World, kind: Break) -> None:
    installation = install(world.portal, world.market_app, world.admin())
    world.emulator.world.faults.add(kind, FOREVER, host=world.portal.host)
    away = await world.open(installation, world.admin())
    assert away.status == 503 and "Битрикс24 сейчас не отвечает" in away.text
    assert 'data-retry="15"' in away.text and re.search(r"Номер обращения для поддержки: [0-9a-f]{16}", away.text)

    world.emulator.world.faults.clear()
    form = re.search(r'<form method="post" action="([^"]+)"', away.text)
    assert form
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', away.text)
    sent = {name: unescape(value) for name, value in fields}
    async with world.http.post(world.app_url + unescape(form[1]), data=sent) as answer:
        assert answer.status == 200 and "Кому открыть доступ?" in await answer.text()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Break.PLAN, "На тарифе Вашего Битрикс24 приложения не работают"),
        (Break.DELETED, "Этого Битрикс24 больше нет"),
    ],
)
async def test_the_installer_says_why_the_portal_lets_no_app_work(world: World, kind: Break, said: str) -> None:
    installation = install(world.portal, world.market_app, world.admin())
    world.emulator.world.faults.add(kind, FOREVER, host=world.portal.host)
    page = await world.open(installation, world.admin())
    assert page.status == 403
    assert said in page.text and "Оплаченный период" not in page.text
    assert "Повторить" in page.text and "data-retry" not in page.text


async def test_nobody_but_an_administrator_installs(world: World) -> None:
    installation = install(world.portal, world.market_app, world.admin())
    page = await world.open(installation, world.manager())
    assert page.status == 403
    assert "Установить приложение может только администратор" in page.text
    async with world.resources.transaction() as db:
        assert (await db.execute(select(tables.portals))).all() == []


async def test_repair_puts_back_what_somebody_removed(world: World) -> None:
    installation = await world.install()
    admin = await main(world, world.admin(), "setup")
    before = len(installation.placements)
    installation.placements.clear()
    repaired = await admin.call("/frame/repair")
    assert repaired.status == 200 and len(installation.placements) == before
    assert "step failed" not in repaired.json()["html"]
