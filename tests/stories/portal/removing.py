"""What stories of removals share: who says it, what is kept of it, and how tokens are lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from b24app.errors import PortalError
from b24app.portal.journeys.tokens import StoredTokens
from b24app.store.tables import portals as portals_table
from emulator.model.faults import FOREVER, Break
from emulator.opening import open_form
from tests.world import World


async def says_removed(world: World, *, clean: bool = True) -> int:
    """An employee posts what they have read out of their own browser's form."""
    token = dict(open_form(world.installation(), world.manager()).fields)["APPLICATION_TOKEN"]
    return await says(world, "ONAPPUNINSTALL", token, {"data[CLEAN]": str(int(clean))})


async def says(world: World, event: str, token: str, more: Mapping[str, str]) -> int:
    form = {"event": event, "auth[member_id]": world.portal.member_id, "auth[application_token]": token, **more}
    async with world.http.post(f"{world.app_url}/bitrix/events", data=form) as answer:
        return answer.status


async def said(world: World) -> Any:
    """What is kept of it."""
    async with world.resources.transaction() as db:
        return (await db.execute(select(portals_table).order_by(portals_table.c.id.desc()).limit(1))).one()


async def kept(world: World, table: Any) -> int:
    portal = await world.row()
    async with world.resources.tenant(portal.id) as db:
        return len((await db.execute(select(table.c.portal_id).where(table.c.portal_id == portal.id))).all())


def auth_server_away(world: World) -> None:
    world.emulator.world.faults.add(Break.ERROR_500, FOREVER, host=world.emulator.world.auth_host)


async def lose_access(world: World) -> None:
    """A worker needs a token and finds none that works."""
    with pytest.raises(PortalError):
        await StoredTokens(world.resources, await world.row()).current()
