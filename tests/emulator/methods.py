"""Every REST method the app uses, alone or inside a batch, with documented parameters and what the answer shows.

A method that the app begins to use needs a line in `ROWS`; `test_clients_all.py` compares the lines with the code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any

from b24app.manifest import read_manifest
from b24app.settings import ROOT
from emulator.crm.entities import Entity
from emulator.crm.layouts import COMMON, PERSONAL, Variant
from emulator.model.events import EventBinding
from emulator.model.installs import Installation
from emulator.model.placements import PlacementBinding
from emulator.model.portal import Notification, Portal
from emulator.rest.registry import load

APP = ("b24app", "handlers", "placements", "workers")
SCOPE = read_manifest(ROOT / "app.yaml").scopes
CARDS = {Entity.CONTACT: 3, Entity.COMPANY: 4, Entity.DEAL: 2, Entity.LEAD: 1}
EVENT, TAB, OTHER_TAB, BOX = "ONCRMDEALADD", "CRM_CONTACT_DETAIL_TAB", "CRM_DEAL_DETAIL_TAB", "UF_CRM_BOX"
STRING = {"USER_TYPE_ID": "string", "EDIT_FORM_LABEL": {"ru": "Уровень", "en": "Level"}}
PERSON = ("LAST_NAME", "Соколов")
LAYOUT = [{"name": "main", "title": "Main", "type": "section", "elements": [{"name": "NAME"}]}]
INN = "7717586110"
NOTE = "Put back"  # the words of a comment in the contact's timeline, and the tag of a notice
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Given:
    """What is there before a call: a card of each kind, a requisite, a field, a binding of each sort. `fresh`: a name
    of its own."""

    card: Mapping[Entity, int]
    requisite: int
    handler: str
    fresh: str

    @property
    def contact(self) -> int:
        return self.card[Entity.CONTACT]


@dataclass(frozen=True, slots=True)
class Row:
    """`params` as the method's page documents them; `shows`: a value, a type, or a (key, value) found in the answer.

    `old`: what an old portal shows instead, where it differs.
    """

    params: Callable[[Given], dict[str, Any]]
    shows: Any
    old: Any = None

    def shown(self, portal: Portal, answer: Any) -> bool:
        return shown(answer, self.old if portal.old and self.old is not None else self.shows)


def _changed(entity: Entity, it: Given) -> dict[str, Any]:
    return {"id": it.card[entity], "fields": {"COMMENTS": "new"}}


def _field(it: Given) -> dict[str, Any]:
    return {"fields": {"FIELD_NAME": it.fresh, **STRING}}


def _on_card(it: Given) -> dict[str, Any]:
    return {"ENTITY_TYPE": "contact", "ENTITY_ID": it.contact}


def _boxes(it: Given) -> dict[str, Any]:
    return {"filter": {"USER_TYPE_ID": "boolean"}}


ROWS: dict[str, Row] = {
    "app.info": Row(lambda it: {}, ("CODE", "vendor.app")),
    "batch": Row(lambda it: {"halt": 0, "cmd": {"me": "profile", "card": f"crm.contact.get?id={it.contact}"}}, PERSON),
    "crm.category.list": Row(lambda it: {"entityTypeId": 2}, ("entityTypeId", 2)),
    "crm.company.get": Row(lambda it: {"id": it.card[Entity.COMPANY]}, ("TITLE", "Стройка")),
    "crm.contact.add": Row(lambda it: {"fields": {"NAME": "Илья"}}, int),
    "crm.contact.delete": Row(lambda it: {"id": it.contact}, True),
    "crm.item.details.configuration.get": Row(lambda it: {"entityTypeId": 4, "scope": "C"}, ("name", "main")),
    "crm.item.details.configuration.reset": Row(lambda it: {"entityTypeId": 3, "scope": "P"}, True),
    "crm.item.details.configuration.set": Row(lambda it: {"entityTypeId": 3, "scope": "P", "data": LAYOUT}, True),
    "crm.item.fields": Row(lambda it: {"entityTypeId": 3}, ("upperName", "LAST_NAME")),
    "crm.item.get": Row(lambda it: {"entityTypeId": 3, "id": it.contact}, ("lastName", "Соколов")),
    "crm.item.list": Row(lambda it: {"entityTypeId": 3, "filter": {"id": it.contact}}, ("lastName", "Соколов")),
    "crm.requisite.get": Row(lambda it: {"id": it.requisite}, ("RQ_INN", INN)),
    "crm.requisite.list": Row(lambda it: {"filter": {"@ID": [it.requisite]}}, ("RQ_INN", INN)),
    "crm.timeline.comment.add": Row(lambda it: {"fields": {**_on_card(it), "COMMENT": NOTE}}, int),
    "crm.timeline.comment.list": Row(lambda it: {"filter": _on_card(it)}, ("COMMENT", NOTE)),
    "event.bind": Row(lambda it: {"event": "ONCRMCONTACTADD", "handler": it.handler}, True),
    "event.get": Row(lambda it: {}, ("event", EVENT)),
    "event.offline.get": Row(lambda it: {"filter": {"<=ID": 9}}, dict),
    "event.offline.list": Row(lambda it: {"filter": {">ID": 0}}, list),
    "event.test": Row(lambda it: {"any": it.fresh}, 1),
    "feature.get": Row(lambda it: {"CODE": "crm_automation_deal"}, "Y", "en_selfhosted"),
    "im.notify.delete": Row(lambda it: {"TAG": NOTE}, True),
    "im.notify.system.add": Row(lambda it: {"USER_ID": 2, "MESSAGE": "Waiting", "TAG": it.fresh}, int),
    "method.get": Row(lambda it: {"name": "profile"}, ("isAvailable", True)),
    "placement.bind": Row(lambda it: {"PLACEMENT": OTHER_TAB, "HANDLER": it.handler, "TITLE": "Tab"}, True),
    "placement.get": Row(lambda it: {}, ("placement", TAB)),
    "placement.list": Row(lambda it: {}, TAB),
    "placement.unbind": Row(lambda it: {"PLACEMENT": TAB, "HANDLER": it.handler}, 2),  # one too many, as the page says
    "profile": Row(lambda it: {}, ("NAME", "Anna")),
    "scope": Row(lambda it: {}, "crm"),
    "user.get": Row(lambda it: {"FILTER": {"ID": [2]}}, ("LAST_NAME", "Dahl")),
}
for _card in CARDS:
    ROWS |= {
        f"crm.{_card}.update": Row(partial(_changed, _card), True),
        f"crm.{_card}.userfield.add": Row(_field, int),
        f"crm.{_card}.userfield.list": Row(_boxes, ("FIELD_NAME", BOX)),
    }
NOT_CALLED: Mapping[str, str] = {
    "bizproc.robot.add": "the self-test asks method.get about it",
    "events": "a key in the answer of event.offline.get",
}


@cache
def app_methods() -> frozenset[str]:
    """Methods whose names stand in the app's code: as texts anywhere, and put together in `bitrix24/`, which alone
    speaks to portals."""
    known = {one.name for one in load().values()}
    files = [file for folder in APP for file in (ROOT / folder).rglob("*.py")]
    return frozenset(name for file in files for name in _named(file, known))


def _named(file: Path, known: set[str]) -> Iterator[str]:
    nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
    texts = {one.value for one in nodes if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    yield from {text for text in texts & known if "." in text or "bitrix24" in file.parts}
    words = "|".join(map(re.escape, sorted({text for text in texts if text.isalpha()} | set(CARDS))))
    for one in nodes if "bitrix24" in file.parts else ():
        if isinstance(one, ast.JoinedStr) and isinstance(one.values[0], ast.Constant):
            parts = [
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else f"({words})" for part in one.values
            ]
            yield from (name for name in known if re.fullmatch("".join(parts), name))


def given(installation: Installation) -> Given:
    """Cards, a field, bindings and a layout, made past REST; a name and a handler that nobody else has."""
    portal, number = installation.portal, next(_numbers)
    crm, admin, handler = portal.crm, portal.admin(), f"{installation.app.app_url.partition('/app')[0]}/{number}"
    for entity in CARDS:
        if crm.userfields[entity].get(BOX) is None:
            crm.userfields[entity].add(BOX, "boolean", labels={})
    named = {Entity.CONTACT: {"NAME": "Илья", "LAST_NAME": "Соколов"}}
    card = {entity: crm.add(entity, named.get(entity, {"TITLE": "Стройка"}), admin) for entity in CARDS}
    owner = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": card[Entity.COMPANY], "PRESET_ID": 1}
    requisite = crm.requisites.add({**owner, "NAME": "Организация", "RQ_INN": INN}, admin)
    crm.timeline.comment((Entity.CONTACT, card[Entity.CONTACT]), NOTE, admin, [])
    notice = Notification(portal.next_id("notification"), 2, NOTE, portal.now(), installation.app.client_id, tag=NOTE)
    portal.notifications.append(notice)
    for variant, scope in ((Variant(4), COMMON), (Variant(3), PERSONAL)):
        crm.layouts.set(variant, scope, admin.id, LAYOUT)
    installation.bindings.append(EventBinding(portal.next_id("event_handler"), EVENT, handler))
    installation.placements.append(PlacementBinding(portal.next_id("placement"), TAB, handler, lang_all={}))
    return Given(card, requisite, handler, f"F{number}")


def shown(answer: Any, wanted: Any) -> bool:
    """Whether the answer is of a type, or holds a value, or a value under a key, however deep."""
    if isinstance(wanted, type):
        return type(answer) is wanted
    if isinstance(answer, dict):
        here = isinstance(wanted, tuple) and answer.get(wanted[0], None) == wanted[1]
        return here or any(shown(one, wanted) for one in answer.values())
    if isinstance(answer, list | tuple):
        return any(shown(one, wanted) for one in answer)
    return type(answer) is type(wanted) and bool(answer == wanted)
