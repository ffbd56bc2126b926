"""Cards in bulk: what one read costs, what it brings, and what a write leaves behind."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from b24app.bitrix24.cards import (
    CardFields,
    FieldMap,
    Person,
    UserField,
    import_cards,
    look_again,
    read_cards,
)
from b24app.bitrix24.people import open_card
from b24app.bitrix24.setup import Entity as Place
from b24app.bitrix24.setup import FieldSpec, add_fields, present
from b24app.bitrix24.tokens import FixedToken
from b24app.bitrix24.writing import CardChange, write_cards
from b24app.domain.cards.facts import Cards, Kind, Subject
from b24app.errors import (
    AccessDenied,
    NeedsFreshToken,
    NotFound,
    NotStored,
    OutcomeUnknown,
    PortalDown,
)
from b24app.lanes import Lane
from emulator.crm.entities import Entity
from emulator.model.faults import FOREVER, Break
from emulator.model.people import CrmAccess
from tests.bitrix24.conftest import Rig

CHECK, STATUS = "UF_CRM_B24APP_CHECK", "UF_CRM_B24APP_STATUS"
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "pending": {"ru": "На проверке", "en": "Being checked"},
    "refused": {"ru": "Отказано", "en": "Refused"},
}


def specs() -> list[FieldSpec]:
    text = {"ru": "Поле", "en": "Field"}
    return [
        FieldSpec(place, name, kind, text, text, "mark", options, {})
        for place in (Place.CONTACT, Place.COMPANY)
        for name, kind, options in ((CHECK, "boolean", {}), (STATUS, "enumeration", OPTIONS))
    ]


@pytest.fixture
async def fields(rig: Rig) -> FieldMap:
    for outcome in await add_fields(rig.client, specs(), "en"):
        outcome.value()
    seen = (await present(rig.client, [Place.CONTACT, Place.COMPANY])).fields
    rig.world.meters.clear()
    return FieldMap({kind: ours(seen[Place(kind), STATUS].options) for kind in (Kind.CONTACT, Kind.COMPANY)})


def ours(options: Mapping[str, int]) -> CardFields:
    return {"check": UserField(CHECK, "boolean"), "status": UserField(STATUS, "enumeration", options=options)}


def company(rig: Rig, title: str = "Ltd", **more: object) -> Subject:
    crm = rig.portal.crm
    return Subject(Kind.COMPANY, crm.add(Entity.COMPANY, {"TITLE": title, **more}, rig.portal.users[1]))


def contact(rig: Rig, **more: object) -> Subject:
    crm = rig.portal.crm
    return Subject(Kind.CONTACT, crm.add(Entity.CONTACT, {"NAME": "Ada", **more}, rig.portal.users[1]))


async def test_one_changed_contact_costs_one_request(rig: Rig, fields: FieldMap) -> None:
    first, second = company(rig), company(rig)
    linked = contact(rig, LAST_NAME="Byron", COMPANY_IDS=[second.id, first.id], ASSIGNED_BY_ID=2)
    cards = await read_cards(rig.client, [linked], fields)
    card = cards.get(linked)
    assert card
    assert (card.title, card.values["check"], card.values["status"], card.assigned_by, card.modified_by) == (
        "Ada Byron",
        False,
        "",
        2,
        1,
    )
    assert card.links == tuple(rig.portal.crm.links.companies(linked.id))
    assert set(card.links) == {first.id, second.id}
    assert card.modified_at.utcoffset() is not None
    assert abs(card.modified_at - rig.world.now()) < timedelta(minutes=1)
    assert sum(rig.world.meters.requests.values()) == 1


async def test_the_main_company_stands_first(rig: Rig, fields: FieldMap) -> None:
    first, second = company(rig), company(rig)
    linked = contact(rig)
    rig.portal.crm.links.add(linked.id, first.id, sort=10)
    rig.portal.crm.links.add(linked.id, second.id, sort=20, primary=True)
    cards = await read_cards(rig.client, [linked, second], fields)
    assert cards.found[linked].links == (second.id, first.id)
    assert cards.found[second].links == (linked.id,)


async def test_ten_thousand_companies_cost_four_requests(rig: Rig, fields: FieldMap) -> None:
    crm, admin = rig.portal.crm, rig.portal.users[1]
    ids = [crm.add(Entity.COMPANY, {"TITLE": "x"}, admin) for _ in range(10_000)]
    cards = await read_cards(rig.client, [Subject(Kind.COMPANY, number) for number in ids], fields)
    assert len(cards.found) == 10_000
    assert rig.requests() == 4


async def test_what_is_gone_is_absent_and_kinds_mix(rig: Rig, fields: FieldMap) -> None:
    there, gone, person = company(rig), company(rig), contact(rig)
    rig.portal.crm.delete(Entity.COMPANY, gone.id, rig.portal.users[1])
    cards = await read_cards(rig.client, iter([there, gone, person, there]), fields)
    assert set(cards.found) == {there, person}
    assert (await read_cards(rig.client, [], fields)).found == {}


async def test_what_a_list_left_out_is_looked_for_again(rig: Rig, fields: FieldMap) -> None:
    """Made meanwhile, hidden and deleted look alike in a list: only the last is gone."""
    made, mine, gone = company(rig), company(rig, ASSIGNED_BY_ID=1), company(rig)
    rig.portal.crm.delete(Entity.COMPANY, gone.id, rig.portal.users[1])
    there, hidden = await look_again(rig.client, [made, gone], fields)
    assert (set(there.found), hidden) == ({made}, [])

    admin = rig.portal.users[1]
    admin.admin, admin.crm_access = False, CrmAccess.NONE
    assert await look_again(rig.client, [mine, gone], fields) == (Cards(), [mine])


async def test_an_outage_is_never_taken_for_deletions(rig: Rig, fields: FieldMap) -> None:
    there = company(rig)
    rig.world.faults.add(Break.HTML, times=FOREVER)
    with pytest.raises(PortalDown):
        await read_cards(rig.client, [there], fields)


async def test_writes_are_combined_quiet_and_read_back(rig: Rig, fields: FieldMap) -> None:
    shop, person = company(rig), contact(rig)
    history = len(rig.portal.crm.history)
    changes = [
        CardChange(shop, {"check": True, "status": "pending", "assigned_by": 2}),
        CardChange(person, {"check": True}),
    ]
    assert [done.error for done in await write_cards(rig.client, changes, fields)] == [None, None]
    assert rig.requests() == 1
    assert len(rig.portal.crm.history) == history
    cards = (await read_cards(rig.client, [shop, person], fields)).found
    card = cards[shop]
    assert (card.values["check"], card.values["status"], card.assigned_by) == (True, "pending", 2)
    assert (cards[person].values["check"], cards[person].values["status"]) == (True, "")
    clear = CardChange(shop, {"check": False, "status": ""})
    assert (await write_cards(rig.client, [clear], fields))[0].error is None
    card = (await read_cards(rig.client, [shop], fields)).found[shop]
    assert (card.values["check"], card.values["status"], card.assigned_by) == (False, "", 2)


async def test_a_write_to_a_deleted_card_is_not_found_and_spoils_nothing(rig: Rig, fields: FieldMap) -> None:
    shop = company(rig)
    changes = [CardChange(Subject(Kind.COMPANY, 404), {"check": True}), CardChange(shop, {"check": True})]
    gone, done = await write_cards(rig.client, changes, fields)
    assert isinstance(gone.error, NotFound)
    assert done.error is None


async def test_a_yes_that_stored_nothing_is_noticed(rig: Rig, fields: FieldMap) -> None:
    """Not all of it counts as well: bitrix-tools/b24-rest-docs 145 and 269."""
    shop, person = company(rig), contact(rig)
    rig.portal.differences.change({"write_ignores": [STATUS]})
    changes = [CardChange(shop, {"check": True, "status": "pending"}), CardChange(person, {"check": True})]
    half, whole = await write_cards(rig.client, changes, fields)
    assert isinstance(half.error, NotStored)
    assert half.card
    assert (half.card.values["check"], half.card.values["status"], whole.error) == (True, "", None)
    assert rig.requests() == 1


async def test_a_write_that_cannot_be_read_back_is_unknown(rig: Rig, fields: FieldMap) -> None:
    shop = company(rig)
    rig.portal.differences.change({"methods_missing": ["crm.item.list"]})
    (done,) = await write_cards(rig.client, [CardChange(shop, {"check": True})], fields)
    assert isinstance(done.error, OutcomeUnknown)


async def test_many_writes_are_read_back_in_the_requests_that_made_them(rig: Rig, fields: FieldMap) -> None:
    shops, person = [company(rig) for _ in range(96)], contact(rig)
    changes = [CardChange(one, {"check": True}) for one in (*shops, person)]
    done = await write_cards(rig.client, changes, fields)
    assert [(one.error, one.card and one.card.subject) for one in done] == [(None, one.subject) for one in changes]
    assert rig.requests() == 3


async def test_a_card_is_without_a_deleted_field(rig: Rig, fields: FieldMap) -> None:
    shop = company(rig)
    rig.portal.crm.userfields[Entity.COMPANY].drop(CHECK)
    card = (await read_cards(rig.client, [shop], fields)).found[shop]
    assert ("check" in card.values, card.values["status"]) == (False, "")


async def test_a_foreign_option_is_no_status(rig: Rig, fields: FieldMap) -> None:
    shop = company(rig)
    known = FieldMap({Kind.COMPANY: ours({"pending": -1})})
    await write_cards(rig.client, [CardChange(shop, {"status": "refused"})], fields)
    assert (await read_cards(rig.client, [shop], known)).found[shop].values["status"] == ""


async def test_a_person_opens_a_card_in_one_request(rig: Rig) -> None:
    shop = company(rig, "Shop")
    grant = rig.world.auth.issue(rig.installation, rig.portal.users[2])
    client = rig.with_(keeper=FixedToken(grant.access_token), lane=Lane.INTERACTIVE)
    opened = await open_card(client, shop, users=[1, 2])
    assert opened.person == Person(2, "Boris Dahl", False)
    assert opened.names == {1: "Anna Berg", 2: "Boris Dahl"}
    assert sum(rig.world.meters.requests.values()) == 1
    with pytest.raises(NotFound):
        await open_card(client, Subject(Kind.COMPANY, 404))
    rig.portal.users[2].crm_access = CrmAccess.NONE
    with pytest.raises(AccessDenied):
        await open_card(client, shop)
    rig.world.auth.expire_access()
    with pytest.raises(NeedsFreshToken):
        await open_card(client, shop)


async def test_an_admin_is_told_as_one(rig: Rig) -> None:
    assert (await open_card(rig.client, contact(rig))).person.is_admin


async def test_the_import_streams_and_resumes(rig: Rig, fields: FieldMap) -> None:
    made = [company(rig, f"Nr. {n}") for n in range(130)]
    seen = []
    async for page in import_cards(rig.client, Kind.COMPANY, fields):
        seen += page
        if len(seen) >= 100:
            break
    async for page in import_cards(rig.client, Kind.COMPANY, fields, after=seen[-1].subject.id):
        seen += page
    assert [card.subject for card in seen] == made
    assert [getattr(one, "title", "") for one in seen[:2]] == ["Nr. 0", "Nr. 1"]
