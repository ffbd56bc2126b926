"""Product rows and contacts of deals: crm/universal/product-rows/*, crm/deals/contacts/*, crm-activity-delete.md."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from tests.emulator.aid import Caller

ROW = {
    "ownerId": 1,
    "ownerType": "D",
    "productId": 9621,
    "productName": "iphone 14",
    "price": 80000,
    "quantity": 2,
    "discountTypeId": 2,
    "discountRate": 20,
    "taxRate": 20,
    "taxIncluded": "Y",
    "measureCode": 796,
    "sort": 10,
}
"""The example of crm-item-productrow-add.md."""


@pytest.fixture
async def deal(caller: Caller) -> Caller:
    for name in ("A", "B", "C"):
        caller.portal.crm.add(Entity.CONTACT, {"NAME": name}, caller.user)
    caller.portal.crm.add(Entity.DEAL, {"TITLE": "One", "OPPORTUNITY": 5}, caller.user)
    return caller


def amount(deal: Caller) -> float:
    return float(deal.portal.crm.tables[Entity.DEAL].rows[1]["OPPORTUNITY"])


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({}, (66666.67, 83333.34, 100000.01, 16666.67, 20)),
        ({"price": 90000, "discountRate": 10, "taxRate": 10}, (81818.18, 90909.09, 100000, 9090.91, 10)),
        ({"discountRate": 0, "taxRate": None}, (80000, 80000, 80000, 0, 0)),
        ({"discountTypeId": 1, "discountSum": 20000, "taxRate": 0}, (80000, 100000, 100000, 20000, 20)),
    ],
)
async def test_prices_are_counted_as_in_the_examples(
    deal: Caller, changes: dict[str, Any], counted: tuple[float, ...]
) -> None:
    row = (await deal.call("crm.item.productrow.add", {"fields": ROW | changes})).result["productRow"]
    names = ("priceExclusive", "priceNetto", "priceBrutto", "discountSum", "discountRate")
    assert tuple(row[name] for name in names) == counted
    assert {name: row[name] for name in ("id", "ownerId", "ownerType", "quantity", "customized", "measureName")} == {
        "id": 1, "ownerId": 1, "ownerType": "D", "quantity": 2, "customized": "Y", "measureName": "шт",
    }  # fmt: skip
    read = (await deal.call("crm.item.productrow.get", {"id": 1})).result["productRow"]
    assert read == row | {"storeId": None}


async def test_the_deals_amount_follows_its_rows(deal: Caller) -> None:
    await deal.call("crm.item.productrow.add", {"fields": ROW})
    assert amount(deal) == 160000
    await deal.call("crm.item.productrow.update", {"id": 1, "fields": {"quantity": 3}})
    assert amount(deal) == 240000
    rows = [{"productName": "x", "price": 10}, {"productName": "y", "price": 5.5, "quantity": 2}]
    params = {"ownerId": 1, "ownerType": "D", "productRows": rows}
    made = (await deal.call("crm.item.productrow.set", params)).result["productRows"]
    assert ([row["id"] for row in made], amount(deal)) == ([2, 3], 21)
    assert (await deal.call("crm.item.productrow.delete", {"id": 2})).result is None
    assert amount(deal) == 11
    deal.portal.crm.update(Entity.DEAL, 1, {"IS_MANUAL_OPPORTUNITY": "Y"}, None)
    await deal.call("crm.item.productrow.delete", {"id": 3})
    assert amount(deal) == 11


async def test_rows_are_listed(deal: Caller) -> None:
    for name, price in (("table", 30), ("chair", 10), ("tablet", 20)):
        await deal.call("crm.item.productrow.add", {"fields": ROW | {"productName": name, "price": price}})

    async def names(**params: Any) -> list[str]:
        params["filter"] = {"=ownerType": "D", "=ownerId": 1} | params.get("filter", {})
        answer = await deal.call("crm.item.productrow.list", params)
        assert answer.body["total"] == len(answer.result["productRows"])
        return [row["productName"] for row in answer.result["productRows"]]

    assert await names() == ["table", "chair", "tablet"]
    assert await names(order={"price": "desc"}) == ["table", "tablet", "chair"]
    assert await names(filter={"%productName": "tab", "<price": 30}) == ["tablet"]
    assert (await deal.call("crm.item.productrow.list", {"filter": {"=ownerId": 1}})).refusal == (
        400, "INVALID_ARG_VALUE",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "params", "refusal"),
    [
        ("add", {"fields": ROW | {"ownerId": 9}}, (400, "OWNER_NOT_FOUND")),
        ("add", {"fields": ROW | {"ownerType": "CO"}}, (400, "ENTITY_TYPE_NOT_SUPPORTED")),
        ("add", {"fields": {"price": 1}}, (400, "100")),
        ("add", {"fields": ROW | {"colour": "red"}}, (400, "INVALID_ARG_VALUE")),
        ("update", {"id": 9, "fields": {}}, (400, "NOT_FOUND")),
        ("delete", {"id": 9}, (400, "NOT_FOUND")),
    ],
)
async def test_refusals(deal: Caller, method: str, params: dict[str, Any], refusal: tuple[int, Any]) -> None:
    assert (await deal.call(f"crm.item.productrow.{method}", params)).refusal == refusal


async def contacts(deal: Caller) -> list[tuple[int, int, str]]:
    rows = (await deal.call("crm.deal.contact.items.get", {"id": 1})).result
    return [(row["CONTACT_ID"], row["SORT"], row["IS_PRIMARY"]) for row in rows]


async def test_contacts_of_a_deal(deal: Caller) -> None:
    async def does(name: str, **fields: Any) -> bool:
        return bool((await deal.call(f"crm.deal.contact.{name}", {"id": 1, "fields": fields})).result)

    assert await does("add", CONTACT_ID=1, SORT=100)
    assert await does("add", CONTACT_ID=2)
    assert not await does("add", CONTACT_ID=2)
    assert await contacts(deal) == [(1, 100, "Y"), (2, 110, "N")]
    assert await does("add", CONTACT_ID=3, IS_PRIMARY="Y", SORT=5)
    assert await contacts(deal) == [(3, 5, "Y"), (1, 100, "N"), (2, 110, "N")]
    assert (await deal.call("crm.deal.get", {"id": 1})).result["CONTACT_ID"] == "3"
    assert await does("delete", CONTACT_ID=3)
    assert not await does("delete", CONTACT_ID=3)
    assert await contacts(deal) == [(1, 100, "Y"), (2, 110, "N")]
    items = [{"CONTACT_ID": 2}, {"CONTACT_ID": 3, "IS_PRIMARY": "Y", "SORT": 400}]
    assert (await deal.call("crm.deal.contact.items.set", {"id": 1, "items": items})).result is True
    assert await contacts(deal) == [(2, 10, "N"), (3, 400, "Y")]
    deal.portal.crm.update(Entity.DEAL, 1, {"CONTACT_IDS": [1]}, deal.user)
    assert await contacts(deal) == [(1, 10, "Y")]
    assert (await deal.call("crm.deal.contact.items.delete", {"id": 1})).result is True
    assert await contacts(deal) == []


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        ("add", {"id": 0}, "The parameter 'ownerEntityID' is invalid or not defined."),
        ("add", {"id": 9, "fields": {"CONTACT_ID": 1}}, "Not found."),
        ("add", {"id": 1}, "The parameter 'fields' must be array."),
        ("delete", {"id": 1}, "The parameter 'item' must be array."),
        ("add", {"id": 1, "fields": {"CONTACT_ID": 99}}, "The parameter 'fields' is not valid."),
        ("items.get", {"id": 0}, "The parameter ownerEntityID is invalid or not defined."),
        ("items.set", {"id": 1, "items": "x"}, "The parameter items must be array."),
    ],
)
async def test_refused_contacts(deal: Caller, method: str, params: dict[str, Any], text: str) -> None:
    answer = await deal.call(f"crm.deal.contact.{method}", params)
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), text)


async def test_fields_and_rights(deal: Caller) -> None:
    fields = (await deal.call("crm.deal.contact.fields")).result
    assert {name: (row["type"], row["isRequired"]) for name, row in fields.items()} == {
        "SORT": ("integer", False), "IS_PRIMARY": ("char", False), "CONTACT_ID": ("integer", True),
    }  # fmt: skip
    boris = deal.as_user(2)
    boris.user.crm_access = CrmAccess.OWN
    assert (await boris.call("crm.deal.contact.items.get", {"id": 1})).refusal == (403, "ACCESS_DENIED")
    assert (await boris.call("crm.item.productrow.add", {"fields": ROW})).refusal == (400, "ACCESS_DENIED")


async def test_activities_are_deleted(deal: Caller) -> None:
    todo = {"ownerTypeId": 2, "ownerId": 1, "deadline": "2026-12-01", "title": "Call"}
    assert (await deal.call("crm.activity.todo.add", todo)).result == {"id": 1}
    deal.as_user(2).user.crm_access = CrmAccess.READ
    assert (await deal.as_user(2).call("crm.activity.delete", {"id": 1})).refusal == (400, "")
    assert (await deal.call("crm.activity.delete", {"id": 1})).result is True
    again = await deal.call("crm.activity.delete", {"id": 1})
    assert (again.refusal, again.body["error_description"]) == ((400, ""), "Activity is not found")


@pytest.mark.parametrize("kind", [Entity.LEAD, Entity.DEAL])
async def test_rows_go_with_merged_and_restored_records(caller: Caller, kind: Entity) -> None:
    crm, admin = caller.portal.crm, caller.user
    kept, gone = (crm.add(kind, {"TITLE": title}, admin) for title in "AB")
    crm.product_rows.add((kind, gone), {"price": 10.0})
    crm.merge(kind, kept, gone, admin)
    assert [row["price"] for row in crm.product_rows.of((kind, kept))] == [10.0]
    assert not crm.exists(kind, gone)
    crm.delete(kind, kept, admin)
    back = crm.restore(next(iter(crm.bin)), admin)
    assert [row["price"] for row in crm.product_rows.of((kind, back))] == [10.0]
