"""Two cards of one person in one company, decided about by button and then merged: the commonest duplicate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from b24app.domain.cards.facts import Kind, Subject
from b24app.verification.store import memberships
from emulator.crm.entities import Entity
from emulator.model.faults import FOREVER, Break
from tests.doors.frames import members, tab
from tests.stories.scene import at, written
from tests.stories.verification.merging import everything_settles, mark, states, successors, told
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
Story = Callable[[World], Awaitable[None]]


async def two_cards(world: World) -> tuple[int, int, int, str]:
    """The company, the card that will go, the one that stays, and a client app's key."""
    company = world.add_company()
    old, new = world.add_contact(company), world.add_contact(company)
    await world.install()
    return company, old, new, await world.subscribe()


async def press(world: World, contact: int, action: str) -> None:
    page = await tab(world, "contact", contact)
    answer = await page.press(action, members(page.html)[0])
    assert answer.status == 200, answer.text


async def merged(world: World, new: int, old: int) -> None:
    """In the list, by somebody who decided nothing."""
    await everything_settles(world)
    world.receiver.heard.clear()
    world.portal.crm.merge(CONTACT, new, old, world.admin())
    await everything_settles(world)


async def told_as_one(world: World, company: int, old: int, new: int, key: str) -> None:
    """How each of these stories has to end, whatever either card kept closed."""
    assert await successors(world) == {f"contact:{old}": new}
    ended = next(one.data for one in world.receiver.events() if one.data["contact_id"] == old)
    assert (ended["new_state"], ended["reason"]) == ("left", "merged")
    assert {one.data["reason"] for one in world.receiver.events()} == {"merged"}
    (answer,) = (await world.api("GET", f"/memberships?contact_id={old}", key)).json()["data"]
    assert answer["contact"]["id"] == new
    content = await (await tab(world, "contact", new)).content()
    assert "по отметке" not in content, "nobody ticked anything"
    content = await (await tab(world, "company", company)).content()
    assert "Карточки объединены" in content and "Карточка удалена" not in content
    assert f"Контакт № {old}" not in content, "whose card went has a name"


async def both_were_sent_back_to_checking(world: World) -> None:
    company, old, new, key = await two_cards(world)
    for one in (old, new):
        await press(world, one, "recheck")

    await merged(world, new, old)

    assert await states(world) == {(new, company): "pending"}
    assert told(world) == [("left", (old, company))]
    await told_as_one(world, company, old, new, key)


async def the_one_that_goes_was_sent_back_and_the_other_confirmed(world: World) -> None:
    company, old, new, key = await two_cards(world)
    for one, action in ((old, "recheck"), (new, "recheck"), (new, "confirm")):
        await press(world, one, action)
        await everything_settles(world)

    await merged(world, new, old)

    assert await states(world) == {(new, company): "pending"}
    assert sorted(told(world)) == [("left", (old, company)), ("pending", (new, company))]
    await told_as_one(world, company, old, new, key)
    assert world.card(CONTACT, new) == (True, "На проверке")
    assert "действует более строгое решение" in await (await tab(world, "contact", new)).content()


async def only_the_one_that_goes_was_decided_about(world: World) -> None:
    company, old, new, key = await two_cards(world)
    await press(world, old, "recheck")

    await merged(world, new, old)

    assert await states(world) == {(new, company): "pending"}
    assert sorted(told(world)) == [("left", (old, company)), ("pending", (new, company))]
    await told_as_one(world, company, old, new, key)


async def both_were_confirmed(world: World) -> None:
    company, old, new, key = await two_cards(world)
    for action in ("recheck", "confirm"):
        for one in (old, new):
            await press(world, one, action)
        await everything_settles(world)

    await merged(world, new, old)

    assert await states(world) == {(new, company): "confirmed"}
    assert told(world) == [("left", (old, company))]
    await told_as_one(world, company, old, new, key)
    assert world.card(CONTACT, new) == (False, "Подтверждён")


async def the_one_that_goes_was_decided_about_in_the_companys_card(world: World) -> None:
    company, old, new, key = await two_cards(world)
    page = await tab(world, "company", company)
    async with world.resources.tenant((await world.row()).id) as db:
        of = (await memberships.of_subjects(db, (await world.row()).id, [Subject(Kind.CONTACT, old)])).values()
    assert (await page.press("recheck", str(next(iter(of))[0].id))).status == 200

    await merged(world, new, old)

    assert await states(world) == {(new, company): "pending"}
    assert sorted(told(world)) == [("left", (old, company)), ("pending", (new, company))]
    await told_as_one(world, company, old, new, key)


STORIES: list[Story] = [
    the_one_that_goes_was_decided_about_in_the_companys_card,
    both_were_sent_back_to_checking,
    the_one_that_goes_was_sent_back_and_the_other_confirmed,
    only_the_one_that_goes_was_decided_about,
    both_were_confirmed,
]
every_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)


@every_story
async def test_story(world: World, story: Story) -> None:
    await story(world)


@every_story
@pytest.mark.bend
async def test_story_with_each_event_doubled(world: World, story: Story) -> None:
    world.emulator.world.faults.events.duplicate_rate = 1.0
    await story(world)


@every_story
@pytest.mark.bend
@pytest.mark.parametrize("seed", range(3))
async def test_story_with_events_out_of_order(world: World, story: Story, seed: int) -> None:
    world.emulator.world.faults.random.seed(seed)
    world.emulator.world.faults.events.reorder = True
    await story(world)


@every_story
@pytest.mark.bend
async def test_story_with_every_event_lost(world: World, story: Story) -> None:
    world.emulator.world.faults.events.lose_rate = 1.0
    await story(world)


async def test_a_merge_right_after_the_press_is_told_as_one(world: World) -> None:
    """Nothing of ours has looked at either card since the buttons: what they wrote must be enough."""
    company, old, new, key = await two_cards(world)
    for one in (old, new):
        await press(world, one, "recheck")
    world.portal.crm.merge(CONTACT, new, old, world.admin())

    await everything_settles(world)

    assert await successors(world) == {f"contact:{old}": new}
    assert await states(world) == {(new, company): "pending"}
    (answer,) = (await world.api("GET", f"/memberships?contact_id={old}", key)).json()["data"]
    assert answer["contact"]["id"] == new


async def test_a_press_keeps_the_marks_that_a_merge_has_just_brought(world: World) -> None:
    """The merge was not looked at yet; the person who presses must not wipe out what tells of it."""
    company, old, new, _ = await two_cards(world)
    await press(world, old, "recheck")
    await world.settle()
    await press(world, new, "recheck")
    await world.settle()
    page = await tab(world, "contact", new)
    world.portal.crm.merge(CONTACT, new, old, world.admin())

    assert (await page.press("confirm", members(page.html)[0])).status == 200

    assert sorted(mark(world, CONTACT, new)) == sorted([str(old), str(new)])
    await world.settle()
    assert await successors(world) == {f"contact:{old}": new}
    assert set(await states(world)) == {(new, company)}


async def test_a_mark_that_the_press_could_not_write_is_written_with_the_decision(world: World) -> None:
    """The portal takes the box of somebody who may not see the field of the mark, and passes over the rest."""
    _, old, _, _ = await two_cards(world)
    await press(world, old, "recheck")
    world.portal.crm.tables[CONTACT].rows[old]["UF_CRM_B24APP_MARK"] = []

    await world.settle()

    assert mark(world, CONTACT, old) == [str(old)]


async def test_a_decision_whose_card_shows_it_already_is_marked_as_well(world: World) -> None:
    """A robot sets the box and the status at once: nothing is left for us to show but the mark."""
    _, old, _, _ = await two_cards(world)
    await press(world, old, "recheck")
    await world.settle()
    status = world.portal.crm.get(CONTACT, old)["UF_CRM_B24APP_STATUS"]  # type: ignore[index]
    alone = world.add_contact(name="Вера", UF_CRM_B24APP_CHECK="1", UF_CRM_B24APP_STATUS=status)

    await world.settle()

    assert world.card(CONTACT, alone) == (True, "На проверке")
    assert mark(world, CONTACT, alone) == [str(alone)]


async def test_a_mark_that_the_portal_does_not_keep_is_written_once(world: World) -> None:
    """An admin deleted the field: the portal passes over what it does not know and tells of a change all the same."""
    _, old, _, _ = await two_cards(world)
    world.portal.crm.userfields[CONTACT].drop("UF_CRM_B24APP_MARK")
    await press(world, old, "recheck")

    await world.settle()

    assert world.card(CONTACT, old) == (True, "На проверке")
    assert written(world)["contact"] == 2, "by the button, and once by us"
    world.emulator.world.warnings.clear()  # the emulator's own words about a field it does not know


async def test_a_mark_that_could_not_be_written_at_once_is_written_in_the_next_try(world: World) -> None:
    _, old, _, _ = await two_cards(world)
    await press(world, old, "recheck")
    world.portal.crm.tables[CONTACT].rows[old]["UF_CRM_B24APP_MARK"] = []
    faults = world.emulator.world.faults
    at(world, "cards.intended", lambda: faults.add(Break.HTML, FOREVER, host=world.portal.host, method="batch"))
    await world.settle()
    assert mark(world, CONTACT, old) == []
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]

    faults.clear()
    world.pass_time(minutes=5)
    await world.settle()

    assert mark(world, CONTACT, old) == [str(old)]
    assert len(world.receiver.events()) == 1


async def test_where_only_the_one_that_stays_was_decided_about_the_tab_asks(world: World) -> None:
    """The other one carries nothing that tells, and by its name alone nobody goes on for it."""
    company, old, new, key = await two_cards(world)
    await press(world, new, "recheck")
    await merged(world, new, old)
    assert await states(world) == {(new, company): "pending", (old, company): "suspended"}

    page = await tab(world, "contact", new)
    assert (await page.call("/frame/same-card", gone=str(old))).status == 200
    await everything_settles(world)

    assert await states(world) == {(new, company): "pending"}
    assert await successors(world) == {f"contact:{old}": new}
    (answer,) = (await world.api("GET", f"/memberships?contact_id={old}", key)).json()["data"]
    assert answer["contact"]["id"] == new


async def test_watching_puts_no_mark_into_a_card(world: World) -> None:
    _, old, _, _ = await two_cards(world)
    await world.mode("watch")
    page = await tab(world, "contact", old)

    assert members(page.html) == []
    world.tick(CONTACT, old)
    await world.settle()

    assert mark(world, CONTACT, old) == []
