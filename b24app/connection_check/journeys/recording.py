"""The record of a portal for `b24app doctor --record`: every read-only call the app uses, made by the app's own
builders, kept as shapes without values and compared with what the emulator answers."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import structlog

from b24app.bitrix24 import card_layouts, cards, offline, people, requisites, setup, values
from b24app.bitrix24.cards import spellings
from b24app.bitrix24.probing import connection_check, probes
from b24app.bitrix24.probing import listening as listened
from b24app.bitrix24.probing.listening import UNSAID, Exchange, Listening
from b24app.bitrix24.recent import Recent
from b24app.connection_check.journeys.trying_out import Tried, try_out
from b24app.domain.cards.facts import Kind, RequisiteId, RequisiteKind, Subject
from b24app.domain.connection_check import portal_record, shapes
from b24app.domain.connection_check.portal_record import Difference, RecordedCall
from b24app.domain.connection_check.portal_ways import DateFilter
from b24app.domain.portal.portal import Portal
from b24app.errors import CallRefused, MethodParked, PortalDown, PortalError
from b24app.lanes import Lane
from b24app.portal.journeys import fields as our_fields
from b24app.portal.journeys.declared import events_handler
from b24app.portal.journeys.tokens import admin_client
from b24app.resources import Resources

REFERENCE = Path(values.__file__).parent / "shapes.json"
OK, A_YEAR = 200, timedelta(days=365)
NOWHERE = 2_000_000_000
"""An id that no card has: how a portal says so."""
CODES = ("LICENSE", "LICENSE_TYPE", "LICENSE_FAMILY", "STATUS", "VERSION")
NUMBER = re.compile(r"[0-9]+")
"""Of a type of cards that somebody made: not to be told."""
SAID = frozenset({"entityTypeId", "start", "scope", "CODE", "name"})
"""Parameters that are ours and nobody's secret."""
READ: Mapping[str, frozenset[str]] = {
    "profile": frozenset({"ID", "NAME", "LAST_NAME", "ADMIN"}),
    "user.get": frozenset({"ID", "NAME", "LAST_NAME", "EMAIL"}),
    "crm.item.fields": frozenset({"upperName", "title", "type"}),
    "crm.item.get": frozenset(),
    "crm.requisite.get": frozenset(),
}
"""Where an answer tells more than the app reads: the keys it reads. Of the others it is counted how many there are."""

log = structlog.get_logger()


@dataclass(slots=True)
class Recorder:
    """`calls`: by step and method, as `domain.portal_record` has them; `broken`: what our own reading of a step broke
    off with; `users`: whose names are asked for."""

    client: Listening
    ours: frozenset[str]
    calls: dict[str, dict[str, RecordedCall]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    users: list[int] = field(default_factory=list)

    async def step(self, name: str, asking: Awaitable[Any]) -> Any:
        """What the app's own call comes to, None where it was refused or could not be read; either way what was heard
        is kept. Raises the PortalErrors after which nothing more can be asked."""
        began = len(self.client.heard)
        try:
            return await asking
        except PortalError as error:
            if error.status == OK and isinstance(error, PortalDown | CallRefused):  # our own word about what came
                self.broken[name] = f"{error.method} {error.code}"
            elif not isinstance(error, CallRefused | MethodParked):
                raise
            return None
        except Exception as error:
            log.warning("record_step_broken", step=name, error=type(error).__name__)
            self.broken[name] = type(error).__name__
            return None
        finally:
            for one in self.client.heard[began:]:
                self._record(self.calls.setdefault(name, {}), one)

    def _record(self, calls: dict[str, RecordedCall], one: Exchange) -> None:
        """Beside what was heard of this method in this step."""
        parts = {name: _looked_at(one.method, getattr(one, name), self.ours) for name in portal_record.PARTS}
        named = partial(_named, READ.get(one.method), self.ours)
        found = {name: shapes.shape_of(value, named) for name, value in parts.items() if value is not UNSAID}
        said = RecordedCall(asked(one.params), frozenset({str(one.status)}), frozenset({one.code} - {""}), found)
        calls[one.method] = calls[one.method].and_(said) if one.method in calls else said


def _looked_at(method: str, value: Any, ours: frozenset[str]) -> Any:
    """Fields by their names become rows; of user fields only ours are looked at."""
    if method.endswith(".userfield.list") and isinstance(value, list):
        return [row for row in value if isinstance(row, Mapping) and row.get("FIELD_NAME") in ours]
    if method == "crm.item.fields" and isinstance(value, Mapping) and isinstance(value.get("fields"), Mapping):
        return {**value, "fields": list(value["fields"].values())}
    return value


def _named(read: frozenset[str] | None, ours: frozenset[str], key: str) -> bool:
    return key in ours or shapes.plain(key) if read is None else key in read or key in ("item", "fields")


def asked(params: Mapping[str, Any]) -> dict[str, Any]:
    """The names of what was asked, without values but for those that are ours."""
    said: dict[str, Any] = {}
    for name, value in params.items():
        if name in SAID:
            said[name] = str(value)
        elif name == "select":
            said[name] = probes.many(value)
        else:
            said[name] = sorted(map(str, value)) if isinstance(value, Mapping) else []
    return said


async def record(resources: Resources, portal: Portal, tried: Tried | None = None) -> Mapping[str, Any]:
    """Raises Refused `not_set_up`. A portal that answers no more ends the record where it is; `stopped` says why.
    `tried`: a card is written as well, see `journeys.trying_out`."""
    manifest = resources.manifest
    ours = frozenset(spelt for one in manifest.fields.values() for spelt in spellings(one.field))
    recorder = Recorder(listened.listening(admin_client(resources, portal, Lane.INTERACTIVE)), ours)
    facts: dict[str, Any] = {}
    stopped = ""
    try:
        await _everything(resources, portal, recorder, facts)
        if tried:
            await try_out(resources, portal, recorder.client, portal.lang, recorder.step, tried)
    except PortalError as error:
        stopped = error.code or type(error).__name__
    facts |= _of_all(recorder.client, resources) | (_of_card(tried) if tried else {})
    if tried and tried.dates is not DateFilter.UNSEEN and facts.get("date filter", "unseen") in ("kept", "unseen"):
        facts["date filter"] = str(tried.dates)
    differences = portal_record.compared(recorder.calls, facts, *reference())
    said = {
        "form": portal_record.FORM,
        "app": {"code": manifest.code, **_codes(recorder.client.heard)},
        **({"stopped": stopped} if stopped else {}),
        "facts": dict(sorted(facts.items())),
        "differences": [portal_record.as_json(one) for one in differences],
        **({"broken": recorder.broken} if recorder.broken else {}),
        "calls": portal_record.calls_as_json(recorder.calls),
    }
    return said


def differences_of(said: Mapping[str, Any]) -> list[Difference]:
    return [Difference(**one) for one in said["differences"]]


@cache
def reference() -> tuple[portal_record.Calls, frozenset[str]]:
    """What the emulator answers as documented, and the places for pages that it lists."""
    found = json.loads(REFERENCE.read_text("utf-8"))
    return portal_record.calls_from_json(found["calls"]), frozenset(found["places"])


def _codes(heard: Iterable[Exchange]) -> Mapping[str, str]:
    """Of the plan and of the installation, as `app.info` tells them."""
    told = [one.result for one in heard if one.method == "app.info" and isinstance(one.result, Mapping)]
    return {
        name: code for name in CODES for one in told[:1] if shapes.plain(code := str(one.get(name, "")), digits=True)
    }


async def _everything(resources: Resources, portal: Portal, recorder: Recorder, facts: dict[str, Any]) -> None:
    client, manifest = recorder.client, resources.manifest
    handler = events_handler(resources.settings.public_url)
    entities = our_fields.entities(manifest)
    basics = await recorder.step("portal", connection_check.basics(client, handler))
    present = await recorder.step("portal", setup.present(client, entities))
    if present:
        facts["installed"] = present.installed
    places = await recorder.step("places", probes.place_codes(client)) or ()
    facts["places"] = sorted({NUMBER.sub("N", one) for one in places if shapes.plain(one, digits=True)})
    views = await recorder.step("views", card_layouts.layout_keys(client, entities)) or ()
    await recorder.step("views", card_layouts.common(client, views))
    for view in views[:1]:
        await recorder.step("views", card_layouts.read(client, view))
    await recorder.step("offline events", offline.listed(client, 0))
    recorder.users = [basics.person.user_id] if basics else []
    for kind in our_fields.to_read(resources, portal).kinds:
        await _cards(resources, portal, recorder, kind, facts)
    await _requisites(recorder)


async def _cards(resources: Resources, portal: Portal, recorder: Recorder, kind: Kind, facts: dict[str, Any]) -> None:
    client, fields, step, now = (
        recorder.client,
        our_fields.to_read(resources, portal),
        recorder.step,
        resources.now(),
    )
    await step(f"{kind}, how many", cards.extent(client, kind, now))
    began = len(client.heard)
    await step(kind, probes.first_page(cards.import_cards(client, kind, fields)))
    oldest = _rows_with_ids(client.heard[began:])
    await step(f"{kind}, not there", cards.look_again(client, [Subject(kind, NOWHERE)], fields))
    if not oldest:
        return
    subjects = [Subject(kind, int(row["id"])) for row in oldest[:3]]
    await step(kind, probes.first_page(cards.import_cards(client, kind, fields, subjects[0].id)))
    began = len(client.heard)
    await step(kind, cards.read_cards(client, subjects, fields))
    await _doubts(recorder, kind, client.heard[began], facts)
    await step(kind, people.open_card(client, subjects[0], recorder.users))
    began = len(client.heard)
    look = Recent(client, kind, fields, now - A_YEAR, now)
    await step(f"{kind}, changed lately", probes.first_page(look.pages()))
    lately = client.heard[began]
    for row in (*_rows_with_ids(client.heard[began:])[:1], *oldest[:1]):
        found = await step(f"{kind}, changed lately", probes.date_filter(client, lately, row))
        if found and facts.get("date filter") in (None, "kept", "unseen"):
            facts["date filter"] = str(found)


async def _doubts(recorder: Recorder, kind: Kind, by_ids: Exchange, facts: dict[str, Any]) -> None:
    """What a list that brought rows makes of conditions and parameters that portals are known to take otherwise."""
    if not listened.rows(by_ids):
        return
    dropped = await recorder.step(kind, probes.drops_empty(recorder.client, by_ids))
    if dropped is not None:
        facts["empty conditions"] = "dropped" if dropped else "heeded"
    kept = await recorder.step(
        f"{kind}, {portal_record.ORIGINAL_NAMES}", probes.keeps_original_names(recorder.client, by_ids)
    )
    if kept is not None:
        facts[portal_record.ORIGINAL_NAMES] = "with system fields" if kept else "without system fields"


def _rows_with_ids(heard: Iterable[Exchange]) -> list[Mapping[str, Any]]:
    return [row for row in probes.maps(list(heard)) if values.ident(row.get("id"))]


async def _requisites(recorder: Recorder) -> None:
    client, step = recorder.client, recorder.step
    await step("requisite, how many", requisites.count_requisites(client))
    began = len(client.heard)
    await step("requisite", probes.first_page(requisites.import_requisites(client)))
    ids = [found for row in probes.maps(client.heard[began:]) if (found := values.ident(row.get("ID")))]
    some = [RequisiteId(RequisiteKind.REQUISITE, one) for one in ids[:3]]
    if some:
        await step("requisite", requisites.look_again(client, some))
        await step("requisite", probes.first_page(requisites.import_requisites(client, some[0].id)))
    await step("requisite, not there", requisites.look_again(client, [RequisiteId(RequisiteKind.REQUISITE, NOWHERE)]))


def _of_all(client: Listening, resources: Resources) -> dict[str, Any]:
    """What shows in any answer."""
    facts: dict[str, Any] = {
        "conditions by id": sorted({f"{one.method} {name}" for one in client.heard for name in probes.unheeded(one)}),
        "operating": str(probes.operating(client.heard) or "unseen"),
        "without time": list(probes.timeless(client.heard)),
    }
    if told := probes.clock(client.heard):
        facts["clock"] = portal_record.nearly((told - resources.now()).total_seconds())
        facts["zone"] = f"{told:%z}"
    return facts


def _of_card(tried: Tried) -> dict[str, Any]:
    ahead = tried.stored_ahead
    return {
        "not stored": tried.not_stored,
        **({} if ahead is None else {"stored dates": portal_record.nearly(ahead)}),
    }
