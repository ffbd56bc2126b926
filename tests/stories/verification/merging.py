"""What stories of cards that go look at: memberships, what client apps heard, and which cards go on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from b24app.cards.store.tables import aliases
from b24app.verification.store.tables import memberships
from emulator.crm.entities import Entity
from tests.world import World

MARK = "UF_CRM_B24APP_MARK"


async def states(world: World) -> dict[tuple[int, int], str]:
    """(contact, company) → state, without those that have ended."""
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        rows = await db.execute(select(memberships).where(memberships.c.portal_id == portal_id))
    return {(row.contact_id, row.company_id): row.state for row in rows if row.state != "left"}


async def everything_settles(world: World) -> None:
    """Where events are lost, the sweep finds what the rescan cannot."""
    await world.settle()
    if world.emulator.world.faults.events.lose_rate:
        await world.sweep()


def told(world: World) -> list[tuple[str, Any]]:
    """Per piece of news: moved → the new pair of ids; else the new state."""
    found: list[tuple[str, Any]] = []
    for one in {one.id: one for one in world.receiver.heard if one.type != "endpoint.ping"}.values():
        moved = one.type == "membership.moved"
        where = (one.data["contact_id"], one.data["company_id"])
        found.append(("moved", where) if moved else (one.data["new_state"], where))
    return found


async def successors(world: World) -> dict[str, int]:
    """Card that is gone → the id of the one that goes on for it, where its memberships are settled, too."""
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        rows = await db.execute(select(aliases).where(aliases.c.applied_at.is_not(None)))
    return {f"{row.kind}:{row.old_id}": row.new_id for row in rows}


def mark(world: World, entity: Entity, id: int) -> list[str]:
    """The ids that our mark in the card holds."""
    record = world.portal.crm.get(entity, id)
    assert record is not None
    return list(record.get(MARK) or ())
