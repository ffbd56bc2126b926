"""Chores done here and now, as a worker does them that the tick has woken."""

from __future__ import annotations

from sqlalchemy import select

from b24app.domain.portal.installation import PortalState
from b24app.plug import Done
from b24app.resources import Resources
from b24app.store.tables import portals
from b24app.work.store import index
from workers.chores import chores_of, do_due, do_now, keep_clocks, states_of, wake_due


async def chore(resources: Resources, name: str, portal_id: int) -> Done:
    """What came of it; None where it failed, or somebody else does it."""
    done = await do_now(resources, name, portal_id)
    return done[0] if done else None


async def import_one(resources: Resources, portal_id: int) -> Done:
    return await chore(resources, "import_portal", portal_id)


async def reconcile_one(resources: Resources, portal_id: int) -> Done:
    return await chore(resources, "reconcile_portal", portal_id)


async def rescan_one(resources: Resources, portal_id: int) -> int:
    """How many cards had drifted."""
    return _number(await chore(resources, "rescan_portal", portal_id))


async def fetch_offline_one(resources: Resources, portal_id: int) -> int:
    """How many rows were stored."""
    return _number(await chore(resources, "fetch_offline", portal_id))


async def sweep_one(resources: Resources, portal_id: int) -> Done:
    return await chore(resources, "sweep_portal", portal_id)


async def expire_one(resources: Resources, portal_id: int) -> int:
    """How many deleted cards were left for their journey to end."""
    return _number(await chore(resources, "expire_memberships", portal_id))


async def connection_check_one(resources: Resources, portal_id: int) -> bool:
    """Whether there was one to make."""
    return bool(await chore(resources, "connection_check", portal_id))


async def look_at(resources: Resources, portal_id: int) -> Done:
    return await chore(resources, "look_at_portal", portal_id)


async def erase(resources: Resources, portal_id: int) -> Done:
    done = await do_due(resources, "erase_portal", portal_id)
    return done[0] if done else None


async def tidy_all(resources: Resources) -> int:
    """How many rows went."""
    return sum([_number(await chore(resources, "tidy_portal", one)) for one in await portal_ids(resources)])


async def portal_ids(resources: Resources, *states: PortalState) -> list[int]:
    """Of portals in these states; of all, where none is named."""
    wanted = portals.c.state.in_(states or list(PortalState))
    async with resources.transaction() as db:
        return list((await db.execute(select(portals.c.id).where(wanted).order_by(portals.c.id))).scalars())


async def due(resources: Resources, *chores: str) -> list[tuple[str, int]]:
    """(chore, portal) whose rows are due, of these; of all, where none is named."""
    async with resources.transaction() as db:
        found = await index.chores_due(db, states_of(chores_of(resources)), resources.now())
    return [(name, portal_id) for portal_id, name in found if not chores or name in chores]


async def rewake_all(resources: Resources) -> int:
    """The tick's minute: how many wake-ups were sent."""
    await keep_clocks(resources)
    return await wake_due(resources)


def _number(done: Done) -> int:
    return done if isinstance(done, int) else 0
