"""What stories of the choice at the beginning share: the admin's page, and the work it asks for."""

from __future__ import annotations

import re
from typing import Any

from b24app.verification.journeys import launch
from b24app.verification.journeys.launch import LaunchView
from emulator.crm.entities import Entity
from tests.doors.frames import main
from tests.world import World

ROUNDS = 40


async def counted(world: World) -> None:
    """Clients with a recent deal are counted, as a worker does it that the tick has woken."""
    await world._chores(launch.COUNT)


async def press(world: World, act: str, **fields: Any) -> str:
    """An administrator presses it in the settings; the page afterwards."""
    page = await main(world, world.admin())
    answer = await page.call(f"/frame/launch/{act}", **fields)
    assert answer.status == 200, answer.text
    return str(answer.json()["html"])


async def choose(world: World, choice: str) -> str:
    return await press(world, "choose", choice=choice)


async def work(world: World) -> None:
    """Batch after batch, until nothing is left to be handed out."""
    for _ in range(ROUNDS):
        done = await world._chores(launch.RUN)
        await world.settle()
        if not done and (await view(world)).phase not in ("running", "undoing"):
            return
        world.pass_time(seconds=3)
    raise AssertionError("the launch does not come to its end")


async def view(world: World) -> LaunchView:
    portal = await world.row()
    async with world.resources.tenant(portal.id) as db:
        found = await launch.launch_view(db, world.resources, portal)
    assert found
    return found


def add_deal(world: World, *contacts: int, company: int = 0) -> int:
    values: dict[str, Any] = {"TITLE": "Аренда подъёмника"}
    if contacts:
        values["CONTACT_IDS"] = list(contacts)
    if company:
        values["COMPANY_ID"] = company
    return world.portal.crm.add(Entity.DEAL, values, world.admin())


def said(html: str) -> str:
    """What a person reads of it."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
