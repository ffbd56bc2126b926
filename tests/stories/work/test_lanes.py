"""Lanes: what a person did is handled while a recount of thousands goes on, before at most one more slice of it.

Proven by the order of things: rows of a slice are closed in one transaction, so they share its moment.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import select

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.work import slices as sizes
from b24app.domain.work.arrivals import Arrival, Source
from b24app.domain.work.slices import next_size
from b24app.lanes import Lane
from b24app.work.store import inbox, index
from b24app.work.store.tables import inbox as inbox_table
from emulator.crm.entities import Entity
from emulator.seed.crowd import grow
from tests.world import CHECK, World
from workers import inbox as drains
from workers.inbox import drain_portal

CONTACT = Entity.CONTACT


async def recount(world: World, people: list[int]) -> None:
    """Rows in the bulk lane, as a comparison of every card leaves them; each card has to be written to."""
    portal_id = (await world.row()).id
    for one in people:
        world.portal.crm.tables[CONTACT].rows[one][CHECK] = True  # and its event is lost
    arrivals = [Arrival(Source.RESCAN, "recount", Subject(Kind.CONTACT, one)) for one in people]
    async with world.resources.tenant(portal_id) as db:
        await inbox.receive(db, world.resources.vault, portal_id, arrivals, Lane.BULK, world.resources.now())
    await world.resources.wake.inbox(portal_id, Lane.BULK)


async def moments(world: World, source: Source, contact: int = 0) -> list[tuple[datetime, datetime | None]]:
    """(received, handled) of the rows of one source, oldest first, each pair once; of one contact, or of all."""
    portal_id = (await world.row()).id
    query = select(inbox_table.c.received_at, inbox_table.c.handled_at).distinct().order_by(inbox_table.c.received_at)
    query = query.where(inbox_table.c.portal_id == portal_id, inbox_table.c.source == source.value)
    if contact:
        query = query.where(inbox_table.c.subject == str(Subject(Kind.CONTACT, contact)))
    async with world.resources.tenant(portal_id) as db:
        return [(row.received_at, row.handled_at) for row in await db.execute(query)]


async def went_first(world: World, contact: int) -> None:
    """The person's change was handled, after at most one more slice of the recount, and slices were left to do."""
    (came, handled), *_ = await moments(world, Source.EVENT, contact)
    assert handled
    slices = {at for _, at in await moments(world, Source.RESCAN) if at and at > came}
    assert len([at for at in slices if at < handled]) <= 1
    assert any(at > handled for at in slices)


async def test_between_two_slices_of_a_recount_people_go_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the only worker there is happens to be busy with the recount."""
    for name in ("FIRST", "SMALLEST", "LARGEST"):
        monkeypatch.setattr(sizes, name, 50)
    _, people = grow(world.portal, 0, 601)
    await world.install()
    await recount(world, people[:-1])

    def tick() -> None:
        world.tick(CONTACT, people[-1])
        ticking.append(asyncio.ensure_future(world.emulator.world.deliver()))

    ticking: list[asyncio.Future[int]] = []
    world.failpoints.meanwhile["cards.written"] = tick
    await drain_portal(world.resources, (await world.row()).id, Lane.BULK)
    await world.settle()
    await went_first(world, people[-1])
    assert world.card(CONTACT, people[-1]) == (True, "На проверке")


async def test_echoes_of_a_recount_stay_in_its_lane(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it changes on the other side of a link is no more urgent than itself."""
    monkeypatch.setattr(drains, "BUDGET", 0.001)  # one slice
    _, people = grow(world.portal, 40, 50)
    await world.install()
    await recount(world, people)
    await drain_portal(world.resources, (await world.row()).id, Lane.BULK)
    async with world.resources.transaction() as db:
        waiting = {(one.kind, one.lane) for one in await index.depths(db, world.resources.now())}
    assert await moments(world, Source.NEIGHBOUR)
    assert waiting == {("record", Lane.BULK)}
    monkeypatch.undo()
    await world.settle()


@pytest.mark.parametrize(
    ("size", "took", "then"),
    [(200, 4.0, 100), (200, 0.1, 400), (1500, 0.1, 1900), (20, 60.0, 10), (200, 2.0, 200), (200, 0.0, 400)],
)
def test_slices_grow_and_shrink_with_the_time_they_take(size: int, took: float, then: int) -> None:
    assert next_size(size, took) == then
