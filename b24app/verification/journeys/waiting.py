"""Whoever is responsible for a card hears that somebody of it waits for a check, unless they have sent them there
themselves: one notice a case, until everybody of it is decided about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from b24app.cards.store import records
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.cards.records import Known
from b24app.domain.portal.notices import Notice
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.verification.membership import Membership
from b24app.domain.verification.waiting import unknown_to, waiting_in
from b24app.i18n import N_, Words, words_of
from b24app.lanes import Lane
from b24app.plug import FailedClaim
from b24app.portal.journeys import notices
from b24app.resources import Resources
from b24app.verification.store import memberships
from b24app.work.store import index
from b24app.work.store.inbox import parse
from b24app.work.store.index import Claim, ClaimLost

PART = "waiting"
WAITING = "verification.waiting"
"""Announced: cases in which somebody has begun or ceased to wait, or another employee is responsible."""
PAGE = "work"
NAMED = 3  # people of a notice

PERSON = N_("Pending review: %(name)s")
ONE = N_("Pending review: %(name)s, %(company)s")
SEVERAL = N_("Pending review: %(count)s of %(company)s (%(names)s)")


async def handle(resources: Resources, portal: Portal, claims: Sequence[Claim], lane: Lane) -> Sequence[FailedClaim]:
    now, cases = resources.now(), [parse(claim.key) for claim in claims]
    on = resources.rules.mode(portal, "verification") is Mode.ON
    words = words_of(portal.lang, resources.manifest.languages)
    async with resources.tenant(portal.id) as db:
        members = await memberships.of_subjects(db, portal.id, cases)
        waiting = {case: waiting_in(case, members[case]) if on else [] for case in cases}
        people = {Subject(Kind.CONTACT, one.contact_id) for many in waiting.values() for one in many}
        known = await records.load(db, portal.id, {*cases, *people})
        for case in cases:
            notice = _notice(case, waiting[case], known, words)
            if notice:
                await notices.tell(db, portal.id, notice, now)
            else:
                await notices.withdraw(db, portal.id, _key(case), now)
        if await index.finish(db, PART, claims, now) != {claim.key for claim in claims}:
            raise ClaimLost
    return ()


async def give_up(resources: Resources, portal: Portal, claim: Claim, reason: str) -> None:
    async with resources.tenant(portal.id) as db:
        await index.finish(db, PART, [claim], resources.now())


def _key(case: Subject) -> str:
    return f"{WAITING}:{case}"


def _notice(
    case: Subject, waiting: Sequence[Membership], known: Mapping[Subject, Known], words: Words
) -> Notice | None:
    """None where nobody waits, or nobody is responsible."""
    if not waiting:
        return None
    cards = (case, *(Subject(Kind.CONTACT, one.contact_id) for one in waiting))
    responsible = next((known[card].assigned_by for card in cards if card in known and known[card].assigned_by), 0)
    about = unknown_to(responsible, waiting) if responsible else ()
    if not about:
        return None
    return Notice(_key(case), (responsible,), about, _text(case, waiting, known, words), PAGE)


def _text(case: Subject, waiting: Sequence[Membership], known: Mapping[Subject, Known], words: Words) -> str:
    names = [name_of(Subject(Kind.CONTACT, one.contact_id), known) for one in waiting]
    if case.kind is Kind.CONTACT:
        return words.text(PERSON, name=names[0])
    company = name_of(case, known)
    if len(names) == 1:
        return words.text(ONE, name=names[0], company=company)
    listed = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    return words.text(SEVERAL, count=len(names), company=company, names=listed)


def name_of(card: Subject, known: Mapping[Subject, Known]) -> str:
    """A card that was never read goes by its number."""
    return (known[card].title if card in known else "") or f"№ {card.id}"
