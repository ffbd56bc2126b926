"""The emulated portals of the dump as JSON: what the app asks a portal for, and no more. Not the emulator's own
keeping: that is a pickle of one version of its code."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from emulator.crm.entities import Entity
from emulator.crm.layouts import Variant
from emulator.crm.userfields import Option, UserField
from emulator.model.auth_server import Grant
from emulator.model.events import EventBinding
from emulator.model.installs import Installation
from emulator.model.offline import OfflineRow
from emulator.model.placements import PlacementBinding
from emulator.model.portal import Portal
from tests.lived.opened import Lived

FILE = Path(__file__).parent / "data" / "portals.json"
EXPORT = FILE.with_name("export.jsonl.gz")
CARDS = (Entity.CONTACT, Entity.COMPANY)
PLAIN = ("id", "application_token", "installed", "active", "version", "status", "installed_by", "payment_expired")
"""Columns of an installation that are kept as they are."""


def write(lived: Lived, known: Collection[str], keys: Mapping[str, str]) -> None:
    """`known`: the tokens that the app has kept; `keys`: of client apps, by name."""
    world = lived.world.emulator.world
    kept = {
        "keys": dict(keys),
        "secrets": {name: one.secret for name, one in lived.shops.items()},
        "portals": {one.name: _portal(one) for one in world.portals.values() if one.installations},
        "grants": [
            _grant(one)
            for one in {**world.auth.access, **world.auth.refresh}.values()
            if {one.access_token, one.refresh_token} & set(known)
        ],
    }
    text = "\n".join(_lines(kept)) + "\n"
    for name, host in lived.hosts().items():
        text = text.replace(host, name)
    FILE.write_text(text, "utf-8")


def plant(lived: Lived) -> dict[str, str]:
    """Make the portals of an opened world what they were. The keys of client apps, by name."""
    text = FILE.read_text("utf-8")
    for name, host in lived.hosts().items():
        text = text.replace(name, host)
    kept = json.loads(text, object_hook=_moment)
    world = lived.world.emulator.world
    for name, portal in kept["portals"].items():
        _plant(lived, world.portal(name), portal)
    for one in kept["grants"]:
        installation = world.portal(one.pop("portal")).installations[lived.world.market_app.client_id]
        grant = Grant(installation=installation, **one)
        world.auth.access[grant.access_token] = world.auth.refresh[grant.refresh_token] = grant
    for name, secret in kept["secrets"].items():
        lived.shops[name].secret = secret
    keys: dict[str, str] = kept["keys"]
    return keys


def _portal(portal: Portal) -> dict[str, Any]:
    crm, installations = portal.crm, list(portal.installations.values())
    contacts = crm.tables[Entity.CONTACT].ids
    return {
        "counters": portal.counters,
        "userfields": {entity: [_field(one) for one in crm.userfields[entity]] for entity in CARDS},
        "cards": {entity: list(crm.tables[entity].rows.values()) for entity in CARDS},
        "links": [_told(one) for contact in contacts for one in crm.links.of(Entity.CONTACT, contact)],
        "requisites": list(crm.requisites),
        "layouts": [
            {"type": entity.type_id, "sections": sections}
            for entity in CARDS
            if (sections := crm.layouts.get(Variant(entity.type_id), "C", 0))
        ],
        "installations": [_installation(one) for one in installations],
    }


def _installation(one: Installation) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in PLAIN},
        "scope": sorted(one.scope),
        "bindings": [_told(each) for each in one.bindings],
        "placements": [_told(each, "lang_all") for each in one.placements],
        "offline": [_told(each) for each in one.offline.rows.values()],
    }


def _field(one: UserField) -> dict[str, Any]:
    options = [_told(each) for each in one.options]
    return _told(one, "entity", "labels", "settings", "options") | {"options": options}


def _told(one: Any, *but: str) -> dict[str, Any]:
    """The columns of a dataclass that are not as they are by themselves."""
    return {
        each.name: getattr(one, each.name)
        for each in fields(one)
        if each.name not in but and getattr(one, each.name) != each.default
    }


def _grant(one: Grant) -> dict[str, Any]:
    names = ("access_token", "refresh_token", "user_id", "expires", "refresh_expires")
    return {"portal": one.installation.portal.name, **{name: getattr(one, name) for name in names}}


def _plant(lived: Lived, portal: Portal, kept: Mapping[str, Any]) -> None:
    crm = portal.crm
    portal.counters = dict(kept["counters"])
    for entity in CARDS:
        for field in kept["userfields"][entity]:
            options = [Option(**one) for one in field.pop("options")]
            made = UserField(**{**field, "entity": entity, "options": options})
            crm.userfields[entity]._by_name[made.name] = made
        for card in kept["cards"][entity]:
            crm.tables[entity].put(card)
    for link in kept["links"]:
        crm.links.add(link["contact"], link["company"], primary=link.get("primary", False), sort=link.get("sort"))
    for requisite in kept["requisites"]:
        crm.requisites.give([requisite], requisite["ENTITY_ID"])
    for view in kept["layouts"]:
        crm.layouts.set(Variant(view["type"]), "C", 0, view["sections"])
    for one in kept["installations"]:
        _install(lived, portal, one)


def _install(lived: Lived, portal: Portal, kept: Mapping[str, Any]) -> None:
    app = lived.world.market_app
    made = Installation(app=app, portal=portal, scope=frozenset(kept["scope"]), **{name: kept[name] for name in PLAIN})
    made.bindings = [EventBinding(**one) for one in kept["bindings"]]
    made.placements = [PlacementBinding(**one) for one in kept["placements"]]
    made.offline.rows = {one["id"]: OfflineRow(**one) for one in kept["offline"]}
    portal.installations[app.client_id] = made


def _lines(kept: Any, depth: int = 3) -> list[str]:
    """JSON with one line for each card, user, field …"""
    if depth == 0 or not isinstance(kept, dict | list) or not kept:
        return [json.dumps(kept, ensure_ascii=False, default=_tagged)]
    pairs = kept.items() if isinstance(kept, dict) else ((None, one) for one in kept)
    begin, end = "{}" if isinstance(kept, dict) else "[]"
    found: list[str] = []
    for name, one in pairs:
        first, *rest = _lines(one, depth - isinstance(kept, dict))
        found += [f"{json.dumps(str(name))}: {first}" if name is not None else first, *rest]
        found[-1] += ","
    found[-1] = found[-1].removesuffix(",")
    return [begin, *found, end]


def _tagged(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    raise TypeError(type(value))


def _moment(found: dict[str, Any]) -> Any:
    return datetime.fromisoformat(found["moment"]) if set(found) == {"moment"} else found
