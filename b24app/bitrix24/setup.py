"""What an installation needs in a portal: fields in cards, placements, event bindings. What is there, and additions.

Wanted minus present is decided elsewhere. Pages: api-reference/crm/contacts/userfield/crm-contact-userfield-add.md and
-list.md (and their twins of company, deal, lead), api-reference/widgets/placement-bind.md, api-reference/events/
event-bind.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from b24app.bitrix24 import values
from b24app.bitrix24.client import Command, Outcome, PortalClient
from b24app.bitrix24.pace import ENTERPRISE, ON_PREMISE, Budget
from b24app.bitrix24.people import person_of
from b24app.errors import CallRefused, PortalDown, ScopeMissing

Texts = Mapping[str, str]
"""A text by language: ru, en."""

LONGEST_URL = 2000
ALREADY = re.compile(r"already binded|already exists|уже существует", re.IGNORECASE)


class Entity(StrEnum):
    """Where a user field can stand."""

    CONTACT = "contact"
    COMPANY = "company"
    DEAL = "deal"
    LEAD = "lead"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A user field to add. `name`: UF_CRM_… whole; `type`: the portal's type; `marker`: our XML_ID; `options`: by
    XML_ID.

    Captions go to the portal in every language; of an option only one, as options have no languages. `settings`:
    those of the type (boolean DEFAULT_VALUE, DISPLAY; enumeration DISPLAY, LIST_HEIGHT …). `read_only`: disabled in
    cards for people (EDIT_IN_LIST N); REST still writes it. `in_filter`: offered in list filters. `multiple`: several
    values.
    """

    entity: Entity
    name: str
    type: str
    label: Texts
    hint: Texts
    marker: str
    options: Mapping[str, Texts]
    settings: Mapping[str, str | int]
    read_only: bool = False
    in_filter: bool = True
    multiple: bool = False
    sort: int = 100


@dataclass(frozen=True, slots=True)
class FieldSeen:
    """A user field as it is. `id`: for an update; `options`: portal ids by XML_ID, empty unless an enumeration."""

    entity: Entity
    name: str
    id: int
    type: str
    marker: str
    options: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PlacementSpec:
    """A page of ours in a place. `handler`: whole URL; `title`: by language."""

    code: str
    handler: str
    title: Texts


@dataclass(frozen=True, slots=True)
class Present:
    """A portal as one batch found it.

    `placements`: (code, handler URL); `events`: (upper-case name, handler URL) of online bindings;
    `offline`: names of events the portal keeps for us; `app_id`: for
    custom field types; `license`: e.g. `ru_ent250`.
    """

    fields: Mapping[tuple[Entity, str], FieldSeen]
    placements: frozenset[tuple[str, str]]
    events: frozenset[tuple[str, str]]
    offline: frozenset[str]
    scopes: frozenset[str]
    app_id: int
    installed: bool
    license: str
    is_admin: bool
    user_id: int


def budget_of(license: str) -> Budget:
    """What a tariff grants (limits.md), by `app.info`'s LICENSE: `ru_ent250`, `ru_selfhosted` for a box."""
    tariff = license.partition("_")[2]
    if tariff == "selfhosted":
        return ON_PREMISE
    return ENTERPRISE if tariff.startswith("ent") else Budget()


async def present(client: PortalClient, entities: Sequence[Entity]) -> Present:
    """The portal's state in one request; user fields of `entities`. What the app has no permission to list reads as not
    there, and `scopes` tells why. Raises the PortalErrors (AccessDenied: no admin)."""
    basics = ["app.info", "scope", "profile", "placement.get", "event.get"]
    lists = [Command(f"crm.{entity}.userfield.list") for entity in entities]
    outcomes = await client.batch([*map(Command, basics), *lists])
    app, scope, profile = (outcome.value() for outcome in outcomes[:3])
    placements, events, *listed = (_permitted(outcome) for outcome in outcomes[3:])
    app, granted = values.mapping(app), list(scope.values()) if isinstance(scope, dict) else scope
    if not isinstance(granted, list):
        raise PortalDown("scope", 200, "NOT_A_LIST")
    seen = [_seen(entity, row) for entity, rows in zip(entities, listed, strict=True) for row in values.rows(rows)]
    bound, me, app_id = _bindings(events, "event"), person_of(profile), values.ident(app.get("ID")) or 0
    return Present(
        fields={(field.entity, field.name): field for field in seen if field},
        placements=frozenset((code, handler) for code, handler, _ in _bindings(placements, "placement")),
        events=frozenset((code.upper(), handler) for code, handler, offline in bound if not offline),
        offline=frozenset(code.upper() for code, _, offline in bound if offline),
        scopes=frozenset(values.text(one, values.LONGEST_CODE) for one in granted),
        app_id=app_id if app_id < 2**31 else 0,
        installed=app.get("INSTALLED") in (True, "Y", "1"),
        license=values.text(app.get("LICENSE"), values.LONGEST_CODE),
        is_admin=me.is_admin,
        user_id=me.user_id,
    )


async def add_fields(client: PortalClient, fields: Sequence[FieldSpec], language: str) -> list[Outcome]:
    """One request per 50. `language`: the portal's, for texts that have only one. The result is the new field's id, 0
    where somebody else added it meanwhile."""
    commands = [Command(f"crm.{one.entity}.userfield.add", {"fields": _field(one, language)}, True) for one in fields]
    return [there_already(outcome, 0) for outcome in await client.batch(commands)]


async def bind_placements(client: PortalClient, placements: Sequence[PlacementSpec]) -> list[Outcome]:
    """One request per 50. The result is True, also where the same handler was bound already."""
    commands = [Command("placement.bind", _placement(one), write=True) for one in placements]
    return [there_already(outcome, True) for outcome in await client.batch(commands)]


async def bind_events(client: PortalClient, events: Sequence[tuple[str, str]]) -> list[Outcome]:
    """Bind (event, handler URL) pairs, authorized as whoever acts. The result is True, also where it was bound
    already."""
    pairs = [{"event": event, "handler": handler} for event, handler in events]
    commands = [Command("event.bind", pair, write=True) for pair in pairs]
    return [there_already(outcome, True) for outcome in await client.batch(commands)]


def _permitted(outcome: Outcome) -> object:
    """What was answered; nothing where the app lacks the permission to ask."""
    return () if isinstance(outcome.error, ScopeMissing) else outcome.value()


def _bindings(raw: object, name: str) -> list[tuple[str, str, bool]]:
    """(code, handler URL, whether the portal keeps it for us) of placements or events."""
    return [(_address(row.get(name)), _address(row.get("handler")), _offline(row)) for row in values.rows(raw)]


def _address(raw: object) -> str:
    return values.text(raw, LONGEST_URL)


def _offline(binding: Mapping[str, Any]) -> bool:
    return binding.get("offline") in (1, "1", "Y")


def there_already(outcome: Outcome, result: int) -> Outcome:
    """The portal refuses to add the same thing twice, in words only, Russian or English ones."""
    error = outcome.error
    known = isinstance(error, CallRefused) and error.code == "ERROR_CORE" and ALREADY.search(error.description)
    return Outcome(result) if known else outcome


def _field(spec: FieldSpec, language: str) -> dict[str, Any]:
    label, hint = dict(spec.label), dict(spec.hint)
    fields: dict[str, Any] = {
        "FIELD_NAME": spec.name,
        "USER_TYPE_ID": spec.type,
        "XML_ID": spec.marker,
        "LABEL": _in(language, label),
        "EDIT_FORM_LABEL": label,
        "LIST_COLUMN_LABEL": label,
        "LIST_FILTER_LABEL": label,
        "HELP_MESSAGE": hint,
        "SORT": spec.sort,
        "MULTIPLE": "Y" if spec.multiple else "N",
        "MANDATORY": "N",
        "SHOW_FILTER": "Y" if spec.in_filter else "N",
        "EDIT_IN_LIST": "N" if spec.read_only else "Y",
    }
    if spec.settings:
        fields["SETTINGS"] = dict(spec.settings)
    if spec.options:
        fields["LIST"] = [
            {"VALUE": _in(language, texts), "XML_ID": code, "SORT": 10 * place, "DEF": "N"}
            for place, (code, texts) in enumerate(spec.options.items(), 1)
        ]
    return fields


def _placement(spec: PlacementSpec) -> dict[str, Any]:
    titles = {language: {"TITLE": text} for language, text in spec.title.items()}
    first = next(iter(spec.title.values()))
    return {"PLACEMENT": spec.code, "HANDLER": spec.handler, "TITLE": first, "LANG_ALL": titles}


def _in(language: str, texts: Texts) -> str:
    return texts.get(language) or next(iter(texts.values()))


def _seen(entity: Entity, row: Mapping[str, Any]) -> FieldSeen | None:
    """None for a row that names no field: it is none of ours, and none that can be in our way."""
    name, marker = (values.text(row.get(key), values.LONGEST_CODE) for key in ("FIELD_NAME", "XML_ID"))
    number, type_ = values.ident(row.get("ID")), values.text(row.get("USER_TYPE_ID"), values.LONGEST_CODE)
    if not name or number is None:
        return None
    options = {
        values.text(option.get("XML_ID"), values.LONGEST_CODE) or str(found): found
        for option in values.rows(row.get("LIST"))
        if (found := values.ident(option.get("ID")))
    }
    return FieldSeen(entity=entity, name=name, id=number, type=type_, marker=marker, options=options)
