"""Who takes data out and brings it back: administrators of now, and operators at the console."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from b24app.cli.files import bring_back, brought_back, take_out, taken_out
from b24app.domain.export.restoring import RestoreState
from b24app.domain.portal.installation import PortalState
from tests.doors.frames import main
from tests.stories.export.files import CONTACT, Decided, exported, goes_and_comes_back, lines, settings, stored
from tests.world import World


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
