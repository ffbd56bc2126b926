"""A box that was put back since several wait: the card's timeline says why, once for each time.

The rule notes the decision, and calls for this once the portal shows the box ticked again. A comment whose answer was
lost, or whose worker died, is looked for before it is sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from b24app.bitrix24 import timeline
from b24app.bitrix24.batches import out_of_reach
from b24app.cards.store import records
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.cards.records import Known
from b24app.domain.portal.notices import plain
from b24app.domain.portal.portal import Portal
from b24app.domain.verification.membership import Membership, State
from b24app.errors import NotFound
from b24app.i18n import N_, Words, words_of
from b24app.lanes import Lane
from b24app.portal.journeys.tokens import admin_client
from b24app.resources import Resources
from b24app.verification.journeys.waiting import name_of
from b24app.verification.store import memberships, put_backs
from b24app.work.store import index
from b24app.work.store.inbox import parse
from b24app.work.store.index import Claim, ClaimLost

PART = "put_back"
PUT_BACK = "verification.put_back"
"""Announced: cards that show their box again."""
NAMED = 5
NO_OWNER = "OWNER_NOT_FOUND"

TWO = N_(
    "The checkbox is back: two people are pending, %(names)s. Confirm each of them on the tab “%(tab)s” of this card."
)
MANY = N_(
    "The checkbox is back: %(count)s are pending, %(names)s. Confirm each of them on the tab “%(tab)s” of this card."
)
COMPANIES = N_(
    "The checkbox is back: this person is pending in several companies, %(names)s. Confirm each of them on the tab "
    "“%(tab)s” of this card."
)
AND = N_("%(names)s and %(last)s")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Untold:
    """A card whose timeline could not be told, while those of others were."""

    claim: Claim
    error: Exception


async def handle(resources: Resources, portal: Portal, claims: Sequence[Claim], lane: Lane) -> list[Untold]:
    """Raises the PortalErrors and `ClaimLost`."""
    subjects = {claim.key: parse(claim.key) for claim in claims}
    async with resources.tenant(portal.id) as db:
        noted = await put_backs.load(db, portal.id, list(subjects.values()))
        due = [subject for subject, one in noted.items() if one.shown]
        members = await memberships.of_subjects(db, portal.id, due)
        waiting = {subject: [one for one in many if one.state is State.PENDING] for subject, many in members.items()}
        across = {side for subject, many in waiting.items() for one in many if (side := one.other_side(subject.kind))}
        known = await records.load(db, portal.id, across)
    words = words_of(portal.lang, resources.manifest.languages)
    tab = resources.manifest.placements["CRM_CONTACT_DETAIL_TAB"].title[words.lang]
    texts = {subject: _text(subject, many, known, words, tab) for subject, many in waiting.items() if len(many) > 1}
    client = admin_client(resources, portal, lane)
    doubted = {subject: said for subject, said in texts.items() if noted[subject].tried}
    standing = await timeline.standing(client, doubted) if doubted else set()
    missing = {subject: said for subject, said in texts.items() if subject not in standing}
    if missing:
        async with resources.tenant(portal.id) as db:
            await put_backs.attempt(db, portal.id, list(missing), resources.now())
        resources.failpoint("put_back.tried")
    outcomes = await timeline.comment(client, missing) if missing else {}
    resources.failpoint("put_back.said")
    failed = {subject: one.error for subject, one in outcomes.items() if one.error and not _gone(one.error)}
    if failed and len(failed) == len(outcomes) and all(map(out_of_reach, outcomes.values())):
        raise next(iter(failed.values()))
    over = [claim for claim in claims if subjects[claim.key] not in failed]
    await _settle(resources, portal, over, [subject for subject in due if subject not in failed])
    if outcomes:
        log.info("put_back_said", portal=portal.id, cards=len(outcomes) - len(failed))
    return [Untold(claim, failed[subjects[claim.key]]) for claim in claims if subjects[claim.key] in failed]


async def give_up(resources: Resources, portal: Portal, claim: Claim, reason: str) -> None:
    """Raises `ClaimLost`."""
    await _settle(resources, portal, [claim], [parse(claim.key)])
    log.warning("put_back_given_up", portal=portal.id, subject=claim.key, reason=reason)


async def _settle(resources: Resources, portal: Portal, claims: Sequence[Claim], told: Sequence[Subject]) -> None:
    async with resources.tenant(portal.id) as db:
        await put_backs.forget(db, portal.id, told)
        if await index.finish(db, PART, claims, resources.now()) != {claim.key for claim in claims}:
            raise ClaimLost


def _gone(error: Exception) -> bool:
    """Nobody can be told in a card that was deleted meanwhile."""
    return isinstance(error, NotFound) or getattr(error, "code", "") == NO_OWNER


def _text(
    subject: Subject, waiting: Sequence[Membership], known: Mapping[Subject, Known], words: Words, tab: str
) -> str:
    cards = [side for one in waiting if (side := one.other_side(subject.kind))]
    names = [plain(name_of(card, known)) for card in sorted(cards)]
    listed = ", ".join(names[:NAMED]) + ", …" if len(names) > NAMED else _listed(names, words)
    template = COMPANIES if subject.kind is Kind.CONTACT else TWO if len(names) == 2 else MANY
    more = {"count": len(names)} if template is MANY else {}
    return words.text(template, names=listed, tab=tab, **more)


def _listed(names: Sequence[str], words: Words) -> str:
    return words.text(AND, names=", ".join(names[:-1]), last=names[-1])
