"""`POST /bitrix/events`: what is not a genuine event is refused with a stable code, and nothing is stored."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from io import BytesIO
from urllib.parse import urlencode

import pytest
from sqlalchemy import event, func, select

from b24app.portal.journeys.reception import Reception
from b24app.store.engine import open_engine
from b24app.work.store.tables import inbox
from emulator.model.installs import Installation
from tests.world import World


def form(installation: Installation, **changes: str) -> str:
    """A portal event as the queue server sends it (api-reference/events/index.md)."""
    fields = {
        "event": "ONCRMCONTACTUPDATE",
        "event_handler_id": "735",
        "data[FIELDS][ID]": "7",
        "ts": "1743165490",
        "auth[domain]": installation.portal.host,
        "auth[member_id]": installation.portal.member_id,
        "auth[application_token]": installation.application_token,
    }
    return urlencode({**fields, **changes})


async def post(
    world: World, body: str | bytes, content_type: str = "application/x-www-form-urlencoded"
) -> tuple[int, str]:
    raw = body.encode() if isinstance(body, str) else body
    async with world.http.post(
        f"{world.app_url}/bitrix/events", data=BytesIO(raw), headers={"Content-Type": content_type}
    ) as answer:
        return answer.status, (await answer.json()).get("code", "")


async def stored(world: World) -> int:
    async with world.resources.tenant((await world.row()).id) as db:
        return int((await db.execute(select(func.count()).select_from(inbox))).scalar_one())


async def test_a_genuine_event_is_stored_sealed_and_without_tokens(world: World) -> None:
    installation = await world.install()
    before = await stored(world)
    body = form(installation, **{"auth[access_token]": "secret-of-a-person", "auth[user_id]": "5"})
    assert await post(world, body) == (200, "")

    async with world.resources.tenant((await world.row()).id) as db:
        row = (await db.execute(select(inbox).order_by(inbox.c.id.desc()).limit(1))).one()
    assert await stored(world) == before + 1
    assert (row.name, row.subject, row.user_id) == ("ONCRMCONTACTUPDATE", "contact:7", 5)
    assert b"secret-of-a-person" not in row.body
    assert "secret-of-a-person" not in world.resources.vault.open(row.body)
    await world.settle()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"auth[application_token]": "0" * 32}, 403, "wrong_application_token"),
        ({"auth[application_token]": ""}, 403, "wrong_application_token"),
        ({"auth[member_id]": "f" * 32}, 403, "unknown_portal"),
        ({"auth[member_id]": ""}, 400, "missing_parameter"),
        ({"event": ""}, 400, "missing_parameter"),
        ({"event": "ONAPPUNINSTALL", "auth[application_token]": "0" * 32}, 403, "wrong_application_token"),
        ({"event": "ONAPPINSTALL"}, 403, "missing_tokens"),
        ({"event": "ONAPPINSTALL", "auth[access_token]": "made-up"}, 403, "unknown_auth_server"),
    ],
)
async def test_what_is_not_genuine_is_refused(
    world: World, changes: dict[str, str], status: int, code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    installation = await world.install()
    before = await stored(world)
    capfd.readouterr()

    assert await post(world, form(installation, **changes)) == (status, code)

    assert await stored(world) == before
    assert (await world.row()).state == "active"
    if status == 403:
        assert capfd.readouterr().err.count(code) == 1  # one log line


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "missing_parameter"),
        (b"event=%ff%fe", 400, "bad_encoding"),
        (b"event=ONCRMCONTACTUPDATE&auth=text", 400, "missing_parameter"),
        (b"x=" + b"a" * (1024 * 1024), 413, "body_too_large"),
    ],
)
async def test_malformed_bodies(world: World, body: bytes, status: int, code: str) -> None:
    await world.install()
    assert await post(world, body) == (status, code)


async def test_an_event_of_another_portal_cannot_be_passed_off(world: World) -> None:
    mine = await world.install()
    theirs = await world.install(world.other_portal)
    body = form(mine, **{"auth[member_id]": theirs.portal.member_id})
    assert await post(world, body) == (403, "wrong_application_token")


async def test_an_event_we_never_asked_for_is_answered_and_forgotten(world: World) -> None:
    installation = await world.install()
    before = await stored(world)
    assert await post(world, form(installation, event="ONCRMDEALUPDATE")) == (200, "")
    assert await stored(world) == before


async def test_a_payment_event_without_proof_changes_nothing(world: World) -> None:
    installation = await world.install()
    body = form(installation, **{"event": "ONAPPPAYMENT", "auth[application_token]": "", "data[PAYMENT_EXPIRED]": "Y"})
    assert await post(world, body) == (200, "")
    assert (await world.row()).state == "active"


@pytest.mark.parametrize("path", ["/install", "/app", "/placements/contact-tab", "/placements/company-tab"])
@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_a_moderators_probe_is_answered(world: World, path: str, method: str) -> None:
    async with world.http.request(method, world.app_url + path) as answer:
        assert answer.status == 200
        assert bool(await answer.text()) == (method == "GET")


async def test_a_crowd_of_events_costs_one_look_and_few_commits(world: World) -> None:
    """Each is durable when it is acknowledged; those that come together share the looks and the transactions."""
    installation = await world.install()
    said: list[str] = []
    engine = world.resources.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    event.listen(engine, "commit", lambda *_: said.append("COMMIT"))
    before = await stored(world)
    bodies = [form(installation, **{"data[FIELDS][ID]": str(number)}) for number in range(100, 160)]
    answers = await asyncio.gather(*(post(world, body) for body in bodies))
    looks = sum("portals.member_id = " in statement for statement in said)
    commits = said.count("COMMIT")
    assert {status for status, _ in answers} == {200}
    assert await stored(world) == before + 60
    assert looks <= 1 + 1  # and the one of `stored`
    assert commits < 40
    await world.settle()


async def test_a_look_that_fails_is_made_again(world: World) -> None:
    await world.install()
    nowhere = open_engine("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    reception = Reception(replace(world.resources, engine=nowhere))
    for _ in range(2):
        with pytest.raises(OSError):
            await reception.portal(world.portal.member_id)
    await nowhere.dispose()
    reception.resources = world.resources
    assert await reception.portal(world.portal.member_id) == await world.row()
