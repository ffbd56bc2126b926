"""What `b24app doctor` says of a deployment."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from b24app.cli.doctor import doctor
from b24app.portal.store import portals
from b24app.settings import as_environment
from b24app.work.store.tables import work
from tests.world import World


async def test_portals_that_nobody_erases_are_a_finding(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The worker of the queue `erasing` is one of its own: a deployment can forget it."""
    installation = await world.install()
    await world.uninstall(installation, clean=True)
    environ = as_environment(world.resources.settings)
    assert await asyncio.to_thread(doctor, environ) == 0

    row = await world.row()
    async with world.resources.transaction() as db:
        overdue = world.resources.now() - timedelta(days=2)
        await portals.change(db, row.id, removed_at=overdue)
        await db.execute(update(work).where(work.c.key == portals.ERASE).values(due_at=overdue))

    assert await asyncio.to_thread(doctor, environ) == 1
    assert "b24app worker erasing" in capsys.readouterr().out


async def test_who_helps_is_asked_for_and_stops_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {**as_environment(world.resources.settings), "B24APP_VENDOR_HOURS": ""}
    assert await asyncio.to_thread(doctor, environ) == 0
    assert "! B24APP_VENDOR_HOURS: not set" in capsys.readouterr().out
