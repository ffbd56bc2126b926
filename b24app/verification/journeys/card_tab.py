"""The card tab: may this person see the record (asked of the portal), and what we know of it (read from our store).

Warm (same person and record within a minute) asks the portal nothing; cold is one request with the person's own token.
A portal that does not answer shows nothing new: whoever it let in within the last hour sees what our store holds.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24.cards import Person
from b24app.bitrix24.people import CardOpened, open_card
from b24app.domain.cards.facts import Subject
from b24app.domain.cards.succession import RETURNS_WITHIN
from b24app.domain.policy import Access, Policy, Section
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.verification import buttons
from b24app.domain.verification.decision import STATED_FOR
from b24app.domain.verification.history import PastDecision
from b24app.domain.verification.membership import Action, Membership, Reason, State
from b24app.errors import AccessDenied, NotFound, PortalBusy, PortalDown
from b24app.portal.journeys.person_client import person_client
from b24app.resources import Resources
from b24app.verification.store import card_tab, client_view, history
from b24app.verification.store.card_tab import SHOWN, Lost, Member, Telling, Told

RIGHT_LASTS, RIGHT_REMEMBERED = timedelta(minutes=1), timedelta(hours=1)
ANSWERS_IN = 2.0  # seconds for the portal to say who this is
NAME_LASTS = timedelta(hours=1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Proof:
    """Who this is, given that the portal said at `at` that they may read the record. `stale`: it does not answer now,
    and that was a while ago."""

    person: Person
    at: datetime
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Belonging:
    """One membership as a card shows it: `other` is the card across, None for a person on their own.

    `by_default`: open, and nobody has ever confirmed it; `closes`: sections that a press would close.
    """

    id: str
    other: Subject | None
    title: str
    state: State
    reason: Reason
    decided_by: str | None  # a name, else an id; None where nobody knows who it was
    decided_at: datetime | None
    note: str
    by_default: bool
    sections: Mapping[Section, Access]
    actions: tuple[Action, ...]
    closes: Mapping[Action, tuple[Section, ...]]
    awaited: bool  # a button was pressed and its effect is on its way

    @property
    def blocked(self) -> tuple[Section, ...]:
        return tuple(one for one, access in self.sections.items() if access is not Access.OPEN)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the card's history. `other`, `title`: as of a belonging."""

    other: Subject | None
    title: str
    state: State
    reason: Reason
    decided_by: str | None
    at: datetime
    note: str
    published: bool
    tellings: tuple[Telling, ...]


@dataclass(frozen=True, slots=True)
class CardTab:
    """Everything a card tab prints.

    `belongings`: who may act, those who wait first; `former`: who no longer may; `undo`: what the reader may take back
    right now; `names`: whether history has to say whom it is about; `lost`: deleted cards that this one may go on for;
    `waits`: something is on its way, ask again soon; `as_of`: the portal does not answer, and this is how old it is.
    """

    subject: Subject
    belongings: tuple[Belonging, ...]
    former: tuple[Belonging, ...]
    undo: tuple[Belonging, ...]
    history: tuple[Entry, ...]
    names: bool
    lost: tuple[Lost, ...]
    mode: Mode
    imported: bool
    waits: bool
    as_of: datetime | None = None

    @property
    def waiting(self) -> tuple[Belonging, ...]:
        return tuple(one for one in self.belongings if one.state is State.PENDING)

    @property
    def confirmable(self) -> tuple[Belonging, ...]:
        """Those whom one press can confirm together."""
        return tuple(one for one in self.waiting if Action.CONFIRM in one.actions and not one.awaited)

    @property
    def newest(self) -> tuple[Entry, ...]:
        return self.history[:SHOWN]

    @property
    def earlier(self) -> tuple[Entry, ...]:
        return self.history[SHOWN:]


async def prove_right(resources: Resources, portal: Portal, subject: Subject, user_id: int, token: str) -> Proof:
    """Who this is, given that they may read the record. Raises NotFound, AccessDenied, NeedsFreshToken, …"""
    key, now = f"card-right:{portal.id}:{user_id}:{subject}", resources.now()
    before = await _proof(resources, key)
    if before and now - before.at < RIGHT_LASTS:
        return before
    try:
        opened = await _open(resources, portal, subject, token)
    except (AccessDenied, NotFound):
        await _forget(resources, key)
        raise
    except (PortalDown, PortalBusy) as error:
        if before is None or now - before.at > RIGHT_REMEMBERED:
            raise
        log.info("card_shown_without_portal", portal=portal.id, subject=str(subject), error=repr(error))
        return Proof(before.person, before.at, stale=True)
    await _remember_names(resources, portal.id, opened.names)
    kept = {"person": asdict(opened.person), "at": now.isoformat()}
    await _cache(resources, key, json.dumps(kept), RIGHT_REMEMBERED)
    return Proof(opened.person, now)


async def _open(resources: Resources, portal: Portal, subject: Subject, token: str) -> CardOpened:
    """The portal's word, within a time a person waits for; names it tells on the way are kept with the decisions."""
    async with resources.tenant(portal.id) as db:
        unnamed = await history.unnamed(db, portal.id, subject)
    try:
        async with asyncio.timeout(ANSWERS_IN):
            opened = await open_card(person_client(resources, portal, portal.endpoint, token), subject, unnamed)
    except TimeoutError:
        raise PortalDown("batch", code="SLOW") from None
    told = {user: opened.names[user] for user in unnamed if opened.names.get(user)}
    if told:
        async with resources.tenant(portal.id, durable=False) as db:
            await history.name(db, portal.id, subject, told)
    return opened


async def tab_of(db: AsyncConnection, resources: Resources, portal: Portal, subject: Subject, proof: Proof) -> CardTab:
    """What our store knows; the caller has proven the right to see it."""
    now, mode = resources.now(), resources.rules.mode(portal, "verification")
    members = await card_tab.members(db, portal.id, subject)
    ids = [one.membership.id for one in members]
    pressed, awaited = await card_tab.awaited(db, portal.id, subject, ids, now - STATED_FOR)
    told = await card_tab.history(db, portal.id, ids)
    lost = await card_tab.lost_namesakes(db, portal.id, subject, now - RETURNS_WITHIN)
    names = await _names(resources, portal.id, _unnamed(members, told))
    rows = {
        one.membership.id: _belonging(
            subject, one, names, one.membership.id in pressed, mode is Mode.ON, resources.policy
        )
        for one in members
    }
    sorted_rows = sorted((rows[one.membership.id] for one in members if _shown(one.membership)), key=_order)
    undo = _undo(members, told, proof.person.user_id, now) if mode is Mode.ON and not proof.stale else frozenset()
    return CardTab(
        subject=subject,
        belongings=tuple(one for one in sorted_rows if one.state not in (State.LEFT, State.SUSPENDED)),
        former=tuple(one for one in sorted_rows if one.state in (State.LEFT, State.SUSPENDED)),
        undo=tuple(one for one in sorted_rows if one.id in undo and not one.awaited),
        history=tuple(_entry(one, rows[one.decision.membership_id], names) for one in told),
        names=len({one.other for one in rows.values()}) > 1,
        lost=tuple(lost) if mode is Mode.ON and not proof.stale else (),
        mode=mode,
        imported=portal.imported,
        waits=awaited or bool(undo) or _on_its_way(told),
        as_of=await _as_of(db, portal, proof) if proof.stale else None,
    )


def _shown(one: Membership) -> bool:
    """A person stops being on their own when the CRM links a company, and a merged card's line goes on in another one:
    those are no news to anybody."""
    if one.state is State.LEFT:
        return one.company_id != 0 and one.reason is not Reason.MERGED
    return True


def _order(one: Belonging) -> tuple[int, str]:
    urgency = {State.PENDING: 0, State.CONFIRMED: 1, State.REFUSED: 2}
    return urgency.get(one.state, 3), one.title.casefold()


def _on_its_way(told: Sequence[Told]) -> bool:
    """The newest news has not been tried at every endpoint yet."""
    return bool(told) and any(one.state == "waiting" and not one.tries for one in told[0].tellings)


def _undo(members: Sequence[Member], told: Sequence[Told], user_id: int, now: datetime) -> frozenset[str]:
    """Memberships whose last decision this person pressed a moment ago."""
    newest: dict[str, PastDecision] = {}
    for one in told:
        newest.setdefault(str(one.decision.membership_id), one.decision)
    return frozenset(
        key
        for key, one in ((str(each.membership.id), each.membership) for each in members)
        if one.live
        and not buttons.undo_refused(one, newest.get(key), user_id, now)
        and now - newest[key].at <= buttons.UNDO_OFFERED
    )


def _belonging(
    subject: Subject, member: Member, names: Mapping[int, str], awaited: bool, acts: bool, policy: Policy
) -> Belonging:
    one = member.membership
    actions = buttons.OFFERED.get(one.state, ()) if acts else ()
    return Belonging(
        id=str(one.id),
        other=one.other_side(subject.kind),
        title=member.title,
        state=one.state,
        reason=one.reason,
        decided_by=_name(one.decided_by, member.decided_by_name, names),
        decided_at=one.decided_at,
        note=one.note,
        by_default=one.state is State.CONFIRMED and not member.vouched,
        sections=policy.sections(one.state.value),
        actions=actions,
        closes={action: buttons.closes(policy, one.state, action) for action in actions},
        awaited=awaited,
    )


def _entry(told: Told, about: Belonging, names: Mapping[int, str]) -> Entry:
    one = told.decision
    return Entry(
        other=about.other,
        title=about.title,
        state=one.state,
        reason=one.reason,
        decided_by=_name(one.decided_by, one.decided_by_name, names),
        at=one.at,
        note=one.note,
        published=told.published,
        tellings=told.tellings,
    )


def _name(user_id: int | None, kept: str, names: Mapping[int, str]) -> str | None:
    return (kept or names.get(user_id) or f"ID {user_id}") if user_id else None


def _unnamed(members: Sequence[Member], told: Sequence[Told]) -> set[int]:
    """Users whose names do not stand beside what they decided."""
    found = {one.membership.decided_by for one in members if not one.decided_by_name}
    found |= {one.decision.decided_by for one in told if not one.decision.decided_by_name}
    return {one for one in found if one}


async def _as_of(db: AsyncConnection, portal: Portal, proof: Proof) -> datetime:
    """The portal answered then; what it has told since, and waits, is not in our rows yet."""
    unread = await client_view.unread_since(db, portal.id)
    return min(proof.at, unread) if unread else proof.at


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


async def _proof(resources: Resources, key: str) -> Proof | None:
    try:
        found = await resources.redis.get(key)
    except RedisError:
        return None
    if not found:
        return None
    kept = json.loads(found)
    return Proof(Person(**kept["person"]), datetime.fromisoformat(kept["at"]))


async def _cache(resources: Resources, key: str, value: str, lasts: timedelta) -> None:
    try:
        await resources.redis.set(key, value, ex=lasts)
    except RedisError:
        return


async def _forget(resources: Resources, key: str) -> None:
    try:
        await resources.redis.delete(key)
    except RedisError:
        return


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
