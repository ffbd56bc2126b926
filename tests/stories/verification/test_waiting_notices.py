"""Whoever is responsible for a card hears that somebody of it waits for a check: once a case, and no longer than so."""

from __future__ import annotations

from b24app.domain.portal.notices import CALM
from emulator.model.people import User
from tests.doors.frames import members, tab
from tests.stories.scene import COMPANY, CONTACT, Scene, another_admin
from tests.world import World

WAITS = "Ждёт проверки: Илья Соколов, ООО «Стройтехника»"


def bell(world: World, user: User | None = None) -> list[str]:
    """What stands under the bell of whoever is responsible for the cards, without the link."""
    number = (user or world.admin()).id
    return [one.message.partition(" [URL")[0] for one in world.portal.notifications if one.user_id == number]


def sent(world: World) -> int:
    return world.emulator.world.meters.commands["first", "im.notify.system.add"]


async def test_the_responsible_person_hears_of_a_person_who_waits_and_the_link_opens_the_work(
    world: World, scene: Scene
) -> None:
    world.tick(CONTACT, scene.contact)
    await world.settle()

    (notice,) = world.portal.notifications
    assert (notice.user_id, notice.author_id) == (world.admin().id, 0)
    path = f"/marketplace/view/{world.resources.manifest.code}/?params%5Bpage%5D=work"
    assert notice.message == f"{WAITS} [URL={path}]Открыть[/URL]"


async def test_what_was_decided_is_taken_back(world: World, scene: Scene) -> None:
    world.tick(CONTACT, scene.contact)
    await world.settle()

    world.tick(CONTACT, scene.contact, ticked=False)
    await world.settle()

    assert bell(world) == [] and sent(world) == 1


async def test_a_second_person_of_the_company_replaces_the_notice(world: World, scene: Scene) -> None:
    other = world.add_contact(scene.company, name="Вера", last_name="Лесная")
    await world.settle()
    world.tick(CONTACT, scene.contact)
    await world.settle()

    world.pass_time(minutes=1)
    world.tick(CONTACT, other)
    await world.settle()

    assert bell(world) == ["Ждут проверки: 2, ООО «Стройтехника» (Илья Соколов, Вера Лесная)"]


async def test_fewer_who_wait_are_no_news_for_ten_minutes(world: World, scene: Scene) -> None:
    """Whoever confirms one after the other is not called for each that is left."""
    world.add_contact(scene.company, name="Вера", last_name="Лесная")
    await world.settle()
    world.tick(COMPANY, scene.company)
    await world.settle()
    assert len(bell(world)) == 1 and "2" in bell(world)[0]
    before = sent(world)

    opened = await tab(world, "company", scene.company)
    assert (await opened.press("confirm", members(opened.html)[1])).status == 200
    await world.settle()
    assert sent(world) == before

    world.pass_time(seconds=CALM.total_seconds())
    await world.settle()
    assert sent(world) == before + 1
    (left,) = bell(world)
    assert left in (WAITS, "Ждёт проверки: Вера Лесная, ООО «Стройтехника»")


async def test_nobody_is_told_of_what_they_did_themselves(world: World, scene: Scene) -> None:
    world.tick(CONTACT, scene.contact, by=world.admin())
    await world.settle()

    assert world.portal.notifications == []


async def test_somebody_elses_button_is_told_of(world: World, scene: Scene) -> None:
    opened = await tab(world, "contact", scene.contact, user=world.manager())
    assert (await opened.press("recheck", members(opened.html)[0])).status == 200
    await world.settle()

    assert bell(world) == [WAITS]


async def test_a_person_without_a_company_has_their_own_responsible_employee(world: World, scene: Scene) -> None:
    manager = world.manager()
    alone = world.add_contact(name="Пётр", last_name="Лесной", ASSIGNED_BY_ID=manager.id)
    await world.settle()

    world.tick_by_robot(CONTACT, alone)
    await world.settle()

    assert bell(world, manager) == ["Ждёт проверки: Пётр Лесной"] and bell(world) == []


async def test_a_case_that_is_handed_over_goes_to_the_new_responsible_employee(world: World, scene: Scene) -> None:
    successor = another_admin(world)
    world.tick(CONTACT, scene.contact)
    await world.settle()

    world.portal.crm.update(COMPANY, scene.company, {"ASSIGNED_BY_ID": successor.id}, world.admin())
    await world.settle()

    assert bell(world) == [] and bell(world, successor) == [WAITS]


async def test_somebody_who_was_dismissed_is_skipped(world: World, scene: Scene) -> None:
    gone = another_admin(world)
    world.portal.crm.update(COMPANY, scene.company, {"ASSIGNED_BY_ID": gone.id}, world.admin())
    await world.settle()
    gone.active = False

    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert world.portal.notifications == [] and sent(world) == 1


async def test_nobody_hears_of_who_waited_before_the_app_came(world: World) -> None:
    contact = world.add_contact(world.add_company())
    installation = await world.install()
    world.tick(CONTACT, contact)
    await world.settle()
    await world.uninstall(installation, clean=False)
    world.portal.notifications.clear()

    await world.install()

    assert world.portal.notifications == []


async def test_while_the_module_only_watches_nobody_hears_anything(world: World, scene: Scene) -> None:
    await world.mode("watch")
    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert world.portal.notifications == []


async def test_what_a_card_is_called_is_no_markup(world: World, scene: Scene) -> None:
    world.portal.crm.update(COMPANY, scene.company, {"TITLE": "[URL=https://evil.example]\nООО[/URL]"}, world.admin())
    await world.settle()

    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert bell(world) == ["Ждёт проверки: Илья Соколов, (URL=https://evil.example) ООО(/URL)"]
