"""How a portal answers our very select and filters: seven requests, nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from b24app.bitrix24.answers import plain_code
from b24app.bitrix24.cards import FieldMap, import_cards, read_cards
from b24app.bitrix24.probing import probes
from b24app.bitrix24.probing.listening import Exchange, Listening, Row, rows
from b24app.bitrix24.recent import Recent
from b24app.bitrix24.values import ident
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.connection_check.portal_ways import DateFilter, Ways, oddities
from b24app.errors import CallRefused, PortalDown

OK, A_YEAR = 200, timedelta(days=365)


async def ways_of(client: Listening, fields: FieldMap, now: Callable[[], datetime]) -> Ways:
    """Raises the PortalErrors of a portal that does not answer; what it answers and cannot be believed is a finding."""
    lacking: list[str] = []
    failed: list[str] = []
    known: tuple[Kind, Row] | None = None
    cards = False
    for kind in fields.kinds:
        began = len(client.heard)
        with _doubting(failed):
            await probes.first_page(import_cards(client, kind, fields))
        page = client.heard[began:]
        lacking += [f"fields:{kind}.{name}" for name in probes.lacking(page)]
        cards = cards or any(map(rows, page))
        known = known or next(((kind, card) for card in _cards(page)), None)
    dates, drops_empty = DateFilter.UNSEEN, False
    if known and not failed:
        with _doubting(failed):
            dates, drops_empty = await _filters(client, fields, *known, now())
    told = probes.clock(client.heard)
    return Ways(
        cards=cards,
        lacking=tuple(lacking),
        failed=next(iter(failed), ""),
        odd=oddities(dates, drops_empty=drops_empty),
        ahead=round((told - now()).total_seconds()) if told else None,
        operating=probes.operating(client.heard),
    )


@contextmanager
def _doubting(failed: list[str]) -> Iterator[None]:
    """Keeps the code of a refusal, or of an answer that came and is not believed."""
    try:
        yield
    except CallRefused as error:
        failed.append(plain_code(error))
    except PortalDown as error:
        if error.status != OK:
            raise
        failed.append(error.code)


async def _filters(
    client: Listening, fields: FieldMap, kind: Kind, card: Row, now: datetime
) -> tuple[DateFilter, bool]:
    """By the card changed last, as far as the look for changes shows it, else by one that is known."""
    await probes.first_page(import_cards(client, kind, fields, int(card["id"])))
    began = len(client.heard)
    await read_cards(client, [Subject(kind, int(card["id"]))], fields)
    drops_empty = await probes.drops_empty(client, client.heard[began])
    began = len(client.heard)
    await probes.first_page(Recent(client, kind, fields, now - A_YEAR, now).pages())
    heard = client.heard[began:]
    return await probes.date_filter(client, heard[0], next(iter(_cards(heard)), card)), drops_empty


def _cards(heard: Sequence[Exchange]) -> list[Row]:
    return [row for row in probes.maps(heard) if ident(row.get("id")) and row.get("updatedTime")]
