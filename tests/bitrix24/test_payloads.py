"""Every documented body is understood, and every other body ends as a refusal with a stable code.

`payloads.json`: bodies copied from the pages of the REST documentation and the captures named in `source_doc`.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.bitrix24.forms import parse_php_form
from b24app.bitrix24.payloads import open_request, portal_event
from b24app.domain.cards.facts import Kind, RequisiteId, RequisiteKind, Subject, Topic
from b24app.errors import Refused

PAYLOADS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "payloads.json").read_text("utf-8"))
OPENINGS = [one for one in PAYLOADS if one["kind"] in ("app_open", "placement_open")]
EVENTS = [one for one in PAYLOADS if one["kind"] in ("event", "app_event")]
ANCHORED = {"data[FIELDS][ANCHOR_TYPE_ID]": "4", "data[FIELDS][ANCHOR_ID]": "5"}
HEAD = b"DOMAIN=a.bitrix24.ru&PROTOCOL=1&LANG=ru&APP_SID=0"


def named(payload: dict[str, Any]) -> str:
    return str(payload["name"])


def body_of(payload: dict[str, Any]) -> bytes:
    return urlencode([tuple(pair) for pair in payload["body_form"]]).encode()


def in_php(value: Any) -> Any:
    """A documented body as PHP posts it: texts only, no empty lists or maps."""
    match value:
        case dict() | list():
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            return {str(key): in_php(one) for key, one in pairs if one not in ({}, [])}
        case bool():
            return str(int(value))
        case None:
            return ""
        case _:
            return str(value)


@pytest.mark.parametrize("payload", PAYLOADS, ids=named)
def test_forms_come_apart_as_documented(payload: dict[str, Any]) -> None:
    assert parse_php_form(body_of(payload)) == in_php(payload["body"])


@pytest.mark.parametrize("payload", OPENINGS, ids=named)
def test_openings(payload: dict[str, Any]) -> None:
    query, body = payload["query"], payload["body"]
    opened = open_request(urlencode(query).encode(), body_of(payload))
    assert (opened.domain, opened.secure, opened.lang) == (query["DOMAIN"], query["PROTOCOL"] == "1", query["LANG"])
    assert (opened.auth_id, opened.member_id, opened.placement) == (
        body["AUTH_ID"],
        body["member_id"],
        body["PLACEMENT"],
    )
    assert opened.expires == int(body["AUTH_EXPIRES"])
    assert opened.server_endpoint == body.get("SERVER_ENDPOINT")
    assert opened.application_token == body.get("APPLICATION_TOKEN")
    assert opened.options == json.loads(body.get("PLACEMENT_OPTIONS", "{}"))


@pytest.mark.parametrize("payload", EVENTS, ids=named)
def test_events(payload: dict[str, Any]) -> None:
    body = payload["body"]
    auth = body["auth"]
    if "member_id" not in auth:
        with pytest.raises(Refused):
            portal_event(body_of(payload))
        return
    event = portal_event(body_of(payload))
    assert event.name == body["event"].upper()
    assert event.member_id == auth["member_id"]
    assert event.application_token == auth.get("application_token", "")
    assert (event.tokens is not None) == bool(auth.get("access_token"))
    assert event.user_id == (int(auth["user_id"]) if auth.get("user_id") else None)
    stored = json.dumps(event.without_auth())
    for secret in ("access_token", "refresh_token", "application_token"):
        assert secret not in stored


@pytest.mark.parametrize(
    ("name", "data", "subject", "record_id"),
    [
        ("ONCRMCONTACTUPDATE", {"data[FIELDS][ID]": "82"}, Subject(Kind.CONTACT, 82), 82),
        ("ONCRMCOMPANYDELETE", {"data[FIELDS][ID]": "7"}, Subject(Kind.COMPANY, 7), 7),
        ("onCrmCompanyAdd", {"data[FIELDS][ID]": "7"}, Subject(Kind.COMPANY, 7), 7),
        ("ONCRMCOMPANYUSERFIELDADD", {"data[FIELDS][ID]": "7"}, None, 7),
        ("ONCRMDEALUPDATE", {"data[FIELDS][ID]": "7"}, Subject(Kind.DEAL, 7), 7),
        ("onCrmLeadAdd", {"data[FIELDS][ID]": "7"}, Subject(Kind.LEAD, 7), 7),
        ("ONCRMDEALMOVETOCATEGORY", {"data[FIELDS][ID]": "7"}, None, 7),
        ("onCrmTimelineCommentAdd", {"data[ID]": "7"}, None, 7),
        ("onCrmRequisiteAdd", {"data[FIELDS][ID]": "27"}, RequisiteId(RequisiteKind.REQUISITE, 27), 27),
        ("ONCRMREQUISITEDELETE", {"data[FIELDS][ID]": "27"}, RequisiteId(RequisiteKind.REQUISITE, 27), 27),
        ("ONCRMREQUISITEUPDATE", {"data[FIELDS][ID]": "0"}, None, 0),
        ("ONCRMREQUISITEUSERFIELDADD", {"data[FIELDS][ID]": "235"}, None, 235),
        ("ONCRMCURRENCYADD", {"data[FIELDS][ID]": "CHE"}, None, None),
        ("ONCRMCONTACTUPDATE", {"data[FIELDS][ID]": "0"}, None, 0),
        ("ONCRMCONTACTUPDATE", {"data[FIELDS][ID]": "9" * 30}, None, None),
        ("ONCRMCONTACTUPDATE", {}, None, None),
        ("ONIMCONNECTORLINEDELETE", {"data": "107"}, None, None),
        ("onCrmAddressRegister", ANCHORED, Subject(Kind.COMPANY, 5), None),
    ],
)
def test_which_record_an_event_is_about(
    name: str, data: dict[str, str], subject: Topic | None, record_id: int | None
) -> None:
    event = portal_event(urlencode({"event": name, "auth[member_id]": "m", **data}).encode())
    assert (event.subject, event.record_id, event.user_id, event.tokens) == (subject, record_id, None, None)


@pytest.mark.parametrize(
    ("placement", "options", "subject"),
    [
        ("CRM_CONTACT_DETAIL_TAB", '{"ID":"5"}', Subject(Kind.CONTACT, 5)),
        ("CRM_COMPANY_DETAIL_TAB", '{"ID":5}', Subject(Kind.COMPANY, 5)),
        ("CRM_COMPANY_DETAIL_TOOLBAR", '{"ENTITY_ID":"5"}', Subject(Kind.COMPANY, 5)),
        ("CRM_DEAL_DETAIL_TAB", '{"ID":"5"}', Subject(Kind.DEAL, 5)),
        ("CRM_QUOTE_DETAIL_TAB", '{"ID":"5"}', None),
        ("CRM_COMPANY_DETAIL_TAB", '{"ID":"x"}', None),
        ("CRM_COMPANY_DETAIL_TAB", '{"ID":true}', None),
        ("CRM_COMPANY_DETAIL_TAB", '"undefined"', None),
        ("CRM_COMPANY_DETAIL_TAB", "undefined", None),
        ("CRM_COMPANY_DETAIL_TAB", "[" * 5000, None),
        ("DEFAULT", "", None),
    ],
)
def test_which_card_an_opening_is_about(placement: str, options: str, subject: Subject | None) -> None:
    form = {"AUTH_ID": "a", "member_id": "m", "PLACEMENT": placement, "PLACEMENT_OPTIONS": options}
    assert open_request(HEAD, urlencode(form).encode()).subject == subject


@pytest.mark.parametrize(
    ("query", "body", "code", "name"),
    [
        (b"", b"AUTH_ID=a&member_id=m", "missing_parameter", "DOMAIN"),
        (HEAD, b"AUTH_ID=a", "missing_parameter", "member_id"),
        (HEAD, b"member_id=m", "missing_parameter", "AUTH_ID"),
        (HEAD, b"AUTH_ID[x]=a&member_id=m", "bad_parameter", "AUTH_ID"),
        (b"DOMAIN=a.b/evil", b"AUTH_ID=a&member_id=m", "bad_parameter", "DOMAIN"),
        (b"DOMAIN=a.b;x", b"AUTH_ID=a&member_id=m", "bad_parameter", "DOMAIN"),
        (b"DOMAIN=a%0ab", b"AUTH_ID=a&member_id=m", "bad_parameter", "DOMAIN"),
    ],
)
def test_openings_that_lack_something(query: bytes, body: bytes, code: str, name: str) -> None:
    with pytest.raises(Refused) as caught:
        open_request(query, body)
    assert (caught.value.code, caught.value.status, caught.value.params) == (code, 400, {"name": name})


def test_an_opening_without_access_has_an_empty_token() -> None:
    assert open_request(HEAD, b"AUTH_ID=&member_id=m").auth_id == ""


@pytest.mark.parametrize(
    ("body", "name"), [(b"auth[member_id]=m", "event"), (b"event=E", "member_id"), (b"event=E&auth=x", "member_id")]
)
def test_events_that_lack_something(body: bytes, name: str) -> None:
    with pytest.raises(Refused) as caught:
        portal_event(body)
    assert (caught.value.code, caught.value.params) == ("missing_parameter", {"name": name})


def test_tokens_inside_the_data_are_not_stored_either() -> None:
    data = b"data[TOKEN]=secret&data[BOT][7][access_token]=secret&data[METHOD]=m"
    body = b"event=ONAPPMETHODCONFIRM&auth[member_id]=m&" + data
    assert portal_event(body).without_auth()["data"] == {"BOT": {"7": {}}, "METHOD": "m"}


@given(
    st.binary(max_size=200), st.lists(st.sampled_from(["event", "data[FIELDS][ID]", "auth[member_id]", "auth", "ts"]))
)
def test_anything_else_is_refused(noise: bytes, keys: list[str]) -> None:
    body = b"&".join([*(key.encode() + b"=7" for key in keys), noise])
    for read in (lambda: portal_event(body), lambda: open_request(body, HEAD + b"&" + body)):
        try:
            read()
        except Refused as refused:
            assert refused.code in ("bad_encoding", "bad_form", "missing_parameter", "bad_parameter")
