"""An open page belongs to a person: remembered for at most an hour, and asked about now and then.

The page carries a signed token that names the session; the person's own portal token stays with us, sealed.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24.cards import Person
from b24app.bitrix24.people import whoami
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.errors import AccessDenied, AppError, NeedsFreshToken, PortalClosed, PortalError, Refused
from b24app.portal import page_token
from b24app.portal.journeys.opening import Proven, same_app, token_owner
from b24app.portal.journeys.pages import portal_of
from b24app.portal.journeys.person_client import person_client
from b24app.portal.journeys.tokens import still_here
from b24app.portal.page_token import PageToken
from b24app.portal.store import viewer_sessions
from b24app.portal.store.viewer_sessions import Session
from b24app.resources import Resources

SESSION = timedelta(hours=1)
RENEWABLE = timedelta(hours=12)  # a page left open longer is opened anew
BELIEVED = timedelta(minutes=5)  # what the portal says of a person with a page open
UNANSWERED, ANSWERS_IN = timedelta(minutes=1), 5.0  # it did not say; in so many seconds

log = structlog.get_logger()


async def open_session(
    db: AsyncConnection, resources: Resources, proven: Proven, portal: Portal, person: Person
) -> tuple[Viewer, str]:
    """The viewer and the page token of a proven open. Losing the row in a crash costs the page a reload.

    First in its transaction. Raises Refused `portal_unknown` where the app was removed meanwhile.
    """
    await still_here(db, portal.id)
    viewer = Viewer(
        session_id=uuid4(),
        portal_id=portal.id,
        user_id=person.user_id,
        name=person.name,
        is_admin=person.is_admin,
        lang=proven.request.lang,
        expires_at=resources.now() + min(SESSION, timedelta(seconds=proven.request.expires)),
    )
    await viewer_sessions.add(db, viewer, resources.vault.seal(proven.request.auth_id))
    return viewer, token_of(resources, viewer)


def token_of(resources: Resources, viewer: Viewer) -> str:
    named = PageToken(viewer.portal_id, viewer.session_id, viewer.expires_at)
    return page_token.sign(resources.settings.secret_keys, named)


async def viewer_of(resources: Resources, text: str) -> tuple[Viewer, str]:
    """Who sends this page token, and their own access token.

    The proof of the open is good for the first call; from then on the portal is asked about them at most once in
    `BELIEVED`. Raise PortalClosed, and Refused `bad_page_token`, `no_access` (403), `session_expired` (401: the page
    brings a fresh token).
    """
    found = await _session(resources, page_token.read(resources.settings.secret_keys, text))
    now, token = resources.now(), resources.vault.opened(found.access)
    if found.viewer.expires_at <= now or token is None:
        raise Refused("session_expired", 401)
    if found.asks_from is not None and now < found.asks_from:
        return found.viewer, token
    async with resources.tenant(found.viewer.portal_id, durable=False) as db:
        asks = await viewer_sessions.ask_from(db, found, now + BELIEVED if found.asks_from else now)
    return (await _ask_again(resources, found.viewer, token) if asks and found.asks_from else found.viewer), token


async def renew(resources: Resources, text: str, access_token: str) -> tuple[Viewer, str]:
    """A fresh token of the same person in the same portal, proven again: the session goes on with a new page token."""
    named = page_token.read(resources.settings.secret_keys, text)
    if named.expires_at + RENEWABLE < resources.now():
        raise Refused("session_expired", 403)
    viewer = (await _session(resources, named)).viewer
    portal = await _portal(resources, viewer.portal_id)
    owner = await token_owner(resources.auth, portal.auth_server, access_token)
    same_app(resources.auth, owner)
    if (owner.member_id, owner.user_id) != (portal.member_id, viewer.user_id):
        raise Refused("wrong_portal", 403)
    viewer, asks_from = await _asked(resources, portal, viewer, access_token)
    viewer = replace(viewer, expires_at=resources.now() + SESSION)
    async with resources.tenant(viewer.portal_id) as db:
        await still_here(db, portal.id)
        if not await viewer_sessions.renew(db, viewer, resources.vault.seal(access_token), asks_from):
            raise Refused("bad_page_token", 403)
    return viewer, token_of(resources, viewer)


async def _ask_again(resources: Resources, viewer: Viewer, token: str) -> Viewer:
    """The viewer as the portal knows them now."""
    now, portal = resources.now(), await _portal(resources, viewer.portal_id)
    refusal: AppError | None = None
    try:
        viewer, asks_from = await _asked(resources, portal, viewer, token)
    except NeedsFreshToken:
        asks_from, refusal = now, Refused("session_expired", 401)
    except PortalClosed as error:
        asks_from, refusal = now, error
    async with resources.tenant(portal.id, durable=False) as db:
        await viewer_sessions.change(db, viewer, asks_from=asks_from)
    if refusal:
        raise refusal
    return viewer


async def _asked(resources: Resources, portal: Portal, viewer: Viewer, token: str) -> tuple[Viewer, datetime]:
    """The viewer, and from when on to ask again: a portal that cannot say is asked in a minute.

    Raises NeedsFreshToken, PortalClosed, and Refused `no_access` where the portal lets this person in no more: their
    session ends.
    """
    now = resources.now()
    try:
        async with asyncio.timeout(ANSWERS_IN):
            person = await whoami(person_client(resources, portal, portal.endpoint, token))
    except AccessDenied as error:
        async with resources.tenant(portal.id) as db:
            await viewer_sessions.end(db, portal.id, viewer.session_id)
        log.warning("viewer_let_out", portal=portal.id, user=viewer.user_id, error=repr(error))
        raise Refused("no_access", 403) from None
    except (NeedsFreshToken, PortalClosed):
        raise
    except (PortalError, TimeoutError) as error:
        log.info("viewer_not_asked_about", portal=portal.id, user=viewer.user_id, error=type(error).__name__)
        return viewer, now + UNANSWERED
    return replace(viewer, is_admin=person.is_admin), now + BELIEVED


async def _portal(resources: Resources, portal_id: int) -> Portal:
    portal = await portal_of(resources, portal_id)
    if portal.state is PortalState.REMOVED:
        raise Refused("portal_unknown", 403)
    return portal


async def _session(resources: Resources, named: PageToken) -> Session:
    async with resources.tenant(named.portal_id) as db:
        found = await viewer_sessions.load(db, named.portal_id, named.session_id)
    if found is None:
        raise Refused("bad_page_token", 403)
    return found
