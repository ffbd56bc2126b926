"""The scene of most faults, and the proof that a story marked with `proves` threw its switches and ended well."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from emulator.model.faults import Fault, Faults
from tests.doors.frames import members, tab
from tests.emulator.methods import ROWS
from tests.stories.differences.switches import THROWN
from tests.stories.export.files import Decided
from tests.stories.scene import CONTACT, Scene, agree
from tests.world import World


@pytest.fixture
async def scene(world: World) -> Scene:
    company = world.add_company()
    contact = world.add_contact(company)
    installation = await world.install()
    key = await world.subscribe()
    return Scene(company, contact, installation, key)


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


@pytest.fixture
async def world(request: pytest.FixtureRequest, world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A fault counts where it really broke a request, any other switch where the door was told."""
    promised = {code for mark in request.node.iter_markers("proves") for code in mark.args}
    THROWN.clear()
    monkeypatch.setattr(Faults, "take", _noted(Faults.take))
    yield world
    assert promised <= THROWN, f"not thrown: {promised - THROWN}"
    called = {method for _, method in world.emulator.world.meters.commands}
    assert called <= set(ROWS), "a method that no outside client is tried with: tests/emulator/methods.py"
    if promised:
        await agree(world)


def _noted(take: Callable[[Faults, str, str], Fault | None]) -> Callable[[Faults, str, str], Fault | None]:
    def noting(faults: Faults, host: str, method: str) -> Fault | None:
        fault = take(faults, host, method)
        if fault is not None:
            THROWN.add(f"faults {fault.kind}")
        return fault

    return noting
