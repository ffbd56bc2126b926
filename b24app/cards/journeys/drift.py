"""What was just read against what we know of it: whatever differs is left as a row for its journey, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24.cards import CLOSED
from b24app.cards.journeys import odd
from b24app.cards.journeys.lists import Item, Seen
from b24app.cards.journeys.taking_up import take_up
from b24app.cards.store import records, requisites
from b24app.domain.cards.drift import ON_ITS_WAY, Drift, drift_of
from b24app.domain.cards.facts import Card, Odd, Requisite, Subject, Topic
from b24app.domain.cards.records import Known
from b24app.domain.portal.portal import Portal
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.resources import Resources
from b24app.work.store import inbox


async def compare(
    db: AsyncConnection, resources: Resources, portal: Portal, page: Sequence[Seen], gone: Collection[Topic] = ()
) -> Mapping[Drift, int]:
    """What differs, by how it does; `gone`: what we know and the portal has no more.

    What waits in the inbox already is no drift: an event told us; nor is a closed deal that we do not know. What cannot
    be understood is left for its journey, once, and not counted. Call `resources.wake.inbox` after the commit.
    """
    now = resources.now()
    strange = {one.subject: one for one in page if isinstance(one, Odd)}
    drifted = await _differing(db, resources, portal, [one for one in page if not isinstance(one, Odd)])
    drifted |= {one: _lack(one) for one in gone}
    told = await inbox.on_their_way(db, portal.id, {*drifted, *strange}) if drifted or strange else set()
    arrivals = [Arrival(Source.RESCAN, drift.value, topic) for topic, drift in drifted.items() if topic not in told]
    known = told | (await inbox.given_up(db, portal.id, strange, odd.UNREADABLE) if strange else set())
    arrivals += odd.rows_for(portal, [one for topic, one in strange.items() if topic not in known], Source.RESCAN)
    await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, now)
    fresh = {one.subject for one in page if one.modified_at and one.modified_at > now - ON_ITS_WAY}
    return Counter(drift for topic, drift in drifted.items() if topic not in told | fresh)


async def _differing(
    db: AsyncConnection, resources: Resources, portal: Portal, page: Sequence[Item]
) -> dict[Topic, Drift]:
    cards = [one for one in page if isinstance(one, Card)]
    seen_requisites = [one for one in page if isinstance(one, Requisite)]
    found: dict[Topic, Drift] = {}
    if cards:
        known = await records.load(db, portal.id, [card.subject for card in cards])
        cards = [card for card in cards if card.subject in known or not card.facts.get(CLOSED)]
        uneven = await take_up(db, resources, portal, cards, known, resources.now())
        kinds = {card.subject.kind for card in cards}
        asked = {kind: (resources.rules.codes(portal, kind), resources.rules.select(portal, kind)) for kind in kinds}
        for card in cards:
            before, (codes, facts) = known.get(card.subject), asked[card.subject.kind]
            agreed = codes & before.record.settled.keys() if before else codes
            left = before and before.behind and behind(resources, portal, card, before)
            differs = drift_of(card, before, agreed, facts)
            if drift := differs or (Drift.FIELDS if card.subject in uneven or left else None):
                found[card.subject] = drift
        same = [card for card in cards if card.subject not in found]
        await records.see_facts(db, portal.id, [card for card in same if card.facts != known[card.subject].facts])
    if seen_requisites:
        ours = await requisites.load(db, portal.id, [one.subject for one in seen_requisites])
        found |= {one.subject: Drift.REQUISITE for one in seen_requisites if ours.get(one.subject) != one}
    return found


def behind(resources: Resources, portal: Portal, card: Card, known: Known) -> frozenset[str]:
    """Rules that have not seen its last change and could now: a field of theirs was missing and is there again."""
    able = {rule.name for rule in resources.rules.active(portal) if resources.rules.able(rule, card)}
    return known.behind & able


def _lack(topic: Topic) -> Drift:
    return Drift.DELETED if isinstance(topic, Subject) else Drift.REQUISITE
