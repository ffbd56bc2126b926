"""Events, history, recycle bin, merging, robots: what happens around a write."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from emulator.crm.store import Crm, CrmError
from tests.emulator.aid import Caller, Listener


@pytest.fixture
async def crm(caller: Caller) -> Crm:
    return caller.portal.crm


async def bind(caller: Caller, listener: Listener, *events: str) -> None:
    for event in events:
        answer = await caller.call("event.bind", {"event": event, "handler": f"{listener.url}/events"})
        assert answer.result is True


async def heard(caller: Caller, listener: Listener) -> list[tuple[str, dict[str, Any], bool]]:
    """(event, FIELDS, whether it came with a token) in order, forgotten afterwards."""
    await caller.emulator.world.deliver()
    rows = [(one["event"], one["data"]["FIELDS"], "access_token" in one["auth"]) for one in listener.events()]
    listener.heard.clear()
    return rows


async def test_each_change_of_a_record_is_told(caller: Caller, listener: Listener) -> None:
    """api-reference/crm/companies/events/*: FIELDS[ID], the user's token."""
    await bind(caller, listener, "ONCRMCOMPANYADD", "ONCRMCOMPANYUPDATE", "ONCRMCOMPANYDELETE")
    number = (await caller.call("crm.company.add", {"fields": {"TITLE": "One"}})).result
    fields = {"ID": str(number)}
    assert await heard(caller, listener) == [("ONCRMCOMPANYADD", fields, True)]
    await caller.call("crm.item.update", {"entityTypeId": 4, "id": number, "fields": {"title": "Two"}})
    assert await heard(caller, listener) == [("ONCRMCOMPANYUPDATE", fields, True)]
    caller.portal.crm.robot_update(Entity.COMPANY, number, {"TITLE": "Three"})
    assert await heard(caller, listener) == [("ONCRMCOMPANYUPDATE", fields, False)]
    await caller.call("crm.company.delete", {"id": number})
    assert await heard(caller, listener) == [("ONCRMCOMPANYDELETE", fields, True)]


async def test_user_fields_are_told(caller: Caller, listener: Listener) -> None:
    """api-reference/crm/companies/userfields/events/*."""
    names = [f"ONCRMCOMPANYUSERFIELD{what}" for what in ("ADD", "UPDATE", "DELETE", "SETENUMVALUES")]
    await bind(caller, listener, *names)
    options = [{"VALUE": "x"}]
    fields = {"FIELD_NAME": "A", "USER_TYPE_ID": "enumeration", "LIST": options}
    number = (await caller.call("crm.company.userfield.add", {"fields": fields})).result
    await caller.call("crm.company.userfield.update", {"id": number, "fields": {"SORT": 5}})
    await caller.call("crm.company.userfield.delete", {"id": number})
    rows = await heard(caller, listener)
    assert [name.removeprefix("ONCRMCOMPANYUSERFIELD") for name, _, _ in rows] == [
        "ADD",
        "SETENUMVALUES",
        "UPDATE",
        "DELETE",
    ]
    assert rows[0][1] == {"ID": str(number), "ENTITY_ID": "CRM_COMPANY", "FIELD_NAME": "UF_CRM_A"}


async def test_moving_to_another_pipeline_is_told(caller: Caller, listener: Listener, crm: Crm) -> None:
    """api-reference/crm/deals/events/on-crm-deal-move-to-category.md."""
    crm.books.add_category("Second", [("NEW", "New", "#fff", ""), ("WON", "Won", "#fff", "S")])
    deal = crm.add(Entity.DEAL, {"TITLE": "Deal"}, None)
    await bind(caller, listener, "ONCRMDEALMOVETOCATEGORY")
    crm.update(Entity.DEAL, deal, {"CATEGORY_ID": 1}, None)
    expected = {"ID": str(deal), "CATEGORY_ID": "1", "STAGE_ID": "C1:NEW"}
    assert await heard(caller, listener) == [("ONCRMDEALMOVETOCATEGORY", expected, False)]


async def test_history_notes_fields_unless_told_not_to(caller: Caller, crm: Crm) -> None:
    """crm-company-update.md, REGISTER_HISTORY_EVENT."""
    number = crm.add(Entity.COMPANY, {"TITLE": "One"}, None)
    change = {"id": number, "fields": {"TITLE": "Two", "COMMENTS": ""}}
    await caller.call("crm.company.update", change)
    assert [(row.field, row.old, row.new, row.author) for row in crm.history] == [("TITLE", "One", "Two", 1)]
    params = {"REGISTER_HISTORY_EVENT": "N", "REGISTER_SONET_EVENT": "N"}
    await caller.call("crm.company.update", {"id": number, "fields": {"TITLE": "Three"}, "params": params})
    assert len(crm.history) == 1
    assert crm.get(Entity.COMPANY, number)["TITLE"] == "Three"  # type: ignore[index]


async def test_modification_is_dated_and_signed(caller: Caller, crm: Crm) -> None:
    number = crm.add(Entity.COMPANY, {"TITLE": "One"}, None)
    before = crm.get(Entity.COMPANY, number)
    caller.emulator.world.advance(hours=2)
    await caller.as_user(2).call("crm.company.update", {"id": number, "fields": {"TITLE": "Two"}})
    after = crm.get(Entity.COMPANY, number)
    assert before is not None
    assert after is not None
    assert after["DATE_MODIFY"] > before["DATE_MODIFY"]
    assert after["DATE_CREATE"] == before["DATE_CREATE"]
    assert (after["MODIFY_BY_ID"], after["CREATED_BY_ID"]) == (2, 0)


async def test_the_recycle_bin_gives_a_new_id(caller: Caller, listener: Listener, crm: Crm) -> None:
    company = crm.add(Entity.COMPANY, {"TITLE": "One", "PHONE": [{"VALUE": "89000000001"}]}, None)
    contact = crm.add(Entity.CONTACT, {"NAME": "Anna", "COMPANY_ID": company}, None)
    deal = crm.add(Entity.DEAL, {"TITLE": "Deal", "COMPANY_ID": company}, None)
    row = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": company, "PRESET_ID": 1, "NAME": "Main", "RQ_INN": "7707083893"}
    crm.requisites.add(row, None)
    crm.delete(Entity.COMPANY, company, None)
    assert crm.get(Entity.COMPANY, company) is None
    assert crm.get(Entity.CONTACT, contact)["COMPANY_IDS"] == []  # type: ignore[index]
    assert crm.get(Entity.DEAL, deal)["COMPANY_ID"] is None  # type: ignore[index]
    assert crm.requisites.with_inn("7707083893") == []
    await bind(caller, listener, "ONCRMCOMPANYADD")
    back = crm.restore(next(iter(crm.bin)), None)
    assert back != company
    assert await heard(caller, listener) == [("ONCRMCOMPANYADD", {"ID": str(back)}, False)]
    assert crm.get(Entity.CONTACT, contact)["COMPANY_IDS"] == [back]  # type: ignore[index]
    assert [row["ENTITY_ID"] for row in crm.requisites.with_inn("7707083893")] == [back]
    assert crm.communications.find("PHONE", "+7 900 000-00-01") == [(Entity.COMPANY, back)]


async def test_merging_two_companies(caller: Caller, listener: Listener, crm: Crm) -> None:
    crm.userfields[Entity.COMPANY].add("UF_CRM_CHECK", "boolean")
    phones = [[{"VALUE": "+71"}], [{"VALUE": "+71"}, {"VALUE": "+72"}]]
    winner = crm.add(Entity.COMPANY, {"TITLE": "A", "PHONE": phones[0]}, None)
    fields = {"TITLE": "B", "COMMENTS": "kept", "UF_CRM_CHECK": "1", "PHONE": phones[1]}
    loser = crm.add(Entity.COMPANY, fields, None)
    contact = crm.add(Entity.CONTACT, {"NAME": "Anna", "COMPANY_ID": loser}, None)
    deal = crm.add(Entity.DEAL, {"COMPANY_ID": loser}, None)
    row = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": loser, "PRESET_ID": 1, "NAME": "Main", "RQ_INN": "7707083893"}
    crm.requisites.add(row, None)
    await bind(caller, listener, "ONCRMCOMPANYUPDATE", "ONCRMCOMPANYDELETE")
    crm.merge(Entity.COMPANY, winner, loser, caller.portal.users[1])
    left = crm.get(Entity.COMPANY, winner)
    assert left is not None
    assert (left["TITLE"], left["COMMENTS"], left["UF_CRM_CHECK"]) == ("A", "kept", True)
    assert [row["VALUE"] for row in left["PHONE"]] == ["+71", "+72"]
    assert left["CONTACT_ID"] == [contact]
    assert crm.get(Entity.DEAL, deal)["COMPANY_ID"] == winner  # type: ignore[index]
    assert crm.requisites.with_inn("7707083893")[0]["ENTITY_ID"] == winner
    assert (crm.exists(Entity.COMPANY, loser), crm.bin) == (False, {})
    told = {(name, fields["ID"]) for name, fields, _ in await heard(caller, listener)}
    assert told == {("ONCRMCOMPANYDELETE", str(loser)), ("ONCRMCOMPANYUPDATE", str(winner))}


async def test_merging_contacts_keeps_companies_and_deals(crm: Crm) -> None:
    first, second = (crm.add(Entity.COMPANY, {"TITLE": title}, None) for title in "AB")
    winner = crm.add(Entity.CONTACT, {"NAME": "Anna", "COMPANY_ID": first}, None)
    loser = crm.add(Entity.CONTACT, {"NAME": "Ann", "COMPANY_ID": second}, None)
    deal = crm.add(Entity.DEAL, {"CONTACT_IDS": [winner, loser]}, None)
    crm.merge(Entity.CONTACT, winner, loser, None)
    assert crm.get(Entity.CONTACT, winner)["COMPANY_IDS"] == [first, second]  # type: ignore[index]
    assert crm.get(Entity.DEAL, deal)["CONTACT_IDS"] == [winner]  # type: ignore[index]


async def test_a_deal_keeps_its_only_contact_unless_another_is_named(crm: Crm) -> None:
    one, two = (crm.add(Entity.CONTACT, {"NAME": name}, None) for name in ("A", "B"))
    deal = crm.add(Entity.DEAL, {"CONTACT_IDS": [one, two]}, None)
    crm.update(Entity.DEAL, deal, {"CONTACT_ID": two}, None)
    assert crm.get(Entity.DEAL, deal)["CONTACT_IDS"] == [one, two]  # type: ignore[index]
    crm.update(Entity.DEAL, deal, {"CONTACT_ID": 0}, None)
    assert crm.get(Entity.DEAL, deal)["CONTACT_IDS"] == []  # type: ignore[index]


async def test_the_model_refuses_what_is_not_there(crm: Crm) -> None:
    with pytest.raises(CrmError, match="Not found"):
        crm.update(Entity.COMPANY, 5, {}, None)
    with pytest.raises(CrmError, match="Not found"):
        crm.delete(Entity.COMPANY, 5, None)


async def test_nobody_in_charge_is_no_change(crm: Crm) -> None:
    number = crm.add(Entity.COMPANY, {"TITLE": "A", "ASSIGNED_BY_ID": 2}, None)
    crm.update(Entity.COMPANY, number, {"ASSIGNED_BY_ID": ""}, None)
    assert crm.get(Entity.COMPANY, number)["ASSIGNED_BY_ID"] == 2  # type: ignore[index]
