"""What app.yaml declares to a portal, part by part, and what of it the portal has not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Generic, TypeVar

from b24app.bitrix24.payloads import record_events
from b24app.bitrix24.setup import Entity, FieldSpec, PlacementSpec, Present
from b24app.domain.cards.facts import Kind
from b24app.domain.portal.installation import missing
from b24app.manifest import Manifest

Key = TypeVar("Key", bound=Hashable)
Spec = TypeVar("Spec")


@dataclass(frozen=True, slots=True)
class Declared(Generic[Key, Spec]):
    """One part of what app.yaml declares. `wanted`, `present`: by what tells two things of a portal apart; `name`: of a
    key in the report."""

    part: str
    wanted: Mapping[Key, Spec]
    present: Collection[Key]
    name: Callable[[Key], str]

    @property
    def absent(self) -> list[Key]:
        return missing(self.wanted, self.present)


def events_handler(public_url: str) -> str:
    """Where portals send their events."""
    return f"{public_url}/bitrix/events"


def lacking(manifest: Manifest, kinds: Collection[Kind], public_url: str, present: Present) -> tuple[str, ...]:
    """What app.yaml declares and the portal has not, each as "part:name" with the names of the report. `kinds`: cards
    that some rule of this portal acts on."""
    parts: tuple[Declared[Any, Any], ...] = (
        fields(manifest, present),
        placements(manifest, public_url, present),
        events(manifest, kinds, public_url, present),
    )
    return tuple(f"{declared.part}:{declared.name(key)}" for declared in parts for key in declared.absent)


def fields(manifest: Manifest, present: Present) -> Declared[tuple[Entity, str], FieldSpec]:
    wanted = {
        (Entity(card), one.field): FieldSpec(
            entity=Entity(card),
            name=one.field,
            type=one.type,
            label=one.label,
            hint=one.hint,
            marker=f"b24app:{key}",
            options=one.options,
            settings={"DEFAULT_VALUE": 0, "DISPLAY": "CHECKBOX"} if one.type == "boolean" else {},
            read_only=one.read_only,
            in_filter=not one.multiple,
            multiple=one.multiple,
            sort=100 * place,
        )
        for place, (key, one) in enumerate(manifest.fields.items(), 1)
        for card in one.cards
    }
    return Declared("fields", wanted, present.fields, ".".join)


def placements(manifest: Manifest, public_url: str, present: Present) -> Declared[tuple[str, str], PlacementSpec]:
    wanted = {
        (code, public_url + one.path): PlacementSpec(code, public_url + one.path, one.title)
        for code, one in manifest.placements.items()
    }
    return Declared("placements", wanted, present.placements, itemgetter(0))


def event_names(manifest: Manifest, kinds: Iterable[Kind]) -> Mapping[str, str]:
    """What each event is about: those of app.yaml, and changes of cards of these kinds."""
    of_kinds = {name: kind.value for kind in kinds for name in record_events(kind)}
    return {**manifest.events, **of_kinds}


def events(
    manifest: Manifest, kinds: Collection[Kind], public_url: str, present: Present
) -> Declared[tuple[str, str], tuple[str, str]]:
    bindings = [(name, events_handler(public_url)) for name in event_names(manifest, kinds)]
    return Declared("events", dict(zip(bindings, bindings, strict=True)), present.events, itemgetter(0))


def offline_events(manifest: Manifest, kinds: Collection[Kind], present: Present) -> Declared[str, str]:
    """Changes of records that the portal keeps for us: a second net, and nothing is wrong where there is none."""
    names = {name: name for name, what in event_names(manifest, kinds).items() if what != "lifecycle"}
    return Declared("offline events", names, present.offline, str)
