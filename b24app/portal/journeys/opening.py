"""A page of ours is opened inside a portal: prove who it is, and bring the portal to work where it waits for that.

The proof is the auth server's word about the access token (settings/cloud-and-on-premise/security-recommendations.md):
the app is ours, and the portal is the one the request names. DOMAIN alone proves nothing.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

import structlog

from b24app.bitrix24.auth_server import AuthServer, TokenOwner, check_endpoint, same_host
from b24app.bitrix24.cards import Person
from b24app.bitrix24.payloads import OpenRequest
from b24app.bitrix24.people import whoami
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.errors import NeedsFreshToken, PortalClosed, PortalError, Refused
from b24app.portal.journeys import installation
from b24app.portal.journeys.installation import InstallGrant, Report
from b24app.portal.journeys.pages import portal_of
from b24app.portal.journeys.person_client import person_client
from b24app.portal.journeys.tokens import remember, settle_at, still_here
from b24app.portal.store import portals
from b24app.resources import Resources

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

    Raise Refused: `no_access` · `token_expired` · `unknown_auth_server` · `auth_server_down` · the causes of
    `PortalClosed` · `wrong_app` · `wrong_portal` · `wrong_endpoint` · `wrong_application_token`. Nothing is changed.
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


async def set_up(resources: Resources, proven: Proven) -> tuple[Portal, Report]:
    """Admit the portal and bring it to what app.yaml declares. The caller has proven an administrator."""
    opened = proven.request
    grant = InstallGrant(
        proven_at=proven.at,
        owner=proven.owner,
        access=opened.auth_id,
        refresh=opened.refresh_id,
        expires_in=opened.expires,
        auth_server=proven.auth_server,
        application_token=opened.application_token,
        lang=opened.lang,
    )
    portal = await installation.admit(resources, grant)
    report = await installation.reconcile(resources, portal)
    return await portal_of(resources, portal.id), report


async def ready(resources: Resources, proven: Proven) -> Portal:
    """The portal, set up and at work. Raise Refused `portal_unknown`.

    The auth server's word that the installation is finished counts where the portal's own event has not come yet.
    """
    portal = proven.portal
    if portal is None or not portal.fields or portal.state is PortalState.REMOVED:
        raise Refused("portal_unknown", 403)
    waits = portal.state is PortalState.INSTALLING
    if waits and not proven.owner.installed:
        raise Refused("portal_unknown", 403)
    if waits:
        await installation.activate(resources, portal.id)
    moved = await settle_at(resources, portal, proven.owner)
    return await portal_of(resources, portal.id) if waits or moved else portal


async def bring_back(resources: Resources, proven: Proven) -> Proven:
    """An administrator's open of a portal that is not set up, or whose removal counted: it goes on with what was kept.

    Anybody else's stays as it is.
    """
    person = await who(resources, proven)
    if not person.is_admin:
        return proven
    await set_up(resources, proven)
    return await prove_open(resources, proven.request)


async def welcome(resources: Resources, proven: Proven, portal: Portal, person: Person) -> Portal:
    """An administrator brings a fresh token pair with every open: keep it, and go on where none worked any more.

    The auth server has just vouched for the app being installed: whoever said that it was removed was wrong. Raise
    Refused `portal_unknown` where it was removed meanwhile.
    """
    opened = proven.request
    if not person.is_admin:
        return portal
    async with resources.tenant(portal.id) as db:
        await still_here(db, portal.id)
        if opened.refresh_id:
            await remember(db, resources, portal.id, person.user_id, opened.auth_id, opened.refresh_id, opened.expires)
        if await portals.call_off(db, portal.id):
            log.warning("removal_called_off", portal=portal.id, user=person.user_id)
    if opened.refresh_id and portal.state in (PortalState.NEEDS_ADMIN, PortalState.UNPAID):
        await installation.revive(resources, portal)
        return await portal_of(resources, portal.id)
    return portal


async def token_owner(auth: AuthServer, server: str, token: str) -> TokenOwner:
    """The auth server's word about an access token. Raise Refused: `token_expired` (401) · `auth_server_down` · the
    causes of `PortalClosed`."""
    try:
        return await auth.app_info(server, token)
    except NeedsFreshToken:
        raise Refused("token_expired", 401) from None
    except PortalClosed as closed:
        raise Refused(closed.cause, 403) from None
    except PortalError:
        raise Refused("auth_server_down", 503) from None


def same_app(auth: AuthServer, owner: TokenOwner) -> None:
    """Raises Refused `wrong_app`: a token of another app proves nothing."""
    if owner.client_id != auth.client_id:
        raise Refused("wrong_app", 403)


async def _prove(resources: Resources, request: OpenRequest, installing: bool) -> Proven:
    if not request.auth_id:
        raise Refused("no_access", 403)
    async with resources.autocommit() as db:
        portal = await portals.by_member(db, request.member_id)
    servers, at = _servers(resources, request, portal), resources.now()
    server, owner = await _first_answer(resources.auth, servers, request.auth_id)
    same_app(resources.auth, owner)
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
            return auth.origin(server), await token_owner(auth, server, token)
        except Refused as error:
            refused = error
    raise refused


def _check_application_token(portal: Portal, request: OpenRequest) -> None:
    """Equal where both sides have one: older portals send none."""
    if request.application_token is None or portal.token_digest is None:
        return
    if not hmac.compare_digest(portals.digest(request.application_token), portal.token_digest):
        raise Refused("wrong_application_token", 403)
