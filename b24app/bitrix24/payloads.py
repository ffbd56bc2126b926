"""What the portal posts to us, as frozen values: openings of a page in a frame, and portal events.

Sources: settings/oauth/simple-way.md and api-reference/widgets/index.md (openings), api-reference/events/index.md and
_includes/auth-params-in-events.md (events). Everything here is unproven: whoever reads it still asks the auth server or
compares the application token. A malformed request raises Refused with `bad_encoding`, `bad_form`, `missing_parameter`
or `bad_parameter` (the last two with the parameter's `name`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from b24app.bitrix24 import values
from b24app.bitrix24.auth_server import scopes
from b24app.bitrix24.cards import KIND_OF, READERS
from b24app.bitrix24.forms import Form, parse_php_form
from b24app.domain.cards.facts import Kind, RequisiteId, RequisiteKind, Subject, Topic
from b24app.errors import Refused

HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(?::[0-9]{1,5})?\Z")
LANGUAGE = re.compile(r"[a-z]{2}\Z")
_KINDS = "|".join(kind.upper() for kind in READERS)
ACTS = ("ADD", "UPDATE", "DELETE")
RECORD_PLACE = re.compile(rf"CRM_({_KINDS})_")
RECORD_EVENT = re.compile(rf"ONCRM({_KINDS})(?:{'|'.join(ACTS)})\Z")
REQUISITE_EVENT = re.compile(r"ONCRMREQUISITE(?:ADD|UPDATE|DELETE)\Z")
LONGEST_WORD = 64  # an event's, placement's or portal's name; they are logged before anything is proven
SECRET_KEYS = frozenset({"auth", "access_token", "refresh_token", "application_token", "token"})


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """One opening of a page of ours inside the portal, as the browser posted it.

    `domain`: the host the browser names, with its port; `secure`: whether the portal speaks https. `auth_id`: access
    token of the user, empty for a user without access to the app; `expires`: its seconds, from 1 to 3600.
    `server_endpoint` and `application_token` are None on older portals. `options`: PLACEMENT_OPTIONS, empty when absent
    or damaged.
    """

    domain: str
    secure: bool
    lang: str
    app_sid: str
    auth_id: str
    expires: int
    refresh_id: str
    server_endpoint: str | None
    application_token: str | None
    scope: frozenset[str]
    member_id: str
    status: str
    placement: str
    options: Mapping[str, Any]

    @property
    def subject(self) -> Subject | None:
        """The record whose card is open: the kind stands in the placement's code, the id in the options."""
        place = RECORD_PLACE.match(self.placement)
        record = values.number(self.options.get("ID") or self.options.get("ENTITY_ID"))
        return Subject(Kind(place[1].lower()), record) if place and record else None


@dataclass(frozen=True, slots=True)
class EventTokens:
    """Tokens of the user who acted; `refresh_token` only with life-cycle events. `expires_in`: seconds, from 1
    to 3600."""

    access_token: str
    refresh_token: str | None
    expires_in: int
    scope: frozenset[str]
    status: str


@dataclass(frozen=True, slots=True)
class PortalEvent:
    """One portal event. `name` is upper case. `data`: nested strings, or one string where the portal sends a scalar.

    `subject`: the card or requisite that changed, if the event names one. `user_id`: who acted; None for
    robots, agents and imports, which come without tokens too. `application_token` is empty where the portal leaves it
    out (ONAPPPAYMENT). `ts`: unix time of sending, None when absent.
    """

    name: str
    subject: Topic | None
    record_id: int | None
    user_id: int | None
    member_id: str
    application_token: str
    domain: str
    server_endpoint: str
    client_endpoint: str
    tokens: EventTokens | None
    data: Form | str
    ts: int | None

    def without_auth(self) -> dict[str, Any]:
        """What may be stored: JSON with the event, its data and who acted; no token of any kind, wherever it stood."""
        return {"event": self.name, "data": _cleaned(self.data), "ts": self.ts, "user_id": self.user_id}


def open_request(query: bytes, body: bytes) -> OpenRequest:
    """Query string and form of an opening. Keys are split between the two and differ in case; the body wins."""
    form = {**parse_php_form(query), **parse_php_form(body)}
    return OpenRequest(
        domain=_checked(form, "DOMAIN", HOST).lower(),
        secure=_text(form, "PROTOCOL") != "0",
        lang=lang if LANGUAGE.match(lang := _text(form, "LANG")) else "en",
        app_sid=_text(form, "APP_SID"),
        auth_id=_present(form, "AUTH_ID"),
        expires=values.lifetime(form.get("AUTH_EXPIRES")),
        refresh_id=_text(form, "REFRESH_ID"),
        server_endpoint=_text(form, "SERVER_ENDPOINT") or None,
        application_token=_text(form, "APPLICATION_TOKEN") or None,
        scope=scopes(_text(form, "APPLICATION_SCOPE")),
        member_id=_word(form, "member_id"),
        status=_text(form, "status"),
        placement=_short(form, "PLACEMENT") or "DEFAULT",
        options=_options(_text(form, "PLACEMENT_OPTIONS")),
    )


def portal_event(body: bytes) -> PortalEvent:
    """The form of an event, from the portal's queue server."""
    form = parse_php_form(body)
    auth = form.get("auth")
    auth = auth if isinstance(auth, dict) else {}
    name, data = _word(form, "event").upper(), form.get("data", {})
    fields = _fields(data)
    return PortalEvent(
        name=name,
        subject=_subject(name, fields),
        record_id=values.number(fields.get("ID") or fields.get("id")),
        user_id=values.number(auth.get("user_id")) or None,
        member_id=_word(auth, "member_id"),
        application_token=_text(auth, "application_token"),
        domain=_text(auth, "domain"),
        server_endpoint=_text(auth, "server_endpoint"),
        client_endpoint=_text(auth, "client_endpoint"),
        tokens=_tokens(auth),
        data=data,
        ts=values.number(form.get("ts")),
    )


@cache
def record_events(kind: Kind) -> tuple[str, ...]:
    """Names of the events about records of a kind (events/on-crm-lead-add.md and its twins), upper case."""
    return tuple(f"ONCRM{kind.upper()}{act}" for act in ACTS)


def subject_of(name: str, data: Form | str) -> Topic | None:
    """The card or requisite that an event of this name (upper case) is about."""
    return _subject(name, _fields(data))


def _fields(data: Form | str) -> Form:
    """The record's fields: some events wrap them in FIELDS, some do not, some send a scalar."""
    if not isinstance(data, dict):
        return {}
    fields = data.get("FIELDS", data)
    return fields if isinstance(fields, dict) else {}


def _subject(name: str, fields: Form) -> Topic | None:
    """Cards and requisites by the event's name; an address by the card it hangs on (its anchor)."""
    if REQUISITE_EVENT.match(name):
        found = values.number(fields.get("ID"))
        return RequisiteId(RequisiteKind.REQUISITE, found) if found else None
    if event := RECORD_EVENT.match(name):
        kind, record = Kind(event[1].lower()), values.number(fields.get("ID"))
    else:
        anchored = name.startswith("ONCRMADDRESS")
        anchor = KIND_OF.get(values.number(fields.get("ANCHOR_TYPE_ID")) or 0) if anchored else None
        if not anchor or not READERS[anchor].requisites:  # whose address means nothing to us
            return None
        kind, record = anchor, values.number(fields.get("ANCHOR_ID"))
    return Subject(kind, record) if record else None


def _tokens(auth: Form) -> EventTokens | None:
    access = _text(auth, "access_token")
    if not access:
        return None
    return EventTokens(
        access_token=access,
        refresh_token=_text(auth, "refresh_token") or None,
        expires_in=values.lifetime(auth.get("expires_in")),
        scope=scopes(_text(auth, "scope")),
        status=_text(auth, "status"),
    )


def _options(raw: str) -> Mapping[str, Any]:
    """A JSON object; some cards send the text `undefined`, a bare value or broken JSON instead."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _cleaned(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _cleaned(value) for key, value in data.items() if key.casefold() not in SECRET_KEYS}
    return data


def _text(form: Form, name: str) -> str:
    value = form.get(name, "")
    if not isinstance(value, str):
        raise Refused("bad_parameter", params={"name": name})
    return value


def _present(form: Form, name: str) -> str:
    if name not in form:
        raise Refused("missing_parameter", params={"name": name})
    return _text(form, name)


def _needed(form: Form, name: str) -> str:
    if not _present(form, name):
        raise Refused("missing_parameter", params={"name": name})
    return _text(form, name)


def _short(form: Form, name: str) -> str:
    value = _text(form, name)
    if len(value) > LONGEST_WORD:
        raise Refused("bad_parameter", params={"name": name})
    return value


def _word(form: Form, name: str) -> str:
    _needed(form, name)
    return _short(form, name)


def _checked(form: Form, name: str, pattern: re.Pattern[str]) -> str:
    value = _needed(form, name)
    if not pattern.match(value):
        raise Refused("bad_parameter", params={"name": name})
    return value
