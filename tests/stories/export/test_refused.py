"""Files that must not be restored: not ours, changed, huge, another portal's, of a key that is gone."""

from __future__ import annotations

import gzip
from dataclasses import replace

from cryptography.fernet import Fernet
from sqlalchemy import select

from b24app.domain.export.file_format import LONGEST_LINE
from b24app.export.store.tables import file_parts
from tests.doors.frames import frame
from tests.stories.export.files import PIECE, Decided, changed, exported, sent, settings, stored, uploaded
from tests.world import World
from workers.chores import do_due


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
    opened = frame(
        world,
        await world.open(
            world.installation(world.other_portal), world.admin(world.other_portal), page="settings/export"
        ),
    )
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
    await do_due(world.resources, "restore", (await world.row()).id)
    rotate(world, ring)
    assert "Файл подписан ключом, которого больше нет" in await opened.content()


def rotate(world: World, keys: tuple[str, ...]) -> None:
    world.resources = replace(world.resources, settings=replace(world.resources.settings, secret_keys=keys))
