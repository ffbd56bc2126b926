"""Do card, store and receiver agree, for every customer? Each disagreement is one line; none is the aim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import Row, select

from b24app.delivery.store.tables import endpoints
from b24app.verification.store.tables import memberships
from emulator.crm.entities import Entity
from emulator.model.portal import Portal
from tests.receiver import Heard
from tests.stories.work.processes import Holding, Running
from tests.world import CHECK

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
CHANGED, MOVED = "membership.verification_changed", "membership.moved"
LIVE = frozenset({"confirmed", "pending", "refused"})
Member = Row[tuple[object, ...]]


@dataclass(frozen=True)
class Sides:
    """The three things that must say the same about one portal."""

    portal: Portal
    public_id: str
    members: Sequence[Member]
    last_sequence: int
    heard: Sequence[Heard]

    def disagreements(self) -> list[str]:
        """At most a line per card, membership and endpoint."""
        return [*self._links(), *self._boxes(), *self._news(), *self._sequence(), *self._strangers()]

    def _live(self) -> list[Member]:
        return [one for one in self.members if one.state in LIVE]

    def _links(self) -> Iterator[str]:
        """Every contact's companies in the CRM are its live memberships, and nobody else has any."""
        ours: dict[int, set[int]] = defaultdict(set)
        for one in self._live():
            ours[one.contact_id].add(one.company_id)
        crm = self.portal.crm
        theirs = {one: set(crm.linked(CONTACT, one)) or {0} for one in crm.tables[CONTACT].ids}
        for contact in sorted(ours.keys() | theirs.keys()):
            if ours.get(contact) != theirs.get(contact):
                yield f"contact {contact}: linked to {theirs.get(contact)} in the CRM, {ours.get(contact)} here"

    def _boxes(self) -> Iterator[str]:
        """A card's box is ticked exactly where one of its memberships waits; nobody's cards are left as they are."""
        waits: dict[tuple[Entity, int], bool] = defaultdict(bool)
        for one in self._live():
            for card in ((CONTACT, one.contact_id), (COMPANY, one.company_id)):
                waits[card] |= one.state == "pending"
        for (entity, id_), expected in waits.items():
            record = self.portal.crm.get(entity, id_) if id_ else None
            if record and bool(record.get(CHECK)) != expected:
                yield f"{entity} {id_}: box {record.get(CHECK)}, but somebody waits: {expected}"

    def _news(self) -> Iterator[str]:
        """Of each membership the receiver heard an unbroken chain of versions that ends where the store is."""
        told: dict[str, dict[int, Heard]] = defaultdict(dict)
        for one in self.heard:
            if one.type in (CHANGED, MOVED):
                told[one.data["membership_id"]][one.body["object_version"]] = one
        for member in self.members:
            if member.told_state != member.state:
                yield f"membership {member.id}: {member.state}, told {member.told_state}"
            if not member.company_id:
                continue  # what a company's membership replaces is told to nobody
            chain = [told[str(member.id)][version] for version in sorted(told[str(member.id)])]
            yield from self._chain(member, chain)

    def _chain(self, member: Member, chain: Sequence[Heard]) -> Iterator[str]:
        for before, after in pairwise(chain):
            if after.body["previous_version"] != before.body["object_version"]:
                yield f"membership {member.id}: nothing heard between {before.body['object_version']} and {after.body}"
        states = [one.data["new_state"] for one in chain if one.type == CHANGED]
        if member.state != (states[-1] if states else member.state):
            yield f"membership {member.id}: {member.state} in the store, heard {states[-1]}"
        cards = [(one.data["contact_id"], one.data["company_id"]) for one in chain]
        if cards and cards[-1] != (member.contact_id, member.company_id):
            yield f"membership {member.id}: of {member.contact_id} and {member.company_id}, heard of {cards[-1]}"
        if not chain and member.told_version > 1:
            yield f"membership {member.id}: told as version {member.told_version}, never heard"

    def _sequence(self) -> Iterator[str]:
        """No number of the endpoint's sequence is missing."""
        heard = {one.sequence for one in self.heard if one.sequence}
        missing = set(range(1, self.last_sequence + 1)) - heard
        if missing or max(heard, default=0) > self.last_sequence:
            yield f"sequence: {len(missing)} of {self.last_sequence} never heard, e.g. {sorted(missing)[:5]}"

    def _strangers(self) -> Iterator[str]:
        """Nobody hears another portal's news."""
        if foreign := [one.id for one in self.heard if one.body["portal"] != self.public_id]:
            yield f"heard of another portal: {foreign[:5]}"


async def sides(world: Running, portal: Portal, receiver: Holding) -> Sides:
    row = await world.row(portal)
    async with world.resources.tenant(row.id) as db:
        members = (await db.execute(select(memberships).where(memberships.c.portal_id == row.id))).all()
        last = select(endpoints.c.last_sequence).where(endpoints.c.portal_id == row.id)
        return Sides(portal, row.public_id, members, (await db.execute(last)).scalar_one(), list(receiver.heard))
