"""The check of a portal's connection, there and back: pressed in the settings, or by `b24app doctor --portal`.

A worker does it, which shows that one is there. What comes back afterwards, the portal's test event and the answers to
our pings, comes by the same ways as everything else does.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24 import setup
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.probing import connection_check, portal_ways, probes
from b24app.bitrix24.probing.listening import Listening, listening
from b24app.connection_check.store import connection_checks
from b24app.connection_check.store.connection_checks import ConnectionCheck
from b24app.delivery.journeys import pinging
from b24app.delivery.store import client_apps, deliveries, endpoints
from b24app.domain.connection_check.portal_ways import Ways
from b24app.domain.connection_check.rules import Answers, Backlog, CheckLine, Finding, Found, Ping, finished, judge
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.portal.portal import Portal
from b24app.errors import (
    CallRefused,
    MethodParked,
    NeedsAdmin,
    OutcomeUnknown,
    PortalBusy,
    PortalClosed,
    PortalDown,
    PortalError,
    PortalMoved,
    Refused,
)
from b24app.lanes import Lane
from b24app.manifest import Manifest
from b24app.portal.journeys import fields as our_fields
from b24app.portal.journeys.declared import events_handler, lacking
from b24app.portal.journeys.fields import to_read
from b24app.portal.journeys.tokens import admin_client
from b24app.resources import Resources
from b24app.work.store import inbox, index
from b24app.work.wake import INTERACTIVE

CHECK = "connection_check"  # the chore
LOOKED_BY = frozenset({"crm", "placement"})
"""Scopes without which what is set up shows as not there."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CheckView:
    """The last check of a portal as it stands now."""

    test: ConnectionCheck
    lines: tuple[CheckLine, ...]

    @property
    def finished(self) -> bool:
        return finished(self.lines)


async def begin(resources: Resources, portal_id: int, user_id: int | None = None, user_name: str = "") -> None:
    """Ask for a check; one that is under way is enough."""
    now = resources.now()
    async with resources.tenant(portal_id) as db:
        known = await last_check(db, resources, portal_id)
        if known and not known.finished:
            return
        await connection_checks.begin(db, portal_id, uuid4(), secrets.token_urlsafe(24), user_id, user_name, now)
        await index.ask(db, portal_id, CHECK, now)
    log.info("connection_check_asked", portal=portal_id, user=user_id)
    await resources.wake.chore(CHECK, portal_id, queue=INTERACTIVE)


async def run(resources: Resources, portal: Portal, _: str = "") -> bool:
    """Carry out the check that waits. Whether there was one. Every step is stored as soon as it is done."""
    async with resources.tenant(portal.id) as db:
        taken = await connection_checks.take(db, portal.id, resources.now())
    if taken is None:
        return False
    pings = await _ping_all(resources, portal)
    async with resources.tenant(portal.id) as db:
        await connection_checks.keep_own(db, portal.id, taken.run_id, await _backlog(db, resources, portal), pings)
    client = listening(admin_client(resources, portal, Lane.INTERACTIVE))
    found = await _ask(resources, portal, client)
    await _store_found(resources, portal, taken.run_id, found)
    if found.answers and found.answers.listens and await _refused(client, taken.nonce):
        await _store_found(resources, portal, taken.run_id, replace(found, refused=True))
    return True


async def heard(resources: Resources, portal: Portal, nonce: str) -> None:
    """A test event of the portal, proven by its application token. One we did not ask for, or know already, counts for
    nothing."""
    async with resources.tenant(portal.id) as db:
        ours = await connection_checks.hear(db, portal.id, nonce, resources.now())
    log.info("test_event_heard", portal=portal.id, ours=ours)


async def last_check(db: AsyncConnection, resources: Resources, portal_id: int) -> CheckView | None:
    """The last check, with the answers to its pings as far as they have come."""
    test = await connection_checks.last(db, portal_id)
    if test is None:
        return None
    pings = [await _answered(db, portal_id, ping) for ping in test.run.pings]
    if pings != list(test.run.pings):
        await connection_checks.keep_pings(db, portal_id, test.run_id, pings)
        test = replace(test, run=replace(test.run, pings=tuple(pings)))
    return CheckView(test, judge(test.run, resources.now()))


async def _store_found(resources: Resources, portal: Portal, run_id: UUID, found: Found) -> None:
    listens = found.answers is not None and found.answers.listens
    async with resources.tenant(portal.id) as db:
        await connection_checks.keep_found(db, portal.id, run_id, found, resources.now() if listens else None)


async def _ask(resources: Resources, portal: Portal, client: Listening) -> Found:
    manifest, public_url = resources.manifest, resources.settings.public_url
    try:
        basics = await connection_check.basics(client, events_handler(public_url))
        present = await _present(resources, client) if basics.scopes >= LOOKED_BY else None
        placeless = await _placeless(manifest, client) if present else ()
        ways = await _ways(resources, portal, client) if "crm" in basics.scopes else None
    except PortalError as error:
        log.warning("connection_check_unanswered", portal=client.portal_id, error=repr(error))
        return Found(trouble=_trouble(error))
    answers = Answers(
        who=basics.person.name,
        is_admin=basics.person.is_admin,
        scopes_missing=tuple(one for one in manifest.scopes if one not in basics.scopes),
        license=basics.license,
        expired=basics.expired,
        features_missing=basics.missing,
        lacking=lacking(manifest, resources.rules.kinds(portal), public_url, present) if present else None,
        listens=basics.listens,
        finished=basics.installed,
        placeless=placeless,
        ways=ways,
    )
    return Found(answers)


async def _present(resources: Resources, client: PortalClient) -> setup.Present | None:
    """None where this token may not look: a permission is missing."""
    try:
        return await setup.present(client, our_fields.entities(resources.manifest))
    except CallRefused:
        return None


async def _placeless(manifest: Manifest, client: PortalClient) -> tuple[str, ...]:
    """Places of ours that this portal does not have; none where it does not list any."""
    try:
        there = await probes.place_codes(client)
    except CallRefused:
        return ()
    return tuple(f"placements:{one}" for one in manifest.placements if there and one not in there)


async def _ways(resources: Resources, portal: Portal, client: Listening) -> Ways | None:
    """None where the installation never came to adding its fields."""
    try:
        fields = to_read(resources, portal)
    except Refused:
        return None
    return await portal_ways.ways_of(client, fields, resources.now)


async def _refused(client: PortalClient, nonce: str) -> bool:
    """Whether the portal will send no test event; of a lost answer the event itself tells."""
    try:
        await connection_check.raise_test_event(client, nonce)
    except CallRefused:
        return True
    except PortalError as error:
        log.warning("test_event_unsure", portal=client.portal_id, error=repr(error))
    return False


async def _ping_all(resources: Resources, portal: Portal) -> list[Ping]:
    """One ping on its way to every endpoint that is not switched off."""
    async with resources.tenant(portal.id) as db:
        apps = await client_apps.living(db, portal.id)
        found = [(app, one) for app in apps for one in await endpoints.of_app(db, portal.id, app.id)]
    pings = []
    for app, endpoint in found:
        ping = Ping(app.name, endpoint.url)
        if endpoint.state is not EndpointState.DISABLED:
            ping = replace(ping, delivery=str(await pinging.ping(resources, portal, app.id, endpoint.id)))
        pings.append(ping)
    return pings


async def _answered(db: AsyncConnection, portal_id: int, ping: Ping) -> Ping:
    if not ping.delivery or ping.ms is not None:
        return ping
    attempts = await deliveries.attempts_of(db, portal_id, UUID(ping.delivery))
    if not attempts:
        return ping
    made = attempts[-1]
    return replace(ping, status=made.status, failure=made.error or "", ms=made.duration_ms)


async def _backlog(db: AsyncConnection, resources: Resources, portal: Portal) -> Backlog:
    pulse = await inbox.pulse(db, portal.id)
    return Backlog(
        waiting=pulse.waiting,
        waiting_since=pulse.waiting_since,
        heard_at=pulse.heard_at,
        compared=portal.imported and bool(resources.rules.kinds(portal)),
        compared_at=portal.rescanned_at or portal.imported_at,
    )


def _trouble(error: PortalError) -> Finding:
    match error:
        case NeedsAdmin():
            return Finding.ACCESS_LOST
        case PortalClosed(reason="unpaid"):
            return Finding.ACCESS_UNPAID
        case PortalClosed():
            return Finding.ACCESS_REMOVED
        case PortalBusy() | MethodParked():
            return Finding.ACCESS_BUSY
        case PortalDown() | PortalMoved() | OutcomeUnknown():
            return Finding.ACCESS_DOWN
    return Finding.ACCESS_REFUSED
