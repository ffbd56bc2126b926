"""Our section in the common view of cards: previewed, added and taken back by an administrator, with their own token.

The portal takes a view only whole, and never twice the same way: it is read again directly before it is written, a
preview that is no longer true is refused, and what was there before is stored first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

import structlog

from b24app.bitrix24 import card_layouts
from b24app.bitrix24.card_layouts import LayoutRead
from b24app.bitrix24.client import PortalClient
from b24app.domain.portal import card_layout
from b24app.domain.portal.card_layout import CardLayout, FieldsShown, LayoutKey, Undone
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.errors import AccessDenied, OutcomeUnknown, PortalError, Refused
from b24app.i18n import language
from b24app.portal.journeys.fields import entities, names_in
from b24app.portal.journeys.pages import portal_of
from b24app.portal.journeys.person_client import person_client
from b24app.portal.store import card_layouts as rows
from b24app.portal.store import journal
from b24app.portal.store.card_layouts import Addition, KnownLayout
from b24app.portal.store.journal import Changed
from b24app.resources import Resources

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Preview:
    """What adding our section would do. `mark`: of the view as it is, to be sent back with the press.

    `ours`: our fields; `captions`: names of all fields; `lost`: captions the portal will not keep; `personal`: the
    person looking has a view of their own, in which not all our fields are.
    """

    view: LayoutKey
    before: CardLayout
    after: CardLayout
    mark: str
    shown: FieldsShown
    ours: tuple[str, ...]
    captions: Mapping[str, str]
    lost: tuple[str, ...]
    personal: bool


@dataclass(frozen=True, slots=True)
class _Open:
    """A view in one person's hands."""

    resources: Resources
    portal: Portal
    viewer: Viewer
    client: PortalClient
    read: LayoutRead
    ours: tuple[str, ...]
    known: KnownLayout


async def preview(resources: Resources, viewer: Viewer, token: str, view: str) -> Preview:
    """Raises Refused `not_found` for a card our fields do not stand in, and the PortalErrors. Nothing is changed."""
    at = await _open(resources, viewer, token, view)
    before, personal = at.read.common, at.read.personal
    return Preview(
        view=at.known.view,
        before=before,
        after=_with_ours(at),
        mark=card_layout.mark(before),
        shown=card_layout.layout_state(before, at.ours).shown,
        ours=at.ours,
        captions=at.read.captions,
        lost=card_layout.renamed(before),
        personal=bool(card_layout.layout_state(personal, at.ours).missing),
    )


async def add(resources: Resources, viewer: Viewer, token: str, view: str, mark: str) -> None:
    """Write the view with our section. Raises Refused `layout_changed` where it is not what was previewed any more,
    `layout_no_right`; OutcomeUnknown. Where everything is there already, nothing happens."""
    at = await _open(resources, viewer, token, view)
    before, after = at.read.common, _with_ours(at)
    if after == before:
        return
    if card_layout.mark(before) != mark:
        raise Refused("layout_changed", 409)
    await _remember(at, before, after)
    try:
        await _allowed(card_layouts.write(at.client, at.known.view, after))
    except OutcomeUnknown:
        raise
    except (PortalError, Refused):
        await _store(at, at.known.addition)
        raise
    await _saw(at, after, "layout_added")
    log.info("card_section_added", portal=viewer.portal_id, user=viewer.user_id, view=view)


async def take_back(resources: Resources, viewer: Viewer, token: str, view: str) -> Undone:
    """The view as it was before, or, where somebody changed it since, as it is without our section. Raises as `add`."""
    at = await _open(resources, viewer, token, view)
    undone, left = card_layout.taken_back(at.read.common, at.ours, *_pair(at.known.addition))
    if left:
        await _allowed(card_layouts.write(at.client, at.known.view, left))
    elif undone is Undone.RESET:
        await _allowed(card_layouts.reset(at.client, at.known.view))
    absent = undone is Undone.ABSENT
    await _saw(at, at.read.common if absent else left, None if absent else "layout_taken_back", closed=True)
    log.info("card_section_removed", portal=viewer.portal_id, user=viewer.user_id, view=view, how=undone)
    return undone


async def _open(resources: Resources, viewer: Viewer, token: str, view: str) -> _Open:
    portal = await portal_of(resources, viewer.portal_id)
    client = person_client(resources, portal, portal.endpoint, token)
    views = {str(one): one for one in await card_layouts.layout_keys(client, entities(resources.manifest))}
    found = views.get(view)
    if found is None:
        raise Refused("not_found", 404)
    read = await card_layouts.read(client, found)
    ours = tuple(name for name in names_in(resources.manifest, found.entity) if name in read.captions)
    async with resources.tenant(portal.id) as db:
        await rows.see(db, portal.id, {found: card_layout.layout_state(read.common, ours)}, resources.now())
        known = (await rows.listing(db, portal.id))[found]
    return _Open(resources, portal, viewer, client, read, ours, known)


def _with_ours(at: _Open) -> CardLayout:
    """Our section is called as the app is, in the portal's language: everybody reads it."""
    manifest = at.resources.manifest
    title = manifest.title[language(at.portal.lang, manifest.languages)]
    return card_layout.added(at.read.common, at.ours, title)


async def _remember(at: _Open, before: CardLayout, after: CardLayout) -> None:
    """Before the view is written: a crash must not cost what was there."""
    former = card_layout.remembered(before, *_pair(at.known.addition))
    kept, written = card_layouts.as_json(former), card_layouts.as_json(after)
    new = Addition(kept, written, at.viewer.user_id, at.viewer.name, at.resources.now())
    await _store(at, new)


async def _store(at: _Open, addition: Addition | None) -> None:
    async with at.resources.tenant(at.viewer.portal_id) as db:
        await rows.remember(db, at.viewer.portal_id, at.known.view, addition)


async def _saw(at: _Open, layout: CardLayout, action: str | None, *, closed: bool = False) -> None:
    """The view as it is now. `action`: for the journal; None: nothing was changed."""
    portal_id, now = at.viewer.portal_id, at.resources.now()
    async with at.resources.tenant(portal_id) as db:
        await rows.see(db, portal_id, {at.known.view: card_layout.layout_state(layout, at.ours)}, now)
        if closed:
            await rows.close(db, portal_id, at.known.view, now)
        if action:
            changed = Changed(feature="portal", action=action, about=str(at.known.view))
            await journal.write(db, portal_id, at.viewer, changed, now)


def _pair(addition: Addition | None) -> tuple[CardLayout, CardLayout]:
    """Former and written view of an addition that stands."""
    return (card_layouts.parse(addition.former), card_layouts.parse(addition.written)) if addition else ((), ())


async def _allowed(write: Awaitable[None]) -> None:
    try:
        await write
    except AccessDenied:
        raise Refused("layout_no_right", 403) from None
