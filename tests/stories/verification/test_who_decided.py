"""Who decided is never guessed: whom an event names counts where its access token or the card's last editor says so.

Pages: _includes/auth-params-in-events.md (an event's `user_id` and `access_token`, none where nobody acted),
api-reference/crm/universal/crm-item-get.md (`updatedBy`).
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from b24app.work.store.tables import inbox
from emulator.model.faults import FOREVER, Break
from emulator.model.people import User
from emulator.opening import open_form
from tests.doors.frames import tab
from tests.stories.differences.switches import proves, switch
from tests.stories.scene import CONTACT, INTENDED, Scene, at, told_once
from tests.world import World

EVENT = "ONCRMCONTACTUPDATE"


def employee(world: World, id: int, name: str = "Вера") -> User:
    world.portal.users[id] = User(id, name, "Орлова", departments=[1])
    return world.portal.users[id]


async def forge(world: World, event: str, contact: int, user_id: int, access: str = "") -> None:
    """What anybody can post who has looked into their own browser's form."""
    form = {"event": event, "data[FIELDS][ID]": str(contact), "auth[member_id]": world.portal.member_id}
    form |= {
        "auth[application_token]": dict(open_form(world.installation(), world.manager()).fields)["APPLICATION_TOKEN"]
    }
    form |= {"auth[user_id]": str(user_id)} | ({"auth[access_token]": access} if access else {})
    async with world.http.post(f"{world.app_url}/bitrix/events", data=form) as answer:
        assert answer.status == 200


def decided_by(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.receiver.events()[-1].data["decided_by"]
    return found


def by(user: User, source: str = "event") -> dict[str, Any]:
    return {"user_id": user.id, "source": source}


NOBODY = {"user_id": None, "source": "unknown"}


def questions(world: World) -> int:
    return world.emulator.world.meters.requests["auth", "app.info"]


async def test_whom_the_card_bears_out_is_named_without_any_question(world: World, scene: Scene) -> None:
    world.pass_time(seconds=5)
    before = questions(world)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    assert decided_by(world) == by(world.manager())
    assert questions(world) == before


@proves("forge event_by_another")
async def test_an_employee_cannot_decide_in_an_administrators_name(world: World, scene: Scene) -> None:
    """Their own event and the forged one wait together."""
    world.pass_time(seconds=5)
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    await switch(world, "forge", kind="event_by_another", url=f"{world.app_url}/bitrix/events")
    await world.settle()
    assert decided_by(world) == by(world.manager())
    told_once(world, scene)


@pytest.mark.parametrize("token", ["none", "their own", "made up"])
async def test_where_only_a_forged_event_names_somebody_nobody_is_named(world: World, scene: Scene, token: str) -> None:
    world.pass_time(seconds=5)
    boss, mallory = employee(world, 81), world.manager()
    world.tick(CONTACT, scene.contact, by=mallory)
    world.forget_events()
    own = dict(open_form(scene.installation, mallory).fields)["AUTH_ID"]
    await forge(world, EVENT, scene.contact, boss.id, {"none": "", "their own": own, "made up": "0" * 70}[token])
    await world.settle()
    assert decided_by(world) == NOBODY


async def test_a_deletion_is_named_after_whoever_the_events_token_proves(world: World, scene: Scene) -> None:
    """A card that is gone has no last editor any more."""
    before = questions(world)
    world.portal.crm.delete(CONTACT, scene.contact, world.manager())
    await world.settle()
    assert decided_by(world) == by(world.manager())
    assert questions(world) == before + 1


async def test_a_forged_deletion_changes_nothing_of_who_deleted(world: World, scene: Scene) -> None:
    boss = employee(world, 81)
    world.portal.crm.delete(CONTACT, scene.contact, world.manager())
    await world.emulator.world.deliver()
    await forge(world, "ONCRMCONTACTDELETE", scene.contact, boss.id)
    await world.settle()
    assert decided_by(world) == by(world.manager())


async def test_two_people_who_saved_the_card_at_the_same_time_are_not_guessed_between(
    world: World, scene: Scene
) -> None:
    world.pass_time(seconds=5)
    other = employee(world, 81)
    world.tick(CONTACT, scene.contact)
    world.portal.crm.update(CONTACT, scene.contact, {"NAME": "Пётр"}, other)
    await world.settle()
    assert decided_by(world) == NOBODY


async def test_the_events_token_bears_out_who_acted_before_our_own_write(world: World, scene: Scene) -> None:
    """The card's last editor is the administrator whose token we write with."""
    other = employee(world, 77)
    world.tick(CONTACT, scene.contact)
    at(world, INTENDED, lambda: world.tick(CONTACT, scene.contact, ticked=False, by=other))
    before = questions(world)
    await world.settle()
    assert decided_by(world) == by(other)
    assert questions(world) > before


async def test_an_edit_before_the_administrators_own_tick_is_not_the_decision(world: World, scene: Scene) -> None:
    """We hold that administrator's token, and have written nothing since: it was their hand."""
    world.pass_time(seconds=5)
    world.portal.crm.update(CONTACT, scene.contact, {"NAME": "Пётр"}, world.manager())
    world.tick(CONTACT, scene.contact, by=world.admin())
    await world.settle()
    assert decided_by(world) == {"user_id": None, "source": "unknown"}


async def test_an_auth_server_that_is_away_costs_a_name_and_nothing_else(world: World, scene: Scene) -> None:
    world.portal.crm.delete(CONTACT, scene.contact, world.manager())
    await world.emulator.world.deliver()
    world.emulator.world.faults.add(Break.ERROR_500, FOREVER, host=world.emulator.world.auth_host)
    await world.settle()
    assert decided_by(world) == NOBODY
    assert world.receiver.events()[-1].data["new_state"] == "suspended"


async def test_a_lost_event_leaves_the_cards_last_editor(world: World, scene: Scene) -> None:
    world.pass_time(minutes=6)
    world.tick(CONTACT, scene.contact)
    world.forget_events()
    await world.rescan()
    assert decided_by(world) == by(world.manager(), "modified_by")


async def test_the_tab_says_that_nobody_knows_who_it_was(world: World, scene: Scene) -> None:
    world.pass_time(seconds=5)
    world.tick(CONTACT, scene.contact)
    world.forget_events()
    await forge(world, EVENT, scene.contact, 81)
    await world.settle()
    page = await tab(world, "contact", scene.contact)
    assert "ID 81" not in page.html and world.manager().full_name not in page.html
    assert decided_by(world) == NOBODY


async def test_a_token_is_kept_sealed_and_no_longer_than_its_event_waits(world: World, scene: Scene) -> None:
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    portal = await world.row()
    async with world.resources.tenant(portal.id) as db:
        waiting = [one for one in (await db.execute(select(inbox.c.token))).scalars() if one]
    (token,) = {world.resources.vault.open(one) for one in waiting}
    assert world.emulator.world.auth.access[token].user_id == world.manager().id
    assert all(token.encode() not in one for one in waiting)
    await world.settle()
    async with world.resources.tenant(portal.id) as db:
        assert set((await db.execute(select(inbox.c.token))).scalars()) == {None}
