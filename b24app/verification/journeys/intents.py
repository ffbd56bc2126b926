"""A button in a card: store what is meant, write the CRM with the person's own rights, let the change come in.

The portal's yes to the write proves the right. There is no short cut from here to the memberships: the verification
journey reads the card and applies the intent the card shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

import structlog

from b24app.bitrix24.cards import FieldMap, read_cards
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.writing import CardChange, Written, write_cards
from b24app.domain.cards.facts import MARK, Card, Subject, Value
from b24app.domain.cards.succession import RETURNS_WITHIN
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.portal.viewer import Viewer
from b24app.domain.verification.buttons import EFFECT, LONGEST_NOTE, NOTED, allowed, undo_refused
from b24app.domain.verification.decision import STATED_FOR, project
from b24app.domain.verification.history import PastDecision
from b24app.domain.verification.membership import Action, Intent, Membership, State
from b24app.domain.verification.shown import Shown, shown
from b24app.domain.work.arrivals import Arrival, Source
from b24app.errors import AccessDenied, NeedsFreshToken, NotStored, OutcomeUnknown, PortalError, Refused
from b24app.lanes import Lane
from b24app.portal.journeys.fields import field_map
from b24app.portal.journeys.pages import portal_of
from b24app.portal.journeys.person_client import person_client
from b24app.resources import Resources
from b24app.verification.store import card_tab, history, intents, memberships
from b24app.work.store import inbox

log = structlog.get_logger()


async def press(
    resources: Resources, viewer: Viewer, token: str, subject: Subject, membership_id: UUID, action: Action, note: str
) -> None:
    """`press_all` for one membership."""
    await press_all(resources, viewer, token, subject, (membership_id,), action, note)


async def press_all(
    resources: Resources,
    viewer: Viewer,
    token: str,
    subject: Subject,
    members: Sequence[UUID],
    action: Action,
    note: str = "",
) -> None:
    """One press about some of a card's memberships, with one write. Those that stand so already are left out.

    The card's mark goes with the person's write: a merge may come before anybody looks again.

    Raise Refused: `not_of_this_card` · `already_so` · `note_needed` · `note_too_long` · `decided_since` · `undo_over` ·
    `module_off` · `no_right` · `fresh_token_needed` (401) · `portal_unknown` · `crm_refused`; PortalError where the
    portal cannot be reached.
    """
    note = _checked(action, note)
    portal, now = await _portal(resources, viewer), resources.now()
    client = person_client(resources, portal, portal.endpoint, token)
    try:
        before = await _before(client, subject, field_map(resources.manifest, portal))
    except PortalError as unread:
        raise _said(unread) from unread
    async with resources.tenant(portal.id) as db:
        known = (await memberships.of_subjects(db, portal.id, [subject]))[subject]
        meant = _named(known, members)
        newest = await history.newest(db, portal.id, members) if action is Action.UNDO else {}
        targets = {one.id: _target(one, action, newest.get(one.id), viewer, now) for one in meant}
        after = _after(known, {key: state for key, state in targets.items() if state is not None}, now)
        pressed = [
            Intent(
                id=uuid4(),
                membership_id=one.id,
                action=action,
                author_id=viewer.user_id,
                author_name=viewer.name,
                shown=after.check,
                note=note,
                created_at=now,
                seen=one.state,
                back_to=targets[one.id] if action is Action.UNDO else None,
            )
            for one in meant
            if targets[one.id] is not None
        ]
        await intents.drop_stated(db, portal.id, now - STATED_FOR)
        await intents.state(db, portal.id, subject, pressed)
    resources.failpoint("button.stated")
    stated = [one.id for one in pressed]
    mark = _mark_lacking(before) if before else {}
    change = CardChange(subject, after.values | mark)
    moves = bool(before and shown(before.values).check != after.check)
    await _write(resources, portal, client, change, stated, moves=moves)
    resources.failpoint("button.written")
    async with resources.tenant(portal.id) as db:
        await intents.prove(db, portal.id, stated)
        arrival = Arrival(Source.BUTTON, action.value, subject, viewer.user_id)
        await inbox.receive(db, resources.vault, portal.id, [arrival], Lane.INTERACTIVE, now)
    told = {"portal": portal.id, "subject": str(subject), "action": action, "user": viewer.user_id}
    log.info("button_pressed", **told, members=len(stated))
    await resources.wake.inbox(portal.id, Lane.INTERACTIVE)


async def same_card(resources: Resources, viewer: Viewer, token: str, subject: Subject, deleted_id: int) -> None:
    """A person says that this card goes on for a deleted one of its name: that one's mark is written with their own
    rights, and the journey that finds it there moves the memberships.

    Raise Refused as `press` does; `already_so` where the deleted card has come to rest elsewhere.
    """
    portal, now = await _portal(resources, viewer), resources.now()
    async with resources.tenant(portal.id) as db:
        lost = await card_tab.lost_namesakes(db, portal.id, subject, now - RETURNS_WITHIN)
    if deleted_id not in {one.subject.id for one in lost}:
        raise Refused("already_so", 409)
    fields, client = field_map(resources.manifest, portal), person_client(resources, portal, portal.endpoint, token)
    cards = await read_cards(client, [subject], fields)
    card = cards.get(subject)
    if card is None or MARK not in fields[subject.kind]:
        raise Refused("crm_refused" if card or subject in cards.odd else "card_gone", 409)
    marks = tuple(dict.fromkeys((subject.id, *card.marks, deleted_id)))
    (outcome,) = await write_cards(client, [CardChange(subject, {MARK: marks})], fields)
    if outcome.error:
        raise _said(outcome.error)
    async with resources.tenant(portal.id) as db:
        arrival = Arrival(Source.BUTTON, "same_card", subject, viewer.user_id)
        await inbox.receive(db, resources.vault, portal.id, [arrival], Lane.INTERACTIVE, now)
    log.info("same_card", portal=portal.id, subject=str(subject), deleted=deleted_id, user=viewer.user_id)
    await resources.wake.inbox(portal.id, Lane.INTERACTIVE)


async def _portal(resources: Resources, viewer: Viewer) -> Portal:
    portal = await portal_of(resources, viewer.portal_id)
    if resources.rules.mode(portal, "verification") is not Mode.ON:
        raise Refused("module_off", 409)
    return portal


def _checked(action: Action, note: str) -> str:
    """The note as it is kept. Nothing that somebody wrote is cut off."""
    note = note.strip()
    if action in NOTED and not note:
        raise Refused("note_needed", 422)
    if len(note) > LONGEST_NOTE:
        raise Refused("note_too_long", 422)
    return note


def _named(known: Sequence[Membership], wanted: Sequence[UUID]) -> list[Membership]:
    found = [one for one in known if one.id in wanted and one.live]
    if not found or len(found) < len(set(wanted)):
        raise Refused("not_of_this_card", 404)
    return found


def _target(
    one: Membership, action: Action, newest: PastDecision | None, viewer: Viewer, now: datetime
) -> State | None:
    """Where the press takes it; None where it stands so already."""
    if action is not Action.UNDO:
        return EFFECT[action][0] if allowed(action, one.state) else None
    if refused := undo_refused(one, newest, viewer.user_id, now):
        raise Refused(refused, 409)
    return newest.before if newest else None


def _after(known: Sequence[Membership], targets: Mapping[UUID, State], now: datetime) -> Shown:
    """What the card shows once the press has its effect: the box stays ticked while others of the card wait."""
    if not targets:
        raise Refused("already_so", 409)
    moved = [replace(one, state=targets[one.id], decided_at=now) if one.id in targets else one for one in known]
    return project(moved, Shown())


async def _before(client: PortalClient, subject: Subject, fields: FieldMap) -> Card | None:
    """The card as it stands, where it may lack our mark.

    Nothing for a card that is not shown: the portal says why when it is written. Raises the PortalErrors.
    """
    return (await read_cards(client, [subject], fields)).get(subject) if MARK in fields[subject.kind] else None


def _mark_lacking(card: Card) -> dict[str, Value]:
    """With the marks it carries: a merge may just have brought them."""
    return {} if card.subject.id in card.marks else {MARK: (card.subject.id, *card.marks)}


async def _write(
    resources: Resources,
    portal: Portal,
    client: PortalClient,
    change: CardChange,
    stated: Sequence[UUID],
    *,
    moves: bool,
) -> None:
    """The person's own write, which `moves` the box or leaves it. Where the portal refuses it, what was `stated` is
    withdrawn and the reason said in words.

    A lost answer proves no right: if the box did change it comes in as a bare change.
    """
    (outcome,) = await write_cards(client, [change], field_map(resources.manifest, portal))
    error = outcome.error
    if error is None or _shows(outcome, change, moves=moves):
        return
    async with resources.tenant(portal.id) as db:
        await intents.withdraw(db, portal.id, stated)
    if isinstance(error, OutcomeUnknown):
        raise error
    log.info("button_refused", portal=portal.id, subject=str(change.subject), code=error.code)
    raise _said(error)


def _shows(written: Written, change: CardChange, *, moves: bool) -> bool:
    """What the person pressed for is in the card, though not our mark, or not the status beside a box that moved: who
    may not write these fields decides all the same, and the journey writes them."""
    card = written.card
    if card is None or not isinstance(written.error, NotStored):
        return False
    there, wanted = shown(card.values), shown(change.values)
    return there.check == wanted.check and (moves or there.status == wanted.status)


def _said(error: PortalError) -> Exception:
    if isinstance(error, NeedsFreshToken):
        return Refused("fresh_token_needed", 401)
    if isinstance(error, AccessDenied):
        return Refused("no_right", 403)
    return error
