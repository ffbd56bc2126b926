"""The second net: no portal event reaches us, and what the portal kept brings the changes, with who acted."""

from __future__ import annotations

import pytest

from emulator.crm.entities import Entity
from emulator.model.faults import Break
from emulator.model.installs import next_version, update
from tests.chores import due, fetch_offline_one, rewake_all
from tests.world import World

CONTACT = Entity.CONTACT
MANY = 10_000


@pytest.fixture
async def people(world: World) -> tuple[int, int]:
    """Two contacts of a portal that has the app, whose client app listens."""
    company = world.add_company()
    found = world.add_contact(company), world.add_contact(company)
    await world.install()
    await world.subscribe()
    await fetch(world)
    world.receiver.heard.clear()
    return found


async def fetch(world: World) -> int:
    """What the tick sends a worker to do every ten minutes."""
    stored = await fetch_offline_one(world.resources, (await world.row()).id)
    await world.settle()
    return stored


def kept(world: World) -> int:
    return len(world.installation().offline.rows)


def nothing_arrives(world: World) -> None:
    """Our address cannot be reached."""
    world.emulator.world.faults.events.lose_next = MANY


def told(world: World) -> list[tuple[int, str, object]]:
    return [(one.data["contact_id"], one.data["new_state"], one.data["decided_by"]) for one in world.receiver.events()]


async def test_an_hour_without_events_is_made_good(world: World, people: tuple[int, int]) -> None:
    """Who ticked and who deleted is known, which no look at cards could tell."""
    ticked, deleted = people
    boss, manager = world.admin(), world.manager()
    nothing_arrives(world)
    world.tick(CONTACT, ticked, by=manager)
    world.portal.crm.delete(CONTACT, deleted, manager)
    await world.emulator.world.deliver()
    world.emulator.world.faults.clear()
    world.pass_time(hours=1)
    assert told(world) == []

    await rewake_all(world.resources)
    world.pass_time(minutes=10)
    assert await due(world.resources, "fetch_offline") == [("fetch_offline", (await world.row()).id)]
    assert await fetch(world) == 2
    by = {"user_id": manager.id, "source": "event"}
    assert sorted(told(world)) == [(ticked, "pending", by), (deleted, "suspended", by)]
    assert manager.id != boss.id
    assert await due(world.resources, "fetch_offline") == []


async def test_what_events_have_brought_is_not_told_again(world: World, people: tuple[int, int]) -> None:
    world.tick(CONTACT, people[0])
    await world.settle()
    before = told(world)
    assert len(before) == 1
    assert await fetch(world) > 0
    assert told(world) == before
    await fetch(world)
    assert kept(world) == 0


async def test_a_worker_dies_before_the_portal_forgets(world: World, people: tuple[int, int]) -> None:
    """Fetched twice, told once."""
    nothing_arrives(world)
    world.tick(CONTACT, people[0])
    await world.emulator.world.deliver()
    world.emulator.world.faults.clear()
    world.failpoints.armed = {"offline.stored"}
    await world._survive(fetch_offline_one, world.resources, (await world.row()).id)
    assert (world.kills, kept(world)) == (1, 1)
    await world.settle()
    assert await fetch(world) >= 1  # and what our own write left
    await fetch(world)
    assert [state for _, state, _ in told(world)] == ["pending"]
    assert kept(world) == 0


async def test_a_change_between_listing_and_fetching_is_not_lost(world: World, people: tuple[int, int]) -> None:
    """The portal renews the row we have stored, and forgets it as we fetch: what comes then is stored as well."""
    nothing_arrives(world)
    world.tick(CONTACT, people[0])
    await world.emulator.world.deliver()

    def untick() -> None:
        world.pass_time(seconds=5)
        world.tick(CONTACT, people[0], ticked=False)

    world.failpoints.meanwhile["offline.stored"] = untick
    assert await fetch_offline_one(world.resources, (await world.row()).id) == 2
    assert kept(world) == 0
    await world.settle()
    assert world.card(CONTACT, people[0])[0] is False


async def test_more_than_one_page_is_kept(world: World) -> None:
    company = world.add_company()
    people = [world.add_contact(company) for _ in range(120)]
    await world.install()
    nothing_arrives(world)
    for one in people:
        world.tick(CONTACT, one)
    await world.emulator.world.deliver()
    world.emulator.world.faults.clear()
    assert await fetch(world) == 120
    assert all(world.card(CONTACT, one) == (True, "На проверке") for one in people)


async def test_a_new_version_of_the_app_is_kept_for_again(world: World) -> None:
    installation = await world.install()
    before = {one.event for one in installation.bindings if not one.handler}
    assert before == {name for name, what in world.resources.manifest.events.items() if what != "lifecycle"}
    app = next_version(installation.app, None)
    world.emulator.world.catalogue[app.client_id] = app
    update(installation, app, world.admin())
    await world.settle()
    assert {one.event for one in world.installation().bindings if not one.handler} == before


async def test_a_portal_that_keeps_nothing_any_more_is_not_asked_again(world: World) -> None:
    """The plan was changed: everything else works as before, and the settings say so."""
    await world.install()
    world.emulator.world.faults.add(Break.NUMERIC_ERROR, host=world.portal.host, method="event.offline")
    assert await fetch(world) == 0
    assert not (await world.row()).offline
    page = await world.open(world.installation(), world.admin(), page="settings/setup")
    assert "Битрикс24 не хранит для приложения изменений" in page.text
    requests = world.emulator.world.meters.requests.copy()
    assert await fetch(world) == 0
    assert world.emulator.world.meters.requests == requests
