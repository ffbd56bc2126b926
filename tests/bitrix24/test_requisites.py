"""Requisites in bulk: by ids, by cards, all of them; what one read costs; gone and hidden told apart."""

from __future__ import annotations

import pytest

from b24app.bitrix24.requisites import (
    Requisites,
    count_requisites,
    import_requisites,
    look_again,
    read_requisites,
)
from b24app.domain.cards.facts import Kind, Requisite, RequisiteId, RequisiteKind, Subject
from b24app.errors import AccessDenied
from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from tests.bitrix24.conftest import Rig

FIRM, PERSON = Subject(Kind.COMPANY, 1), Subject(Kind.CONTACT, 1)


def add(rig: Rig, owner: Subject, **fields: object) -> RequisiteId:
    entity = Entity(owner.kind.value)
    hung = {"ENTITY_TYPE_ID": entity.type_id, "ENTITY_ID": owner.id, "PRESET_ID": 1, "NAME": "Organization"}
    return RequisiteId(RequisiteKind.REQUISITE, rig.portal.crm.requisites.add({**hung, **fields}, rig.portal.users[1]))


@pytest.fixture
def rows(rig: Rig) -> list[RequisiteId]:
    """Of a company and a contact."""
    crm, admin = rig.portal.crm, rig.portal.users[1]
    assert crm.add(Entity.COMPANY, {"TITLE": "Ltd"}, admin) == FIRM.id
    assert crm.add(Entity.CONTACT, {"NAME": "Ann"}, admin) == PERSON.id
    firm = add(rig, FIRM, RQ_INN="7717586110", RQ_KPP="770501001")
    return [firm, add(rig, PERSON, RQ_INN="771758611012", ACTIVE="N")]


def facts(rows: list[RequisiteId]) -> list[Requisite]:
    return [
        Requisite(rows[0], FIRM, "7717586110", "770501001", True),
        Requisite(rows[1], PERSON, "771758611012", "", False),
    ]


async def test_they_are_read_by_id_2500_a_request(rig: Rig, rows: list[RequisiteId]) -> None:
    rig.world.meters.clear()
    asked = [*rows, *(RequisiteId(RequisiteKind.REQUISITE, one) for one in range(1000, 3400))]

    found = (await read_requisites(rig.client, asked)).found

    assert list(found.values()) == facts(rows)
    assert found[rows[0]].modified_at is not None
    assert sum(rig.world.meters.requests.values()) == 1


async def test_all_of_them_come_by_rising_id_from_any_place(rig: Rig, rows: list[RequisiteId]) -> None:
    many = [*rows, *(add(rig, FIRM, RQ_INN=str(number)) for number in range(118))]
    pages = [page async for page in import_requisites(rig.client)]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [one.subject for page in pages for one in page] == many
    (rest,) = [page async for page in import_requisites(rig.client, many[99].id)]
    assert [one.subject for one in rest] == many[100:]
    assert await count_requisites(rig.client) == 120


async def test_gone_ones_are_told_from_hidden_ones(rig: Rig, rows: list[RequisiteId]) -> None:
    rig.portal.crm.requisites.delete(rows[1].id, None)
    there, hidden = await look_again(rig.client, rows)
    assert (set(there.found), hidden) == ({rows[0]}, [])
    boss = rig.portal.users[1]
    rig.portal.crm.update(Entity.COMPANY, FIRM.id, {"ASSIGNED_BY_ID": 2}, boss)
    boss.admin, boss.crm_access = False, CrmAccess.OWN
    assert await read_requisites(rig.client, rows) == Requisites()
    assert await look_again(rig.client, rows) == (Requisites(), rows[:1])


async def test_who_sees_no_crm_is_refused(rig: Rig, rows: list[RequisiteId]) -> None:
    """crm-requisite-list.md: code 0."""
    boss = rig.portal.users[1]
    boss.admin, boss.crm_access = False, CrmAccess.NONE
    with pytest.raises(AccessDenied):
        await read_requisites(rig.client, rows)
