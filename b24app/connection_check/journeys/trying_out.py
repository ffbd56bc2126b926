"""Writing one card of our own into a portal, reading it back and deleting it, for `b24app doctor --with-test-card`.

The card is deleted whatever happens in between, a Ctrl-C among it; one that a killed process left is deleted first.
`journeys.test_cards` keeps it out of everything else the app does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from b24app.bitrix24 import values
from b24app.bitrix24.cards import FieldMap, look_again
from b24app.bitrix24.probing import probes, test_card
from b24app.bitrix24.probing.listening import Exchange, Listening, Row
from b24app.bitrix24.recent import Recent
from b24app.bitrix24.writing import CardChange, write_cards
from b24app.cards.journeys.test_cards import code_for
from b24app.domain.cards.facts import MARK, Kind, Subject, Value
from b24app.domain.cards.test_card import last_name
from b24app.domain.connection_check.portal_ways import DateFilter
from b24app.domain.portal.portal import Portal
from b24app.portal.journeys.fields import field_map
from b24app.resources import Resources

Step = Callable[[str, Awaitable[Any]], Awaitable[Any]]

STEP = "test card"
LATELY = timedelta(days=1)
ON: dict[str, Value] = {"check": True, "status": "pending"}
OFF: dict[str, Value] = {"check": False, "status": ""}


@dataclass(slots=True)
class Tried:
    """`not_stored`: names of our fields that did not show what was written; `dates`: what the filter by the moment of
    change makes of a card changed just now; `stored_ahead`: seconds of its date before the portal's own clock; `left`:
    the id of a card that could not be deleted."""

    not_stored: list[str] = field(default_factory=list)
    dates: DateFilter = DateFilter.UNSEEN
    stored_ahead: float | None = None
    left: int | None = None


async def try_out(
    resources: Resources, portal: Portal, client: Listening, language: str, step: Step, tried: Tried
) -> None:
    """`step`: has what is heard kept; `tried`: filled in. Raises the PortalErrors after which nothing more can be
    asked; the card is gone by then, as far as the portal lets us."""
    fields, made = field_map(resources.manifest, portal), 0
    name = last_name(language, code_for(resources, portal))
    await _clear(client, fields, await step(STEP, test_card.called(client, fields, name)) or (), step, tried)
    if tried.left:
        return
    try:
        made = await step(STEP, test_card.add(client, name)) or 0
        resources.failpoint("test_card.made")
        if made:
            await _write(resources, client, fields, made, step, tried)
    finally:
        tried.left = made or None
        found = await step(STEP, test_card.called(client, fields, name)) or ()
        await _clear(client, fields, {*found, *([made] if made else [])}, step, tried)


async def _write(
    resources: Resources, client: Listening, fields: FieldMap, card: int, step: Step, tried: Tried
) -> None:
    """Our fields set, then cleared, by the app's own write; then the app's own look for what was changed just now."""
    subject, ours = Subject(Kind.CONTACT, card), fields[Kind.CONTACT]
    mark: dict[str, Value] = {MARK: (card,)} if MARK in ours else {}
    for wanted in (ON | mark, OFF):
        written = await step(STEP, write_cards(client, [CardChange(subject, wanted)], fields))
        if written and written[0].card:
            shown = written[0].card.values
            tried.not_stored += [ours[code].name for code, value in wanted.items() if shown.get(code) != value]
    tried.not_stored = sorted(set(tried.not_stored))
    now, began = resources.now(), len(client.heard)
    await step(STEP, probes.first_page(Recent(client, Kind.CONTACT, fields, now - LATELY, now).pages()))
    heard = client.heard[began:]
    row = _row(heard, card) or _row(client.heard, card)
    if row is None or not heard:
        return
    tried.dates = await step(STEP, probes.date_filter(client, heard[0], row)) or DateFilter.UNSEEN
    stored, told = values.moment(row.get("updatedTime")), probes.clock(client.heard)
    if stored and told:
        tried.stored_ahead = (stored - told).total_seconds()


async def _clear(client: Listening, fields: FieldMap, cards: Collection[int], step: Step, tried: Tried) -> None:
    """Gone is what the portal no longer shows, whatever it answered."""
    for card in sorted(cards):
        tried.left = card
        await step(STEP, test_card.delete(client, card))
        there, hidden = await look_again(client, [Subject(Kind.CONTACT, card)], fields)
        if there.found or there.odd or hidden:
            return
    tried.left = None


def _row(heard: list[Exchange], card: int) -> Row | None:
    return next((row for row in reversed(probes.maps(heard)) if values.ident(row.get("id")) == card), None)
