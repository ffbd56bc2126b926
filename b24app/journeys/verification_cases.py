"""Facts of a slice of subjects, gathered in bulk, and the decision each of them comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from b24app.bitrix24.cards import Value, read_cards, still_there
from b24app.bitrix24.client import PortalClient
from b24app.domain.arrivals import actor
from b24app.domain.facts import Cards, Kind, Subject
from b24app.domain.membership import Membership, Shown
from b24app.domain.verification import Decision, Facts, decide
from b24app.errors import PortalDown
from b24app.journeys.fields import field_map
from b24app.journeys.tokens import demote
from b24app.resources import Resources
from b24app.store import inbox, intents, memberships, records, tokens
from b24app.store.portals import Portal
from b24app.store.work import Claim


@dataclass(frozen=True, slots=True)
class Case:
    """One subject of the slice on its way through the journey."""

    claim: Claim
    rows: inbox.Waiting
    facts: Facts
    decision: Decision
    error: Exception | None = None

    @property
    def subject(self) -> Subject:
        return self.facts.subject

    @property
    def observed(self) -> Shown | None:
        card = self.facts.card
        return Shown(card.needs_check, card.status) if card else None

    @property
    def difference(self) -> dict[str, Value]:
        """Our fields that the card shows otherwise than it should."""
        wanted, observed = self.decision.wanted, self.observed
        if wanted is None or observed is None:
            return {}
        names = ("check", "status")
        return {name: getattr(wanted, name) for name in names if getattr(wanted, name) != getattr(observed, name)}

    def memberships(self) -> list[Membership]:
        """All of the subject's, as decided."""
        after = {one.id: one for one in self.facts.memberships} | {one.id: one for one in self.decision.memberships}
        return list(after.values())


async def gather(resources: Resources, portal: Portal, claims: Sequence[Claim], line: PortalClient) -> list[Case]:
    """One case per claim. Raises the PortalErrors of the read."""
    subjects = [inbox.parse(one.key) for one in claims]
    async with resources.tenant(portal.id) as db:
        waiting = await inbox.waiting(db, portal.id, subjects)
        known = await records.load(db, portal.id, subjects)
        members = await memberships.of_subjects(db, portal.id, subjects)
        pressed = await intents.proven(db, portal.id, subjects)
        ours = await tokens.users(db, portal.id)
    cards = await _read(resources, portal, subjects, line)
    ticked = await _ticked(resources, portal, cards, members)
    cases = []
    for claim, subject in zip(claims, subjects, strict=True):
        rows, card, before = waiting.get(subject, inbox.Waiting()), cards.get(subject), known.get(subject)
        facts = Facts(
            subject=subject,
            card=card,
            record=before.record if before else None,
            memberships=members[subject],
            intents=tuple(pressed.get(subject, ())),
            event_user=actor(rows.users, ours),
            ids=tuple(uuid4() for _ in (card.links if card else ())) or (uuid4(),),
            ticked=ticked,
        )
        cases.append(Case(claim, rows, facts, decide(facts, resources.now())))
    return cases


async def _read(resources: Resources, portal: Portal, subjects: Sequence[Subject], line: PortalClient) -> Cards:
    """The cards as they are. One that our admin may no longer see is not taken for a deleted one."""
    cards = await read_cards(line, subjects, field_map(portal))
    absent = [one for one in subjects if cards.get(one) is None]
    if absent and await still_there(line, absent):
        await demote(resources, portal)
        raise PortalDown("crm.item.list", code="CARDS_HIDDEN")
    return cards


async def _ticked(
    resources: Resources, portal: Portal, cards: Cards, members: Mapping[Subject, Sequence[Membership]]
) -> frozenset[int]:
    """Companies some contact is newly linked to, whose box is ticked although nobody of them waits."""
    fresh: set[int] = set()
    for subject, card in cards.found.items():
        if subject.kind is Kind.CONTACT:
            fresh |= set(card.links) - {one.company_id for one in members[subject] if one.live}
    if not fresh:
        return frozenset()
    async with resources.tenant(portal.id) as db:
        ticked = await records.ticked(db, portal.id, Kind.COMPANY, fresh)
        return frozenset(ticked - await memberships.waiting_in(db, portal.id, ticked))
