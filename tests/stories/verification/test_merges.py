"""Cards that go: merged into another one, thrown into the recycle bin, brought back from it under a new id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from b24app.cards.store.tables import requisites
from emulator.crm.entities import Entity
from emulator.faults import FOREVER, Break
from emulator.people import CrmAccess
from tests.doors.frames import tab
from tests.stories.verification.merging import everything_settles, mark, states, successors, told
from tests.world import World
from workers.chores import tidy_all

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
Story = Callable[[World], Awaitable[None]]


async def a_company_is_merged_into_another(world: World) -> None:
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Кран-Сервис»")
    people = [world.add_contact(old, name=name) for name in ("Илья", "Вера")]
    own = world.add_contact(new, name="Пётр")
    await world.install()
    key = await world.subscribe()
    world.tick(CONTACT, people[0])
    await world.settle()
    world.receiver.heard.clear()

    world.portal.crm.merge(COMPANY, new, old, world.admin())
    await everything_settles(world)

    assert await states(world) == {(people[0], new): "pending", (people[1], new): "confirmed", (own, new): "confirmed"}
    assert sorted(told(world)) == [("moved", (people[0], new)), ("moved", (people[1], new))]
    assert world.card(COMPANY, new) == (True, "На проверке")  # one waits; the merge ticked it, and decided nothing
    assert world.card(CONTACT, own) == (False, "")
    answer = (await world.api("GET", f"/memberships?company_id={old}", key)).json()["data"]
    assert {one["company"]["id"] for one in answer} == {new}


async def two_cards_of_one_person_are_merged(world: World) -> None:
    """In one company, and what either card kept closed stays closed."""
    company = world.add_company()
    old, new = world.add_contact(company), world.add_contact(company)
    await world.install()
    key = await world.subscribe()
    world.tick(CONTACT, old)
    await world.settle()
    world.receiver.heard.clear()

    world.portal.crm.merge(CONTACT, new, old, world.admin())
    await everything_settles(world)

    assert await states(world) == {(new, company): "pending"}
    assert sorted(told(world)) == [("left", (old, company)), ("pending", (new, company))]
    assert world.card(CONTACT, new) == (True, "На проверке")
    (answer,) = (await world.api("GET", f"/memberships?contact_id={old}", key)).json()["data"]
    assert answer["contact"]["id"] == new


async def a_merge_ticks_the_box_of_a_confirmed_person_and_decides_nothing(world: World) -> None:
    """Each card has a company of its own: both memberships stand as they stood."""
    first, second = world.add_company(), world.add_company("ООО «Кран»")
    old, new = world.add_contact(first), world.add_contact(second)
    await world.install()
    await world.subscribe()
    for one in (old, new):
        world.tick(CONTACT, one)
        await world.settle()
    world.tick(CONTACT, new, ticked=False)
    await world.settle()
    world.receiver.heard.clear()

    world.portal.crm.merge(CONTACT, new, old, world.admin())
    await everything_settles(world)

    assert await states(world) == {(new, first): "pending", (new, second): "confirmed"}
    assert told(world) == [("moved", (new, first))]
    assert world.card(CONTACT, new) == (True, "На проверке")
    assert world.card(COMPANY, second) == (False, "Подтверждён")


async def a_person_comes_back_from_the_recycle_bin(world: World) -> None:
    first, second = world.add_company(), world.add_company("ООО «Кран»")
    old = world.add_contact(first, second)
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, old)
    await world.settle()
    world.receiver.heard.clear()

    world.portal.crm.delete(CONTACT, old, world.admin())
    await everything_settles(world)
    assert set(told(world)) == {("suspended", (old, first)), ("suspended", (old, second))}
    world.receiver.heard.clear()
    (binned,) = world.portal.crm.bin
    new = world.portal.crm.restore(binned, world.admin())
    await everything_settles(world)

    assert await states(world) == {(new, first): "pending", (new, second): "pending"}
    assert sorted(told(world)) == [
        ("moved", (new, first)),
        ("moved", (new, second)),
        ("pending", (new, first)),
        ("pending", (new, second)),
    ]
    assert world.card(CONTACT, new) == (True, "На проверке")


async def a_company_nobody_decided_about_comes_back(world: World) -> None:
    """It carries no mark: its name and its people tell."""
    old = world.add_company()
    person = world.add_contact(old)
    await world.install()
    await world.subscribe()

    world.portal.crm.delete(COMPANY, old, world.admin())
    await everything_settles(world)
    (binned,) = world.portal.crm.bin
    new = world.portal.crm.restore(binned, world.admin())
    await everything_settles(world)

    assert await states(world) == {(person, new): "confirmed"}


STORIES: list[Story] = [
    a_company_is_merged_into_another,
    two_cards_of_one_person_are_merged,
    a_merge_ticks_the_box_of_a_confirmed_person_and_decides_nothing,
    a_person_comes_back_from_the_recycle_bin,
    a_company_nobody_decided_about_comes_back,
]
every_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)


@every_story
async def test_story(world: World, story: Story) -> None:
    await story(world)


@every_story
async def test_story_with_each_event_doubled(world: World, story: Story) -> None:
    world.emulator.world.faults.events.duplicate_rate = 1.0
    await story(world)


@every_story
@pytest.mark.parametrize("seed", range(3))
async def test_story_with_events_out_of_order(world: World, story: Story, seed: int) -> None:
    world.emulator.world.faults.random.seed(seed)
    world.emulator.world.faults.events.reorder = True
    await story(world)


@every_story
async def test_story_with_every_event_lost(world: World, story: Story) -> None:
    """The rescan finds changed cards, the sweep what is gone."""
    world.emulator.world.faults.events.lose_rate = 1.0
    await story(world)


FAIL_POINTS = [
    "inbox.claimed",
    "verification.read",
    "verification.intended",
    "verification.written",
    "verification.settled",
]


@pytest.mark.parametrize("point", FAIL_POINTS)
async def test_a_merge_survives_a_worker_killed_at(world: World, point: str) -> None:
    company = world.add_company()
    old, new = world.add_contact(company), world.add_contact(company)
    await world.install()
    await world.subscribe()
    for one, ticked in ((new, True), (new, False), (old, True)):
        world.tick(CONTACT, one, ticked=ticked)
        await world.settle()
    world.receiver.heard.clear()
    world.failpoints.armed = {point}

    world.portal.crm.merge(CONTACT, new, old, world.admin())
    await world.settle()

    assert world.kills == 1
    assert await states(world) == {(new, company): "pending"}
    assert sorted(told(world)) == [("left", (old, company)), ("pending", (new, company))]
    assert world.card(CONTACT, new) == (True, "На проверке")


async def test_a_company_without_a_mark_is_followed_by_its_people(world: World) -> None:
    """Nobody ever decided about it, and only its deletion is told."""
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Подъём»")
    people = [world.add_contact(old, name=name) for name in ("Илья", "Вера")]
    await world.install()
    await world.subscribe()
    world.portal.crm.merge(COMPANY, new, old, world.admin())
    world.forget_events("UPDATE")

    await world.settle()

    assert await states(world) == {(one, new): "confirmed" for one in people}
    assert sorted(told(world)) == [("moved", (one, new)) for one in people]


async def test_who_takes_a_deleted_persons_place_in_the_company_is_somebody_else(world: World) -> None:
    company = world.add_company()
    old = world.add_contact(company, name="Илья", last_name="Соколов")
    await world.install()
    await world.subscribe()
    new = world.add_contact(company, name="Вера", last_name="Орлова")
    world.portal.crm.delete(CONTACT, old, world.admin())

    await world.settle()

    assert await states(world) == {(old, company): "suspended", (new, company): "confirmed"}
    assert told(world) == [("suspended", (old, company))]


async def test_a_person_linked_to_another_company_does_not_lose_a_refusal_on_the_way(world: World) -> None:
    """The winner's change comes first: the person's card is seen with its new link before the old company is missed."""
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Подъём»")
    person = world.add_contact(old)
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, person)
    await world.settle()
    world.receiver.heard.clear()
    world.portal.crm.merge(COMPANY, new, old, world.admin())
    world.forget_events("DELETE")
    world.portal.crm.update(CONTACT, person, {"POST": "Прораб"}, world.manager())

    await world.settle()

    assert await states(world) == {(person, new): "pending"}
    assert told(world) == [("moved", (person, new))]


async def test_a_card_merged_twice_answers_by_the_last_one(world: World) -> None:
    first, second, third = (world.add_company(f"ООО «Кран {number}»") for number in range(3))
    person = world.add_contact(first)
    await world.install()
    key = await world.subscribe()
    world.portal.crm.merge(COMPANY, second, first, world.admin())
    await world.settle()
    world.portal.crm.merge(COMPANY, third, second, world.admin())
    await world.settle()

    assert await states(world) == {(person, third): "confirmed"}
    (found,) = (await world.api("GET", f"/memberships?company_id={first}", key)).json()["data"]
    assert found["company"]["id"] == third


async def test_a_deletion_is_final_after_thirty_days(world: World) -> None:
    company = world.add_company()
    person = world.add_contact(company)
    await world.install()
    await world.subscribe()
    world.portal.crm.delete(CONTACT, person, world.admin())
    await world.settle()

    world.pass_time(days=29)
    await world.sweep()
    assert told(world) == [("suspended", (person, company))]
    world.pass_time(days=1)
    await world.sweep()
    await world.sweep()

    assert told(world) == [("suspended", (person, company)), ("left", (person, company))]
    assert world.receiver.heard[-1].data["reason"] == "expired"


async def test_a_copy_of_a_card_is_not_its_heir(world: World) -> None:
    company = world.add_company()
    person = world.add_contact(company)
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, person)
    await world.settle()
    assert mark(world, CONTACT, person) == [str(person)]

    copy = world.add_contact(name="Вера", last_name="Орлова", UF_CRM_B24APP_MARK=[str(person)])
    await world.settle()
    world.portal.crm.delete(CONTACT, person, world.admin())
    await world.settle()
    world.portal.crm.update(CONTACT, copy, {"POST": "Прораб"}, world.manager())
    await world.settle()

    assert (await states(world))[person, company] == "suspended"
    assert (await states(world))[copy, 0] == "confirmed"


async def test_while_watching_a_merge_is_followed_and_nobody_told(world: World) -> None:
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Подъём»")
    person = world.add_contact(old)
    await world.install()
    await world.subscribe()
    await world.mode("watch")

    world.portal.crm.merge(COMPANY, new, old, world.admin())
    await world.settle()

    assert await states(world) == {(person, new): "confirmed"}
    assert told(world) == []


async def test_a_card_made_anew_is_claimed_by_one_press(world: World) -> None:
    """A private person: nothing plain tells. The tab asks, a manager says yes with their own rights."""
    old = world.add_contact()
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, old)
    await world.settle()
    world.portal.crm.delete(CONTACT, old, world.admin())
    await world.settle()
    new = world.add_contact()
    await world.settle()
    assert await states(world) == {(old, 0): "suspended", (new, 0): "confirmed"}
    world.receiver.heard.clear()

    page = await tab(world, "contact", new)
    assert "Похоже, эта карточка создана вместо удалённой" in await page.content()
    answer = await page.call("/frame/same-card", gone=str(old))
    assert answer.status == 200, answer.text
    await world.settle()

    assert "Похоже" not in await page.content()
    assert sorted(told(world)) == [("left", (old, None)), ("pending", (new, None))]
    assert world.card(CONTACT, new) == (True, "На проверке")
    again = await page.call("/frame/same-card", gone=str(old))
    assert (again.status, again.json()["error"]["code"]) == (409, "already_so")


async def test_a_merge_that_an_outage_came_between_is_told_as_one(world: World) -> None:
    """Only the person's event came, and the portal was down for hours: the patience with the company's journey begins
    when it is waited for."""
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Подъём»")
    person = world.add_contact(old)
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, person)
    await world.settle()
    world.receiver.heard.clear()

    world.emulator.world.faults.add(Break.HTML, FOREVER, host=world.portal.host, method="batch")
    world.portal.crm.merge(COMPANY, new, old, world.admin())
    world.forget_events()
    world.portal.crm.update(CONTACT, person, {"POST": "Прораб"}, world.manager())
    for _ in range(7):
        await world.settle()
        world.pass_time(minutes=61)
    world.emulator.world.faults.clear()
    await world.settle()
    await world.sweep()

    assert told(world) == [("moved", (person, new))]


async def test_who_may_not_change_the_card_cannot_claim_a_deleted_one(world: World) -> None:
    old = world.add_contact()
    await world.install()
    world.portal.crm.delete(CONTACT, old, world.admin())
    new = world.add_contact()
    await world.settle()
    manager = world.manager()
    manager.crm_access = CrmAccess.READ

    page = await tab(world, "contact", new, manager)
    answer = await page.call("/frame/same-card", gone=str(old))

    assert (answer.status, answer.json()["error"]["code"]) == (403, "no_right")
    await world.settle()
    assert (await states(world))[old, 0] == "suspended"


# --- told by requisites ----------------------------------------------------------------------------------------------


async def hangs_on(world: World) -> set[tuple[str, int]]:
    """Where our own rows say that requisites hang."""
    async with world.resources.tenant((await world.row()).id) as db:
        return {
            (row.owner_kind, row.owner_id)
            for row in await db.execute(select(requisites).where(requisites.c.gone_at.is_(None)))
        }


async def two_companies_without_people_are_merged(world: World) -> None:
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Подъём»")
    for one in (old, new):
        world.add_requisite(COMPANY, one, str(one))
    await world.install()

    world.portal.crm.merge(COMPANY, new, old, world.admin())
    await everything_settles(world)

    assert await successors(world) == {f"company:{old}": new}
    assert await hangs_on(world) == {("company", new)}


async def two_cards_of_a_sole_trader_are_merged(world: World) -> None:
    """Without companies, and the name is another one."""
    old, new = world.add_contact(), world.add_contact(name="ИП", last_name="Орлова")
    world.add_requisite(CONTACT, old)
    await world.install()
    await world.subscribe()

    world.portal.crm.merge(CONTACT, new, old, world.admin())
    await everything_settles(world)

    assert await successors(world) == {f"contact:{old}": new}
    assert await states(world) == {(new, 0): "confirmed"}
    assert await hangs_on(world) == {("contact", new)}


async def a_merge_among_other_links_is_told_by_requisites(world: World) -> None:
    """By place two companies could go on: the person was linked with another one at the same time."""
    old, new, other = (world.add_company(f"ООО «Кран {number}»") for number in range(3))
    person = world.add_contact(old)
    world.add_requisite(COMPANY, old)
    await world.install()
    await world.subscribe()

    world.portal.crm.links.add(person, other)
    world.portal.crm.merge(COMPANY, new, old, world.admin())
    await everything_settles(world)

    assert await successors(world) == {f"company:{old}": new}
    assert set(await states(world)) == {(person, new), (person, other)}


BY_REQUISITES: list[Story] = [
    two_companies_without_people_are_merged,
    two_cards_of_a_sole_trader_are_merged,
    a_merge_among_other_links_is_told_by_requisites,
]
by_requisites = pytest.mark.parametrize("story", BY_REQUISITES, ids=lambda story: story.__name__)


@by_requisites
async def test_by_requisites(world: World, story: Story) -> None:
    await story(world)


@by_requisites
async def test_by_requisites_with_each_event_doubled(world: World, story: Story) -> None:
    world.emulator.world.faults.events.duplicate_rate = 1.0
    await story(world)


@by_requisites
async def test_by_requisites_with_every_event_lost(world: World, story: Story) -> None:
    world.emulator.world.faults.events.lose_rate = 1.0
    await story(world)


@by_requisites
@pytest.mark.parametrize(
    "point", ["verification.read", "verification.settled", "requisites.read", "requisites.settled"]
)
async def test_by_requisites_with_a_worker_killed_at(world: World, story: Story, point: str) -> None:
    world.failpoints.armed = {point}
    await story(world)
    assert world.kills == 1


async def test_a_requisite_that_was_read_on_the_new_card_first_tells_as_well(world: World) -> None:
    """The deletion is told by nothing but the requisite, which somebody saved where the merge had put it: by the time
    we look for the old card, our own row says that it hangs on the new one."""
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Подъём»")
    number = world.add_requisite(COMPANY, old)
    await world.install()
    world.portal.crm.merge(COMPANY, new, old, world.admin())
    world.forget_events()
    world.portal.crm.requisites.update(number, {"RQ_INN": "7705500011"}, world.manager())

    await world.settle()

    assert await hangs_on(world) == {("company", new)}
    assert await successors(world) == {f"company:{old}": new}


@pytest.mark.parametrize("seed", range(3))
async def test_a_requisite_that_moved_twice_before_anybody_looked_tells_of_both_cards(world: World, seed: int) -> None:
    """We remember the last card only: each card that a requisite has left is looked at when that is seen."""
    world.emulator.world.faults.random.seed(seed)
    world.emulator.world.faults.events.reorder = True
    first, second, third = (world.add_company(f"ООО «Кран {number}»") for number in range(3))
    world.add_requisite(COMPANY, first)
    world.add_requisite(COMPANY, second)
    await world.install()
    world.portal.crm.merge(COMPANY, second, first, world.admin())
    world.portal.crm.merge(COMPANY, third, second, world.admin())

    await world.settle()

    assert await successors(world) == {f"company:{first}": third, f"company:{second}": third}
    assert await hangs_on(world) == {("company", third)}


async def test_requisites_that_went_to_two_cards_tell_nobody(world: World) -> None:
    old, *others = (world.add_company(f"ООО «Кран {number}»") for number in range(3))
    person = world.add_contact(old)
    for _ in others:
        world.add_requisite(COMPANY, old)
    await world.install()
    await world.subscribe()
    taken = world.portal.crm.requisites.take(COMPANY, old)
    for one, other in zip(taken, others, strict=True):
        world.portal.crm.requisites.give([one], other)
    world.portal.crm.delete(COMPANY, old, world.admin())
    await world.settle()

    assert await successors(world) == {}
    assert (await states(world))[person, old] == "suspended"
    assert await hangs_on(world) == {("company", one) for one in others}


async def test_a_company_deleted_with_its_requisites_is_followed_by_nobody(world: World) -> None:
    old = world.add_company("ООО «Кран»")
    world.add_company("ООО «Кран»")
    world.add_requisite(COMPANY, old)
    await world.install()
    world.portal.crm.delete(COMPANY, old, world.admin())
    await world.settle()
    assert (await successors(world), await hangs_on(world)) == ({}, set())


async def test_a_card_that_comes_back_after_its_deletion_was_settled_is_known_by_its_requisites(world: World) -> None:
    """Nobody decided about it, nobody is linked with it, and it is called otherwise by now."""
    old = world.add_company("ООО «Кран»")
    number = world.add_requisite(COMPANY, old)
    trader = world.add_contact()
    other = world.add_requisite(CONTACT, trader)
    await world.install()
    key = await world.subscribe()
    for entity, one in ((COMPANY, old), (CONTACT, trader)):
        world.portal.crm.delete(entity, one, world.admin())
    await world.settle()
    assert (await hangs_on(world), await successors(world)) == (set(), {})
    assert await states(world) == {(trader, 0): "suspended"}
    world.pass_time(days=3)

    back = {}
    for binned in list(world.portal.crm.bin.values()):
        back[binned.entity] = world.portal.crm.restore(binned.id, world.admin())
    world.portal.crm.update(COMPANY, back[COMPANY], {"TITLE": "ООО «Подъём»"}, world.admin())
    world.portal.crm.update(CONTACT, back[CONTACT], {"LAST_NAME": "Орлов"}, world.admin())
    await world.settle()

    assert await successors(world) == {f"company:{old}": back[COMPANY], f"contact:{trader}": back[CONTACT]}
    assert await states(world) == {(back[CONTACT], 0): "confirmed"}
    (found,) = (await world.api("GET", f"/memberships?contact_id={trader}", key)).json()["data"]
    assert found["contact"]["id"] == back[CONTACT]
    await world.sweep()
    assert await hangs_on(world) == {("company", back[COMPANY]), ("contact", back[CONTACT])}
    assert {number, other} == {int(one["ID"]) for one in world.portal.crm.requisites.rows.values()}


async def test_requisites_that_came_back_first_tell_as_well(world: World) -> None:
    """Somebody saves them before the card is looked at: both cards are called by them."""
    old = world.add_company("ООО «Кран»")
    number = world.add_requisite(COMPANY, old)
    await world.install()
    world.portal.crm.delete(COMPANY, old, world.admin())
    await world.settle()
    (binned,) = world.portal.crm.bin
    new = world.portal.crm.restore(binned, world.admin())
    world.forget_events()
    world.portal.crm.requisites.update(number, {"RQ_INN": "7705500011"}, world.manager())

    await world.settle()

    assert await successors(world) == {f"company:{old}": new}
    assert await hangs_on(world) == {("company", new)}


async def test_what_is_remembered_of_requisites_that_went_says_nothing_of_anybody_and_ends(world: World) -> None:
    old = world.add_company("ООО «Кран»")
    world.add_requisite(COMPANY, old)
    await world.install()
    world.portal.crm.delete(COMPANY, old, world.admin())
    await world.settle()
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        (row,) = await db.execute(select(requisites))
        assert (row.owner_id, row.inn, row.kpp) == (old, "", "")

    world.pass_time(days=31)
    await tidy_all(world.resources)

    async with world.resources.tenant(portal_id) as db:
        assert (await db.execute(select(requisites))).first() is None
