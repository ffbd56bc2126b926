"""The first read of a portal that does not stand still: cards come and go, tokens expire, it moves, readers die."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from b24app.cards.journeys import importing
from b24app.cards.store import imports
from b24app.cards.store.imports import ImportStep
from b24app.domain.cards.facts import Kind
from emulator.crm.entities import Entity
from emulator.seed.crowd import grow
from tests.chores import import_one, rescan_one
from tests.world import CHECK, World
from workers import chores

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY


@pytest.fixture
def short_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker stops after each group, as after its time is up."""
    monkeypatch.setattr(importing, "BUDGET", -1.0)
    monkeypatch.setattr(chores, "BUDGET", -1.0)


async def known(world: World) -> set[tuple[int, int]]:
    """(contact, company) of every membership, as a client app reads them."""
    key, found, path = await world.client_app(), set(), "/memberships?limit=200"
    while path:
        page = (await world.api("GET", path, key)).json()
        found |= {(one["contact"]["id"], (one["company"] or {"id": 0})["id"]) for one in page["data"]}
        path = f"/memberships?limit=200&cursor={page['next']}" if page["next"] else ""
    return found


def in_portal(world: World) -> set[tuple[int, int]]:
    """(contact, company) as the portal has them now."""
    crm = world.portal.crm
    return {(one, company) for one in crm.tables[CONTACT].ids for company in crm.links.companies(one) or (0,)}


async def read(world: World, kind: Kind) -> int:
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        return next((one.read for one in await imports.progress(db, portal_id) if one.kind is kind), 0)


async def read_on(world: World) -> None:
    """Go after go, as the wake-ups send workers, until everything is read."""
    portal = await world.row()
    for _ in range(9):
        await import_one(world.resources, portal.id)
    assert (await world.row()).imported
    await world.settle()


async def unread(world: World) -> int:
    """A portal that has the app and has to be read anew; its id."""
    await world.install()
    grow(world.portal, 620, 1300)
    return await world.read_anew()


async def test_cards_that_come_and_go_while_it_is_read(world: World) -> None:
    firms, people = grow(world.portal, 620, 1300)
    added: list[int] = []

    def life_goes_on() -> None:
        """500 companies are read, no contact is."""
        added.append(world.add_contact(world.add_company()))
        world.portal.crm.delete(COMPANY, firms[2], world.admin())
        world.portal.crm.delete(COMPANY, firms[610], world.admin())
        world.portal.crm.delete(CONTACT, people[5], world.admin())
        world.portal.crm.links.add(people[0], added[0] and firms[0])

    world.failpoints.meanwhile["import.page"] = life_goes_on
    await world.install()
    assert added
    assert await known(world) == in_portal(world)
    assert world.receiver.events() == []


async def test_what_was_changed_behind_the_reader_is_found_though_its_event_is_lost(world: World) -> None:
    """The read takes longer than the rescan looks back from its end."""
    _, people = grow(world.portal, 0, 620)
    await world.install()
    await world.subscribe()
    await world.read_anew()
    first = people[0]

    def tick_behind_and_time_passes() -> None:
        world.emulator.world.faults.events.lose_next = 1
        world.tick(CONTACT, first)
        world.pass_time(hours=1)

    world.failpoints.meanwhile["import.page"] = tick_behind_and_time_passes
    await world.settle()
    assert world.receiver.events() == []
    await rescan_one(world.resources, (await world.row()).id)
    await world.settle()
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]


async def test_the_access_token_expires_in_the_middle(world: World) -> None:
    grow(world.portal, 620, 1300)
    world.failpoints.meanwhile["import.page"] = lambda: world.emulator.world.auth.expire_access(world.installation())
    await world.install()
    assert await known(world) == in_portal(world)


@pytest.mark.usefixtures("short_goes")
async def test_the_portal_moves_in_the_middle(world: World) -> None:
    portal_id = await unread(world)
    await import_one(world.resources, portal_id)
    assert await read(world, Kind.COMPANY) == 500
    await world.emulator.world.rename(world.portal, "127.0.0.6:0")
    await import_one(world.resources, portal_id)  # finds nobody there any more, and asks where it has gone
    assert await read(world, Kind.COMPANY) == 500
    await read_on(world)
    assert (await world.row()).domain == world.portal.host
    assert await known(world) == in_portal(world)


@pytest.mark.usefixtures("short_goes")
async def test_one_reader_at_a_time(world: World) -> None:
    """A second worker leaves at once; one that was overtaken leaves after its next group, which counts."""
    portal_id, now, other = await unread(world), world.resources.now(), uuid4()
    await import_one(world.resources, portal_id)
    async with world.resources.tenant(portal_id) as db:
        assert await imports.hold(db, portal_id, Kind.COMPANY, other, now)
    requests = world.emulator.world.meters.requests.copy()
    assert await importing.run(world.resources, await world.row())
    assert world.emulator.world.meters.requests == requests

    async with world.resources.tenant(portal_id) as db:
        taken = await imports.hold(db, portal_id, Kind.COMPANY, uuid4(), now + 2 * imports.HOLD)
        assert taken
        step = ImportStep(taken.after_id + 100, 100, None)
        assert not await imports.advance(db, portal_id, Kind.COMPANY, other, step, now)
        assert not await imports.advance(db, portal_id, Kind.COMPANY, other, ImportStep(1, 1, None), now)
    assert await read(world, Kind.COMPANY) == 600

    world.pass_time(seconds=3 * imports.HOLD.total_seconds() + 1)
    await read_on(world)
    assert await known(world) == in_portal(world)


async def test_a_reading_that_is_started_anew_is_not_finished_by_the_old_reader(world: World) -> None:
    portal_id = await unread(world)

    def anew() -> None:
        """In another process."""
        restarting.append(asyncio.ensure_future(restart()))

    async def restart() -> None:
        async with world.resources.tenant(portal_id) as db:
            await imports.restart(db, portal_id)

    restarting: list[asyncio.Future[None]] = []
    world.failpoints.meanwhile["import.page"] = anew
    assert await importing.run(world.resources, await world.row())
    assert await read(world, Kind.COMPANY) == 0
    await read_on(world)
    assert await known(world) == in_portal(world)


async def test_a_ticked_company_is_known_as_ticked_for_all_its_people(world: World) -> None:
    """Read in groups: the company's box counts for people whose own card shows nothing."""
    firms, people = grow(world.portal, 2, 10)
    installation = await world.install()
    await world.uninstall(installation, clean=True)
    await world.erase()
    world.portal.crm.update(COMPANY, firms[1], {CHECK: "1"}, world.manager())
    await world.install()
    key = await world.subscribe()
    data = (await world.api("GET", "/memberships?limit=200", key)).json()["data"]
    waiting = {one["contact"]["id"] for one in data if one["state"] == "pending"}
    assert waiting == set(world.portal.crm.links.contacts(firms[1]))
    assert waiting < set(people)
    assert world.receiver.events() == []
