"""Off, watch and on, each rule by itself."""

from __future__ import annotations

from b24app.cards.journeys import modes
from b24app.domain.portal.portal import Mode
from tests.stories.scene import COMPANY, CONTACT, written
from tests.stories.stamp.aid import Story, decided, given, numbers, stamp, would_have
from tests.stories.verification.merging import everything_settles, states
from tests.world import World


async def with_verification_off_numbers_are_given(world: World) -> None:
    await world.install()
    await world.subscribe()
    await world.mode("off")

    company = world.add_company(UF_CRM_B24APP_CHECK="1")
    world.add_contact(company)
    await world.settle()

    assert stamp(world, company) == 1
    assert given(world) == [(company, 1)]
    assert world.card(COMPANY, company) == (True, "")
    assert decided(world) == []


async def watching_takes_shadow_numbers_and_writes_and_tells_nothing(world: World) -> None:
    await world.install()
    await world.subscribe()
    first = world.add_company()
    await world.settle()
    await world.mode("watch", "stamp")

    company = world.add_company("ООО «Кран»")
    await world.settle()

    assert stamp(world, company) is None
    assert given(world) == [(first, 1)]
    assert (await would_have(world))[f"company:{company}"] == {"stamp": 1}
    assert await numbers(world) == {f"company:{first}": 1}
    assert await numbers(world, shadow=True) == {f"company:{company}": 1}

    await world.mode("on", "stamp")
    await world.settle()

    assert stamp(world, company) == 2
    assert given(world) == [(first, 1), (company, 2)]
    assert await numbers(world) == {f"company:{first}": 1, f"company:{company}": 2}
    assert await numbers(world, shadow=True) == {}, "what only watching took goes with the mode"


async def watching_is_left_for_off_and_nothing_of_it_stays(world: World) -> None:
    await world.install()
    await world.mode("watch", "stamp")
    company = world.add_company()
    await world.settle()
    assert await numbers(world, shadow=True) == {f"company:{company}": 1}

    await world.mode("off", "stamp")
    await world.settle()

    assert await numbers(world, shadow=True) == {}
    assert stamp(world, company) is None


async def on_again_takes_known_cards_as_they_are_and_imports_nothing(world: World) -> None:
    await world.install()
    await world.subscribe()
    old = world.add_company()
    await world.settle()
    await world.mode("off", "stamp")
    numbered = world.add_company("ООО «С номером»", UF_CRM_B24APP_STAMP=7)
    bare = world.add_company("ООО «Без номера»")
    await world.settle()
    assert stamp(world, bare) is None
    imported = (await world.row()).imported_at

    await world.mode("on", "stamp")
    await world.settle()

    assert (await world.row()).imported_at == imported
    assert (stamp(world, old), stamp(world, numbered), stamp(world, bare)) == (1, 7, 8)
    assert given(world) == [(old, 1), (bare, 8)], "what a card showed already is known and told to nobody"


async def on_again_an_event_comes_before_the_look_at_all_cards(world: World) -> None:
    await world.install()
    await world.subscribe()
    await world.mode("off", "stamp")
    numbered = world.add_company("ООО «С номером»", UF_CRM_B24APP_STAMP=7)
    await world.settle()

    await modes.set_mode(world.resources, await world._viewer(), "stamp", Mode.ON)
    world.portal.crm.update(COMPANY, numbered, {"COMMENTS": "Звонили"}, world.manager())
    await world.settle()

    assert stamp(world, numbered) == 7
    assert given(world) == []
    assert await numbers(world) == {f"company:{numbered}": 7}


async def a_merge_with_verification_off_moves_the_number_at_once(world: World) -> None:
    """And people go on in the other company when verification is on again, as they were decided about."""
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Кран-Сервис»")
    person = world.add_contact(old)
    await world.install()
    key = await world.subscribe()
    world.tick(CONTACT, person)
    await world.settle()
    (before,) = (await world.api("GET", "/memberships?state=pending", key)).json()["data"]
    assert await states(world) == {(person, old): "pending"}
    one, other = stamp(world, old), stamp(world, new)
    assert one and other and one != other
    await world.mode("off")

    world.portal.crm.merge(COMPANY, new, old, world.admin())
    await everything_settles(world)

    assert await numbers(world) == {f"company:{new}": min(one, other)}
    assert stamp(world, new) == min(one, other)
    assert await states(world) == {(person, old): "pending"}, "verification has not looked"

    await world.mode("on")
    await world.settle()

    assert await states(world) == {(person, new): "pending"}
    assert await numbers(world) == {f"company:{new}": min(one, other)}
    assert world.card(CONTACT, person) == (True, "На проверке")
    (after,) = (await world.api("GET", "/memberships?state=pending", key)).json()["data"]
    assert (after["id"], after["decided_at"]) == (before["id"], before["decided_at"]), "the decision is kept"


async def a_merge_moves_the_lower_number_and_tells_once(world: World) -> None:
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Кран-Сервис»")
    world.add_contact(old)
    await world.install()
    await world.subscribe()
    await world.settle()
    before = {one: stamp(world, one) for one in (old, new)}

    world.portal.crm.merge(COMPANY, new, old, world.admin())
    await everything_settles(world)

    lowest = min(before[old] or 0, before[new] or 0)
    assert stamp(world, new) == lowest
    assert await numbers(world) == {f"company:{new}": lowest}
    assert written(world)["company"] <= 3


MODES: list[Story] = [
    with_verification_off_numbers_are_given,
    watching_takes_shadow_numbers_and_writes_and_tells_nothing,
    watching_is_left_for_off_and_nothing_of_it_stays,
    on_again_takes_known_cards_as_they_are_and_imports_nothing,
    on_again_an_event_comes_before_the_look_at_all_cards,
    a_merge_with_verification_off_moves_the_number_at_once,
    a_merge_moves_the_lower_number_and_tells_once,
]
"""Rules that are switched while cards change."""
