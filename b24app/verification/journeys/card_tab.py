"""The card tab: may this person see the record (asked of the portal), and what we know of it (read from our store).

Warm (same person and record within a minute) asks the portal nothing; cold is one request with the person's own token.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24.cards import Person
from b24app.bitrix24.people import open_card
from b24app.domain.cards.facts import Subject
from b24app.domain.cards.succession import RETURNS_WITHIN
from b24app.domain.policy import Access, Policy, Section
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.verification.decision import STATED_FOR
from b24app.domain.verification.membership import Action, DecidedBySource, Membership, Reason, State
from b24app.portal.journeys.person_client import person_client
from b24app.resources import Resources
from b24app.verification.store import card_tab, memberships
from b24app.verification.store.card_tab import Lost, ToldNews

RIGHT_LASTS, NAME_LASTS = 60, 3600  # seconds


@dataclass(frozen=True, slots=True)
class Belonging:
    """One membership as a card shows it: `other` is the card across, None for a person on their own."""

    id: str
    other: Subject | None
    title: str
    state: State
    reason: Reason
    decided_by: str | None  # a name, else an id; None where nobody knows who it was
    decided_by_source: DecidedBySource
    decided_at: datetime | None
    note: str
    sections: Mapping[Section, Access]
    actions: tuple[Action, ...]
    awaited: bool  # a button was pressed and its effect is on its way


@dataclass(frozen=True, slots=True)
class CardTab:
    """Everything a card tab prints. `others`: names of the cards across by id, also of those that went; `lost`: deleted
    cards that this one may go on for; `waits`: news is on its way, ask again soon."""

    subject: Subject
    others: Mapping[int, str]
    belongings: tuple[Belonging, ...]
    told: tuple[ToldNews, ...]
    lost: tuple[Lost, ...]
    mode: Mode
    imported: bool
    waits: bool

    @property
    def pending(self) -> int:
        return sum(one.state is State.PENDING for one in self.belongings)


async def prove_right(resources: Resources, portal: Portal, subject: Subject, user_id: int, token: str) -> Person:
    """Who this is, given that they may read the record. Raises NotFound, AccessDenied, NeedsFreshToken, …"""
    key = f"card-right:{portal.id}:{user_id}:{subject}"
    if warm := await _cached(resources, key):
        return Person(**json.loads(warm))
    unknown = await _unknown_deciders(resources, portal, subject)
    opened = await open_card(person_client(resources, portal, portal.endpoint, token), subject, unknown)
    await _remember_names(resources, portal.id, opened.names)
    await _cache(resources, key, json.dumps(asdict(opened.person)), RIGHT_LASTS)
    return opened.person


async def tab_of(db: AsyncConnection, resources: Resources, portal: Portal, subject: Subject) -> CardTab:
    """What our store knows; the caller has proven the right to see it."""
    everybody = await card_tab.members(db, portal.id, subject)
    members = [(one, title) for one, title in everybody if _shown(one)]
    since = resources.now() - STATED_FOR
    pressed, awaited = await card_tab.awaited(db, portal.id, subject, [one.id for one, _ in members], since)
    told = await card_tab.about(db, portal.id, subject)
    lost = await card_tab.lost_namesakes(db, portal.id, subject, resources.now() - RETURNS_WITHIN)
    names = await _names(resources, portal.id, {one.decided_by for one, _ in members if one.decided_by})
    mode = resources.rules.mode(portal, "verification")
    rows = [_belonging(subject, one, title, names, one.id in pressed, mode, resources.policy) for one, title in members]
    return CardTab(
        subject=subject,
        others={other.id: title for one, title in everybody if (other := one.other_side(subject.kind))},
        belongings=tuple(sorted(rows, key=_order)),
        told=tuple(told),
        lost=tuple(lost) if mode is Mode.ON else (),
        mode=mode,
        imported=portal.imported,
        waits=awaited or _on_its_way(told),
    )


def _shown(one: Membership) -> bool:
    """A person stops being on their own when the CRM links a company, and a merged card's line goes on in another one:
    those are no news to anybody."""
    return one.live or (one.company_id != 0 and one.state is State.LEFT and one.reason is not Reason.MERGED)


def _order(one: Belonging) -> tuple[int, str]:
    urgency = {State.PENDING: 0, State.CONFIRMED: 1, State.REFUSED: 2}
    return urgency.get(one.state, 3), one.title.casefold()


def _on_its_way(told: list[ToldNews]) -> bool:
    """The newest news has not been tried at every endpoint yet."""
    return bool(told) and any(one.state == "waiting" and not one.tries for one in told[0].tellings)


def _belonging(
    subject: Subject,
    one: Membership,
    title: str,
    names: Mapping[int, str],
    awaited: bool,
    mode: Mode,
    policy: Policy,
) -> Belonging:
    return Belonging(
        id=str(one.id),
        other=one.other_side(subject.kind),
        title=title,
        state=one.state,
        reason=one.reason,
        decided_by=names.get(one.decided_by, f"ID {one.decided_by}") if one.decided_by else None,
        decided_by_source=one.decided_by_source,
        decided_at=one.decided_at,
        note=one.note,
        sections=policy.sections(one.state.value),
        actions=_actions(one) if mode is Mode.ON else (),
        awaited=awaited,
    )


def _actions(one: Membership) -> tuple[Action, ...]:
    match one.state:
        case State.PENDING | State.REFUSED:
            return (Action.CONFIRM,)
        case State.CONFIRMED:
            return (Action.RECHECK,)
    return ()


async def _unknown_deciders(resources: Resources, portal: Portal, subject: Subject) -> list[int]:
    async with resources.tenant(portal.id) as db:
        members = (await memberships.of_subjects(db, portal.id, [subject]))[subject]
    deciders = {one.decided_by for one in members if one.decided_by}
    known = await _names(resources, portal.id, deciders)
    return sorted(deciders - set(known))


async def _names(resources: Resources, portal_id: int, users: Collection[int]) -> Mapping[int, str]:
    if not users:
        return {}
    ordered = sorted(users)
    try:
        found = await resources.redis.mget([f"user-name:{portal_id}:{user}" for user in ordered])
    except RedisError:
        return {}
    return {user: _text(name) for user, name in zip(ordered, found, strict=True) if name}


async def _remember_names(resources: Resources, portal_id: int, names: Mapping[int, str]) -> None:
    for user, name in names.items():
        if name:
            await _cache(resources, f"user-name:{portal_id}:{user}", name, NAME_LASTS)


async def _cached(resources: Resources, key: str) -> str | None:
    try:
        found = await resources.redis.get(key)
    except RedisError:
        return None
    return _text(found) if found else None


async def _cache(resources: Resources, key: str, value: str, seconds: int) -> None:
    try:
        await resources.redis.set(key, value, ex=seconds)
    except RedisError:
        return


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
