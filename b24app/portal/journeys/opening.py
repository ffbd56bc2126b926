"""A page of ours is opened inside a portal: prove who it is, once, and remember them for at most an hour.

The proof is the auth server's word about the access token (settings/cloud-and-on-premise/security-recommendations.md):
the app is ours, and the portal is the one the request names. DOMAIN alone proves nothing.
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24.auth_server import AuthServer, TokenOwner, check_endpoint, same_host
from b24app.bitrix24.cards import Person
from b24app.bitrix24.payloads import OpenRequest
from b24app.bitrix24.people import whoami
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.errors import AccessDenied, AppError, NeedsFreshToken, PortalClosed, PortalError, Refused
from b24app.portal import page_token
from b24app.portal.journeys.person_client import person_client
from b24app.portal.journeys.tokens import settle_at, still_here
from b24app.portal.page_token import PageToken
from b24app.portal.store import portals, viewer_sessions
from b24app.portal.store.viewer_sessions import Session
from b24app.resources import Resources

SESSION = timedelta(hours=1)
RENEWABLE = timedelta(hours=12)  # a page left open longer is opened anew
BELIEVED = timedelta(minutes=5)  # what the portal says of a person with a page open
UNANSWERED, ANSWERS_IN = timedelta(minutes=1), 5.0  # it did not say; in so many seconds

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Proven:
    """An open the auth server vouched for, asked at `at`. `portal`: as we know it, in whatever state; None where we
    never met it."""

    request: OpenRequest
    owner: TokenOwner
    auth_server: str
    portal: Portal | None
    at: datetime


async def prove_open(resources: Resources, request: OpenRequest, *, installing: bool = False) -> Proven:
    """`installing`: a reinstalled app brings a new application token, which the proven access token vouches for.

    Raise Refused: `no_access` · `token_expired` · `unknown_auth_server` · `auth_server_down` · `unpaid` ·
    `not_installed` · `wrong_app` · `wrong_portal` · `wrong_endpoint` · `wrong_application_token`. Nothing is changed.
    """
    try:
        return await _prove(resources, request, installing)
    except Refused as refused:
        log.warning("open_refused", code=refused.code, member_id=request.member_id, domain=request.domain)
        raise


async def who(resources: Resources, proven: Proven) -> Person:
    """The person's name and whether they are an administrator, asked with their own token. One portal request."""
    endpoint, token = proven.owner.client_endpoint, proven.request.auth_id
    return await whoami(person_client(resources, proven.portal, endpoint, token))


async def adopt_address(resources: Resources, proven: Proven, portal: Portal) -> bool:
    """A portal that was renamed is known by its new address from the first proven open on. Whether it was."""
    return await settle_at(resources, portal, proven.owner)


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
    owner = await _ask(resources.auth, portal.auth_server, access_token)
    _same_app(resources.auth, owner)
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
    async with resources.autocommit() as db:
        portal = await portals.by_id(db, portal_id)
    if portal is None or portal.state is PortalState.REMOVED:
        raise Refused("portal_unknown", 403)
    return portal


async def _session(resources: Resources, named: PageToken) -> Session:
    async with resources.tenant(named.portal_id) as db:
        found = await viewer_sessions.load(db, named.portal_id, named.session_id)
    if found is None:
        raise Refused("bad_page_token", 403)
    return found


async def _prove(resources: Resources, request: OpenRequest, installing: bool) -> Proven:
    if not request.auth_id:
        raise Refused("no_access", 403)
    async with resources.autocommit() as db:
        portal = await portals.by_member(db, request.member_id)
    servers, at = _servers(resources, request, portal), resources.now()
    server, owner = await _first_answer(resources.auth, servers, request.auth_id)
    _same_app(resources.auth, owner)
    if owner.member_id != request.member_id or not same_host(owner.domain, request.domain):
        raise Refused("wrong_portal", 403)
    check_endpoint(owner, resources.settings.dev_mode)
    if portal and not installing:
        _check_application_token(portal, request)
    return Proven(request, owner, server, portal, at)


def _servers(resources: Resources, request: OpenRequest, portal: Portal | None) -> tuple[str, ...]:
    """The server the portal names; an old portal names none: the one we know it by, else each of the allowed ones."""
    if request.server_endpoint:
        return (request.server_endpoint,)
    return (portal.auth_server,) if portal else resources.settings.auth_servers


async def _first_answer(auth: AuthServer, servers: tuple[str, ...], token: str) -> tuple[str, TokenOwner]:
    refused = Refused("unknown_auth_server", 403)
    for server in servers:
        try:
            return auth.origin(server), await _ask(auth, server, token)
        except Refused as error:
            refused = error
    raise refused


async def _ask(auth: AuthServer, server: str, token: str) -> TokenOwner:
    try:
        return await auth.app_info(server, token)
    except NeedsFreshToken:
        raise Refused("token_expired", 401) from None
    except PortalClosed as closed:
        raise Refused("unpaid" if closed.reason == "unpaid" else "not_installed", 403) from None
    except PortalError:
        raise Refused("auth_server_down", 503) from None


def _same_app(auth: AuthServer, owner: TokenOwner) -> None:
    if owner.client_id != auth.client_id:
        raise Refused("wrong_app", 403)


def _check_application_token(portal: Portal, request: OpenRequest) -> None:
    """Equal where both sides have one: older portals send none."""
    if request.application_token is None or portal.token_digest is None:
        return
    if not hmac.compare_digest(portals.digest(request.application_token), portal.token_digest):
        raise Refused("wrong_application_token", 403)
