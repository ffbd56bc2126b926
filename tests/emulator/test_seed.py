"""The data sets a portal can start with."""

from collections import Counter

import pytest
from stdnum.ru import inn, ogrn

from emulator.config import EmulatorConfig, PortalConfig
from emulator.crm import legacy
from emulator.crm.entities import Entity
from emulator.crm.filters import Condition, Group
from emulator.crm.finding import Query
from emulator.model.portal import Portal
from emulator.model.world import World, build
from emulator.seed import rental


def planted(seed: str, lang: str = "ru") -> Portal:
    """A portal of a world that is not served."""
    config = EmulatorConfig(portals=(PortalConfig("one", "127.0.0.2:1", lang, seed=seed),))
    return build(config, {"127.0.0.2:1": "127.0.0.2:1", config.auth_host: "127.0.0.4:1"}).portal("one")


@pytest.fixture(scope="module")
def firm() -> Portal:
    return planted("rental")


def test_people(firm: Portal) -> None:
    managers = [user for user in firm.users.values() if user.work_position == "Менеджер по аренде" and user.active]
    branches = [one for one in firm.departments.values() if one.name.startswith("Филиал")]
    assert (len(managers), len(branches)) == (30, 6)
    assert firm.users[1].admin
    assert [user.full_name for user in firm.users.values() if not user.active] == ["Кирилл Уваров"]
    assert all(firm.users[one.head or 0].departments == [one.id] for one in branches)
    assert all(user.email.endswith("example.com") for user in firm.users.values())


def test_inns_are_real_but_for_one(firm: Portal) -> None:
    rows = [row for row in firm.crm.requisites if row["ENTITY_TYPE_ID"] == 4]
    numbers = Counter(row["RQ_INN"] for row in rows)
    assert [number for number in numbers if not inn.is_valid(number)] == ["7700000001"]
    assert sorted(numbers.values())[-2:] == [2, 2]
    assert {len(number) for number in numbers} == {10, 12}
    assert all(ogrn.is_valid(row["RQ_OGRN"]) for row in rows if row.get("RQ_OGRN"))
    assert all(len(row["RQ_KPP"]) == 9 for row in rows if row.get("RQ_KPP"))


def test_clients(firm: Portal) -> None:
    crm = firm.crm
    clients = [record for record in crm.tables[Entity.COMPANY].rows.values() if "IS_MY_COMPANY" not in record]
    assert len(clients) == 200
    assert all(1 <= len(crm.links.contacts(record["ID"])) <= 4 for record in clients)
    assert sum(not crm.requisites.of(Entity.COMPANY, record["ID"]) for record in clients) == 3
    doubled = [one for one in crm.tables[Entity.CONTACT].ids if len(crm.links.companies(one)) == 2]
    assert len(doubled) == 2
    gone = next(user.id for user in firm.users.values() if not user.active)
    assert sum(record["ASSIGNED_BY_ID"] == gone for record in clients) == 4
    technical = next(user.id for user in firm.users.values() if user.last_name == "1С")
    assert sum(record["ASSIGNED_BY_ID"] == technical for record in clients) > 10
    phones = [row["VALUE"] for record in crm.tables[Entity.CONTACT].rows.values() for row in record["PHONE"]]
    assert len(set(phones)) == len(phones)
    assert all(phone.startswith("+7 (900) 000-") for phone in phones)


def test_deals(firm: Portal) -> None:
    crm = firm.crm
    deals = list(crm.tables[Entity.DEAL].rows.values())
    stages = {row.status_id: row.semantics for row in crm.books.stages(Entity.DEAL, 1)}
    assert len(deals) == 350
    assert len(stages) == 13
    assert {record["STAGE_ID"] for record in deals} == set(stages)
    assert all((record["CLOSED"] == "Y") == bool(stages[record["STAGE_ID"]]) for record in deals)
    assert all(record["MOVED_TIME"] <= crm.now() for record in deals)
    moves = Counter(move.record for move in crm.stage_moves)
    assert set(moves) == {record["ID"] for record in deals}


def test_every_run_is_the_same(firm: Portal) -> None:
    again = planted("rental")
    for entity in Entity:
        mine, other = (
            [(one["ID"], one.get("TITLE"), one.get("NAME"), one.get("OPPORTUNITY")) for one in rows]
            for rows in (portal.crm.tables[entity].rows.values() for portal in (firm, again))
        )
        assert mine == other


def test_seeding_tells_nobody(firm: Portal) -> None:
    assert firm.world.warnings == []
    assert firm.crm.history == []


def test_an_english_portal() -> None:
    acme = planted("acme", "en")
    titles = [record["TITLE"] for record in acme.crm.tables[Entity.COMPANY].rows.values()]
    assert len(set(titles)) == 40
    assert all(title.isascii() for title in titles)
    assert len(acme.crm.tables[Entity.DEAL].rows) == 90


def test_a_large_firm_is_searched_through_indexes() -> None:
    portal = planted("rental")
    world: World = portal.world
    fresh = build(EmulatorConfig(portals=(PortalConfig("two", "h:1"),)), {"h:1": "h:1", world.config.auth_host: "a:1"})
    big = fresh.portal("two")
    big.users.clear()
    big.departments.clear()
    rental.plant(big, companies=3000, deals=10)
    crm = big.crm
    assert len(crm.tables[Entity.CONTACT].rows) == 3000
    where = Group((Condition(">", "ID", 2990),))
    assert crm.select(Entity.COMPANY, Query(where, limit=5, count=False), None) == (
        [2991, 2992, 2993, 2994, 2995],
        None,
    )
    found = legacy.where(crm, Entity.CONTACT, {"COMPANY_ID": 100})
    assert crm.select(Entity.CONTACT, Query(found), None) == (crm.links.contacts(100), 1)
