"""Administrators hear that a client app gets no news: its address was switched off, or has failed for half an hour.

A chore for each address in trouble, which looks again until the address answers or is gone. Administrators are those
whose tokens we hold: we know no others.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from babel.dates import format_datetime
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.store import client_apps, endpoints, outages
from b24app.delivery.store.endpoints import Endpoint
from b24app.domain.delivery.outage import Failing, outlook
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.portal.notices import Notice
from b24app.domain.portal.portal import Portal
from b24app.i18n import N_, words_of
from b24app.portal.journeys import notices
from b24app.portal.store import tokens
from b24app.resources import Resources
from b24app.work.store import index

CHORE = "look_at_endpoint"
PAGE = "settings/delivery"

ANSWERS = N_("%(app)s has received no notifications since %(since)s: its address answers %(status)s")
SILENT = N_("%(app)s has received no notifications since %(since)s: its address does not answer")
OFF = N_("%(app)s has received no notifications since %(since)s: its address is switched off")


async def look_at(db: AsyncConnection, portal_id: int, endpoint_ids: Iterable[UUID], now: datetime) -> None:
    """Something has happened to these endpoints that somebody may have to be told of."""
    for endpoint_id in sorted(endpoint_ids):
        await index.ask(db, portal_id, f"{CHORE}:{endpoint_id}", now)


async def look(resources: Resources, portal: Portal, argument: str) -> datetime | None:
    """Tell, or take back what was told. Returns when to look next."""
    now, endpoint_id = resources.now(), UUID(argument)
    key = f"delivery.outage:{endpoint_id}"
    async with resources.tenant(portal.id) as db:
        endpoint = (await endpoints.reachable(db, portal.id, [endpoint_id])).get(endpoint_id)
        names = {app.id: app.name for app in await client_apps.living(db, portal.id)}
        name = names.get(endpoint.client_app_id) if endpoint else None
        if endpoint is None or name is None:
            await notices.withdraw(db, portal.id, key, now)
            return None
        failing = await outages.failing(db, portal.id, endpoint_id)
        found = outlook(endpoint.state, endpoint.state_reason, failing, endpoint.updated_at, now)
        if found.outage:
            admins = tuple(pair.user_id for pair in await tokens.living(db, portal.id))
            text = _text(resources, portal, endpoint, name, found.outage)
            await notices.tell(db, portal.id, Notice(key, admins, (_about(endpoint, found.outage),), text, PAGE), now)
        else:
            await notices.withdraw(db, portal.id, key, now)
    return found.again


def _about(endpoint: Endpoint, outage: Failing) -> str:
    """That it is switched off in the end is news; that it answers with another error is none."""
    return f"{endpoint.state} {outage.since.isoformat()}"


def _text(resources: Resources, portal: Portal, endpoint: Endpoint, name: str, outage: Failing) -> str:
    words = words_of(portal.lang, resources.manifest.languages)
    since, today = (notices.there(resources, moment) for moment in (outage.since, resources.now()))
    how = "HH:mm" if since.date() == today.date() else "d MMMM, HH:mm"
    said = {"app": name, "since": format_datetime(since, how, locale=words.lang)}
    if outage.status:
        return words.text(ANSWERS, status=outage.status, **said)
    return words.text(OFF if endpoint.state is EndpointState.DISABLED else SILENT, **said)
