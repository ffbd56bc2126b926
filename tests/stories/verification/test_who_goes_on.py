"""Who goes on for a deleted card where the portal tells it late, in part or not at all; and who does not."""

from __future__ import annotations

from emulator.crm.entities import Entity
from emulator.model.faults import FOREVER, Break
from emulator.model.people import CrmAccess
from tests.doors.frames import tab
from tests.stories.verification.merging import mark, states, told
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY


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
