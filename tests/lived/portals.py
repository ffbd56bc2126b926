"""The emulated portals of the dump as JSON: what the app asks a portal for, and no more. Not the emulator's own
keeping: that is a pickle of one version of its code."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
