"""Life-cycle events of the installation. None counts before the auth server bears it out: about the access token that
comes with it, or about those we hold."""

from __future__ import annotations

import hmac
from datetime import datetime

import structlog
from redis.exceptions import RedisError

from b24app.bitrix24.auth_server import TokenOwner, check_endpoint
from b24app.bitrix24.payloads import PortalEvent
from b24app.bitrix24.people import whoami
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.errors import PortalClosed, PortalError, Refused
from b24app.portal.journeys import installation, removal
from b24app.portal.journeys.installation import InstallGrant
from b24app.portal.journeys.person_client import person_client
from b24app.portal.journeys.tokens import LOOK, UNPAID_EVERY, confirmed, is_ours
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.work.store import index

log = structlog.get_logger()

NEW_TOKEN = frozenset({"ONAPPINSTALL", "ONAPPUPDATE"})
CHECK_EVERY = 600  # seconds between two looks at a portal that somebody says has (not) paid


def prove(portal: Portal | None, event: PortalEvent) -> Portal:
    """That somebody of this portal sent the event: any employee can read its application token out of an open page.

    Raises Refused `unknown_portal` or `wrong_application_token`, both 403. ONAPPINSTALL and ONAPPUPDATE bring a new
    application token and are proven by their access token instead.
    """
    if portal is None or portal.state is PortalState.REMOVED:
        raise Refused("unknown_portal", 403)
    if not hmac.compare_digest(portal.token_digest or b"", portals.digest(event.application_token)):
        raise Refused("wrong_application_token", 403)
    return portal


async def installed(resources: Resources, event: PortalEvent) -> None:
    """ONAPPINSTALL and ONAPPUPDATE: keep tokens, add what is missing, begin once the portal says it is installed.

    What cannot be added now, because the portal is busy or down, is added by a chore.
    """
    grant = await _prove_grant(resources, event)
    portal = await installation.admit(resources, grant)
    if event.name == "ONAPPUPDATE" or not portal.report:
        await installation.reconcile_or_later(resources, portal)
    data = event.data if isinstance(event.data, dict) else {}
    if data.get("INSTALLED", "Y") != "N":
        await installation.activate(resources, portal.id)


async def uninstalled(resources: Resources, portal: Portal, event: PortalEvent) -> None:
    """ONAPPUNINSTALL: nothing is removed before the auth server refuses our tokens."""
    data = event.data if isinstance(event.data, dict) else {}
    await removal.say(resources, portal, clean=data.get("CLEAN") == "1")


async def paid(resources: Resources, event: PortalEvent) -> None:
    """ONAPPPAYMENT may come without an application token (common/events/on-app-payment.md), not with a wrong one. It
    changes nothing: at most once in ten minutes we ask the auth server ourselves."""
    async with resources.autocommit() as db:
        portal = await portals.by_member(db, event.member_id)
    if portal is None or portal.state is PortalState.REMOVED:
        raise Refused("unknown_portal", 403)
    if event.application_token:
        prove(portal, event)
    try:
        first = await resources.redis.set(f"payment:{portal.id}", 1, nx=True, ex=CHECK_EVERY)
    except (RedisError, OSError):
        return  # the hourly look at portals that have not paid comes anyway
    if first:
        async with resources.autocommit() as db:
            await index.ask(db, portal.id, LOOK, resources.now())
        await resources.wake.chore(LOOK, portal.id)


async def look_at(resources: Resources, portal: Portal, _: str = "") -> datetime | None:
    """Ask the auth server whether the app may work for the portal. When to ask again: while it has not paid."""
    try:
        owner = await confirmed(resources, portal)
    except PortalClosed as error:
        log.warning("portal_closed", portal=portal.id, reason=error.reason)
        if error.reason != "unpaid":
            return resources.now() + UNPAID_EVERY if portal.state is PortalState.UNPAID else None
        async with resources.autocommit() as db:
            await portals.move(db, portal.id, PortalState.UNPAID, only_from=[PortalState.ACTIVE])
        return resources.now() + UNPAID_EVERY
    except (PortalError, Refused) as error:
        log.info("portal_unsure", portal=portal.id, error=repr(error))
    else:
        if is_ours(resources, portal, owner):
            await installation.revive(resources, portal)
            return None
    return resources.now() + UNPAID_EVERY if portal.state is PortalState.UNPAID else None


async def _prove_grant(resources: Resources, event: PortalEvent) -> InstallGrant:
    """The auth server's word that this access token is our app's in this very portal, and the portal's that its owner
    is an administrator: any employee has a genuine token of their own."""
    if event.name not in NEW_TOKEN:
        raise Refused("not_an_installation", 403)
    if event.tokens is None or not event.application_token:
        raise Refused("missing_tokens", 403)
    at = resources.now()
    try:
        owner = await resources.auth.app_info(event.server_endpoint, event.tokens.access_token)
        _same_portal(resources, event, owner)
        check_endpoint(owner, resources.settings.dev_mode)
        person = await whoami(person_client(resources, None, owner.client_endpoint, event.tokens.access_token))
    except PortalError as error:
        raise Refused("token_not_proven", 403) from error
    if not person.is_admin:
        raise Refused("admins_only", 403)
    data = event.data if isinstance(event.data, dict) else {}
    return InstallGrant(
        proven_at=at,
        owner=owner,
        access=event.tokens.access_token,
        refresh=event.tokens.refresh_token or "",
        expires_in=event.tokens.expires_in,
        auth_server=resources.auth.origin(event.server_endpoint),
        application_token=event.application_token,
        lang=str(data.get("LANGUAGE_ID") or "ru")[:2],
    )


def _same_portal(resources: Resources, event: PortalEvent, owner: TokenOwner) -> None:
    """A token of another app or portal proves nothing, however valid it is."""
    if owner.client_id != resources.settings.client_id:
        raise Refused("wrong_app", 403)
    if owner.member_id != event.member_id or (event.user_id and owner.user_id != event.user_id):
        raise Refused("wrong_portal", 403)
