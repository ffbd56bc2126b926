"""Portal events on their way into the inbox, when somebody else holds the rows they want."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.portal.journeys.reception import Reception
from b24app.work.store import inbox, index
from tests.world import World

FIRST, SECOND = (Subject(Kind.CONTACT, number) for number in (1, 2))
LOCK = text("SELECT 1 FROM work WHERE portal_id = :portal AND key = :key FOR UPDATE")
WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


async def test_a_deadlock_with_a_worker_loses_no_event(world: World) -> None:
    """A worker settles two cards in one order while their events are stored in the other: one of them gives way."""
    await world.install()
    world.leftovers_explained = "the cards of these events were never made"
    portal, now = await world.row(), world.resources.now()
    async with world.resources.transaction() as db:
        await index.arrive(db, portal.id, index.WorkKind.RECORD, {str(FIRST), str(SECOND)}, Lane.INTERACTIVE, now)
    reception = Reception(world.resources)

    with suppress(DBAPIError):  # on a busy machine it may be the worker who gives way
        async with world.resources.transaction() as worker:
            await worker.execute(LOCK, {"portal": portal.id, "key": str(SECOND)})
            storing = [
                asyncio.create_task(reception.store(portal, Arrival(Source.EVENT, "ONCRMCONTACTUPDATE", one)))
                for one in (FIRST, SECOND)
            ]
            async with world.resources.engine.connect() as watching:
                while not (await watching.execute(WAITS)).scalar_one():
                    await watching.rollback()  # the server shows a transaction what it saw first
            await worker.execute(LOCK, {"portal": portal.id, "key": str(FIRST)})

    await asyncio.gather(*storing)
    async with world.resources.tenant(portal.id) as db:
        assert await inbox.count(db, portal.id, "waiting") == 2
