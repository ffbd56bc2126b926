"""Portals with very many records: made at once, and listed page by page by rising or falling ids."""

import pytest

from emulator.crm.entities import Entity
from emulator.seed.crowd import grow
from tests.emulator.aid import Caller, asked


@pytest.mark.parametrize("way", ["ASC", "DESC"])
async def test_every_record_is_listed_once(caller: Caller, way: str) -> None:
    """crm-item-list.md: filter by id, `start: -1` counts nothing."""
    firms, _ = grow(caller.portal, 120, 0)
    caller.portal.crm.delete(Entity.COMPANY, firms[60], None)
    kept = [one for one in firms if one != firms[60]]
    rows: list[int] = []
    while True:
        beyond = {} if not rows else {">id" if way == "ASC" else "<id": rows[-1]}
        params = {"entityTypeId": 4, "select": ["id"], "filter": beyond, "order": {"id": way}, "start": -1}
        answer = await caller.call("crm.item.list", params)
        assert "total" not in answer.body
        page = [item["id"] for item in answer.result["items"]]
        if not page:
            break
        rows += page
    assert rows == (kept if way == "ASC" else kept[::-1])
    assert firms[-1] > len(firms)  # ids have gaps


async def test_a_new_field_shows_in_the_very_next_list(caller: Caller) -> None:
    grow(caller.portal, 1, 0)
    asked = {"entityTypeId": 4, "select": ["id", "UF_CRM_NEW"], "useOriginalUfNames": "Y"}
    assert set((await caller.call("crm.item.list", asked)).result["items"][0]) == {"id"}
    caller.portal.crm.userfields[Entity.COMPANY].add("UF_CRM_NEW", "string")
    assert set((await caller.call("crm.item.list", asked)).result["items"][0]) == {"id", "UF_CRM_NEW"}
    caller.portal.crm.userfields[Entity.COMPANY].drop("UF_CRM_NEW")
    assert set((await caller.call("crm.item.list", asked)).result["items"][0]) == {"id"}


async def test_the_door_makes_a_crowd(caller: Caller) -> None:
    wanted = {"portal": caller.portal.name, "companies": 3, "contacts": 10}
    made = (await asked(caller.session, "POST", f"{caller.portal.url}/_control/grow", json=wanted)).body
    crm = caller.portal.crm
    assert (len(crm.tables[Entity.COMPANY].ids), len(crm.tables[Entity.CONTACT].ids)) == (3, 10)
    assert made["contacts"] == [crm.tables[Entity.CONTACT].ids[0], crm.tables[Entity.CONTACT].ids[-1]]
    assert [len(crm.links.companies(one)) for one in crm.tables[Entity.CONTACT].ids] == [0, 1, 1, 1, 1] * 2


async def test_a_chain_beyond_the_end_finds_nothing(caller: Caller) -> None:
    """batch.md: a reference that leads nowhere gives what was found last, here a list of rows. No id is above that."""
    grow(caller.portal, 60, 0)
    lists = [
        f"crm.item.list?entityTypeId=4&select[0]=id&order[id]=ASC&start=-1&filter[>id]={last}"
        for last in ("0", "$result[a][items][49][id]", "$result[b][items][49][id]")
    ]
    answer = await caller.call("batch", {"halt": 0, "cmd": dict(zip("abc", lists, strict=True))})
    assert [len(one["items"]) for one in answer.result["result"].values()] == [50, 10, 0]
