"""The bytes of the news: fixed once, as docs/webhooks.md shows them; and which news there is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from importlib import import_module
from uuid import UUID

import pytest

from b24app.domain.delivery import news
from b24app.domain.verification.news import MembershipVerificationChanged
from b24app.features import PRODUCT
from b24app.settings import ROOT

TOLD = MembershipVerificationChanged(
    membership_id=UUID("0190f1d2-7c1a-7c3e-9b7a-3f0a4b8c9d10"),
    contact_id=7,
    company_id=3,
    person_id=UUID("0190f1d2-7b21-7d04-8a6e-52c1f0b7e6a1"),
    customer_id=UUID("0190f1d2-7b22-7c5a-9d3f-84e2a6c0d5b2"),
    old_state="confirmed",
    new_state="pending",
    reason="box_ticked",
    decided_by=12,
    decided_by_source="event",
    sections=PRODUCT.policy.sections("pending"),
    version=4,
    previous_version=3,
    occurred_at=datetime(2026, 11, 22, 13, 30, tzinfo=timezone(timedelta(hours=3))),
)
BODY = (
    '{"type":"membership.verification_changed","timestamp":"2026-11-22T10:30:00.000Z","portal":"p_7hT2k9",'
    '"object":{"kind":"membership","id":"0190f1d2-7c1a-7c3e-9b7a-3f0a4b8c9d10"},"object_version":4,'
    '"previous_version":3,"data":{"membership_id":"0190f1d2-7c1a-7c3e-9b7a-3f0a4b8c9d10","contact_id":7,'
    '"company_id":3,"person_id":"0190f1d2-7b21-7d04-8a6e-52c1f0b7e6a1",'
    '"customer_id":"0190f1d2-7b22-7c5a-9d3f-84e2a6c0d5b2","old_state":"confirmed","new_state":"pending",'
    '"reason":"box_ticked","decided_by":{"user_id":12,"source":"event"},"sections":{"catalogue":"open","chat":"open",'
    '"orders":"blocked","documents":"blocked","loyalty":"blocked"}}}'
)


def event(told: news.News) -> news.Event:
    return news.event(told, portal="p_7hT2k9", randomness=bytes(range(16)))


def test_the_body_is_compact_and_complete() -> None:
    found = event(TOLD)
    assert found.body.decode() == BODY
    assert found.id == "evt_000102030405060708090a0b0c0d0e0f"
    assert found.subjects == ("contact:7", "company:3")
    assert found.source_key == "membership:0190f1d2-7c1a-7c3e-9b7a-3f0a4b8c9d10:4"


def test_a_person_on_their_own_has_no_company() -> None:
    found = event(replace(TOLD, company_id=None, decided_by=None, decided_by_source="unknown"))
    data = json.loads(found.body)["data"]
    assert data["company_id"] is None
    assert data["decided_by"] == {"user_id": None, "source": "unknown"}
    assert found.subjects == ("contact:7",)


def test_ids_hold_no_dot() -> None:
    """The signed text is joined by dots (Standard Webhooks)."""
    assert "." not in event(TOLD).id


def test_every_type_of_news_is_handed_in() -> None:
    """A feature's file of news holds nothing that no endpoint could ask for."""
    files = (ROOT / "b24app" / "domain").glob("*/news.py")
    modules = [import_module(f"b24app.domain.{file.parent.name}.news") for file in files]
    written = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, news.News) and value is not news.News
    }
    assert written == set(PRODUCT.news.types.values())


def test_pings_come_unasked() -> None:
    assert set(PRODUCT.news.types) - set(PRODUCT.news.event_types) == {news.EndpointPing.TYPE}


def test_two_types_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"endpoint\.ping"):
        news.NewsCatalogue([news.EndpointPing, MembershipVerificationChanged, news.EndpointPing])
