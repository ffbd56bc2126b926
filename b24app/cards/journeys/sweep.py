"""Everything in a portal against what we know: what shows in no modification date is found here, links, deletions and
where requisites went.

Nightly, by button and after an outage; page by page with constant memory, in the bulk lane, resumable.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from time import monotonic

import structlog

from b24app.bitrix24.client import PAGE, PortalClient
from b24app.cards.journeys import lists
from b24app.cards.journeys.drift import compare
from b24app.cards.journeys.lists import Seen
from b24app.cards.store import records, scans
from b24app.cards.store.scans import Scan
from b24app.domain.cards.drift import ScanTrigger, Scope, night
from b24app.domain.cards.facts import Card, Kind, Listed, RequisiteKind
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.portal.viewer import Viewer
from b24app.domain.verification.succession import SUSPENDED_FOR
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.portal.journeys.tokens import admin_client
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.verification.store import memberships
from b24app.work.store import inbox

BUDGET = 20.0  # seconds of one go, so that other chores have their turn
ORDER: tuple[Listed, ...] = (*Kind, *RequisiteKind)

log = structlog.get_logger()


class SweepOvertaken(Exception):
    """Another worker carries this sweep on."""


async def due(resources: Resources) -> list[int]:
    """Portals whose turn it is."""
    when, now = resources.manifest.sweep, resources.now()
    zone = timezone(timedelta(hours=when.utc_offset))
    async with resources.autocommit() as db:
        return await portals.unswept_ids(db, night(now.astimezone(zone), when.from_hour), now, when.hours * 60)


async def ask(resources: Resources, viewer: Viewer) -> None:
    """Compare every card now and not at night."""
    async with resources.autocommit() as db:
        await portals.ask_sweep(db, viewer.portal_id, ScanTrigger.BUTTON)
    log.info("sweep_asked", portal=viewer.portal_id, user=viewer.user_id)
    await resources.wake.chore("sweep_portal", viewer.portal_id)


async def run(resources: Resources, portal_id: int) -> bool:
    """Compare for `BUDGET` seconds at most; then it wakes itself and goes on at the last page.

    Returns whether every card has been compared. Raises the PortalErrors: the next go begins where this one stopped.
    """
    stop_at = monotonic() + BUDGET
    async with resources.autocommit() as db:
        portal = await portals.by_id(db, portal_id)
    if portal is None or portal.state is not PortalState.ACTIVE or not portal.imported:
        return False
    if portal.mode("verification") is Mode.OFF:
        return False
    scan = await _begin(resources, portal)
    try:
        for kind in ORDER[ORDER.index(scan.kind) if scan.kind else 0 :]:
            scan = await _kind(resources, portal, scan, kind, stop_at)
            if monotonic() > stop_at:
                await resources.wake.chore("sweep_portal", portal.id)
                return False
    except SweepOvertaken:
        log.info("sweep_overtaken", portal=portal.id)
        return False
    await _end(resources, portal, scan)
    return True


async def _begin(resources: Resources, portal: Portal) -> Scan:
    """The sweep that was cut off, else a new one."""
    async with resources.tenant(portal.id) as db:
        cut_off = await scans.unfinished(db, portal.id, Scope.ALL)
        trigger = ScanTrigger(portal.sweep_asked or ScanTrigger.CLOCK)
        return cut_off or await scans.begin(db, portal.id, Scope.ALL, trigger, resources.now())


async def _kind(resources: Resources, portal: Portal, scan: Scan, kind: Listed, stop_at: float) -> Scan:
    """One list, from where the look stands to the end or until it is time to stop."""
    client = admin_client(resources, portal, Lane.BULK)
    after = scan.after_id if scan.kind is kind else 0
    async for page in lists.pages(client, portal, kind, after):
        last = page[-1].subject.id
        scan = await _compare(resources, portal, client, scan, kind, (after, last), page)
        after = last
        resources.failpoint("sweep.page")
        if monotonic() > stop_at:
            return scan
    return await _compare(resources, portal, client, scan, kind, (after, None), ())


async def _compare(
    resources: Resources,
    portal: Portal,
    client: PortalClient,
    scan: Scan,
    kind: Listed,
    within: tuple[int, int | None],
    page: Sequence[Seen],
) -> Scan:
    """One page: what is on it, and what we know between its first and last id that is not. A few of these tell whether
    our admin still sees everything: the journey asks for each."""
    there = {one.subject for one in page}
    async with resources.tenant(portal.id) as db:
        known = await lists.known(db, portal.id, kind, *within)
    missing = [one for one in known if one not in there]
    after_all = await lists.after_all(client, portal, kind, missing[:PAGE])
    gone = [one for one in missing if one not in after_all]
    async with resources.tenant(portal.id) as db:
        drift = await compare(db, resources, portal, page, gone)
        after = max(filter(None, (*within, *(one.id for one in known[-1:]))), default=0)
        cards = sum(isinstance(one, Card) for one in page)
        moved = await scans.advance(db, portal.id, scan, kind, after, cards, drift)
        if moved is None:
            raise SweepOvertaken
    return moved


async def _end(resources: Resources, portal: Portal, scan: Scan) -> None:
    """Deleted cards that may not come back any more are looked at once again: their journey ends what they held."""
    now: datetime = resources.now()
    async with resources.tenant(portal.id) as db:
        held = await memberships.suspended_before(db, portal.id, now - SUSPENDED_FOR)
        known = await records.load(db, portal.id, held) if held else {}
        over = sorted(one for one in held if one in known and known[one].record.deleted)
        arrivals = [Arrival(Source.RESCAN, "expired", one) for one in over]
        await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, now)
        await scans.finish(db, portal.id, scan, now)
        await portals.change(db, portal.id, swept_at=scan.started_at, sweep_asked=None)
    log.info("swept", portal=portal.id, cards=scan.seen, drift=dict(scan.drift))
    await resources.wake.inbox(portal.id, Lane.BULK)
