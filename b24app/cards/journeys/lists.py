"""The lists that a portal is read by, one after the other: companies, contacts and other cards, then what hangs on
them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24.cards import CLOSED, READERS, Extent, FieldMap, History, extent, import_cards, read_cards
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.requisites import count_requisites, import_requisites
from b24app.cards.journeys.missing import cards_after_all, listed, listed_pages, requisites_after_all
from b24app.cards.store import records, requisites
from b24app.domain.cards.facts import Card, Kind, Listed, Odd, Requisite, RequisiteId, RequisiteKind, Subject, Topic

FIRST = (Kind.COMPANY, Kind.CONTACT)
"""Read before others: what companies show counts for the people in them."""
HAVE_REQUISITES = frozenset(kind for kind, reader in READERS.items() if reader.requisites)
MOST = 2500  # known ids compared at once: as many as one request reads

Item = Card | Requisite
Seen = Item | Odd


def order(kinds: Collection[Kind]) -> tuple[Listed, ...]:
    """The lists of these kinds of cards, as they are read one after the other. What hangs on cards comes after them."""
    cards = [
        *(kind for kind in FIRST if kind in kinds),
        *(kind for kind in READERS if kind in kinds and kind not in FIRST),
    ]
    return (*cards, *(RequisiteKind if HAVE_REQUISITES & set(kinds) else ()))


async def pages(client: PortalClient, fields: FieldMap, what: Listed, after: int) -> AsyncIterator[Sequence[Seen]]:
    """All of one list by rising id, 50 a page, from the first id above `after`; of a kind of which history is not read
    as a whole, what is read of it. Raises the PortalErrors."""
    if isinstance(what, RequisiteKind):
        async for found in listed_pages(client, import_requisites(client, after)):
            yield found
        return
    async for cards in listed_pages(client, import_cards(client, what, fields, after)):
        yield cards


async def before_us(client: PortalClient, what: Listed, now: datetime) -> Extent:
    """How much a read has before it. Raises the PortalErrors."""
    if isinstance(what, RequisiteKind):
        return Extent(await listed(client, count_requisites(client)))
    return await listed(client, extent(client, what, now))


async def known(db: AsyncConnection, portal_id: int, what: Listed, after: int, last: int | None) -> Sequence[Topic]:
    """What we know of a list above `after`, up to `last` (None: to the end), by id; at most `MOST` cards, without those
    that are closed where only the open ones are read."""
    if isinstance(what, RequisiteKind):
        return await requisites.between(db, portal_id, after, last)
    unless = CLOSED if READERS[what].history is History.OPEN else ""
    return [Subject(what, one) for one in await records.ids_between(db, portal_id, what, after, last, MOST, unless)]


async def read_known(
    client: PortalClient, fields: FieldMap, what: Listed, missing: Sequence[Topic]
) -> Sequence[Card | Odd]:
    """Those of these that are there though their list does not show them: it does not show its whole kind, or does not
    show it at all. Raises the PortalErrors."""
    if isinstance(what, RequisiteKind) or READERS[what].history is History.ALL:
        return ()
    cards = await listed(client, read_cards(client, [one for one in missing if isinstance(one, Subject)], fields))
    return sorted([*cards.found.values(), *cards.odd.values()], key=lambda one: one.subject.id)


async def after_all(
    client: PortalClient, fields: FieldMap, what: Listed, missing: Sequence[Topic]
) -> Collection[Topic]:
    """Which of these, missing from the list, are there. Raises the PortalErrors."""
    if isinstance(what, RequisiteKind):
        there = await requisites_after_all(client, [one for one in missing if isinstance(one, RequisiteId)])
        return {*there.found, *there.odd}
    cards = await cards_after_all(client, fields, [one for one in missing if isinstance(one, Subject)])
    return {*cards.found, *cards.odd}
