"""People whose role lets them read the CRM and change nothing, through REST."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from tests.emulator.aid import Caller

REQUISITE = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 1, "PRESET_ID": 1, "NAME": "Организация"}
WRITES: list[tuple[str, dict[str, Any]]] = [
    ("crm.company.add", {"fields": {"TITLE": "Two"}}),
    ("crm.company.update", {"id": 1, "fields": {"TITLE": "Two"}}),
    ("crm.company.delete", {"id": 1}),
    ("crm.item.add", {"entityTypeId": 4, "fields": {"title": "Two"}}),
    ("crm.item.update", {"entityTypeId": 4, "id": 1, "fields": {"title": "Two"}}),
    ("crm.requisite.add", {"fields": REQUISITE}),
    ("crm.requisite.update", {"id": 1, "fields": {"RQ_INN": "7736050003"}}),
    ("crm.requisite.delete", {"id": 1}),
    ("crm.timeline.comment.add", {"fields": {"ENTITY_ID": 1, "ENTITY_TYPE": "company", "COMMENT": "?"}}),
]


@pytest.fixture
async def reader(caller: Caller) -> Caller:
    caller.portal.crm.add(Entity.COMPANY, {"TITLE": "One"}, None)
    caller.portal.crm.requisites.add(REQUISITE, None)
    second = caller.as_user(2)
    second.user.crm_access = CrmAccess.READ
    return second


async def test_everything_is_read(reader: Caller) -> None:
    assert (await reader.call("crm.company.get", {"id": 1})).result["TITLE"] == "One"
    assert len((await reader.call("crm.company.list", {})).result) == 1
    assert len((await reader.call("crm.requisite.list", {})).result) == 1


@pytest.mark.parametrize(("name", "params"), WRITES)
async def test_nothing_is_written(reader: Caller, name: str, params: dict[str, Any]) -> None:
    answer = await reader.call(name, params)
    assert answer.refusal is not None
    assert "denied" in answer.body["error_description"].lower()
    assert reader.portal.crm.tables[Entity.COMPANY].rows[1]["TITLE"] == "One"
    assert len(reader.portal.crm.requisites.rows) == 1
