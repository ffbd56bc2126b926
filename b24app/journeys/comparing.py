"""Cards just read against what we know of them: whatever differs is left as a row for its journey, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.arrivals import Arrival, Source
from b24app.domain.drift import ON_ITS_WAY, Drift
from b24app.domain.facts import Card, Subject
from b24app.lanes import Lane
from b24app.resources import Resources
from b24app.store import inbox, records
from b24app.store.portals import Portal


async def compare(
    db: AsyncConnection, resources: Resources, portal: Portal, cards: Sequence[Card], gone: Collection[Subject] = ()
) -> Mapping[Drift, int]:
    """Cards that differ, by how they do; `gone`: known ones the portal has no more.

    What waits in the inbox already is no drift: an event told us. Call `resources.wake.inbox` after the commit.
    """
    now = resources.now()
    known = await records.load(db, portal.id, [card.subject for card in cards])
    found = {card.subject: records.drift(card, known.get(card.subject)) for card in cards}
    drifted = {subject: drift for subject, drift in found.items() if drift} | dict.fromkeys(gone, Drift.GONE)
    told = await inbox.on_their_way(db, portal.id, drifted) if drifted else set()
    arrivals = [
        Arrival(Source.RESCAN, drift.value, subject) for subject, drift in drifted.items() if subject not in told
    ]
    await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, now)
    fresh = {card.subject for card in cards if card.modified_at > now - ON_ITS_WAY}
    return Counter(drift for subject, drift in drifted.items() if subject not in told | fresh)
