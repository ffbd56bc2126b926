"""Long lists: 2,500 rows a request, in order, once each, to be taken up again anywhere."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from b24app.errors import PortalDown
from emulator.crm.entities import Entity
from emulator.model.faults import FOREVER, Break
from tests.bitrix24.conftest import Rig


def plant(rig: Rig, count: int) -> list[int]:
    """So many companies, every tenth one deleted again."""
    crm, admin = rig.portal.crm, rig.portal.users[1]
    for n in range(count):
        crm.add(Entity.COMPANY, {"TITLE": f"Nr. {n}"}, admin)
    for gone in list(crm.tables[Entity.COMPANY].ids)[::10]:
        crm.delete(Entity.COMPANY, gone, admin)
    return list(crm.tables[Entity.COMPANY].ids)


def legacy(rig: Rig, after: int = 0) -> AsyncIterator[list[dict[str, Any]]]:
    return rig.client.chain("crm.company.list", filter={}, select=["ID", "TITLE"], after=after)


def universal(rig: Rig, after: int = 0) -> AsyncIterator[list[dict[str, Any]]]:
    return rig.client.chain(
        "crm.item.list", filter={}, select=["id"], id_field="id", rows="items", after=after, extra={"entityTypeId": 4}
    )


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 56, 100, 112])
async def test_every_row_once_and_in_order(rig: Rig, count: int) -> None:
    ids = plant(rig, count)
    for rows, name in ((legacy(rig), "ID"), (universal(rig), "id")):
        assert [int(row[name]) for page in [page async for page in rows] for row in page] == ids


async def test_a_short_list_costs_one_command(rig: Rig) -> None:
    plant(rig, 30)
    assert [len(page) async for page in legacy(rig)] == [27]
    assert (rig.requests(), rig.commands("crm.company.list")) == (1, 1)


async def test_thousands_of_rows_resumed_where_they_stopped(rig: Rig) -> None:
    ids = plant(rig, 6000)
    seen: list[int] = []
    async for page in universal(rig):
        seen += [row["id"] for row in page]
        if len(seen) == 3000:
            break
    async for page in universal(rig, after=seen[-1]):
        seen += [row["id"] for row in page]
    assert seen == ids
    assert rig.requests() == 6  # up to 50, 500 and 2,500 rows, twice


async def test_nothing_is_counted(rig: Rig) -> None:
    plant(rig, 120)
    seen = [page async for page in legacy(rig)]
    assert len(seen) == 3
    assert rig.requests("crm.company.list") == 0


async def test_an_outage_inside_raises_after_the_rows_before_it(rig: Rig) -> None:
    ids = plant(rig, 300)
    seen: list[int] = []
    with pytest.raises(PortalDown):
        async for page in legacy(rig):
            seen += [int(row["ID"]) for row in page]
            rig.world.faults.add(Break.HTML, times=FOREVER)
    assert seen == ids[:50]
    rig.world.faults.clear()
    rest = [int(row["ID"]) for page in [page async for page in legacy(rig, after=seen[-1])] for row in page]
    assert seen + rest == ids


async def test_a_refused_list_is_an_error_not_an_end(rig: Rig) -> None:
    plant(rig, 10)
    rig.installation.scope -= {"crm"}
    with pytest.raises(Exception, match="insufficient_scope"):
        await anext(legacy(rig))
