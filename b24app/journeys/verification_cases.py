"""Facts of a slice of subjects, gathered in bulk, and the decision each of them comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from b24app.bitrix24.cards import LIST
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.writing import Value
from b24app.domain.arrivals import actor
from b24app.domain.facts import Card, Cards, Kind, Subject
from b24app.domain.membership import Membership, Shown
from b24app.domain.verification import Decision, Facts, decide
from b24app.journeys import odd
from b24app.journeys.fields import field_map
from b24app.journeys.test_cards import passed_over
from b24app.journeys.tokens import StoredTokens
from b24app.journeys.verification_fates import Slice, look_up, read_existing
from b24app.resources import Resources
from b24app.store import aliases, inbox, intents, memberships, records, tokens
from b24app.store.portals import Portal
from b24app.store.work import Claim

WAITS, PATIENCE = "waits_for_another", 6  # a card waits for the journey of another one so many times


@dataclass(frozen=True, slots=True)
class Case:
    """One subject of the slice on its way through the journey.

    `held_back`: what it should show was written a moment ago and not stored; `not_stored`: the card as it was read back
    after a write that the portal had said yes to.
    """

    claim: Claim
    rows: inbox.Waiting
    facts: Facts
    decision: Decision
    marks: bool = False  # the portal has our field for it
    held_back: bool = False
    not_stored: Card | None = None
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
        """Our fields that the card shows otherwise than it should.

        Its mark is written along with the others, by itself only where it is a copy's: a quiet portal stays quiet.
        """
        wanted, observed, card = self.decision.wanted, self.observed, self.facts.card
        if wanted is None or observed is None or card is None or self.held_back:
            return {}
        names = ("check", "status")
        found: dict[str, Value] = {
            name: getattr(wanted, name) for name in names if getattr(wanted, name) != getattr(observed, name)
        }
        if self.marks and set(self.decision.marks) != set(card.marks) and (found or self.facts.copied):
            found["mark"] = self.decision.marks
        return found

    def memberships(self) -> list[Membership]:
        """All of the subject's, as decided."""
        after = {one.id: one for one in self.facts.memberships} | {one.id: one for one in self.decision.memberships}
        return list(after.values())


def waits_of(claim: Claim) -> int:
    """How often the card has waited for another one by now, tries that failed aside."""
    return claim.tries - 1 if claim.error == WAITS else 0


async def gather(
    resources: Resources, portal: Portal, claims: Sequence[Claim], line: PortalClient, keeper: StoredTokens
) -> tuple[list[Case], list[odd.Unread]]:
    """One case per claim, and those whose card nobody can understand. Raises the PortalErrors of the read."""
    subjects = [inbox.parse(one.key) for one in claims]
    async with resources.tenant(portal.id) as db:
        waiting = await inbox.waiting(db, portal.id, subjects)
        known = await records.load(db, portal.id, subjects)
        members = await memberships.of_subjects(db, portal.id, subjects)
        pressed = await intents.pressed(db, portal.id, subjects)
        pairs = await tokens.every(db, portal.id)
        heirs, owed = await aliases.around(db, portal.id, set(subjects))
    keeper.known(pairs)
    cards = passed_over(resources, portal, await read_existing(portal, line, subjects), known)
    ticked = await _ticked(resources, portal, cards, members)
    readable = tuple(one for one in subjects if one not in cards.odd)
    fates = await look_up(Slice(resources, portal, line, readable, cards, known, members, heirs, owed))
    fields, ours = field_map(portal), frozenset(one.user_id for one in pairs)
    cases = []
    for claim, subject in zip(claims, subjects, strict=True):
        if subject in cards.odd:
            continue
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
            inherits=fates.inherits.get(subject, ()),
            heir=fates.heirs.get(subject),
            unsettled=fates.unsettled.get(subject, frozenset()) if waits_of(claim) < PATIENCE else frozenset(),
            copied=fates.copied.get(subject, frozenset()),
            attached=fates.attached.get(subject, frozenset()),
        )
        now = resources.now()
        decision, marks = decide(facts, now), bool(fields[subject.kind].mark)
        cases.append(Case(claim, rows, facts, decision, marks, _held_back(facts, decision, now)))
    return cases, odd.unread(portal, claims, cards.odd.values(), LIST)


def _held_back(facts: Facts, decision: Decision, now: datetime) -> bool:
    card, record, wanted = facts.card, facts.record, decision.wanted
    shown = Shown(card.needs_check, card.status) if card else None
    return bool(record and shown and wanted and record.held_back(shown, wanted, now))


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
