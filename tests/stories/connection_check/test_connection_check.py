"""The check of the connection: one press, and every line gets its light by what really came back."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

import emulator.model.placements
from b24app.cli import main as command
from b24app.cli.doctor_portal import watched
from b24app.connection_check.journeys import journey as connection_check
from b24app.connection_check.store.tables import connection_checks
from b24app.domain.connection_check.rules import CheckLine, CheckPart, Finding, Light
from emulator.model.faults import Break
from emulator.model.placements import PATTERNS
from tests.chores import connection_check_one
from tests.doors.frames import Frame, main
from tests.stories.scene import CONTACT
from tests.world import CHECK, Page, World

NO_CARDS = "Битрикс24 не присылает: карточки контактов, карточки компаний."
EMPLOYEE_SEES = "Только для администраторов"


async def press(world: World) -> Frame:
    """An administrator presses, and a worker carries it out."""
    page = await main(world, world.admin(), "check")
    assert (await page.call("/frame/connection-check")).status == 200
    await work(world)
    return page


async def work(world: World) -> bool:
    """A worker hears of it."""
    return await connection_check_one(world.resources, (await world.row()).id)


async def doctor(world: World, *, working: bool = True) -> list[str]:
    """What `b24app doctor --portal` prints, beside workers that work or not."""
    said: list[str] = []
    watching = asyncio.create_task(watched(world.resources, await world.row(), said.append, pause=0))
    while not watching.done():
        if working:
            await work(world)
        await world.settle()
        world.pass_time(seconds=5)
    await watching
    return said


async def lines(world: World) -> dict[CheckPart, CheckLine]:
    """The result as it stands now; of several endpoints the last."""
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        checked = await connection_check.last_check(db, world.resources, portal_id)
    assert checked
    return {line.check: line for line in checked.lines}


async def lights(world: World) -> dict[Light, set[CheckPart]]:
    found = await lines(world)
    return {light: {one.check for one in found.values() if one.light is light} for light in Light}


async def nonce(world: World) -> str:
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        return str((await db.execute(select(connection_checks.c.nonce))).scalar_one())


async def test_event(world: World, nonce: str, token: str) -> Page:
    """A test event as whoever knows these two would send it."""
    body = {
        "event": "ONAPPTEST",
        "data[QUERY][b24app]": nonce,
        "data[LANGUAGE_ID]": "ru",
        "auth[member_id]": world.portal.member_id,
        "auth[application_token]": token,
    }
    async with world.http.post(f"{world.app_url}/bitrix/events", data=body) as answer:
        return Page(answer.status, await answer.text(), dict(answer.headers))


test_event.__test__ = False  # type: ignore[attr-defined]


def plain(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


async def test_all_is_well(world: World) -> None:
    await world.install()
    await world.subscribe()
    page = await press(world)
    assert "data-waits" in await page.content()
    await world.settle()

    found = await lights(world)
    assert found[Light.GOOD] >= set(CheckPart) - {CheckPart.PLAN, CheckPart.HEARD, CheckPart.READING}, (
        "there are no cards yet"
    )
    assert not found[Light.BAD] | found[Light.WARN] | found[Light.WAITING]
    shown = plain(await page.content())
    assert "всё хорошо" in shown and world.admin().full_name in shown
    assert re.search(r"Проверочное уведомление вернулось через \d+ мс", shown)
    assert re.search(r"Личный кабинет .* Ответило через \d+ мс", shown)
    assert world.receiver.heard[-1].type == "endpoint.ping"
    assert "data-waits" not in await page.content()


async def test_lines_come_one_after_the_other(world: World) -> None:
    await world.install()
    await world.subscribe()
    page = await main(world, world.admin(), "check")
    await page.call("/frame/connection-check")
    assert {one.light for one in (await lines(world)).values()} == {Light.WAITING}

    await work(world)
    assert (await lights(world))[Light.WAITING] == {CheckPart.EVENTS, CheckPart.WEBHOOKS}
    await world.emulator.world.deliver()
    assert (await lights(world))[Light.WAITING] == {CheckPart.WEBHOOKS}
    await world.settle()
    assert not (await lights(world))[Light.WAITING]


async def test_a_lost_event_is_a_red_line_that_says_what_to_do(world: World) -> None:
    await world.install()
    world.emulator.world.faults.events.lose_next = 1
    page = await press(world)
    await world.emulator.world.deliver()
    assert (await lines(world))[CheckPart.EVENTS].light is Light.WAITING
    world.pass_time(seconds=31)

    assert (await lines(world))[CheckPart.EVENTS].finding is Finding.EVENT_LOST
    shown = plain(await page.content())
    assert "не дошло за 30 с" in shown and "адрес должен быть открыт" in shown


async def test_a_late_event_is_said_to_be_late(world: World) -> None:
    await world.install()
    world.emulator.world.faults.events.delay = 90
    await press(world)
    world.pass_time(seconds=91)
    assert (await lines(world))[CheckPart.EVENTS].finding is Finding.EVENT_LOST
    await world.settle()

    line = (await lines(world))[CheckPart.EVENTS]
    assert (line.finding, line.light) == (Finding.EVENT_LATE, Light.WARN)
    assert int(line.values["seconds"]) >= 90


async def test_a_wrong_application_token_proves_nothing(world: World) -> None:
    installation = await world.install()
    world.emulator.world.faults.events.lose_next = 1
    await press(world)
    await world.emulator.world.deliver()
    known = await nonce(world)

    assert (await test_event(world, known, "guessed")).status == 403
    assert (await test_event(world, "guessed", installation.application_token)).status == 200
    assert (await lines(world))[CheckPart.EVENTS].light is Light.WAITING
    assert (await test_event(world, known, installation.application_token)).status == 200
    assert (await lines(world))[CheckPart.EVENTS].light is Light.GOOD


async def test_a_replayed_event_changes_nothing(world: World) -> None:
    installation = await world.install()
    await press(world)
    await world.settle()
    first, known = await lines(world), await nonce(world)
    world.pass_time(seconds=10)

    assert (await test_event(world, known, installation.application_token)).status == 200
    assert (await lines(world))[CheckPart.EVENTS] == first[CheckPart.EVENTS]

    world.emulator.world.faults.events.lose_next = 1
    await press(world)
    await world.emulator.world.deliver()
    assert (await test_event(world, known, installation.application_token)).status == 200
    assert (await lines(world))[CheckPart.EVENTS].light is Light.WAITING, "an earlier check's word is worth nothing"
    world.pass_time(seconds=31)


async def test_another_portal_cannot_answer_for_this_one(world: World) -> None:
    await world.install()
    theirs = await world.install(world.other_portal)
    world.emulator.world.faults.events.lose_next = 1
    await press(world)
    await world.emulator.world.deliver()
    body = {
        "event": "ONAPPTEST",
        "data[QUERY][b24app]": await nonce(world),
        "auth[member_id]": world.other_portal.member_id,
        "auth[application_token]": theirs.application_token,
    }
    async with world.http.post(f"{world.app_url}/bitrix/events", data=body) as answer:
        assert answer.status == 200
    assert (await lines(world))[CheckPart.EVENTS].light is Light.WAITING


async def test_a_missing_permission_says_what_is_lost(world: World) -> None:
    installation = await world.install()
    installation.scope -= {"im", "placement"}
    page = await press(world)
    await world.settle()

    found = await lines(world)
    assert found[CheckPart.SCOPES].names == ("placement", "im")
    assert found[CheckPart.SETUP].finding is Finding.SETUP_UNSEEN
    assert found[CheckPart.EVENTS].light is Light.GOOD, "the test event needs no permission"
    shown = plain(await page.content())
    assert "Не даны: вкладки и страницы приложений, уведомления сотрудникам." in shown
    assert "сотрудники не получают уведомлений приложения" in shown


async def test_what_somebody_removed_is_named(world: World) -> None:
    installation = await world.install()
    installation.placements = [one for one in installation.placements if "CONTACT" in one.placement]
    installation.bindings = [one for one in installation.bindings if one.event != "ONAPPTEST"]
    page = await press(world)
    await world.settle()

    found = await lines(world)
    assert found[CheckPart.SETUP].names == (
        "placements:CRM_COMPANY_DETAIL_TAB",
        "placements:REST_APP_URI",
        "events:ONAPPTEST",
    )
    assert found[CheckPart.EVENTS].finding is Finding.EVENT_UNBOUND
    assert "Не хватает: карточки компаний" in plain(await page.content())
    assert (await page.call("/frame/repair")).status == 200
    await press(world)
    await world.settle()
    assert (await lines(world))[CheckPart.EVENTS].light is Light.GOOD


async def test_cards_are_asked_for_with_our_very_select_and_filters(world: World) -> None:
    world.add_contact(world.add_company())
    await world.install()
    await press(world)
    await world.settle()
    assert (await lines(world))[CheckPart.READING].finding is Finding.READING_WHOLE

    world.portal.crm.userfields[CONTACT].drop(CHECK)
    page = await press(world)
    await world.settle()
    line = (await lines(world))[CheckPart.READING]
    assert (line.light, line.finding, line.names) == (
        Light.BAD,
        Finding.READING_LACKS,
        ("fields:contact.UF_CRM_B24APP_CHECK",),
    )
    assert "Битрикс24 не присылает: Нужна проверка (карточки контактов)." in plain(await page.content())


@pytest.mark.parametrize(
    ("given", "check", "light", "finding", "said"),
    [
        ({"rows_empty": ["*"]}, CheckPart.READING, Light.BAD, Finding.READING_LACKS, NO_CARDS),
        ({"cursor_ignored": True}, CheckPart.READING, Light.BAD, Finding.READING_FAILS, "(CURSOR_STUCK)"),
        ({"date_filter_zone": "digits"}, CheckPart.READING, Light.OFF, Finding.READING_ODD, "без часового пояса"),
        ({"date_filter_zone": "nothing"}, CheckPart.READING, Light.OFF, Finding.READING_ODD, "самые новые карточки"),
        ({"date_filter_zone": "everything"}, CheckPart.READING, Light.OFF, Finding.READING_ODD, "отбирает само"),
        ({"filter_drops_empty": True}, CheckPart.READING, Light.OFF, Finding.READING_ODD, "Пустые условия"),
        ({"clock_shift": -420}, CheckPart.CLOCK, Light.WARN, Finding.CLOCK_BEHIND, "Отстают на 4"),
        ({"clock_shift": 420}, CheckPart.CLOCK, Light.WARN, Finding.CLOCK_AHEAD, "Спешат на 4"),
        ({"time_absent": True}, CheckPart.CLOCK, Light.OFF, Finding.CLOCK_UNSAID, "не сообщает своё время"),
        ({"operating": "zero"}, CheckPart.CLOCK, Light.GOOD, Finding.CLOCK_EVEN, "Совпадают с нашими"),
        ({"install_unfinished": True}, CheckPart.SETUP, Light.BAD, Finding.SETUP_UNFINISHED, "установку незавершённой"),
    ],
)
async def test_a_portal_that_is_not_as_documented_is_said_to_be_so(
    world: World, given: dict[str, object], check: CheckPart, light: Light, finding: Finding, said: str
) -> None:
    world.add_contact(world.add_company())
    world.add_contact()
    await world.install()
    world.portal.differences.change(given)
    page = await main(world, world.admin(), "check")
    world.installation().installed = "install_unfinished" not in given
    assert (await page.call("/frame/connection-check")).status == 200
    await work(world)
    await world.settle()
    world.leftovers_explained = "an unfinished installation hears no test event"
    world.emulator.world.warnings.clear()  # an empty condition was sent on purpose

    found = (await lines(world))[check]
    assert (found.light, found.finding) == (light, finding)
    assert said in plain(await page.content())


async def test_a_place_that_the_portal_does_not_have_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = await world.install()
    installation.placements = [one for one in installation.placements if "CONTACT" not in one.placement]
    companies = ("CRM_(COMPANY)_DETAIL_TAB", PATTERNS[0][1])
    monkeypatch.setattr(emulator.model.placements, "PATTERNS", (companies, *PATTERNS[1:]))
    page = await press(world)
    await world.settle()
    found = (await lines(world))[CheckPart.SETUP]
    assert (found.finding, found.names) == (Finding.SETUP_PLACELESS, ("placements:CRM_CONTACT_DETAIL_TAB",))
    assert "нет места для: карточки контактов" in plain(await page.content())


@pytest.mark.parametrize(("plan", "light"), [("free", Light.OFF), ("enterprise", Light.GOOD)])
async def test_what_the_plan_lacks_is_no_fault(world: World, plan: str, light: Light) -> None:
    world.portal.plan = plan
    await world.install()
    page = await press(world)
    await world.settle()

    assert (await lines(world))[CheckPart.PLAN].light is light
    assert ("В тарифе нет роботов" in plain(await page.content())) is (plan == "free")
    assert not (await lights(world))[Light.BAD]


@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        (Break.ERROR_500, Finding.ACCESS_DOWN),
        (Break.HTML, Finding.ACCESS_DOWN),
        (Break.PLAN, Finding.ACCESS_UNPAID),
        (Break.DELETED, Finding.ACCESS_REMOVED),
        (Break.EMPTY_ERROR, Finding.ACCESS_REFUSED),
    ],
)
async def test_a_portal_in_trouble(world: World, fault: Break, finding: Finding) -> None:
    await world.install()
    await world.subscribe()
    page = await main(world, world.admin(), "check")
    await page.call("/frame/connection-check")
    world.emulator.world.faults.add(fault, times=-1)
    await work(world)
    world.emulator.world.faults.clear()
    await world.settle()

    found = await lines(world)
    assert (found[CheckPart.ACCESS].finding, found[CheckPart.EVENTS].finding) == (finding, Finding.NOT_ASKED)
    assert found[CheckPart.WEBHOOKS].light is Light.GOOD, "client apps are served all the same"


async def test_no_administrators_access_works(world: World) -> None:
    installation = await world.install()
    page = await main(world, world.admin(), "check")
    await page.call("/frame/connection-check")
    world.emulator.world.auth.expire_access(installation, world.admin().id)
    world.emulator.world.auth.revoke_refresh(installation)
    await work(world)

    assert (await lines(world))[CheckPart.ACCESS].finding is Finding.ACCESS_LOST


async def test_an_endpoint_that_answers_500(world: World) -> None:
    await world.install()
    await world.subscribe()
    world.receiver.answers = [500]
    page = await press(world)
    await world.settle()
    world.leftovers_explained = "the ping is tried again later, as any delivery is"

    line = (await lines(world))[CheckPart.WEBHOOKS]
    assert (line.finding, line.values["status"]) == (Finding.WEBHOOK_FAILED, 500)
    shown = plain(await page.content())
    assert "клиентское приложение ответило ошибкой (500)" in shown and "Сообщите разработчику" in shown
    assert "Требует внимания: 1" in shown


async def test_an_endpoint_that_is_switched_off_is_not_pinged(world: World) -> None:
    await world.install()
    key = await world.subscribe()
    (endpoint,) = (await world.api("GET", "/endpoints", key)).json()["data"]
    await world.api("PATCH", f"/endpoints/{endpoint['id']}", key, {"enabled": False})
    before = world.receiver.tries
    await press(world)
    await world.settle()

    assert (await lines(world))[CheckPart.WEBHOOKS].finding is Finding.WEBHOOK_OFF
    assert world.receiver.tries == before


async def test_nobody_works_in_the_background(world: World) -> None:
    await world.install()
    page = await main(world, world.admin(), "check")
    await page.call("/frame/connection-check")
    world.pass_time(seconds=31)

    found = await lines(world)
    assert found[CheckPart.WORKER].finding is Finding.WORKER_ABSENT
    assert {one.light for check, one in found.items() if check is not CheckPart.WORKER} == {Light.OFF}
    assert "Не началась за 30 с" in plain(await page.content())
    assert await work(world)
    assert (await lines(world))[CheckPart.WORKER].finding is Finding.WORKER_LATE
    await world.settle()


async def test_changes_that_wait_too_long(world: World) -> None:
    await world.install()
    world.add_contact()
    await world.emulator.world.deliver()
    world.pass_time(minutes=11)
    await press(world)

    found = await lines(world)
    assert (found[CheckPart.QUEUE].finding, found[CheckPart.QUEUE].light) == (Finding.QUEUE_LATE, Light.BAD)
    assert found[CheckPart.HEARD].at and found[CheckPart.HEARD].light is Light.GOOD
    await world.settle()


async def test_cards_that_were_not_compared_for_long(world: World) -> None:
    await world.install()
    world.pass_time(minutes=20)
    await press(world)
    await world.settle()
    assert (await lines(world))[CheckPart.COMPARED].finding is Finding.COMPARED_LONG_AGO


async def test_an_employee_cannot_press(world: World) -> None:
    await world.install()
    page = await main(world, world.manager())
    assert "Проверить связь" not in plain(page.html)
    refused = await page.call("/frame/connection-check")
    assert refused.status == 403 and EMPLOYEE_SEES in refused.json()["error"]["text"]
    assert not await work(world)


async def test_pressing_twice_is_one_check(world: World) -> None:
    await world.install()
    page = await main(world, world.admin(), "check")
    await page.call("/frame/connection-check")
    known = await nonce(world)
    await page.call("/frame/connection-check")
    assert await nonce(world) == known
    assert await work(world)
    assert not await work(world), "a wake-up that came twice finds nothing to do"
    await world.settle()
    world.pass_time(seconds=timedelta(minutes=1).total_seconds())
    await page.call("/frame/connection-check")
    assert await nonce(world) != known
    await work(world)
    await world.settle()


async def test_the_operator_reads_the_same_in_other_words(world: World) -> None:
    await world.install()
    await world.subscribe()
    said = await doctor(world)

    assert len(said) == len(set(said)) == len(CheckPart)
    assert {one[0] for one in said} == {"✓", "–"}, "red is nothing; of events there were none yet"
    assert any(re.match(r"✓ events +ONAPPTEST came back after \d+ ms", one) for one in said)
    assert any(re.match(r"✓ webhooks +Личный кабинет http://\S+ answered 204 after \d+ ms", one) for one in said)
    assert any(f"the token of {world.admin().full_name} works" in one for one in said)


async def test_the_operators_check_needs_no_worker_to_tell_so(world: World) -> None:
    await world.install()
    said = await doctor(world, working=False)

    assert sum("is `b24app worker interactive` running?" in one for one in said) == 1
    assert any(one.startswith("✓ events") for one in said), "the rest is checked all the same"


async def test_the_operator_reads_which_address_must_be_open(world: World) -> None:
    await world.install()
    world.emulator.world.faults.events.lose_next = 1
    said = await doctor(world)
    assert [one for one in said if "B24APP_PUBLIC_URL" in one and one.startswith("✗ events")]


def test_the_command_takes_a_portal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without an environment nothing is checked, and it says what is missing."""
    monkeypatch.delenv("B24APP_CLIENT_ID", raising=False)
    assert command(["doctor", "--portal", "acme.bitrix24.ru"]) == 1
    assert "B24APP_CLIENT_ID" in capsys.readouterr().out
