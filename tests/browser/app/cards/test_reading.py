"""What people see of a first read that takes long."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from b24app.cards.store import imports
from b24app.cards.store.imports import ImportStep
from b24app.domain.cards.facts import Kind
from b24app.portal.store import portals
from tests.browser.app.conftest import Person
from tests.browser.conftest import Shoot
from tests.world import World


async def half_way(world: World, pace: float = 515.0) -> None:
    """84,200 of 200,000 companies are read, and no contact yet."""
    portal_id, now = (await world.row(world.portal)).id, world.resources.now()
    async with world.resources.tenant(portal_id) as db:
        await portals.change(db, portal_id, imported_at=None)
        await imports.restart(db, portal_id)
        await imports.start(db, portal_id, {Kind.COMPANY: 200_000, Kind.CONTACT: 8_000}, now - timedelta(minutes=3))
        await imports.advance(db, portal_id, Kind.COMPANY, uuid4(), ImportStep(90_000, 84_200, pace), now)


async def test_how_far_it_is_and_how_long_it_takes_yet(
    world: World, person: Person, on_phone: Person, shoot: Shoot
) -> None:
    installation = await world.install()
    await half_way(world)
    for one, size in ((person, 1280), (on_phone, 390)):
        await one.enter(world.admin())
        await one.go(f"/marketplace/app/{installation.id}/?page=settings/cards")
        await expect(one.app.get_by_text("84 200 из 200 000")).to_be_visible()
        await expect(one.app.get_by_text("Осталось около 4 минут")).to_be_visible()
        await one.app.locator("#read").scroll_into_view_if_needed()
        await shoot(one.page, f"app-main-reading-ru-{size}")


@pytest.mark.parametrize(
    ("pace", "said"),
    [(10_000.0, "Less than a minute left"), (20.0, "About 2 hours left"), (2_000.0, "About 1 minute left")],
)
async def test_in_english(world: World, page: Page, shoot: Shoot, pace: float, said: str) -> None:
    world.emulator.world.portals[world.portal.host].lang = "en"
    installation = await world.install()
    await half_way(world, pace)
    person = Person(page, world.portal)
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/?page=settings/cards")
    await expect(person.app.get_by_text("84,200 of 200,000")).to_be_visible()
    await expect(person.app.get_by_text(said)).to_be_visible()
    await shoot(page, "app-main-reading-en-1280")


async def test_a_portal_that_fell_silent(world: World, person: Person) -> None:
    installation = await world.install()
    await half_way(world)
    world.pass_time(minutes=3)
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/?page=settings/cards")
    await expect(person.app.get_by_text("Битрикс24 давно ничего не присылал")).to_be_visible()
    await expect(person.app.get_by_text("Осталось")).to_have_count(0)
