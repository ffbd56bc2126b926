"""Verbs of the stories about export files: taken out, brought back, looked into."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from b24app.verification.store.tables import memberships
from emulator.crm.entities import Entity
from emulator.model.installs import Installation
from tests.doors.frames import Frame, main
from tests.world import Page, World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
PIECE = 512 * 1024


async def settings(world: World) -> Frame:
    return await main(world, world.admin(), "export")


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
    await world.erase()
    await world.install()


def lines(file: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(file).splitlines()]


def changed(file: bytes, was: bytes, to: bytes) -> bytes:
    text = gzip.decompress(file)
    assert was in text
    return gzip.compress(text.replace(was, to))


def verdicts(page: str) -> dict[str, int]:
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
