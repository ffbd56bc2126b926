"""Where the module is off or only watches, and where our admin may not see or write a card."""

from __future__ import annotations

from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from tests.doors.frames import main
from tests.world import CHECK, World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY


async def test_what_happened_while_the_module_was_off_is_found_when_it_is_on_again(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    key = await world.subscribe()
    await world.mode("off")
    world.tick(CONTACT, contact)
    await world.settle()
    assert world.receiver.events() == []

    await world.mode("on")
    await world.settle()

    (membership,) = (await world.api("GET", "/memberships", key)).json()["data"]
    assert membership["state"] == "pending"
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]


async def test_watching_decides_and_shows_but_writes_and_tells_nothing(world: World) -> None:
    company = world.add_company()
    contact = world.add_contact(company)
    await world.install()
    key = await world.subscribe()
    await world.mode("watch")

    world.tick(CONTACT, contact)
    await world.settle()
    assert world.card(CONTACT, contact) == (True, "")
    assert world.card(COMPANY, company) == (False, "")
    await world.mode("on")
    await world.settle()

    (membership,) = (await world.api("GET", "/memberships", key)).json()["data"]
    assert membership["state"] == "pending"
    assert world.receiver.events() == []
    assert world.card(COMPANY, company) == (True, "На проверке")  # what watching decided, put into the cards now


async def test_a_card_that_may_not_be_written_still_tells(world: World) -> None:
    """Our admin may read the card and not change it: the decision stands and is told, the card's failure is kept."""
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    admin, manager = world.admin(), world.manager()
    admin.admin, admin.crm_access = False, CrmAccess.READ

    world.tick(CONTACT, contact, by=manager)
    await world.settle()

    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]
    assert world.card(CONTACT, contact) == (True, "")
    for _ in range(12):  # until it is given up and kept for a person
        world.pass_time(hours=2)
        await world.settle()
    assert await world.failed() == 2
    assert len(world.receiver.events()) == 1


async def test_a_card_our_admin_no_longer_sees_is_not_taken_for_deleted(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    admin, manager = world.admin(), world.manager()
    admin.admin, admin.crm_access = False, CrmAccess.NONE

    world.tick(CONTACT, contact, by=manager)
    await world.settle()
    assert (await world.row()).state == "needs_admin"
    assert world.receiver.events() == []

    admin.admin = True
    await world.open(world.installation(), admin)
    await world.settle()
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]


async def test_a_box_that_was_deleted_and_added_again_confirms_nobody(world: World) -> None:
    """The new field is empty in every card, and nobody has emptied it."""
    company = world.add_company()
    contact = world.add_contact(company)
    await world.install()
    key = await world.subscribe()
    world.tick(CONTACT, contact)
    await world.settle()
    for entity in (CONTACT, COMPANY):
        world.portal.crm.drop_field(entity, CHECK)
    page = await main(world, world.admin(), "verification")
    assert (await page.call("/frame/repair")).status == 200
    assert world.card(CONTACT, contact)[0] is False
    world.portal.crm.update(CONTACT, contact, {"COMMENTS": "…"}, world.manager())
    await world.settle()
    await world.sweep()

    (membership,) = (await world.api("GET", "/memberships", key)).json()["data"]
    assert membership["state"] == "pending"
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]
    assert (world.card(CONTACT, contact)[0], world.card(COMPANY, company)[0]) == (True, True)

    world.tick(CONTACT, contact, ticked=False)
    await world.settle()
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending", "confirmed"]


async def test_what_watching_decided_is_shown_though_the_feature_was_off_in_between(world: World) -> None:
    company = world.add_company()
    contact = world.add_contact(company)
    await world.install()
    await world.subscribe()
    await world.mode("watch")
    world.tick(CONTACT, contact)
    await world.settle()
    await world.mode("off")
    await world.mode("on")
    await world.settle()
    assert world.card(COMPANY, company) == (True, "На проверке")
    assert world.receiver.events() == []
