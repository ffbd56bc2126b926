"""Each week the file goes where the administrator chose."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from b24app.errors import Refused
from b24app.export.journeys import restoring, weekly
from b24app.export.store import exports
from b24app.export.store.tables import exports as exports_table
from b24app.export.store.tables import file_parts, restores
from b24app.features import PRODUCT
from b24app.vault import Vault
from placements import PARTS
from placements.render import Render
from tests.outside import strict
from tests.receiver import receiving
from tests.stories.export.files import CONTACT, Decided, exported, lines, sent, settings, uploaded
from tests.world import World
from workers.chores import do_due


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


async def test_a_secret_whose_key_is_gone_is_told_and_nothing_is_sent(world: World, decided: Decided) -> None:
    async with receiving(world.resources.now) as backup:
        opened = await settings(world)
        await opened.call("/frame/export/weekly", url=backup.url.replace("/webhooks", "/files"))
        ours = world.resources
        world.resources = replace(ours, vault=Vault((Fernet.generate_key().decode(),)))
        portal_id = (await world.row()).id
        await do_due(world.resources, "weekly", portal_id)
        world.resources = ours
        assert "секрет не открывается" in await opened.content()
        assert backup.files == []
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
    shelf = restoring._Shelf(world.resources, row.id, PRODUCT.sections, uuid4())
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
        await weekly.set_target(strict(world.resources), (await world.row()).id, url)
    render = Render.read(world.resources.manifest, PARTS)
    assert said in render.error(refused.value.code, "ru", refused.value.status)["error"]["text"]
