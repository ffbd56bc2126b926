"""The work list: who waits, for whom the portal lets see it; confirmed one by one or many at once."""

from __future__ import annotations

import re

from emulator.crm.entities import Entity
from emulator.model.faults import Break
from emulator.model.people import CrmAccess
from tests.doors.frames import Frame, main
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY


def waiting(html: str) -> list[str]:
    """Names in the list, in its order."""
    return re.findall(r'name="membership" value="[^"]+" data-name="([^"]*)"', html)


def keys(html: str) -> list[str]:
    return re.findall(r'name="membership" value="([^"]+)"', html)


async def newcomers(world: World, *names: str, responsible: int | None = None) -> list[int]:
    """Each in a company of their own, ticked one after the other: the last one waits for the shortest time."""
    people, by = [], responsible or world.manager().id
    for name in names:
        company = world.add_company(f"ООО «{name}»", ASSIGNED_BY_ID=by)
        people.append(world.add_contact(company, name=name, ASSIGNED_BY_ID=by))
    await world.install()
    for person in people:
        world.tick(CONTACT, person)
        await world.settle()
        world.pass_time(seconds=1)
    return people


async def looked(opened: Frame, **asked: str) -> str:
    answer = await opened.call("/frame/page", **asked)
    assert answer.status == 200, answer.text
    return str(answer.json()["html"])


async def test_who_waits_stands_there_newest_first_with_company_and_who_is_responsible(world: World) -> None:
    await newcomers(world, "Анна", "Борис")
    opened = await main(world, world.admin())
    assert waiting(opened.html) == ["Борис Соколов", "Анна Соколов"]
    assert "Ждут проверки: 2" in opened.html and "ООО «Борис»" in opened.html
    assert f"ответственный: {world.manager().name}" in opened.html


async def test_an_employee_sees_own_clients_first_and_of_others_those_the_portal_shows(world: World) -> None:
    await newcomers(world, "Анна", responsible=world.admin().id)
    own = world.add_contact(name="Вера", ASSIGNED_BY_ID=world.manager().id)
    world.tick(CONTACT, own)
    await world.settle()
    opened = await main(world, world.manager())
    assert waiting(opened.html) == ["Вера Соколов"]
    assert "Ждут проверки: 1" in opened.html

    everybody = await looked(opened, whose="all")
    assert waiting(everybody) == ["Вера Соколов", "Анна Соколов"]
    assert "Ждут проверки: " not in everybody, "how many others there are is theirs who may see them"

    world.manager().crm_access = CrmAccess.OWN
    world.pass_time(minutes=2)
    await world.resources.redis.flushdb()
    assert waiting(await looked(opened, whose="all")) == ["Вера Соколов"]
    world.manager().crm_access = CrmAccess.NONE
    await world.resources.redis.flushdb()
    assert waiting(await looked(opened, whose="all")) == []


async def test_it_is_searched_by_name_company_and_tax_number(world: World) -> None:
    await newcomers(world, "Анна", "Борис")
    companies = {one: world.portal.crm.get(COMPANY, one) or {} for one in range(1, 9)}
    company = next(one for one, fields in companies.items() if fields.get("TITLE") == "ООО «Анна»")
    world.add_requisite(COMPANY, company, inn="7707083893")
    await world.settle()
    opened = await main(world, world.admin())
    for asked, found in (
        ("анна", ["Анна Соколов"]),
        ("ооо «бор", ["Борис Соколов"]),
        ("77070", ["Анна Соколов"]),
        ("%", []),
        ("_", []),
        ("'; DROP TABLE memberships; --", []),
        ("x" * 5000, []),
    ):
        assert waiting(await looked(opened, search=asked)) == found, asked
    assert waiting(await looked(opened, old="1")) == []
    world.pass_time(hours=25)
    fresh = await main(world, world.admin())
    assert len(waiting(await looked(fresh, old="1"))) == 2


async def test_the_list_goes_on_after_the_last_row_seen(world: World) -> None:
    await newcomers(world, *(f"Имя{number:02}" for number in range(27)))
    opened = await main(world, world.admin())
    assert len(waiting(opened.html)) == 25 and "Ждут проверки: 27" in opened.html
    found = re.search(r'"after-verification": "([^"]+)"', opened.html)
    assert found
    following = await looked(opened, **{"after-verification": found[1]})
    assert waiting(following) == ["Имя01 Соколов", "Имя00 Соколов"]
    assert "after-verification" not in following
    assert len(waiting(await looked(opened, **{"after-verification": "nonsense"}))) == 25


async def test_one_press_confirms_one_or_all_ticked_and_says_how_many(world: World) -> None:
    people = await newcomers(world, "Анна", "Борис", "Вера")
    opened = await main(world, world.manager())
    vera, boris, anna = keys(opened.html)

    answer = await opened.call("/frame/desk/verification", one=vera)
    assert answer.status == 200 and answer.json()["text"] == "Подтверждено: 1."
    await world.settle()
    assert world.card(CONTACT, people[2]) == (False, "Подтверждён")

    answer = await opened.call("/frame/desk/verification", membership=[boris, anna])
    assert answer.status == 200 and answer.json()["text"] == "Подтверждено: 2."
    await world.settle()
    assert waiting(await looked(opened)) == [] and "Все проверены" in await looked(opened)

    again = await opened.call("/frame/desk/verification", membership=[boris, anna])
    assert again.json()["text"] == "Подтверждено: 0. Не подтверждено: 2. Это уже решено."


async def test_who_may_not_change_a_card_confirms_nobody_by_the_list(world: World) -> None:
    (person,) = await newcomers(world, "Анна")
    opened = await main(world, world.manager())
    world.manager().crm_access = CrmAccess.READ
    answer = await opened.call("/frame/desk/verification", one=keys(opened.html)[0])
    assert answer.status == 403
    await world.settle()
    assert world.card(CONTACT, person) == (True, "На проверке")
    stranger = await opened.call("/frame/desk/verification", one="00000000-0000-4000-8000-000000000000")
    assert stranger.json()["text"] == "Подтверждено: 0."


async def test_while_the_portal_is_away_nothing_is_shown_that_was_not_proven(world: World) -> None:
    await newcomers(world, "Анна")
    opened = await main(world, world.manager())
    assert waiting(await looked(opened)) == ["Анна Соколов"], "proven a moment ago"
    world.pass_time(minutes=2)
    await world.resources.redis.flushdb()
    world.emulator.world.faults.add(Break.HTML, 99, host=world.portal.host)
    html = await looked(opened)
    assert waiting(html) == [] and "Битрикс24 сейчас не отвечает" in html
    world.emulator.world.faults.clear()
    assert waiting(await looked(opened)) == ["Анна Соколов"]
