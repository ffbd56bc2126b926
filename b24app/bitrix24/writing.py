"""Contacts, companies, leads and deals are written in one combined update each, and read back in the same request.

Pages: api-reference/crm/contacts/crm-contact-update.md, crm-company-update.md, crm-lead-update.md, crm-deal-update.md:
the legacy updates, which can be told to leave no trace in history and stream (the page of leads names the stream only;
an unknown parameter is passed over). A portal may answer true and store nothing, or not all (values that do not fit,
fields that are not cleared: bitrix-tools/b24-rest-docs 145 and 269), so its yes is no proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from b24app.bitrix24.batches import out_of_reach, unsent
from b24app.bitrix24.cards import READERS, CardFields, FieldMap, listed, listing
from b24app.bitrix24.client import BATCH_SIZE, Command, Outcome, PortalClient
from b24app.domain.cards.facts import ASSIGNED_BY, MARK, Card, Kind, Subject, Value, Values
from b24app.errors import NotStored, OutcomeUnknown, PortalError

QUIET = {"REGISTER_HISTORY_EVENT": "N", "REGISTER_SONET_EVENT": "N"}
CHUNK = BATCH_SIZE - len(READERS)  # updates of a request that reads back as well

STANDARD = {ASSIGNED_BY: "ASSIGNED_BY_ID"}
"""Codes of the portal's own fields, and how the legacy updates call these."""


@dataclass(frozen=True, slots=True)
class CardChange:
    """New values of one card, by code. `loud`: in its history, for everybody to see."""

    subject: Subject
    values: Values
    loud: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one change; `card`: as it was read back, None where it was not shown."""

    error: PortalError | None = None
    card: Card | None = None


async def write_cards(client: PortalClient, changes: Sequence[CardChange], fields: FieldMap) -> list[Written]:
    """One update per change, 46 a request; in the order of the changes, a deleted card as NotFound.

    NotStored where our fields do not show what was written; OutcomeUnknown where they could not be read back.
    """
    done: list[Outcome] = []
    cards: dict[Subject, Card | None] = {}
    for at in range(0, len(changes), CHUNK):
        part = changes[at : at + CHUNK]
        updates = [_update(one, fields[one.subject.kind]) for one in part]
        ids = {kind: sorted({one.subject.id for one in part if one.subject.kind is kind}) for kind in READERS}
        back = {kind: listing(kind, fields, some) for kind, some in ids.items() if some}
        outcomes = await client.batch([*updates, *back.values()])
        for kind, outcome in zip(back, outcomes[len(part) :], strict=True):
            cards |= _read_back(kind, fields, ids[kind], outcome)
        done += outcomes[: len(part)]
        if all(out_of_reach(one) for one in outcomes):
            break
    return [
        _written(change, outcome, cards)
        for change, outcome in zip(changes, done + unsent(done, len(changes)), strict=True)
    ]


def _read_back(kind: Kind, fields: FieldMap, ids: Sequence[int], outcome: Outcome) -> Mapping[Subject, Card | None]:
    """Cards as they are shown after the write, None for what is not; nothing where the list cannot be believed."""
    try:
        found = listed(kind, fields, ids, outcome)
    except PortalError:
        return {}
    return {Subject(kind, one): None for one in ids} | {one.subject: one for one in found if isinstance(one, Card)}


def _written(change: CardChange, outcome: Outcome, cards: Mapping[Subject, Card | None]) -> Written:
    method = f"crm.{change.subject.kind}.update"
    if outcome.error:
        return Written(outcome.error)
    if change.subject not in cards:
        return Written(OutcomeUnknown(method, 200, "NOT_READ_BACK"))
    card = cards[change.subject]
    if card and change.values.keys() - card.values.keys() - {MARK}:  # somebody has just deleted one of our fields
        return Written(OutcomeUnknown(method, 200, "NOT_READ_BACK"), card)
    return Written(NotStored(method) if card and not _shows(card, change) else None, card)


def _shows(card: Card, change: CardChange) -> bool:
    return all(code in card.values and same(card.values[code], value) for code, value in change.values.items())


def same(shown: Value, wanted: Value) -> bool:
    """Several values have no order."""
    if isinstance(shown, tuple) and isinstance(wanted, tuple):
        return set(shown) == set(wanted)
    return shown == wanted


def _update(change: CardChange, fields: CardFields) -> Command:
    values = {
        STANDARD.get(code) or fields[code].name: value if code in STANDARD else fields[code].as_taken(value)
        for code, value in change.values.items()
    }
    params = {"id": change.subject.id, "fields": values} | ({} if change.loud else {"params": QUIET})
    return Command(f"crm.{change.subject.kind}.update", params, write=True)
