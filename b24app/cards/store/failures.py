"""Rules that failed on a card while others were done with it, and what rules would have done that only watch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store.tables import rehearsed, rule_failures
from b24app.domain.cards.facts import Kind, Subject, Values
from b24app.store.arrays import among, named

_KEY = ("portal_id", "kind", "crm_id", "rule")
_NEW = insert(rule_failures)
_SAVE = _NEW.on_conflict_do_update(
    index_elements=_KEY, set_={one.name: _NEW.excluded[one.name] for one in rule_failures.c if one.name not in _KEY}
)
_LOAD = select(rule_failures).where(rule_failures.c.portal_id == bindparam("portal"), text(among("kind", "crm_id")))
_ADD_REHEARSED = insert(rehearsed).on_conflict_do_nothing()


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """`tries`: that ended in an error; `next_at`: when the rule is tried again. `given_up`: arrivals of the card's work
    row for which it is not, `error` being the reason; None while it is."""

    subject: Subject
    rule: str
    tries: int
    error: str
    next_at: datetime
    given_up: int | None = None


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rule would have written and told, had it been on."""

    rule: str
    subject: Subject
    at: datetime
    wanted: Values = field(default_factory=dict)
    news: tuple[str, ...] = ()


async def load(
    db: AsyncConnection, portal_id: int, subjects: Collection[Subject]
) -> Mapping[Subject, Mapping[str, RuleFailure]]:
    """By card and rule."""
    found: dict[Subject, dict[str, RuleFailure]] = defaultdict(dict)
    for row in await db.execute(_LOAD, {"portal": portal_id, **named(subjects)}):
        subject = Subject(Kind(row.kind), row.crm_id)
        found[subject][row.rule] = RuleFailure(subject, row.rule, row.tries, row.error, row.next_at, row.given_up)
    return found


async def save(db: AsyncConnection, portal_id: int, failures: Sequence[RuleFailure]) -> None:
    if failures:
        rows = [
            {
                "portal_id": portal_id,
                "kind": one.subject.kind.value,
                "crm_id": one.subject.id,
                "rule": one.rule,
                "tries": one.tries,
                "error": one.error,
                "next_at": one.next_at,
                "given_up": one.given_up,
            }
            for one in sorted(failures, key=lambda one: (one.subject, one.rule))
        ]
        await db.execute(_SAVE, rows)


async def clear(db: AsyncConnection, portal_id: int, failures: Collection[tuple[Subject, str]]) -> None:
    """These rules are done with these cards, or these cards with what came for them."""
    if failures:
        for rule in sorted({rule for _, rule in failures}):
            cards = [subject for subject, name in failures if name == rule]
            mine = (rule_failures.c.portal_id == portal_id, rule_failures.c.rule == rule)
            await db.execute(delete(rule_failures).where(*mine, text(among("kind", "crm_id"))), named(cards))


async def rehearse(db: AsyncConnection, portal_id: int, rows: Sequence[Rehearsed]) -> None:
    if rows:
        values = [
            {
                "portal_id": portal_id,
                "rule": one.rule,
                "kind": one.subject.kind.value,
                "crm_id": one.subject.id,
                "at": one.at,
                "wanted": dict(one.wanted),
                "news": list(one.news),
            }
            for one in sorted(rows, key=lambda one: (one.rule, one.subject))
        ]
        await db.execute(_ADD_REHEARSED, values)
