"""Attacks: each is refused with nothing changed anywhere, and the story goes on as if nothing had been.

Those that a genuine sender could have made are taken, and nothing comes of them: stories of their own.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from b24app.store.engine import open_engine
from emulator.attacks import kinds
from emulator.model.installs import finish
from tests.stories.differences.switches import proves, switch
from tests.stories.scene import CONTACT, Scene, told_once
from tests.tables import TABLES
from tests.world import World

REFUSED = (400, 401, 403, 404)
TAKEN = ("event_replayed", "event_by_another", "uninstall_by_employee")
DOORS = {"install": "/install", "robot": "/bitrix/robots/assign", "open": "/app"}  # by the kind's first word


def attacks() -> list[Any]:
    return [pytest.param(kind, marks=proves(f"forge {kind}")) for kind in kinds() if kind not in TAKEN]


def door(world: World, kind: str) -> str:
    """Where it does most harm: an employee's genuine opening at the installer."""
    path = "/install" if kind == "open_non_admin" else DOORS.get(kind.partition("_")[0], "/bitrix/events")
    return world.app_url + path


async def everything(world: World) -> list[str]:
    """Each row of each table, as the owner sees it; the log of requests is written by and by, and left out."""
    engine, found = open_engine(world.resources.settings.database_owner_url), []
    async with engine.connect() as db:
        for table in [one for one in TABLES if one.name != "portal_calls"]:
            found += [f"{table.name} {row[0]}" for row in await db.execute(text(f"SELECT t::text FROM {table} t"))]
    await engine.dispose()
    return sorted(found)


@pytest.mark.parametrize("kind", attacks())
async def test_an_attack_changes_nothing(world: World, scene: Scene, kind: str) -> None:
    await world.install(world.other_portal)
    world.portal.crm.update(CONTACT, scene.contact, {"NAME": "Пётр"}, world.manager())
    if kind == "event_former_token":
        await a_new_version(world, scene)
    await world.settle()
    before = await everything(world)

    told = await switch(world, "forge", kind=kind, url=door(world, kind), other_portal=world.other_portal.name)
    await world.settle()

    assert told["status"] in REFUSED, told
    assert await everything(world) == before, told
    world.tick(CONTACT, scene.contact)
    await world.settle()
    told_once(world, scene)


@proves("forge event_replayed")
async def test_a_genuine_event_once_more_is_looked_at_and_nothing_comes_of_it(world: World, scene: Scene) -> None:
    world.tick(CONTACT, scene.contact)
    await world.settle()
    for _ in range(3):
        told = await switch(world, "forge", kind="event_replayed", url=f"{world.app_url}/bitrix/events")
        assert told["status"] == 200
    await world.settle()
    told_once(world, scene)


async def a_new_version(world: World, scene: Scene) -> None:
    """With a new application token; the portal takes the app for installed once its admin has been there."""
    await switch(world, "update")
    await world.settle()
    await world.open(scene.installation, world.admin())
    finish(scene.installation, world.admin())
