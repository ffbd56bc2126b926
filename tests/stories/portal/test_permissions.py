"""An installation that was not given all the app asks for: what can be set up is, and what is missing has a name."""

from __future__ import annotations

import pytest

from b24app.domain.portal.installation import PortalState
from emulator.crm.entities import Entity
from emulator.model.installs import Installation, finish, install
from tests.doors.frames import frame, main
from tests.world import CHECK, World

MISSING = {
    "placement": {
        "ru": ("Не хватает: вкладки и страницы приложений", "Установите приложение из Маркета ещё раз"),
        "en": ("Missing: tabs and pages of apps", "Install the app once more from the Market"),
    },
    "crm": {
        "ru": ("Не хватает: CRM", "Установите приложение из Маркета ещё раз"),
        "en": ("Missing: CRM", "Install the app once more from the Market"),
    },
}


def installed_without(world: World, scope: str, portal: str) -> Installation:
    here = world.emulator.portal(portal)
    installation = install(here, world.market_app, here.admin())
    installation.scope -= {scope}
    return installation


@pytest.mark.parametrize("scope", MISSING)
@pytest.mark.parametrize(("portal", "lang"), [("first", "ru"), ("second", "en")])
async def test_the_installer_names_the_permission_it_was_not_given(
    world: World, scope: str, portal: str, lang: str
) -> None:
    installation = installed_without(world, scope, portal)

    page = await world.open(installation, installation.portal.admin())

    assert page.status == 200, page.text
    assert all(words in page.text for words in MISSING[scope][lang]), page.text
    assert "data-finish" not in page.text


async def test_without_tabs_fields_and_events_are_set_up_all_the_same(world: World) -> None:
    installation = installed_without(world, "placement", "first")
    opened = frame(world, await world.open(installation, world.admin()))

    report = (await world.row()).report
    steps = {one["part"]: one for one in report["steps"]}
    assert not report["ok"]
    assert steps["scopes"]["missing"] == ["placement"]
    assert set(steps["placements"]["missing"]) == set(world.resources.manifest.placements)
    assert CHECK in world.portal.crm.userfields[Entity.CONTACT]
    assert {one.event for one in installation.bindings} == set(world.resources.manifest.events)

    again = await opened.call("/frame/repair", page="installer")
    assert again.status == 200 and MISSING["placement"]["ru"][0] in again.json()["html"]
    installation.scope |= {"placement"}
    again = await opened.call("/frame/repair", page="installer")
    assert again.status == 200 and "Кому открыть доступ?" in again.json()["html"]
    assert {one.placement for one in installation.placements} == set(world.resources.manifest.placements)


async def test_a_permission_that_is_taken_away_later_is_named_by_the_repair(world: World) -> None:
    installation = await world.install()
    installation.scope -= {"placement"}
    page = await main(world, world.admin(), "setup")

    repaired = await page.call("/frame/repair")

    assert repaired.status == 200, repaired.text
    assert all(words in repaired.json()["html"] for words in MISSING["placement"]["ru"])
    assert (await world.row()).state is PortalState.ACTIVE


async def test_an_app_that_is_finished_without_tabs_still_works(world: World) -> None:
    """Somebody finished the installation by hand, as portals let an administrator do."""
    contact = world.add_contact()
    installation = installed_without(world, "placement", "first")
    await world.open(installation, world.admin())
    finish(installation, world.admin())
    await world.open(installation, world.admin())
    await world.settle()
    await world.subscribe()

    world.tick(Entity.CONTACT, contact)
    await world.settle()

    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]
