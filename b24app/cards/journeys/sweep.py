"""Everything in a portal against what we know: what shows in no modification date is found here, links, deletions and
where requisites went.

Nightly, by button and after an outage; page by page with constant memory, in the bulk lane, resumable.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from time import monotonic

import structlog

from b24app.bitrix24.cards import FieldMap
from b24app.bitrix24.client import PAGE, PortalClient
from b24app.cards.journeys import absent, lists
from b24app.cards.journeys.drift import compare
from b24app.cards.journeys.lists import Seen
from b24app.cards.store import scans
from b24app.cards.store.scans import Scan
from b24app.domain.cards.drift import ScanTrigger, Scope
from b24app.domain.cards.facts import Card, Listed
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.domain.work.clock import SOON
from b24app.lanes import Lane
from b24app.portal.journeys.fields import to_read
from b24app.portal.journeys.tokens import admin_client
from b24app.portal.store import journal, portals
from b24app.portal.store.journal import Changed
from b24app.resources import Resources

BUDGET = 20.0  # seconds of one go, so that other chores have their turn

log = structlog.get_logger()


class SweepOvertaken(Exception):
    """Another worker carries this sweep on."""


async def ask(resources: Resources, viewer: Viewer) -> None:
    """Compare every card now and not at night."""
    now = resources.now()
    async with resources.tenant(viewer.portal_id) as db:
        await portals.ask_sweep(db, viewer.portal_id, ScanTrigger.BUTTON, now)
        changed = Changed(feature="cards", action="comparison_asked")
        await journal.write(db, viewer.portal_id, viewer, changed, now)
    log.info("sweep_asked", portal=viewer.portal_id, user=viewer.user_id)
    await resources.wake.chore(portals.SWEEP, viewer.portal_id)


async def run(resources: Resources, portal: Portal, _: str = "") -> datetime | None:
    """Compare for `BUDGET` seconds at most; the next go begins at the last page.

    Returns when to go on, None where every card has been compared. Raises the PortalErrors: the next go begins where
    this one stopped.
    """
    stop_at = monotonic() + BUDGET
    order = lists.order(resources.rules.kinds(portal))
    if not portal.imported or not order:
        return None
    scan = await _begin(resources, portal)
    try:
        for kind in order[order.index(scan.kind) if scan.kind in order else 0 :]:
            scan = await _kind(resources, portal, scan, kind, stop_at)
            if monotonic() > stop_at:
                return resources.now()
    except SweepOvertaken:
        log.info("sweep_overtaken", portal=portal.id)
        return resources.now() + SOON
    await _end(resources, portal, scan)
    return None


async def _begin(resources: Resources, portal: Portal) -> Scan:
    """The sweep that was cut off, else a new one."""
    async with resources.tenant(portal.id) as db:
        cut_off = await scans.unfinished(db, portal.id, Scope.ALL)
        trigger = ScanTrigger(portal.sweep_asked or ScanTrigger.CLOCK)
        return cut_off or await scans.begin(db, portal.id, Scope.ALL, trigger, resources.now())


async def _kind(resources: Resources, portal: Portal, scan: Scan, kind: Listed, stop_at: float) -> Scan:
    """One list, from where the look stands to the end or until it is time to stop. What we know behind its end, which
    may be everything, comes last."""
    client = admin_client(resources, portal, Lane.BULK)
    after = scan.after_id if scan.kind is kind else 0
    fields, first = to_read(resources, portal), True
    async for page in lists.pages(client, fields, kind, after):
        if first:
            await absent.tell(resources, portal, fields, page)
            first = False
        last = page[-1].subject.id
        scan = await _compare(resources, portal, client, fields, scan, kind, (after, last), page)
        after = last
        resources.failpoint("sweep.page")
        if monotonic() > stop_at:
            return scan
    while True:
        scan = await _compare(resources, portal, client, fields, scan, kind, (after, None), ())
        if scan.after_id == after or monotonic() > stop_at:
            return scan
        after = scan.after_id


async def _compare(
    resources: Resources,
    portal: Portal,
    client: PortalClient,
    fields: FieldMap,
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
    beside = await lists.read_known(client, fields, kind, missing)
    page, shown = [*page, *beside], {one.subject for one in beside}
    missing = [one for one in missing if one not in shown]
    after_all = await lists.after_all(client, fields, kind, missing[:PAGE])
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
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        await scans.finish(db, portal.id, scan, now)
        await portals.change(db, portal.id, swept_at=scan.started_at, sweep_asked=None)
    log.info("swept", portal=portal.id, cards=scan.seen, drift=dict(scan.drift))
    await resources.wake.inbox(portal.id, Lane.BULK)
