"""What every page of ours asks before it shows or changes anything."""

from __future__ import annotations

from b24app.bitrix24.people import whoami
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.errors import Refused
from b24app.portal.journeys.person_client import person_client
from b24app.portal.store import portals
from b24app.resources import Resources


async def portal_of(resources: Resources, portal_id: int) -> Portal:
    """Raises Refused `portal_unknown`."""
    async with resources.autocommit() as db:
        portal = await portals.by_id(db, portal_id)
    if portal is None:
        raise Refused("portal_unknown", 403)
    return portal


async def admins_only(resources: Resources, viewer: Viewer, token: str) -> None:
    """Ask the portal, with the person's own token, whether they are an administrator now: a page may stay open for
    hours. Raises Refused `admins_only`, and the PortalErrors."""
    portal = await portal_of(resources, viewer.portal_id)
    person = await whoami(person_client(resources, portal, portal.endpoint, token))
    if not person.is_admin:
        raise Refused("admins_only", 403)
