"""Leads and deals as cards: what is read, listed, looked for again and written of each kind."""

from datetime import UTC, datetime
from typing import Any

import pytest

from b24app.bitrix24.cards import READERS, FieldMap, UserField, extent, import_cards, look_again, read_cards, select
from b24app.bitrix24.setup import Entity as Place
from b24app.bitrix24.setup import FieldSpec, add_fields
from b24app.bitrix24.writing import CardChange, write_cards
from b24app.domain.cards.facts import Kind, Odd, Subject
from b24app.errors import NotFound, PortalDown
from emulator.crm.entities import Entity
from tests.bitrix24.conftest import Rig
from tests.bitrix24.scripted import Script, batch

NUMBER = "UF_CRM_B24APP_NUMBER"
ROW: dict[str, Any] = {
    "id": 3,
    "title": "Crane",
    "assignedById": "2",
    "updatedBy": "1",
    "updatedTime": "2026-11-22T10:00:00+03:00",
    "contactIds": ["5", 7],
    "companyId": "9",
    "createdTime": "2026-11-20T10:00:00+03:00",
    "opportunity": "100.50",
    "stageId": "NEW",
    "categoryId": 0,
    "closed": "N",
}


@pytest.fixture
async def fields(rig: Rig) -> FieldMap:
    text = {"ru": "Номер", "en": "Number"}
    specs = [FieldSpec(Place(kind), NUMBER, "integer", text, text, "mark", {}, {}) for kind in READERS]
    for outcome in await add_fields(rig.client, specs, "en"):
        outcome.value()
    return FieldMap({kind: {"number": UserField(NUMBER, "integer")} for kind in READERS})


def made(rig: Rig, kind: Kind, **more: object) -> Subject:
    number = rig.portal.crm.add(Entity(kind.value), {"TITLE": "Crane", **more}, rig.portal.users[1])
    return Subject(kind, number)


@pytest.mark.parametrize("kind", [Kind.COMPANY, Kind.LEAD, Kind.DEAL])
async def test_each_kind_is_read_written_and_looked_for_again(rig: Rig, fields: FieldMap, kind: Kind) -> None:
    """crm-lead-update.md, crm-deal-update.md: quiet as those of contacts and companies."""
    here, gone = made(rig, kind), made(rig, kind)
    rig.portal.crm.delete(Entity(kind.value), gone.id, rig.portal.users[1])
    history = len(rig.portal.crm.history)
    changes = [CardChange(here, {"number": 7, "assigned_by": 2}), CardChange(gone, {"number": 7})]
    done, lost = await write_cards(rig.client, changes, fields)
    assert (done.error, type(lost.error), len(rig.portal.crm.history)) == (None, NotFound, history)
    there, hidden = await look_again(rig.client, [here, gone], fields)
    assert (set(there.found), hidden) == ({here}, [])
    card = there.found[here]
    assert (card.title, card.values["number"], card.assigned_by) == ("Crane", 7, 2)


async def test_a_deal_shows_its_contacts_its_company_and_its_sum(rig: Rig, fields: FieldMap) -> None:
    company, person = made(rig, Kind.COMPANY), made(rig, Kind.CONTACT, NAME="Ada")
    deal = made(rig, Kind.DEAL, COMPANY_ID=company.id, CONTACT_IDS=[person.id], OPPORTUNITY=100.5)
    card = (await read_cards(rig.client, [deal], fields)).found[deal]
    assert card.links == (person.id,)
    assert (card.facts["companyId"], card.facts["opportunity"], card.facts["closed"]) == (company.id, 100.5, False)


async def test_lists_show_open_deals_and_no_leads(rig: Rig, fields: FieldMap) -> None:
    opened, _, _ = made(rig, Kind.DEAL), made(rig, Kind.DEAL, STAGE_ID="WON"), made(rig, Kind.LEAD)
    deals = [card.subject async for page in import_cards(rig.client, Kind.DEAL, fields) for card in page]
    leads = [card async for page in import_cards(rig.client, Kind.LEAD, fields) for card in page]
    assert (deals, leads) == ([opened], [])
    totals = [(await extent(rig.client, kind, rig.world.now())).total for kind in (Kind.DEAL, Kind.LEAD)]
    assert totals == [1, 0]


async def test_what_rules_go_by_is_asked_for_and_kept(script: Script) -> None:
    """leadId: api-reference/crm/universal/object-fields.md."""
    fields = FieldMap(select={Kind.DEAL: frozenset({"probability", "UF_CRM_SITE"})}, origins=True)
    assert {"probability", "ufCrmSite", "leadId", "companyId"} <= set(select(Kind.DEAL, fields))
    assert "leadId" not in select(Kind.LEAD, fields)
    script.say(batch({"c0000": {"items": [{**ROW, "probability": "50", "ufCrmSite": [1, "2"], "leadId": "4"}]}}))
    (card,) = (await read_cards(script.client, [Subject(Kind.DEAL, 3)], fields)).found.values()
    assert card.facts == {
        "companyId": 9,
        "createdTime": datetime(2026, 11, 20, 7, tzinfo=UTC).isoformat(),
        "opportunity": 100.5,
        "stageId": "NEW",
        "categoryId": 0,
        "closed": False,
        "probability": "50",
        "UF_CRM_SITE": (1, 2),
    }
    assert (card.links, card.origin) == ((5, 7), Subject(Kind.LEAD, 4))


@pytest.mark.parametrize(("name", "value"), [("closed", "perhaps"), ("opportunity", "much"), ("contactIds", ["x"])])
async def test_an_odd_value_makes_an_odd_deal(script: Script, name: str, value: object) -> None:
    script.say(batch({"c0000": {"items": [{**ROW, name: value}]}}))
    subject = Subject(Kind.DEAL, 3)
    odd = (await read_cards(script.client, [subject], FieldMap())).odd[subject]
    assert odd == Odd(subject, name, datetime.fromisoformat(ROW["updatedTime"]))


async def test_a_deal_may_lack_a_field_that_a_rule_goes_by(script: Script) -> None:
    fields = FieldMap(select={Kind.DEAL: frozenset({"probability"})})
    script.say(batch({"c0000": {"items": [ROW]}}))
    (card,) = (await read_cards(script.client, [Subject(Kind.DEAL, 3)], fields)).found.values()
    assert "probability" not in card.facts


async def test_a_deal_may_not_lack_its_company(script: Script) -> None:
    script.say(batch({"c0000": {"items": [{name: value for name, value in ROW.items() if name != "companyId"}]}}))
    with pytest.raises(PortalDown, match="FIELD_MISSING companyId"):
        await read_cards(script.client, [Subject(Kind.DEAL, 3)], FieldMap())
