"""Whether a card seen for the first time is a deleted one, come back from the recycle bin."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from b24app.domain.cards.facts import Card, Kind, Subject, Value
from b24app.domain.cards.records import Known, Record
from b24app.domain.cards.succession import returned

FACTS: dict[str, Value] = {"companyId": 1, "createdTime": "2026-11-20T07:00:00+00:00", "opportunity": 5.0}


def card(kind: Kind, links: tuple[int, ...] = (), facts: Mapping[str, Value] = MappingProxyType({})) -> Card:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    return Card(Subject(kind, 2), "Crane", {}, links, 1, now, facts={**FACTS, **facts})


def deleted(kind: Kind, links: tuple[int, ...] = ()) -> Known:
    return Known(Subject(kind, 1), Record({}, deleted=True), "Crane", links, facts=FACTS)


def test_a_deal_is_known_by_its_company_its_beginning_and_its_sum() -> None:
    assert returned(deleted(Kind.DEAL), card(Kind.DEAL, facts={"stageId": "WON"}))
    assert not returned(replace(deleted(Kind.DEAL), title="Digger"), card(Kind.DEAL))
    assert not returned(replace(deleted(Kind.DEAL), facts={}), card(Kind.DEAL))
    assert not returned(deleted(Kind.LEAD), card(Kind.DEAL))


@pytest.mark.parametrize(("name", "value"), [("companyId", 2), ("createdTime", "2026-11-21"), ("opportunity", None)])
def test_another_deal_is_another_deal(name: str, value: Value) -> None:
    assert not returned(deleted(Kind.DEAL), card(Kind.DEAL, facts={name: value}))


def test_a_company_is_known_by_its_place_and_a_lead_by_nothing() -> None:
    assert returned(deleted(Kind.COMPANY, (7,)), card(Kind.COMPANY, (7, 8)))
    assert not returned(deleted(Kind.COMPANY), card(Kind.COMPANY, (7,)))
    assert not returned(deleted(Kind.LEAD, (7,)), card(Kind.LEAD, (7,)))
