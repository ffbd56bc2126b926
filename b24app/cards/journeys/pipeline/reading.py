"""A slice of changed cards, read in bulk: from our rows, then from the portal. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from b24app.bitrix24.cards import LIST, FieldMap
from b24app.bitrix24.client import PortalClient
from b24app.card_rules import CardFacts
from b24app.cards.journeys import absent, odd
from b24app.cards.journeys.pipeline.slices import PATIENCE, WAITS, CardCase, CardSlice, Rule, read_existing
from b24app.cards.journeys.pipeline.succession import look_up
from b24app.cards.journeys.test_cards import passed_over
from b24app.cards.store import aliases, failures, records
from b24app.cards.store.failures import RuleFailure
from b24app.domain.cards.facts import Card, Subject, Value
from b24app.domain.cards.records import CLOCKS, Record, emptied, last_editor
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.work.arrivals import Actor, actor
from b24app.portal.journeys.fields import to_read
from b24app.portal.journeys.tokens import StoredTokens
from b24app.portal.store import tokens
from b24app.resources import Resources
from b24app.work.store import inbox
from b24app.work.store.index import Claim


async def read(
    resources: Resources,
    portal: Portal,
    claims: Sequence[Claim],
    rules: Sequence[Rule],
    client: PortalClient,
    keeper: StoredTokens,
) -> tuple[CardSlice, list[CardCase], list[odd.Unread]]:
    """What each claim's decisions rest on, and the claims whose card nobody can understand. Raises the PortalErrors of
    the read."""
    subjects = [inbox.parse(claim.key) for claim in claims]
    async with resources.tenant(portal.id) as db:
        waiting = await inbox.waiting(db, portal.id, subjects)
        known = await records.load(db, portal.id, subjects)
        pairs = await tokens.every(db, portal.id)
        successors, owed = await aliases.around(db, portal.id, set(subjects))
        failing = [subject for subject, claim in zip(subjects, claims, strict=True) if claim.error]
        failed = await failures.load(db, portal.id, failing) if failing else {}
    keeper.known(pairs)
    fields = to_read(resources, portal)
    known = {subject: emptied(one, _made(fields, subject)) for subject, one in known.items()}
    cards = passed_over(resources, portal, await read_existing(client, fields, subjects), known)
    await absent.tell(resources, portal, fields, cards.found.values())
    readable = tuple(subject for subject in subjects if subject not in cards.odd)
    slice_ = CardSlice(resources, portal, client, fields, rules, readable, cards, known, successors, owed)
    successions = await look_up(slice_)
    ours = frozenset(pair.user_id for pair in pairs)
    cases = []
    for claim, subject in zip(claims, subjects, strict=True):
        if subject in cards.odd:
            continue
        rows, card, before = waiting.get(subject, inbox.Waiting()), cards.get(subject), known.get(subject)
        record = before.record if before else None
        acted = who_acted(rows, record, card, ours)
        facts = CardFacts(
            subject=subject,
            card=card,
            known=before,
            event_user=acted.user_id,
            doubted=acted.doubted,
            predecessors=successions.predecessors.get(subject, ()),
            successor=successions.successors.get(subject),
            copied=successions.copied.get(subject, frozenset()),
            requisites=successions.requisites.get(subject, frozenset()),
        )
        case = CardCase(
            claim=claim,
            rows=rows,
            facts=facts,
            fields=fields[subject.kind],
            owed={one.subject: owed.get(subject, {}).get(one.subject) for one in facts.predecessors},
            unsettled=successions.unsettled.get(subject, frozenset()) if waits_of(claim) < PATIENCE else frozenset(),
            witnesses=acted.ask,
            ours=ours,
            failures=failed.get(subject, {}),
            given_up=_given_up(claim, failed.get(subject, {})),
            stale=_is_stale(record, card),
        )
        _appoint(resources, portal, case)
        cases.append(case)
    return slice_, cases, odd.unread(portal, claims, cards.odd.values(), LIST)


def _made(fields: FieldMap, subject: Subject) -> Mapping[str, tuple[datetime, Value]]:
    return {code: (one.made_at, one.empty) for code, one in fields[subject.kind].items() if one.made_at}


def waits_of(claim: Claim) -> int:
    """How often the card has waited for another one by now, tries that failed aside."""
    return claim.tries - 1 if claim.error == WAITS else 0


def _given_up(claim: Claim, failures: Mapping[str, RuleFailure]) -> dict[str, str]:
    """Rules that are not tried again until something else comes for the card, with the reasons."""
    return {name: one.error for name, one in failures.items() if one.given_up == claim.arrivals}


def who_acted(
    rows: inbox.Waiting,
    record: Record | None,
    card: Card | None,
    ours: frozenset[int],
    proven: frozenset[int] = frozenset(),
) -> Actor:
    """`proven`: inbox rows whose token has told whose it is."""
    editor, written = last_editor(record, card), _may_be_ours(record, card)
    return actor(rows.named, ours=ours, editor=editor, deleted=card is None, proven=proven, written=written)


def _appoint(resources: Resources, portal: Portal, case: CardCase) -> None:
    """Which rules act on the card. One whose field the portal does not have stands still there, as if it were off."""
    for rule in resources.rules.all:
        if case.subject.kind not in rule.kinds:
            continue
        able = case.card is None or resources.rules.able(rule, case.card)
        case.modes[rule.name] = resources.rules.mode(portal, rule.name) if able else Mode.OFF
        if case.modes[rule.name] is not Mode.OFF:
            case.rules[rule.name] = rule


def _is_stale(record: Record | None, card: Card | None) -> bool:
    """A read older than our own write. It is read once more, then believed."""
    return bool(record and card and not record.stale_seen and record.is_stale(card.values, card.modified_at))


def _may_be_ours(record: Record | None, card: Card | None) -> bool:
    """Whether the card's last change may be our own write."""
    if record is None or card is None:
        return False
    return record.written_at is not None and card.modified_at <= record.written_at + CLOCKS
