"""The journey of requisites: read as they are now, kept as they are, and the cards they hang on are called.

Their portal events name no card, so a card hears of its requisites here. Doing it again finds nothing changed and calls
nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from b24app.bitrix24.requisites import LIST, read_requisites
from b24app.cards.journeys import lists, odd
from b24app.cards.journeys.missing import listed, requisites_after_all
from b24app.cards.store import requisites
from b24app.domain.cards.facts import Odd, Requisite, RequisiteId, Subject
from b24app.domain.portal.portal import Portal
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.portal.journeys.tokens import admin_client
from b24app.resources import Resources
from b24app.work.store import inbox, index
from b24app.work.store.index import Claim, ClaimLost, WorkKind

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RequisiteSlice:
    """What a slice rests on: its inbox rows, the requisites as we knew them and as the portal shows them; those shown
    that nobody can understand stay as we knew them, and their rows wait. `former_owners`: the card of each that was
    deleted."""

    rows: Mapping[RequisiteId, tuple[int, ...]]
    known: Mapping[RequisiteId, Requisite]
    shown: Mapping[RequisiteId, Requisite]
    odd: Mapping[RequisiteId, Odd] = field(default_factory=dict)
    former_owners: Mapping[RequisiteId, Subject] = field(default_factory=dict)

    @property
    def changed(self) -> list[Requisite]:
        """New ones, too."""
        return [one for one in self.shown.values() if self.known.get(one.subject) != one]

    @property
    def deleted(self) -> list[Requisite]:
        return [one for one in self.known.values() if one.subject not in self.shown and one.subject not in self.odd]

    @property
    def owners(self) -> set[Subject]:
        """Cards of everything that changed, where it hung and where it hangs."""
        before = {self.known[one.subject].owner for one in self.changed if one.subject in self.known}
        before |= {self.former_owners[one] for one in self.shown if one in self.former_owners}
        return before | {one.owner for one in (*self.changed, *self.deleted)}


async def handle(resources: Resources, portal: Portal, claims: Sequence[Claim], lane: Lane) -> list[odd.Unread]:
    """Carry a slice to its end. Returns those that could not be read; they keep their claims.

    Raises the PortalErrors of the read and `work.ClaimLost`: then nothing was settled.
    """
    found = await _read(resources, portal, claims, lane)
    resources.failpoint("requisites.read")
    left = odd.unread(portal, claims, found.odd.values(), LIST)
    strange = {one.claim.key for one in left}
    await _settle(resources, portal, [one for one in claims if one.key not in strange], found, lane)
    resources.failpoint("requisites.settled")
    if found.owners:
        await resources.wake.inbox(portal.id, lane)
    return left


async def give_up(resources: Resources, portal: Portal, claim: Claim, reason: str) -> None:
    """One that is not tried again: its inbox rows are kept as failed. Raises `work.ClaimLost`."""
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        waiting = await inbox.waiting(db, portal.id, [inbox.requisite_id(claim.key)])
        await inbox.failed(db, portal.id, [row for one in waiting.values() for row in one.ids], reason, now)
        if not await index.finish(db, WorkKind.REQUISITE, [claim], now):
            raise ClaimLost
    log.warning("requisite_given_up", portal=portal.id, subject=claim.key, reason=reason)


async def _read(resources: Resources, portal: Portal, claims: Sequence[Claim], lane: Lane) -> RequisiteSlice:
    """Where no rule acts on the cards they hang on, what came is closed unread."""
    wanted = [inbox.requisite_id(one.key) for one in claims]
    async with resources.tenant(portal.id) as db:
        waiting = await inbox.waiting(db, portal.id, wanted)
        known = await requisites.load(db, portal.id, wanted)
        former_owners = await requisites.former_owners(db, portal.id, wanted)
    rows = {subject: one.ids for subject, one in waiting.items()}
    if not lists.HAVE_REQUISITES & set(resources.rules.kinds(portal)):
        return RequisiteSlice(rows, {}, {})
    client = admin_client(resources, portal, lane)
    shown = await listed(client, read_requisites(client, wanted))
    seen = {*shown.found, *shown.odd}
    there = await requisites_after_all(client, [one for one in known if one not in seen])
    return RequisiteSlice(rows, known, {**shown.found, **there.found}, {**shown.odd, **there.odd}, former_owners)


async def _settle(
    resources: Resources, portal: Portal, claims: Sequence[Claim], found: RequisiteSlice, lane: Lane
) -> None:
    now = resources.now()
    called = [Arrival(Source.NEIGHBOUR, "requisite", one) for one in sorted(found.owners)]
    async with resources.tenant(portal.id) as db:
        await requisites.save(db, portal.id, found.changed, now)
        await requisites.mark_deleted(db, portal.id, [one.subject for one in found.deleted], now)
        await inbox.receive(db, resources.vault, portal.id, called, lane, now)
        handled = [row for one, many in found.rows.items() if one not in found.odd for row in many]
        await inbox.handled(db, portal.id, handled, now)
        if await index.finish(db, WorkKind.REQUISITE, claims, now) != {one.key for one in claims}:
            raise ClaimLost
    log.info("requisites_settled", portal=portal.id, kept=len(found.changed), deleted=len(found.deleted))
