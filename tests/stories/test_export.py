"""An admin takes the portal's data out, the data is deleted, the file brings it back; and files that must not."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from b24app.cli.files import bring_back, brought_back, take_out, taken_out
from b24app.domain.export_file import LONGEST_LINE
from b24app.domain.installation import PortalState
from b24app.domain.restoring import RestoreState
from b24app.errors import Refused
from b24app.journeys import restoring, weekly
from b24app.store import exports
from b24app.store.tables import exports as exports_table
from b24app.store.tables import file_parts, memberships, restores
from emulator.crm.entities import Entity
from emulator.installs import Installation
from placements.render import Render
from tests.doors.frames import Frame, frame, main, members, tab
from tests.outside import strict
from tests.receiver import receiving
from tests.world import Page, World
from workers.files import carry_files

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
PIECE = 512 * 1024


async def settings(world: World) -> Frame:
    return await main(world, world.admin())


async def exported(world: World) -> bytes:
    """«Выгрузить данные», then «Скачать файл»."""
    opened = await settings(world)
    asked = await opened.call("/frame/export")
    assert asked.status == 200 and "выгружается" in asked.json()["html"], asked.text
    await world.settle()
    assert "Скачать файл" in await opened.content()
    return await downloaded(world, opened)


async def downloaded(world: World, opened: Frame) -> bytes:
    headers = {"X-Page-Token": opened.block["token"]}
    async with world.http.post(f"{world.app_url}/frame/export/file", json={}, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        body = await answer.read()
        assert answer.headers["Content-Length"] == str(len(body))
        assert answer.headers["Content-Disposition"].endswith('.jsonl.gz"')
    return body


async def uploaded(world: World, file: bytes, opened: Frame | None = None) -> str:
    """Choose the file and wait for the verdict or the preview: the page as it is then."""
    opened = opened or await settings(world)
    refused = await sent(opened, file)
    assert refused is None, refused.text
    await world.settle()
    return await opened.content()


async def sent(opened: Frame, file: bytes) -> Page | None:
    """As our script uploads: what the door refused, or nothing."""
    begun = await opened.call("/frame/restore")
    if begun.status != 200:
        return begun
    named = begun.json()
    for number in range((len(file) + PIECE - 1) // PIECE):
        data = b64encode(file[number * PIECE : (number + 1) * PIECE]).decode()
        answer = await opened.call("/frame/restore/part", **named, number=number, data=data)
        if answer.status != 200:
            return answer
    answer = await opened.call("/frame/restore/examine", **named)
    return None if answer.status == 200 else answer


async def restored(world: World, file: bytes) -> str:
    """Upload, look, confirm."""
    opened = await settings(world)
    preview = await uploaded(world, file, opened)
    assert "Будет восстановлена выгрузка" in preview, preview
    (restore,) = {part.split('"')[0] for part in preview.split('name="restore" value="')[1:]}
    assert (await opened.call("/frame/restore/apply", restore=restore)).status == 200
    await world.settle()
    page = await opened.content()
    assert "Восстановлено" in page
    return page


async def goes_and_comes_back(world: World, installation: Installation) -> None:
    """Removed with its data, erased, installed anew."""
    await world.uninstall(installation, clean=True)
    await world.chores()
    await world.install()


def lines(file: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(file).splitlines()]


def changed(file: bytes, was: bytes, to: bytes) -> bytes:
    text = gzip.decompress(file)
    assert was in text
    return gzip.compress(text.replace(was, to))


def weights(page: str) -> dict[str, int]:
    """What the preview or the result says of memberships, by its first word."""
    part = page.split("Люди и компании")[1].split("</dl>")[0]
    found = [one.split("</dd>")[0] for one in part.split("<dd>")[1:]]
    return {one.split("<span>")[1].split("</span>")[0]: int(one.split("<b>")[1].split("</b>")[0]) for one in found}


async def stored(world: World) -> list[Any]:
    """The memberships as they stand. Versions aside: one that was something else meanwhile is a version on."""
    left_out = ("updated_at", "portal_id", "version", "told_version")
    columns = [one for one in memberships.c if one.name not in left_out]
    row = await world.row()
    async with world.resources.tenant(row.id) as db:
        return list((await db.execute(select(*columns).order_by(memberships.c.id))).all())


@dataclass
class Decided:
    """Two people of one company, one alone: the first confirmed by a button with a note, the second still waiting."""

    installation: Installation
    company: int
    first: int
    second: int
    alone: int


@pytest.fixture
async def decided(world: World) -> Decided:
    company = world.add_company()
    first, second = world.add_contact(company), world.add_contact(company, name="Вера")
    alone = world.add_contact(name="Пётр")
    installation = await world.install()
    await world.subscribe()
    for one in (first, second):
        world.tick(CONTACT, one)
    await world.settle()
    opened = await tab(world, "contact", first)
    assert (await opened.press("confirm", members(opened.html)[0], "Директор, звонила")).status == 200
    await world.settle()
    return Decided(installation, company, first, second, alone)


async def test_the_file_is_readable_by_anybody_and_holds_no_key_and_no_name(world: World, decided: Decided) -> None:
    file = lines(await exported(world))

    assert file[0]["export"]["member_id"] == world.portal.member_id
    rows = [one["row"] for one in file if one.get("section") == "memberships"]
    assert [(one["contact_id"], one["state"]) for one in rows] == [
        (decided.first, "confirmed"),
        (decided.second, "pending"),
        (decided.alone, "confirmed"),
    ]
    assert (rows[0]["reason"], rows[0]["note"], rows[0]["decided_by"]) == (
        "button_confirm",
        "Директор, звонила",
        world.manager().id,
    )
    assert {one["section"] for one in file[1:-1]} == {"settings", "client_apps", "endpoints", "memberships"}
    assert {one["name"]: one["rows"] for one in file[-1]["manifest"]["sections"]}["memberships"] == 3
    text = json.dumps(file, ensure_ascii=False)
    assert world.receiver.secret not in text and "b24_" not in text
    assert "Соколов" not in text and "Стройтехника" not in text


async def test_deleted_with_the_app_and_brought_back_by_the_file(world: World, decided: Decided) -> None:
    before = await stored(world)
    file = await exported(world)
    await goes_and_comes_back(world, decided.installation)
    assert await stored(world) != before
    opened = await settings(world)
    assert "Если у Вас есть выгрузка" in opened.html
    installer = await world.open(world.installation(), world.admin(), handler="/install")
    assert "Если у Вас есть выгрузка" in installer.text

    heard = len(world.receiver.heard)
    page = await restored(world, file)

    assert await stored(world) == before, "ids, decisions, authors, notes and what was told"
    assert world.card(CONTACT, decided.first) == (False, "Подтверждён")
    assert world.card(CONTACT, decided.second) == (True, "На проверке")
    assert world.card(COMPANY, decided.company) == (True, "На проверке")
    shown = (await tab(world, "contact", decided.first)).html
    assert "Директор, звонила" in shown and world.manager().full_name in shown
    assert len(world.receiver.heard) == heard, "nobody is told what was told before"
    assert "Если у Вас есть выгрузка" not in page and "Личный кабинет" in page


async def test_restoring_twice_changes_nothing(world: World, decided: Decided) -> None:
    file = await exported(world)
    await goes_and_comes_back(world, decided.installation)
    await restored(world, file)
    once = await stored(world)
    written = updates(world)

    again = await restored(world, file)

    assert await stored(world) == once
    assert weights(again) == {"уже есть, как в файле": 3}
    assert updates(world) == written


def updates(world: World) -> int:
    """Cards written so far."""
    commands = world.emulator.world.meters.commands
    return sum(commands["first", f"crm.{card}.update"] for card in ("contact", "company"))


async def test_a_client_app_comes_back_without_its_key_and_takes_a_new_one(world: World, decided: Decided) -> None:
    file = await exported(world)
    await goes_and_comes_back(world, decided.installation)
    await restored(world, file)
    opened = await settings(world)
    app_id = opened.html.split('name="client_app" value="')[1].split('"')[0]

    made = (await opened.call("/frame/client-apps/key", client_app=app_id)).json()["html"]
    key = made.split('id="new-key" value="')[1].split('"')[0]

    (endpoint,) = (await world.api("GET", "/endpoints", key)).json()["data"]
    assert (endpoint["state"], endpoint["state_reason"]) == ("disabled", "restored")
    fresh = await world.api("POST", f"/endpoints/{endpoint['id']}/rotate-secret", key)
    world.receiver.secret = fresh.json()["secret"]
    assert (await world.api("PATCH", f"/endpoints/{endpoint['id']}", key, {"enabled": True})).status == 200
    await world.settle()
    world.tick(CONTACT, decided.alone)
    await world.settle()
    assert world.receiver.events()[-1].data["contact_id"] == decided.alone
    assert (await opened.call("/frame/client-apps/key", client_app=app_id)).status == 404, "one key is enough"


async def test_what_people_decided_since_stays(world: World, decided: Decided) -> None:
    """Before the file is uploaded: one is decided by a button, one box was moved while nobody was looking."""
    file = await exported(world)
    await world.uninstall(decided.installation, clean=True)
    await world.chores()
    world.tick(CONTACT, decided.alone)  # the app is away
    await world.install()
    opened = await tab(world, "contact", decided.second)
    assert (await opened.press("confirm", members(opened.html)[0], "Теперь да")).status == 200
    await world.settle()

    page = await restored(world, file)

    assert world.card(CONTACT, decided.second) == (False, "Подтверждён")
    assert world.card(CONTACT, decided.alone)[0], "the box is the truth: ticked while we were away"
    key = await world.client_app()
    states = {
        one["contact"]["id"]: one["state"] for one in (await world.api("GET", "/memberships", key)).json()["data"]
    }
    assert states == {decided.first: "confirmed", decided.second: "confirmed", decided.alone: "pending"}
    assert weights(page)["не тронуты: люди изменили их позже"] >= 2


async def test_cards_and_links_that_are_gone_are_counted_and_left_out(world: World, decided: Decided) -> None:
    file = await exported(world)
    await world.uninstall(decided.installation, clean=True)
    await world.chores()
    world.portal.crm.delete(CONTACT, decided.alone, world.admin())
    await world.install()

    page = await restored(world, file)

    assert weights(page)["пропущены: карточки или связи больше нет"] == 1
    assert len(await stored(world)) == 2


async def test_who_heard_otherwise_since_the_return_hears_of_it(world: World) -> None:
    """A client app that came after the reinstall has read `pending` from the list; the file says `confirmed`."""
    company = world.add_company()
    first, second = world.add_contact(company), world.add_contact(company, name="Вера")
    installation = await world.install()
    world.tick(COMPANY, company)
    await world.settle()
    opened = await tab(world, "contact", first)
    assert (await opened.press("confirm", members(opened.html)[0])).status == 200
    await world.settle()
    file = await exported(world)
    await goes_and_comes_back(world, installation)
    key = await world.subscribe()
    listed = (await world.api("GET", "/memberships", key)).json()["data"]
    assert {one["contact"]["id"]: one["state"] for one in listed} == {first: "pending", second: "pending"}

    await restored(world, file)

    (told,) = world.receiver.events()
    assert (told.data["contact_id"], told.data["old_state"], told.data["new_state"]) == (first, "pending", "confirmed")


async def test_a_mode_comes_back_unless_somebody_has_switched_it(world: World, decided: Decided) -> None:
    await world.mode("watch")
    file = await exported(world)
    await goes_and_comes_back(world, decided.installation)
    await restored(world, file)
    assert (await world.row()).mode("verification") == "watch"

    await world.mode("off")
    await restored(world, file)
    assert (await world.row()).mode("verification") == "off"


async def test_a_worker_killed_on_the_way_out_and_on_the_way_back(world: World, decided: Decided) -> None:
    before = await stored(world)
    world.failpoints.armed = {"export.slice"}
    file = await exported(world)
    await goes_and_comes_back(world, decided.installation)
    world.failpoints.armed = {"restore.slice"}
    opened = await settings(world)
    await uploaded(world, file, opened)
    world.failpoints.armed = {"restore.slice"}

    await restored(world, file)

    assert world.kills == 3
    assert await stored(world) == before


async def test_the_preview_waits_for_the_first_reading_of_the_crm(world: World, decided: Decided) -> None:
    file = await exported(world)
    opened = await settings(world)
    await world.mode("off")
    await world.mode("on")  # read anew
    row = await world.row()
    assert not row.imported
    assert await sent(opened, file) is None
    await world.settle()
    world.pass_time(seconds=11)
    await world.settle()
    assert weights(await opened.content()) == {"уже есть, как в файле": 3}


# --- files that must not ---------------------------------------------------------------------------------------------


async def refused_file(world: World, file: bytes) -> str:
    """What the page says of it; nothing of it may be left."""
    before = await stored(world)
    page = await uploaded(world, file)
    assert await stored(world) == before
    row = await world.row()
    async with world.resources.tenant(row.id) as db:
        assert (await db.execute(select(file_parts.c.number).where(~file_parts.c.ours))).first() is None
    return page.split('<p class="banner bad"><b>')[1].split("</p>")[0]


async def test_files_that_are_not_ours_or_were_changed(world: World, decided: Decided) -> None:
    file = await exported(world)
    text = gzip.decompress(file)
    whole = text.splitlines(keepends=True)
    bad = {
        "state": changed(file, b'"state":"pending"', b'"state":"confirmed"'),
        "manifest": changed(file, b'"rows":3', b'"rows":4'),
        "signature": gzip.compress(text.replace(b'"signature":"', b'"signature":"0')),
        "bytes": file[:-9] + bytes([file[-9] ^ 1]) + file[-8:],
        "truncated": file[: len(file) // 2],
        "no end": gzip.compress(b"".join(whole[:-1])),
        "a row twice": gzip.compress(b"".join([*whole[:2], whole[1], *whole[2:]])),
        "more after the end": gzip.compress(text + whole[1]),
        "sections out of order": gzip.compress(b"".join([whole[0], whole[-2], *whole[1:-2], whole[-1]])),
        "malformed": gzip.compress(b"".join([*whole[:2], b'{"section":"memberships","row":{"id":1}}\n', *whole[2:]])),
        "surrogates": gzip.compress(b"".join([whole[0], b'{"section":"settings","row":{"modes":"\\ud800"}}\n'])),
        "deep": gzip.compress(whole[0] + b"[" * 60_000 + b"\n"),
        "long": gzip.compress(whole[0] + b'"' + b"x" * (LONGEST_LINE + 1) + b'"\n'),
        "half a second file": file + b"\x1f\x8b",
    }
    for name, one in bad.items():
        said = await refused_file(world, one)
        assert "Файл повреждён" in said or "Файл изменён" in said, (name, said)
    assert "Файл изменён" in await refused_file(world, bad["signature"])

    for line in (b"", b"hello\n", b"[]\n"):
        said = await refused_file(world, gzip.compress(line))
        assert "не выгрузка приложения" in said or "Файл повреждён" in said, (line, said)
    newer = gzip.compress(whole[0].replace(b'"version":1', b'"version":2') + b"".join(whole[1:]))
    assert "более новой версией" in await refused_file(world, newer)


async def test_what_is_no_gzip_is_refused_at_the_first_part(world: World, decided: Decided) -> None:
    for file in (b"\0" * PIECE, b"PK\x03\x04" + b"x" * 100, b'{"export":{}}'):
        refused = await sent(await settings(world), file)
        assert refused and (refused.status, refused.json()["error"]["code"]) == (422, "export_not_ours")


async def test_a_gigabyte_of_zeros_is_looked_at_for_a_moment_only(world: World, decided: Decided) -> None:
    """A megabyte of gzip; it is unpacked a piece at a time and has no line."""
    bomb = gzip.compress(b"\0" * 2**20) * 1024
    assert "не выгрузка приложения" in await refused_file(world, bomb)


async def test_another_portals_file_is_refused(world: World, decided: Decided) -> None:
    file = await exported(world)
    await world.install(world.other_portal)
    opened = frame(world, await world.open(world.installation(world.other_portal), world.admin(world.other_portal)))
    assert await sent(opened, file) is None
    await world.settle()
    assert "belongs to another Bitrix24" in await opened.content()


async def test_keys_are_rotated_and_the_file_is_still_good_until_its_key_is_gone(
    world: World, decided: Decided
) -> None:
    file = await exported(world)
    ring = world.resources.settings.secret_keys
    rotate(world, (Fernet.generate_key().decode(), *ring))
    assert "Будет восстановлена" in await uploaded(world, file)

    opened = await settings(world)
    refused = await sent(opened, file)
    assert refused is None
    rotate(world, (Fernet.generate_key().decode(),))
    await carry_files(world.resources, (await world.row()).id)
    rotate(world, ring)
    assert "Файл подписан ключом, которого больше нет" in await opened.content()


def rotate(world: World, keys: tuple[str, ...]) -> None:
    world.resources = replace(world.resources, settings=replace(world.resources.settings, secret_keys=keys))


async def test_only_an_administrator_of_now_takes_data_out_or_brings_it_back(world: World, decided: Decided) -> None:
    file = await exported(world)
    opened, employee = await settings(world), await main(world, world.manager())
    assert "Выгрузить данные" not in employee.html and "Скачать" not in employee.html
    begun = (await opened.call("/frame/restore")).json()
    part = {**begun, "number": 0, "data": b64encode(file).decode()}
    assert (await employee.call("/frame/restore/part", **part)).status == 404
    assert (await opened.call("/frame/restore/part", **part)).status == 200
    assert (await opened.call("/frame/restore/part", **part)).status == 200, "sent twice is once"
    assert (await opened.call("/frame/restore/part", **{**part, "number": 5})).status == 409
    assert (await opened.call("/frame/restore/part", **{**part, "number": 1, "data": "%"})).status == 422
    world.admin().admin = False
    calls = {
        "/frame/export": {},
        "/frame/export/file": {},
        "/frame/export/weekly": {"url": world.receiver.url},
        "/frame/export/weekly/now": {},
        "/frame/export/weekly/stop": {},
        "/frame/restore": {},
        "/frame/restore/examine": begun,
        "/frame/restore/apply": begun,
        "/frame/restore/forget": begun,
    }
    for who in (opened, employee):
        for path, body in calls.items():
            answer = await who.call(path, **body)
            assert answer.status == 403, (path, answer.text)
    async with world.http.post(f"{world.app_url}/frame/export/file", json={}) as nobody:
        assert nobody.status == 403


async def test_the_console_takes_out_and_brings_back_by_the_same_way(
    world: World, decided: Decided, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, portal = await stored(world), await world.row()
    file = b"".join([part async for part in taken_out(world.resources, portal)])
    await goes_and_comes_back(world, decided.installation)

    looked = await brought_back(world.resources, await world.row(), file, do_it=False)
    assert looked.state is RestoreState.READY and await stored(world) != before
    done = await brought_back(world.resources, await world.row(), file, do_it=True)
    await world.settle()

    assert done.counts["memberships"] == looked.counts["memberships"]
    assert await stored(world) == before

    broken = tmp_path / "export.jsonl.gz"
    broken.write_bytes(file[:-50])
    assert await bring_back(world.resources.settings, world.portal.host, broken, do_it=True) == 1
    assert "export_damaged" in capsys.readouterr().err
    assert await take_out(world.resources.settings, "nobody.example") == 1


async def test_a_portal_without_an_administrator_still_gets_its_data(world: World, decided: Decided) -> None:
    world.admin().active = False
    world.tick(CONTACT, decided.alone)
    await world.settle()
    row = await world.row()
    assert row.state is PortalState.NEEDS_ADMIN
    file = b"".join([part async for part in taken_out(world.resources, row)])
    assert {one["row"]["contact_id"] for one in lines(file) if one.get("section") == "memberships"} == {
        decided.first,
        decided.second,
        decided.alone,
    }
    world.leftovers_explained = "the change waits for an administrator"


# --- every week ------------------------------------------------------------------------------------------------------


async def test_each_week_the_file_goes_where_the_admin_chose(world: World, decided: Decided) -> None:
    async with receiving(world.resources.now) as backup:
        opened = await settings(world)
        set_up = await opened.call("/frame/export/weekly", url=backup.url.replace("/webhooks", "/files"))
        backup.secret = set_up.json()["html"].split('id="new-secret" value="')[1].split('"')[0]
        await world.settle()

        (first,) = backup.files
        assert [one["row"]["state"] for one in lines(first) if one.get("section") == "memberships"]
        assert "отправлено" in await opened.content() or "доставлено" in await opened.content()
        world.pass_time(days=6)
        await world.settle()
        assert len(backup.files) == 1

        world.pass_time(days=1)
        world.tick(CONTACT, decided.alone)
        await world.settle()
        assert len(backup.files) == 2
        assert b'"state":"pending","reason":"box_ticked"' in gzip.decompress(backup.files[1])

        opened = await settings(world)
        assert (await opened.call("/frame/export/weekly/now")).status == 200
        await world.settle()
        assert len(backup.files) == 3
        assert (await opened.call("/frame/export/weekly/stop")).status == 200
        world.pass_time(days=15)
        await world.settle()
        assert len(backup.files) == 3
    assert await uploaded(world, backup.files[1])


async def test_a_week_that_fails_is_tried_again_and_told(world: World, decided: Decided) -> None:
    async with receiving(world.resources.now) as backup:
        backup.answers = [500, 302]
        opened = await settings(world)
        await opened.call("/frame/export/weekly", url=backup.url.replace("/webhooks", "/files"))
        await world.settle()
        page = await opened.content()
        assert "не отправлено" in page and "адрес ответил ошибкой" in page
        assert backup.files == []

        world.pass_time(seconds=6)
        await world.settle()
        assert "адрес ответил перенаправлением" in await opened.content()
        world.pass_time(minutes=6)
        await world.settle()

        assert len(backup.files) == 1
        assert "не отправлено" not in await opened.content()
        due = await next_at(world)
        assert (due - world.resources.now()).days == 6, "the same hour next week, however late this one was"
        await opened.call("/frame/export/weekly/stop")


async def test_a_new_address_is_not_overlooked_while_the_old_one_is_being_served(
    world: World, decided: Decided
) -> None:
    async with receiving(world.resources.now) as old, receiving(world.resources.now) as new:
        old_url, new_url = (one.url.replace("/webhooks", "/files") for one in (old, new))
        opened = await settings(world)
        old.meanwhile = lambda: opened.call("/frame/export/weekly", url=new_url)
        await opened.call("/frame/export/weekly", url=old_url)
        await world.settle()

        assert (len(old.files), len(new.files)) == (1, 1)
        assert "доставлено" in await opened.content()
        new.meanwhile = lambda: opened.call("/frame/export/weekly/now")
        await opened.call("/frame/export/weekly/now")
        await world.settle()
        assert len(new.files) == 3, "a press while one is on its way asks for one more"
        await opened.call("/frame/export/weekly/stop")


async def test_a_worker_killed_after_the_weekly_file_went_sends_the_same_again(world: World, decided: Decided) -> None:
    async with receiving(world.resources.now) as backup:
        world.failpoints.armed = {"weekly.sent"}
        opened = await settings(world)
        await opened.call("/frame/export/weekly", url=backup.url.replace("/webhooks", "/files"))
        await world.settle()
        assert (world.kills, len(backup.files), len(set(backup.ids))) == (1, 2, 1)
        await opened.call("/frame/export/weekly/stop")


async def test_a_file_that_was_replaced_while_it_was_read_leaves_nothing(world: World, decided: Decided) -> None:
    file = await exported(world)
    opened = await settings(world)
    assert await sent(opened, file) is None
    at_work = await opened.call("/frame/restore")  # another upload begins before the first was looked at
    assert at_work.status == 200
    await world.settle()
    row = await world.row()
    async with world.resources.tenant(row.id) as db:
        (newest,) = (await db.execute(select(restores.c.id))).scalars()
        parts = (await db.execute(select(file_parts.c.file_id).distinct())).scalars()
        (export,) = (await db.execute(select(exports_table.c.id))).scalars()
        assert set(parts) <= {newest, export}
    shelf = restoring._Shelf(world.resources, row.id, uuid4())
    await shelf.put("settings", {"modes": {}}, b"{}\n")
    with pytest.raises(restoring.Superseded):
        await shelf.flush()


async def next_at(world: World) -> datetime:
    row = await world.row()
    async with world.resources.tenant(row.id) as db:
        found = await exports.target(db, row.id)
    assert found
    return found.next_at


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://backup.example.com/", "Вызываются только адреса https"),
        ("https://10.0.0.1/", "внутренних сетей"),
        ("https://localhost/", "внутренних сетей"),
        ("https://user:secret@backup.example.com/", "имени и пароля"),
        ("not an address", "https://my.example.com"),
    ],
)
async def test_an_address_we_do_not_call_is_refused_in_words(world: World, url: str, said: str) -> None:
    await world.install()
    with pytest.raises(Refused) as refused:
        await weekly.aim(strict(world.resources), (await world.row()).id, url)
    render = Render.read(world.resources.manifest)
    assert said in render.error(refused.value.code, "ru", refused.value.status)["error"]["text"]
