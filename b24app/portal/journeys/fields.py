"""Our fields as they are called in one portal: kept as JSON in the directory, read by every journey that sees cards;
and which of them app.yaml wants in which cards."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from b24app.bitrix24.cards import CardFields, FieldMap, UserField
from b24app.bitrix24.setup import Entity
from b24app.domain.cards.facts import Kind
from b24app.domain.portal.portal import Portal
from b24app.errors import Refused
from b24app.manifest import Manifest
from b24app.portal.store import portals
from b24app.resources import Resources

ENUMERATION, PART, MADE = "enumeration", "fields", "made"

log = structlog.get_logger()


def field_map(manifest: Manifest, portal: Portal) -> FieldMap:
    """A kind whose cards have no field of ours is left out. Raises Refused `not_set_up` where the installation never
    came to adding its fields."""
    if not portal.fields:
        raise Refused("not_set_up", 409)
    return FieldMap({kind: _fields(manifest, portal.fields[kind]) for kind in Kind if kind in portal.fields})


def to_read(resources: Resources, portal: Portal) -> FieldMap:
    """Our fields and those that the rules of this portal go by, of the kinds that some rule acts on. Raises Refused
    `not_set_up`."""
    rules, known = resources.rules, field_map(resources.manifest, portal)
    kinds = rules.kinds(portal)
    return replace(known, select={kind: rules.select(portal, kind) for kind in kinds}, origins=Kind.LEAD in kinds)


def _fields(manifest: Manifest, kept: Mapping[str, Any]) -> CardFields:
    """Portals set up by a version that knew one enumeration keep its options by themselves."""
    found = {}
    for code, declared in manifest.fields.items():
        if name := kept.get(code):
            options = kept.get("choices", {}).get(code, kept["options"]) if declared.type == ENUMERATION else {}
            made = kept.get(MADE, {}).get(code)
            made_at = datetime.fromisoformat(made) if made else None
            found[code] = UserField(name, declared.type, declared.multiple, options, made_at)
    return found


def adding(portal: Portal, kinds: Mapping[Kind, Collection[str]], now: datetime) -> Mapping[str, Any]:
    """The portal's fields while these codes are being added: nobody reads them before it is known that they are new."""
    fields = dict(portal.fields)
    for kind, codes in kinds.items():
        kept = {code: value for code, value in fields.get(kind.value, {"options": {}}).items() if code not in codes}
        fields[kind.value] = {**kept, MADE: {**kept.get(MADE, {}), **dict.fromkeys(codes, now.isoformat())}}
    return fields


def with_made(fields: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any]:
    """The field map with what is known of when fields were added."""
    return {kind: {**ours, MADE: before.get(kind, {}).get(MADE, {})} for kind, ours in fields.items()}


def as_json(fields: FieldMap) -> Mapping[str, Any]:
    """Names by code, and the options of enumerations: by code, and for the version before this one all together."""
    return {
        kind.value: {
            **{code: one.name for code, one in ours.items()},
            "choices": {code: dict(one.options) for code, one in ours.items() if one.type == ENUMERATION},
            "options": {option: number for one in ours.values() for option, number in one.options.items()},
        }
        for kind, ours in fields.ours.items()
    }


def _told(portal: Portal) -> frozenset[str]:
    """Missing fields that the settings tell of."""
    steps = [step for step in portal.report.get("steps", ()) if step["part"] == PART]
    return frozenset(name for step in steps for name in step["missing"])


async def tell_missing(resources: Resources, portal: Portal, kind: Kind, codes: Collection[str]) -> None:
    """Fields of ours that this kind of card no longer shows: somebody deleted them. The settings say so until “Check
    and repair” has added them."""
    if not codes:
        return
    ours = portal.fields.get(kind, {})
    names = {f"{kind}.{ours[code]}" for code in codes if code in ours}
    log.warning("field_missing", portal=portal.id, fields=sorted(names))
    if names <= _told(portal):
        return
    steps = [
        {**step, "missing": sorted({*step["missing"], *names})} if step["part"] == PART else step
        for step in portal.report.get("steps", ())
    ]
    async with resources.autocommit() as db:
        await portals.change_report(db, portal.id, portal.report, {**portal.report, "ok": False, "steps": steps})


def entities(manifest: Manifest) -> tuple[Entity, ...]:
    """Cards our fields stand in."""
    return tuple(sorted({Entity(card) for one in manifest.fields.values() for card in one.cards}))


def names_in(manifest: Manifest, entity: str) -> tuple[str, ...]:
    """Our fields that people look at in one kind of card, in the order of app.yaml."""
    return tuple(one.field for one in manifest.fields.values() if entity in one.cards and one.for_people)
