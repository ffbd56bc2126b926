"""Setting a portal up: one request to look, one each to add, and twice is once."""

from dataclasses import replace

import pytest

from b24app.bitrix24.pace import ENTERPRISE, ON_PREMISE, Budget
from b24app.bitrix24.setup import (
    Entity,
    FieldSpec,
    PlacementSpec,
    add_fields,
    bind_events,
    bind_placements,
    budget_of,
    present,
)
from b24app.bitrix24.tokens import FixedToken
from b24app.errors import AccessDenied, CallRefused
from tests.bitrix24.conftest import APP, Rig

BOTH = [Entity.CONTACT, Entity.COMPANY]
HANDLER = "http://127.0.0.1:9/bitrix/events"
TAB = PlacementSpec(
    "CRM_COMPANY_DETAIL_TAB", "http://127.0.0.1:9/placements/company-tab", {"ru": "Вкладка", "en": "Tab"}
)
CHECK = FieldSpec(
    entity=Entity.CONTACT,
    name="UF_CRM_B24APP_CHECK",
    type="boolean",
    label={"ru": "Нужна проверка", "en": "Verification needed"},
    hint={"ru": "Подсказка", "en": "Hint"},
    marker="b24app.check",
    options={},
    settings={"DEFAULT_VALUE": 0, "DISPLAY": "CHECKBOX"},
)
STATUS = replace(
    CHECK,
    entity=Entity.COMPANY,
    name="UF_CRM_B24APP_STATUS",
    type="enumeration",
    marker="b24app.status",
    options={"pending": {"ru": "На проверке", "en": "Being checked"}, "refused": {"ru": "Отказано", "en": "Refused"}},
    settings={"DISPLAY": "UI"},
    read_only=True,
)


async def test_a_bare_portal(rig: Rig) -> None:
    there = await present(rig.client, BOTH)
    assert sum(rig.world.meters.requests.values()) == 1
    assert (dict(there.fields), there.placements, there.events) == ({}, frozenset(), frozenset())
    assert there.scopes == frozenset(APP.scope)
    assert (there.app_id, there.installed, there.is_admin, there.user_id) == (rig.installation.id, True, True, 1)


async def test_fields_are_added_with_captions_options_and_marker(rig: Rig) -> None:
    made = await add_fields(rig.client, [CHECK, STATUS], "ru")
    there = (await present(rig.client, BOTH)).fields
    check, status = there[Entity.CONTACT, CHECK.name], there[Entity.COMPANY, STATUS.name]
    assert [check.id, status.id] == [outcome.value() for outcome in made]
    assert (check.type, check.marker, dict(check.options)) == ("boolean", "b24app.check", {})
    assert (status.type, status.marker, set(status.options)) == ("enumeration", "b24app.status", {"pending", "refused"})
    row = (await rig.client.call("crm.company.userfield.get", {"id": status.id})).result
    assert [option["VALUE"] for option in row["LIST"]] == ["На проверке", "Отказано"]
    assert (row["EDIT_IN_LIST"], row["MANDATORY"], row["MULTIPLE"]) == ("N", "N", "N")
    assert row["EDIT_FORM_LABEL"]["en"] == "Verification needed"
    assert row["EDIT_FORM_LABEL"]["ru"] == "Нужна проверка"


async def test_twice_is_once(rig: Rig) -> None:
    for _ in range(2):
        outcomes = [
            *await add_fields(rig.client, [CHECK, STATUS], "en"),
            *await bind_placements(rig.client, [TAB]),
            *await bind_events(rig.client, [("ONCRMCOMPANYUPDATE", HANDLER), ("ONAPPINSTALL", HANDLER)]),
        ]
        assert [outcome.error for outcome in outcomes] == [None] * 5
    there = await present(rig.client, BOTH)
    assert len(there.fields) == 2
    assert there.placements == {(TAB.code, TAB.handler)}
    assert there.events == {("ONCRMCOMPANYUPDATE", HANDLER), ("ONAPPINSTALL", HANDLER)}


async def test_captions_of_a_placement_by_language(rig: Rig) -> None:
    await bind_placements(rig.client, [TAB])
    (row,) = (await rig.client.call("placement.get")).result
    assert {language: texts["TITLE"] for language, texts in row["langAll"].items()} == {"ru": "Вкладка", "en": "Tab"}


async def test_real_refusals_stay_refusals(rig: Rig) -> None:
    bad_field = replace(CHECK, name="UF_CRM_" + "X" * 60)
    (refused,) = await add_fields(rig.client, [bad_field], "en")
    assert isinstance(refused.error, CallRefused)
    wrong = PlacementSpec("NO_SUCH_PLACE", TAB.handler, TAB.title)
    assert [type(one.error) for one in await bind_placements(rig.client, [wrong, TAB])] == [CallRefused, type(None)]
    (event,) = await bind_events(rig.client, [("ONNOSUCHEVENT", HANDLER)])
    assert isinstance(event.error, CallRefused)


async def test_an_employee_may_not_set_up(rig: Rig) -> None:
    grant = rig.world.auth.issue(rig.installation, rig.portal.users[2])
    client = rig.with_(keeper=FixedToken(grant.access_token))
    (field,) = await add_fields(client, [CHECK], "en")
    assert isinstance(field.error, AccessDenied)


@pytest.mark.parametrize(("plan", "budget"), [("enterprise", ENTERPRISE), ("pro", Budget()), ("free", Budget())])
async def test_the_tariff_says_how_fast(rig: Rig, plan: str, budget: Budget) -> None:
    rig.portal.plan = plan
    assert budget_of((await present(rig.client, BOTH)).license) == budget


async def test_a_box_is_asked_twice_a_second(rig: Rig) -> None:
    rig.portal.old, rig.portal.plan = True, "enterprise"
    budget = budget_of((await present(rig.client, BOTH)).license)
    assert budget == ON_PREMISE
    assert budget.rate == 2.0
