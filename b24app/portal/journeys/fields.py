"""Our fields as they are called in one portal: kept as JSON in the directory, read by every journey that sees cards;
and which of them app.yaml wants in which cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from b24app.bitrix24.cards import CardFields, FieldMap
from b24app.bitrix24.setup import Entity
from b24app.domain.cards.facts import Kind
from b24app.domain.portal.portal import Portal
from b24app.errors import Refused
from b24app.manifest import Manifest


def field_map(portal: Portal) -> FieldMap:
    """Raises Refused `not_set_up` where the installation never came to adding its fields."""
    try:
        return {
            kind: CardFields(
                check=portal.fields[kind]["check"],
                status=portal.fields[kind]["status"],
                options=portal.fields[kind]["options"],
                mark=portal.fields[kind].get("mark", ""),
            )
            for kind in Kind
        }
    except KeyError as error:
        raise Refused("not_set_up", 409) from error


def as_json(fields: FieldMap) -> Mapping[str, Any]:
    return {
        kind.value: {"check": one.check, "status": one.status, "options": dict(one.options), "mark": one.mark}
        for kind, one in fields.items()
    }


def entities(manifest: Manifest) -> tuple[Entity, ...]:
    """Cards our fields stand in."""
    return tuple(sorted({Entity(card) for one in manifest.fields.values() for card in one.cards}))


def names_in(manifest: Manifest, entity: str) -> tuple[str, ...]:
    """Our fields that people look at in one kind of card, in the order of app.yaml."""
    return tuple(one.field for one in manifest.fields.values() if entity in one.cards and one.for_people)
