"""What stories of the choice at the beginning share: the admin's page, and the work it asks for."""

from __future__ import annotations

import re
from typing import Any

import pytest

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
    page = await main(world, world.admin(), "verification")
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


async def launched(world: World, *names: str, batch: int = 0, patch: pytest.MonkeyPatch | None = None) -> list[int]:
    """People without a deal, an app that listens, and a launch of everybody that has just been started."""
    if patch:
        patch.setattr(launch, "BATCH", batch)
    people = [world.add_contact(name=name) for name in names]
    await world.install()
    await world.subscribe()
    await choose(world, "nobody")
    await press(world, "start")
    return people


async def one_batch(world: World) -> None:
    """The next batch is handed out and carried out."""
    world.pass_time(seconds=3)
    await world._chores(launch.RUN)
    await world.settle()


def heard(world: World) -> list[tuple[int, str, str]]:
    """(contact, state, reason) of each piece of news, once however often it came."""
    kind = "membership.verification_changed"
    news = {one.id: one for one in world.receiver.heard if one.type == kind}.values()
    return [(one.data["contact_id"], one.data["new_state"], one.data["reason"]) for one in news]
