"""What the app logs while everything happens to it: lines a machine can read, no tokens, no names, no addresses."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from b24app.logs import set_up_logs
from emulator.crm.entities import Entity
from emulator.forge import EVENTS, OPENS, forge
from emulator.model.faults import Break
from tests.doors.frames import members, tab
from tests.world import CLIENT_SECRET, World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
NOTE, PHONE, MAIL = "Позвонила директору", "+79161234567", "sokolov@example.com"


@pytest.fixture
def as_in_production() -> Iterator[None]:
    set_up_logs(logging.INFO)
    yield
    set_up_logs(logging.WARNING)


@pytest.mark.usefixtures("as_in_production")
async def test_a_busy_day_leaves_no_token_and_no_name_in_the_log(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    phones = [{"VALUE": PHONE, "VALUE_TYPE": "WORK"}]
    company = world.add_company("ООО «Каркас-Тайное»")
    contact = world.add_contact(company, last_name="Секретов", PHONE=phones, EMAIL=[{"VALUE": MAIL}])
    installation = await world.install()
    key = await world.subscribe()
    faults = world.emulator.world.faults

    world.tick(CONTACT, contact)
    await world.settle()
    opened = await tab(world, "contact", contact)
    await opened.press("confirm", members(opened.html)[0], NOTE)
    await world.settle()
    for kind in (Break.HTML, Break.ERROR_200, Break.EMPTY_ERROR, Break.OPERATING, Break.CLOSE):
        faults.add(kind, times=1)
        world.tick(COMPANY, company, ticked=kind is not Break.HTML)
        await world.settle()
        world.pass_time(minutes=3)
        await world.settle()
    world.emulator.world.auth.expire_access()
    world.receiver.answers += [500, 429]
    world.tick(CONTACT, contact, ticked=False)
    await world.settle()
    await forged(world)
    await world.api("GET", "/memberships?contact_id=nonsense", key)
    await world.api("GET", "/memberships", key + "x")
    for _ in ("the retry fails too", "the next does not"):
        world.pass_time(hours=30)
        await world.settle()

    text = capsys.readouterr().err
    lines = [json.loads(line) for line in text.splitlines()]
    assert {"reconciled", "portal_active", "card_settled", "button_pressed", "token_refreshed"} <= {
        line["event"] for line in lines
    }
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
    for secret in secrets(world, installation.application_token, key):
        assert secret not in text, secret
    for name in ("Тайное", "Секретов", "Илья", NOTE, PHONE, PHONE[-10:], MAIL, world.manager().last_name):
        assert name not in text, name


def secrets(world: World, *others: str) -> list[str]:
    """Every token the portals have given out, and what else must not be seen."""
    auth: Any = world.emulator.world.auth
    return [*auth.access, *auth.refresh, CLIENT_SECRET, world.receiver.secret, world.receiver.url, *others]


async def forged(world: World) -> None:
    """Attacks of every kind are refused, and the log does not repeat what they brought."""
    await world.install(world.other_portal)
    mine, other = world.installation(), world.installation(world.other_portal)
    for kind, path in [*((kind, "/app") for kind in OPENS), *((kind, "/bitrix/events") for kind in EVENTS)]:
        made = forge(kind, mine, f"{world.app_url}{path}", other)
        await world.emulator.world.events.post(made.url, made.form)
    await world.settle()
