"""A page that cannot be shown says why, what to do, and who helps; it asks again by itself where waiting helps."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import unquote, urljoin

import pytest

from b24app.demo.parties import VENDOR
from emulator.model.faults import FOREVER, Break
from emulator.model.people import User
from emulator.opening import OpenForm, open_form
from tests.doors.frames import TABS, frame
from tests.world import Page, World

IN_A_FRAME = {"Sec-Fetch-Dest": "iframe"}
FORM = re.compile(r'<form class="actions" method="post" action="([^"]+)"(?: data-retry="(\d+)")?>(.*?)</form>', re.S)
FIELD = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


def tab(world: World, contact: int, user: User | None = None) -> OpenForm:
    installation = world.installation()
    handler = next(one.handler for one in installation.placements if one.placement == TABS["contact"])
    return open_form(installation, user or world.manager(), TABS["contact"], {"ID": contact}, handler=handler)


async def post(world: World, action: str, fields: list[tuple[str, str]], **headers: str) -> Page:
    async with world.http.post(action, data=fields, headers=headers) as answer:
        return Page(answer.status, await answer.text(), dict(answer.headers))


def retried(world: World, page: Page) -> tuple[str, int, list[tuple[str, str]]]:
    """Where [Retry] posts to, after how many seconds by itself, and what."""
    found = FORM.search(page.text)
    assert found, page.text
    fields = [(html.unescape(name), html.unescape(value)) for name, value in FIELD.findall(found[3])]
    return urljoin(world.app_url, html.unescape(found[1])), int(found[2] or 0), fields


async def test_what_was_posted_stands_ready_and_opens_the_page_once_the_portal_answers(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    fault = world.emulator.world.faults.add(Break.ERROR_500, FOREVER, host=world.portal.host)
    opened = tab(world, contact)
    refused = await post(world, opened.action, opened.fields)

    assert refused.status == 503 and "Битрикс24 сейчас не отвечает" in refused.text
    assert "Ничего не изменено" not in refused.text, "nobody wanted to change anything"
    action, seconds, fields = retried(world, refused)
    assert (unquote(action), fields, seconds) == (unquote(opened.action), opened.fields, 15)

    world.emulator.world.faults.requests.remove(fault)
    assert "Доступ открыт" in frame(world, await post(world, action, fields)).html


@pytest.mark.parametrize(
    ("kind", "said", "seconds"),
    [
        (Break.BUSY, "Битрикс24 сейчас не отвечает", 15),  # it is asked again, for two seconds
        (Break.PLAN, "Приложения работают только на коммерческих тарифах", 0),
    ],
)
async def test_the_true_cause_is_named(world: World, kind: Break, said: str, seconds: int) -> None:
    contact = world.add_contact()
    await world.install()
    world.emulator.world.faults.add(kind, FOREVER, host=world.portal.host)
    opened = tab(world, contact)
    refused = await post(world, opened.action, opened.fields)
    assert said in refused.text and "Оплаченный период" not in refused.text
    assert retried(world, refused)[1] == seconds


async def test_a_deleted_portal_is_not_taken_for_one_without_the_app(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    world.emulator.world.faults.add(Break.DELETED, FOREVER, host=world.portal.host)
    opened = tab(world, contact)
    refused = await post(world, opened.action, opened.fields)
    assert "Этот Битрикс24 закрыт" in refused.text and "не установлено" not in refused.text
    assert not FORM.search(refused.text), "asking again does not help"


async def test_an_unpaid_app_is_named_so_and_asked_for_again_by_hand(world: World) -> None:
    contact = world.add_contact()
    installation = await world.install()
    opened = tab(world, contact)
    installation.payment_expired = True
    refused = await post(world, opened.action, opened.fields)
    assert "Оплаченный период закончился" in refused.text
    assert retried(world, refused)[1] == 0


async def test_support_finds_the_request_by_the_number_on_the_page(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    contact = world.add_contact()
    installation = await world.install()
    installation.access = set()
    opened = tab(world, contact)
    capfd.readouterr()
    refused = await post(world, opened.action, opened.fields)

    number = refused.headers["X-Request-ID"]
    assert f"Номер запроса: {number}" in refused.text
    assert VENDOR.mail in refused.text and VENDOR.hours in refused.text and "/support?lang=ru" in refused.text
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    assert [one["code"] for one in logged if one.get("request_id") == number and one["event"] == "open_refused"] == [
        "no_access"
    ]


async def test_a_frame_is_not_answered_what_a_browser_would_call_an_error(world: World) -> None:
    """Each other status stands in the console of a portal's page as “Failed to load resource”."""
    contact = world.add_contact()
    await world.install()
    world.emulator.world.faults.add(Break.ERROR_500, FOREVER, host=world.portal.host)
    opened = tab(world, contact)
    assert (await post(world, opened.action, opened.fields, **IN_A_FRAME)).status == 200
    assert (await post(world, opened.action, opened.fields)).status == 503


async def test_nothing_of_a_forged_open_comes_back(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    opened = tab(world, contact)
    fields = [(name, "deadbeef" if name == "APPLICATION_TOKEN" else value) for name, value in opened.fields]
    refused = await post(world, opened.action, fields)
    assert refused.status == 403 and not FIELD.search(refused.text)
