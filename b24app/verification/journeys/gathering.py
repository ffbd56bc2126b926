"""Facts of a slice of subjects, read in bulk: from our rows, then from the portal. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import uuid4

from b24app.bitrix24.cards import LIST
from b24app.bitrix24.client import PortalClient
from b24app.cards.journeys import odd
from b24app.cards.journeys.test_cards import passed_over
from b24app.cards.store import records
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.portal.portal import Portal
from b24app.domain.verification.decision import Facts
from b24app.domain.verification.membership import State
from b24app.domain.verification.succession import Predecessor
from b24app.portal.journeys.fields import field_map
from b24app.portal.journeys.tokens import StoredTokens
from b24app.portal.store import tokens
from b24app.resources import Resources
from b24app.verification.journeys.cases import PATIENCE, Gathered, waits_of, who_acted
from b24app.verification.journeys.slices import VerificationSlice, cards_of, read_existing
from b24app.verification.journeys.succession import look_up
from b24app.verification.store import aliases, intents, memberships
from b24app.work.store import inbox
from b24app.work.store.index import Claim


async def gather(
    resources: Resources, portal: Portal, claims: Sequence[Claim], client: PortalClient, keeper: StoredTokens
) -> tuple[list[Gathered], list[odd.Unread]]:
    """What each claim's decision rests on, and the claims whose card nobody can understand. Raises the PortalErrors of
    the read."""
    subjects = [inbox.parse(claim.key) for claim in claims]
    async with resources.tenant(portal.id) as db:
        waiting = await inbox.waiting(db, portal.id, subjects)
        known = await records.load(db, portal.id, subjects)
        members = await memberships.of_subjects(db, portal.id, subjects)
        pressed = await intents.pressed(db, portal.id, subjects)
        pairs = await tokens.every(db, portal.id)
        successors, owed = await aliases.around(db, portal.id, set(subjects))
    keeper.known(pairs)
    cards = passed_over(resources, portal, await read_existing(portal, client, subjects), known)
    readable = tuple(subject for subject in subjects if subject not in cards.odd)
    slice_ = VerificationSlice(resources, portal, client, readable, cards, known, members, successors, owed)
    successions = await look_up(slice_)
    ticked = await _ticked(slice_, successions.predecessors)
    fields, ours = field_map(portal), frozenset(pair.user_id for pair in pairs)
    gathered = []
    for claim, subject in zip(claims, subjects, strict=True):
        if subject in cards.odd:
            continue
        rows, card, before = waiting.get(subject, inbox.Waiting()), cards.get(subject), known.get(subject)
        record = before.record if before else None
        acted = who_acted(rows, record, card, ours)
        facts = Facts(
            subject=subject,
            card=card,
            record=record,
            memberships=members[subject],
            intents=tuple(pressed.get(subject, ())),
            event_user=acted.user_id,
            doubted=acted.doubted,
            ids=tuple(uuid4() for _ in (card.links if card else ())) or (uuid4(),),
            ticked=ticked,
            predecessors=successions.predecessors.get(subject, ()),
            successor=successions.successors.get(subject),
            unsettled=successions.unsettled.get(subject, frozenset()) if waits_of(claim) < PATIENCE else frozenset(),
            copied=successions.copied.get(subject, frozenset()),
            requisites=successions.requisites.get(subject, frozenset()),
        )
        gathered.append(Gathered(claim, rows, facts, acted.ask, ours, bool(fields[subject.kind].mark)))
    return gathered, odd.unread(portal, claims, cards.odd.values(), LIST)


async def _ticked(slice_: VerificationSlice, predecessors: Mapping[Subject, Sequence[Predecessor]]) -> frozenset[int]:
    """Companies some contact is newly linked to, whose box is ticked although nobody of them waits: as the slice shows
    them; read now where something of theirs waits for a later one, or they are new to us; else as we know them."""
    fresh: set[Subject] = set()
    for subject, card in slice_.cards.found.items():
        if subject.kind is Kind.CONTACT:
            linked = {member.company_id for member in slice_.members[subject] if member.live}
            fresh |= cards_of(Kind.COMPANY, set(card.links) - linked)
    if not fresh:
        return frozenset()
    resources, portal = slice_.resources, slice_.portal
    async with resources.tenant(portal.id) as db:
        known = await records.load(db, portal.id, fresh)
        later = await inbox.on_their_way(db, portal.id, fresh)
        waiting = await memberships.waiting_in(db, portal.id, [company.id for company in fresh])
    asked = [company for company in fresh if company in slice_.cards.found or company in later or company not in known]
    shown = (await slice_.look_at(asked)).found
    merged = {card for card, before in predecessors.items() if any(map(_waits_in, before))}
    ticked = {company for company, card in shown.items() if card.needs_check and company not in merged}
    ticked |= {one for one in fresh & set(known) if one not in shown and known[one].record.settled.check}
    return frozenset({company.id for company in ticked} - waiting)


def _waits_in(predecessor: Predecessor) -> bool:
    """Somebody of this deleted company waits: that ticked the box of the one that goes on."""
    return any(member.effective_state is State.PENDING for member in predecessor.memberships)
