"""Public ids: client apps know people and customers by them, whatever becomes of the cards."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

import pytest

from b24app.cards.store import customers
from b24app.cards.store.customers import Role
from tests.stories.cards.identified import COMPANY, CONTACT, ids, living, moves, one_person_twice
from tests.world import World


async def test_ids_are_made_when_the_cards_are_first_read(world: World) -> None:
    """One for each person, in however many companies; a company's is everybody's; who is on their own is a customer."""
    first, second = world.add_company(), world.add_company("ООО «Кран»")
    both, colleague = world.add_contact(first, second), world.add_contact(first, name="Вера")
    alone = world.add_contact(name="Пётр")
    await world.install()
    key = await world.client_app()

    found = await ids(world, key)

    assert set(found) == {(both, first), (both, second), (colleague, first), (alone, 0)}
    assert found[both, first][0] == found[both, second][0]
    assert found[both, first][1] == found[colleague, first][1]
    assert len({one for pair in found.values() for one in pair}) == 3 + 3, (
        "three people, two companies, one on their own"
    )
    (one,) = (await world.api("GET", f"/memberships?contact_id={alone}", key)).json()["data"]
    read = (await world.api("GET", f"/memberships/{one['id']}", key)).json()["data"]
    assert (read["person_id"], read["customer_id"]) == found[alone, 0]
    await living(world)


async def test_a_client_app_asks_for_one_person_or_one_customer(world: World) -> None:
    company = world.add_company()
    person, colleague, alone = world.add_contact(company), world.add_contact(company), world.add_contact()
    await world.install()
    key = await world.client_app()
    found = await ids(world, key)

    assert set(await ids(world, key, f"customer_id={found[person, company][1]}")) == {
        (person, company),
        (colleague, company),
    }
    assert set(await ids(world, key, f"person_id={found[person, company][0]}")) == {(person, company)}
    assert set(await ids(world, key, f"customer_id={found[alone, 0][1]}")) == {(alone, 0)}
    assert await ids(world, key, f"customer_id={found[alone, 0][0]}") == {}, "a person's id is no customer's"
    wrong = await world.api("GET", "/memberships?customer_id=7", key)
    assert (wrong.status, wrong.json()["code"]) == (422, "fields_wrong")


async def test_cards_that_come_by_an_event_get_theirs_and_news_names_them(world: World) -> None:
    await world.install()
    key = await world.subscribe()
    company = world.add_company()
    person = world.add_contact(company)
    await world.settle()
    world.tick(CONTACT, person)
    await world.settle()

    found = await ids(world, key)
    (told,) = world.receiver.events()
    assert (told.data["person_id"], told.data["customer_id"]) == found[person, company]
    await living(world)


async def test_a_company_whose_own_card_was_not_read_yet_has_its_id(world: World) -> None:
    """Its event is lost; the person's tells of the link."""
    await world.install()
    key = await world.subscribe()
    company = world.add_company()
    world.forget_events("COMPANYADD")
    person = world.add_contact(company)
    world.forget_events("COMPANY")
    world.tick(CONTACT, person)
    await world.settle()
    known = (await ids(world, key))[person, company]

    await world.sweep()

    assert (await ids(world, key))[person, company] == known
    await living(world)


async def test_ids_stay_while_people_change_companies_and_cards_are_deleted(world: World) -> None:
    first, second = world.add_company(), world.add_company("ООО «Кран»")
    person, colleague = world.add_contact(first), world.add_contact(second)
    await world.install()
    key = await world.client_app()
    before = await ids(world, key)

    world.portal.crm.update(CONTACT, person, {"COMPANY_IDS": [second]}, world.manager())
    await world.settle()
    moved = await ids(world, key)
    assert moved[person, second] == (before[person, first][0], before[colleague, second][1])
    assert moved[person, first] == before[person, first]

    world.portal.crm.delete(CONTACT, person, world.admin())
    await world.settle()
    assert (await ids(world, key))[person, second] == moved[person, second]


async def test_when_two_companies_are_merged_the_old_id_answers_as_the_new_one(world: World) -> None:
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Кран-Сервис»")
    person, own = world.add_contact(old), world.add_contact(new, name="Пётр")
    await world.install()
    key = await world.subscribe()
    world.tick(CONTACT, person)
    await world.settle()
    before = await ids(world, key)
    world.receiver.heard.clear()

    world.portal.crm.merge(COMPANY, new, old, world.admin())
    await world.settle()

    after = await ids(world, key)
    assert after[person, new] == (before[person, old][0], before[own, new][1])
    (moved,) = moves(world)
    assert (moved["old_person_id"], moved["old_customer_id"]) == before[person, old]
    assert (moved["person_id"], moved["customer_id"]) == after[person, new]
    for customer in (before[person, old][1], before[own, new][1]):
        assert set(await ids(world, key, f"customer_id={customer}")) == {(person, new), (own, new)}
    await living(world)


async def test_two_cards_of_one_person_are_merged(world: World) -> None:
    """What has ended in a merge answers as the person who goes on, too."""
    company, old, new, key, before, after = await one_person_twice(world)
    assert after[new, company] == after[old, company] == before[new, company]
    assert await ids(world, key, f"person_id={before[old, company][0]}") == after
    await living(world)


async def test_a_chain_of_merges_ends_at_the_card_that_is_there(world: World) -> None:
    chain = [world.add_company(f"ООО «Кран-{number}»") for number in range(4)]
    people = [world.add_contact(company, name=f"Илья {company}") for company in chain]
    await world.install()
    key = await world.subscribe()
    for person in people:
        world.tick(CONTACT, person)
    await world.settle()
    before = await ids(world, key)

    for old, new in pairwise(chain):
        world.portal.crm.merge(COMPANY, new, old, world.admin())
        await world.settle()

    portal_id, last = (await world.row()).id, before[people[-1], chain[-1]][1]
    async with world.resources.tenant(portal_id) as db:
        for person, company in zip(people, chain, strict=True):
            resolved = await customers.resolve(db, portal_id, Role.CUSTOMER, UUID(before[person, company][1]))
            assert str(resolved) == last
    for person, company in zip(people, chain, strict=True):
        asked = await ids(world, key, f"customer_id={before[person, company][1]}")
        assert set(asked) == {(one, chain[-1]) for one in people}
    await living(world)


async def test_a_person_comes_back_from_the_recycle_bin_under_another_number(world: World) -> None:
    company = world.add_company()
    old = world.add_contact(company)
    await world.install()
    key = await world.subscribe()
    world.tick(CONTACT, old)
    await world.settle()
    before = await ids(world, key)
    world.portal.crm.delete(CONTACT, old, world.admin())
    await world.settle()
    world.receiver.heard.clear()

    (binned,) = world.portal.crm.bin
    new = world.portal.crm.restore(binned, world.admin())
    await world.settle()

    after = await ids(world, key)
    assert await ids(world, key, f"person_id={before[old, company][0]}") == {(new, company): after[new, company]}
    (moved,) = moves(world)
    assert (moved["old_person_id"], moved["person_id"]) == (before[old, company][0], after[new, company][0])
    assert moved["old_customer_id"] == moved["customer_id"] == before[old, company][1]
    await living(world)


POINTS = ["inbox.claimed", "cards.read", "cards.intended", "cards.written", "cards.settled"]


@pytest.mark.parametrize("point", POINTS)
async def test_a_worker_killed_in_a_merge_passes_the_ids_on_once(world: World, point: str) -> None:
    """Both cards of the person are decided about, each in a company of its own, so that there is something to write."""
    first, second = world.add_company(), world.add_company("ООО «Кран»")
    old, new = world.add_contact(first), world.add_contact(second)
    await world.install()
    key = await world.subscribe()
    for one, ticked in ((new, True), (new, False), (old, True)):
        world.tick(CONTACT, one, ticked)
        await world.settle()
    before = await ids(world, key)
    world.emulator.world.faults.events.duplicate_rate = 1.0
    world.failpoints.armed = {point}

    world.portal.crm.merge(CONTACT, new, old, world.admin())
    await world.settle()

    assert world.kills == 1
    person, customer = before[old, first][0], before[old, first][1]
    assert set(await ids(world, key, f"person_id={person}")) == {(new, first), (new, second)}
    (moved,) = moves(world)
    assert (moved["old_person_id"], moved["person_id"]) == (person, before[new, second][0])
    assert moved["old_customer_id"] == moved["customer_id"] == customer
    await living(world)


async def test_a_reader_killed_in_the_first_read_makes_no_id_twice(world: World) -> None:
    world.failpoints.armed = {"import.page"}
    company = world.add_company()
    world.add_contact(company), world.add_contact()
    await world.install()
    assert world.kills == 1
    found = await ids(world, await world.client_app())
    await world.mode("off")
    await world.mode("on")  # read anew
    await world.settle()
    assert await ids(world, await world.client_app()) == found
    await living(world)


async def test_two_portals_know_nothing_of_each_others_ids(world: World) -> None:
    """Their cards have the same numbers."""
    portals = (world.portal, world.other_portal)
    for portal in portals:
        company = world.add_company(portal=portal)
        world.add_contact(company, portal=portal)
        await world.install(portal)
    first, second = [await ids(world, await world.client_app(portal)) for portal in portals]
    key = await world.client_app(world.other_portal)

    assert first.keys() == second.keys()
    mine, theirs = ({one for pair in found.values() for one in pair} for found in (first, second))
    assert not mine & theirs
    for person, customer in first.values():
        assert await ids(world, key, f"customer_id={customer}") == {}
        assert await ids(world, key, f"person_id={person}") == {}
    other = (await world.row(world.other_portal)).id
    async with world.resources.tenant(other) as db:
        assert {await customers.resolve(db, other, role, UUID(one)) for one in mine for role in Role} == {None}
