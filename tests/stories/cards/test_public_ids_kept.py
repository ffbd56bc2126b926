"""Public ids for as long as they last: in files, beside another version, after their card, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import delete, event, func, select

from b24app.cards.store.tables import customers as customers_table
from b24app.cards.store.tables import persons
from tests.chores import tidy_all
from tests.stories.cards.identified import COMPANY, CONTACT, ids, living, moves, one_person_twice
from tests.stories.export.files import exported, goes_and_comes_back, restored
from tests.world import World


async def test_an_export_brings_the_same_ids_back(world: World) -> None:
    """Of those that were read since the return none is lost either; and twice is once."""
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Кран-Сервис»")
    person, alone = world.add_contact(old), world.add_contact(name="Пётр")
    installation = await world.install()
    key = await world.subscribe()
    world.tick(CONTACT, person)
    await world.settle()
    merged = (await ids(world, key))[person, old][1]
    world.portal.crm.merge(COMPANY, new, old, world.admin())
    await world.settle()
    before = await ids(world, key)
    file = await exported(world)
    await goes_and_comes_back(world, installation)
    key = await world.client_app()
    fresh = await ids(world, key)
    assert not {one for pair in fresh.values() for one in pair} & {one for pair in before.values() for one in pair}

    for _ in range(2):
        await restored(world, file)
        assert await ids(world, key) == before
        for customer in (merged, before[person, new][1], fresh[person, new][1]):
            assert set(await ids(world, key, f"customer_id={customer}")) == {(person, new)}
        for one in (before[alone, 0][0], fresh[alone, 0][0]):
            assert set(await ids(world, key, f"person_id={one}")) == {(alone, 0)}
        await living(world)


async def test_a_file_made_after_a_restore_brings_back_which_id_is_the_living_one(world: World) -> None:
    """By then a card has two: one from before, and one that was read before the file came back."""
    person = world.add_contact()
    installation = await world.install()
    first = (await ids(world, await world.client_app()))[person, 0]
    file = await exported(world)
    await goes_and_comes_back(world, installation)
    second = (await ids(world, await world.client_app()))[person, 0]
    await restored(world, file)
    file = await exported(world)
    await goes_and_comes_back(world, world.installation())

    await restored(world, file)

    key = await world.client_app()
    assert await ids(world, key) == {(person, 0): first}
    for one in (first, second):
        assert await ids(world, key, f"person_id={one[0]}&customer_id={one[1]}") == {(person, 0): first}
    await living(world)


async def test_cards_that_the_version_before_this_one_read_get_theirs_when_somebody_asks(world: World) -> None:
    """Both versions are at work while a deployment is upgraded."""
    first, second = world.add_company("ООО «Кран»"), world.add_company("ООО «Кран-Сервис»")
    person, own = world.add_contact(first), world.add_contact(second, name="Пётр")
    await world.install()
    key = await world.subscribe()
    portal_id = (await world.row()).id
    for listed in (False, True):
        async with world.resources.tenant(portal_id) as db:
            for table in (persons, customers_table):
                await db.execute(delete(table))
        if listed:
            found = await ids(world, key)
        world.tick(CONTACT, person, ticked=not listed)
        await world.settle()
    told = world.receiver.events()[-1].data
    assert (told["person_id"], told["customer_id"]) == found[person, first]
    async with world.resources.tenant(portal_id) as db:
        for table in (persons, customers_table):
            await db.execute(delete(table))

    world.portal.crm.merge(COMPANY, second, first, world.admin())
    await world.settle()

    after = await ids(world, key)
    assert set(after) == {(person, second), (own, second)}
    assert (moves(world)[0]["person_id"], moves(world)[0]["customer_id"]) == after[person, second]


async def test_ids_of_cards_that_are_gone_when_the_file_comes_back_stay_away(world: World) -> None:
    company = world.add_company()
    person, colleague = world.add_contact(company), world.add_contact(company)
    installation = await world.install()
    before = await ids(world, await world.client_app())
    file = await exported(world)
    await world.uninstall(installation, clean=True)
    await world.erase()
    world.portal.crm.delete(CONTACT, colleague, world.admin())
    await world.install()

    page = await restored(world, file)

    assert "пропущены: карточки или связи больше нет" in page
    key = await world.client_app()
    assert await ids(world, key) == {(person, company): before[person, company]}
    assert await ids(world, key, f"person_id={before[colleague, company][0]}") == {}


async def test_an_old_id_answers_for_as_long_as_its_card_is_remembered(world: World) -> None:
    company, old, new, key, before, after = await one_person_twice(world)

    world.pass_time(days=89)
    await tidy_all(world.resources)
    assert await ids(world, key, f"person_id={before[old, company][0]}") == after
    world.pass_time(days=2)
    await tidy_all(world.resources)

    assert await ids(world, key, f"person_id={before[old, company][0]}") == {}
    assert await ids(world, key) == after, "what has ended there still names the person who goes on"
    assert await ids(world, key, f"person_id={after[new, company][0]}") == after
    async with world.resources.tenant((await world.row()).id) as db:
        for table in (persons, customers_table):
            gone = select(func.count()).where(table.c.goes_on_as.is_not(None))
            assert (await db.execute(gone)).scalar_one() == 0
    await living(world)


@contextmanager
def asked(world: World) -> Iterator[list[str]]:
    """Statements that name public ids."""
    said: list[str] = []

    def listen(*told: object) -> None:
        if "customers" in str(told[2]):
            said.append(str(told[2]))

    engine = world.resources.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", listen)


async def test_what_they_cost(world: World) -> None:
    """One statement where there are new cards, one more where something is told; none where nothing has changed."""
    company = world.add_company()
    person = world.add_contact(company)
    await world.install()
    await world.subscribe()
    with asked(world) as nothing:
        world.portal.crm.update(CONTACT, person, {"LAST_NAME": "Соколов"}, world.manager())
        await world.settle()
    with asked(world) as new:
        world.add_contact(company)
        await world.settle()
    with asked(world) as told:
        world.tick(CONTACT, person)
        await world.settle()
    assert (len(nothing), len(new), len(told)) == (0, 1, 1)
