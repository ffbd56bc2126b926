"""Chores: the rewake, first reads, rescans, sweeps, erasing, files, a look at a portal that may not have paid."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from time import monotonic
from typing import Any

import structlog

from b24app.cards.journeys import importing, offline, rescan, sweep
from b24app.connection_check.journeys import journey
from b24app.domain.portal.installation import PortalState
from b24app.errors import PortalClosed, PortalError, Refused
from b24app.features import KEPT, TABLES
from b24app.lanes import Lane
from b24app.portal.journeys import installation, removal
from b24app.portal.journeys.tokens import confirmed, is_ours
from b24app.portal.store import portals, retention
from b24app.resources import Resources
from b24app.store import kept
from b24app.store.engine import open_engine
from b24app.work.store import index
from b24app.work.store.index import WorkKind
from workers import runtime
from workers.files import carry_files
from workers.inbox import moved

TIDY = 60.0  # seconds of one chore

log = structlog.get_logger()


def run(name: str, *arguments: int) -> None:
    """RQ entry point: one of `CHORES` by its name."""
    resources = runtime.resources()
    resources.wake.heard(":".join(map(str, ("chore", name, *arguments))))
    runtime.run(CHORES[name](resources, *arguments))


async def wake_due(resources: Resources) -> int:
    """Wake whoever has due rows nobody holds. Returns how many wake-ups were sent; those already waiting coalesce."""
    async with resources.autocommit() as db:
        waiting = await index.waiting(db, resources.now())
    for portal_id, kind, lane in waiting:
        if kind == WorkKind.DELIVERY:
            await resources.wake.outbox()
        elif kind == WorkKind.FILE:
            await resources.wake.chore("carry_files", portal_id)
        else:
            await resources.wake.inbox(portal_id, Lane(lane))
    return len(waiting)


async def rewake_all(resources: Resources) -> int:
    """The net under lost wake-ups: due rows, first reads and sweeps that were cut off or are due, removals to ask
    about, portals to erase."""
    async with resources.transaction() as db:
        unread = await portals.unread_ids(db)
        owed = await portals.owed_ids(db)
        unscanned = await portals.unscanned_ids(db, resources.now() - rescan.EVERY)
        unfetched = await portals.unfetched_ids(db, resources.now() - offline.EVERY)
        said = await portals.removals_due(db, resources.now())
        leaving = await portals.erasable_ids(db, resources.now(), _kept(resources))
    unswept = await sweep.due(resources)
    woken = await wake_due(resources)
    for portal_id in unread:
        await resources.wake.chore("import_portal", portal_id)
    for portal_id in owed:
        await resources.wake.chore("reconcile_portal", portal_id)
    for portal_id in unscanned:
        await resources.wake.chore("rescan_portal", portal_id)
    for portal_id in unfetched:
        await resources.wake.chore("fetch_offline", portal_id)
    for portal_id in unswept:
        await resources.wake.chore("sweep_portal", portal_id)
    for portal_id in said:
        await resources.wake.chore("prove_removal", portal_id)
    for portal_id in leaving:
        await resources.wake.chore("erase_portal", portal_id)
    return woken + sum(map(len, (unread, owed, unscanned, unfetched, unswept, said, leaving)))


async def look_hourly(resources: Resources) -> int:
    """What nobody else would tell us: rows kept long enough, portals that have paid. Returns how many of these."""
    async with resources.autocommit() as db:
        unpaid = await portals.unpaid_ids(db)
    await resources.wake.chore("tidy_portals")
    for portal_id in unpaid:
        await resources.wake.chore("look_at_portal", portal_id)
    return len(unpaid)


async def import_one(resources: Resources, portal_id: int) -> None:
    """A read that was cut off goes on by the next rewake."""
    try:
        await importing.run(resources, portal_id)
    except PortalError as error:
        log.warning("import_interrupted", portal=portal_id, error=repr(error))
        await _follow(resources, portal_id, error)


async def fetch_offline_one(resources: Resources, portal_id: int) -> int:
    """A fetching that failed is made again by the next rewake: the portal keeps what was not fetched."""
    try:
        return await offline.run(resources, portal_id)
    except PortalError as error:
        log.warning("fetching_interrupted", portal=portal_id, error=repr(error))
        await _follow(resources, portal_id, error)
        return 0


async def reconcile_one(resources: Resources, portal_id: int) -> None:
    """Set-up that is owed to a portal: its own app update removed what was there while it could not be reached."""
    async with resources.autocommit() as db:
        portal = await portals.by_id(db, portal_id)
    if portal and portal.state is PortalState.ACTIVE:
        await installation.reconcile_or_later(resources, portal)


async def connection_check_one(resources: Resources, portal_id: int) -> bool:
    """The check of a portal's connection that somebody waits for. Whether there was one."""
    async with resources.autocommit() as db:
        portal = await portals.by_id(db, portal_id)
    return portal is not None and await journey.run(resources, portal)


async def rescan_one(resources: Resources, portal_id: int) -> int:
    """A look that failed is made again by the next rewake."""
    try:
        return await rescan.run(resources, portal_id)
    except PortalError as error:
        log.warning("rescan_interrupted", portal=portal_id, error=repr(error))
        await _follow(resources, portal_id, error)
        return 0


async def sweep_one(resources: Resources, portal_id: int) -> None:
    """A sweep that was cut off goes on by the next rewake."""
    try:
        await sweep.run(resources, portal_id)
    except PortalError as error:
        log.warning("sweep_interrupted", portal=portal_id, error=repr(error))
        await _follow(resources, portal_id, error)


async def _follow(resources: Resources, portal_id: int, error: PortalError) -> None:
    """A portal that has got another address is asked there the next time."""
    async with resources.autocommit() as db:
        portal = await portals.by_id(db, portal_id)
    if portal:
        await moved(resources, portal, error)


async def tidy_all(resources: Resources) -> int:
    """Remove what has been kept long enough, slice by slice; what is left after `TIDY` is for a chore of its own.

    Returns how many rows went.
    """
    now, gone, until = resources.now(), 0, monotonic() + TIDY
    async with resources.transaction() as db:
        known = await portals.all_ids(db)
    for portal_id in known:
        full = True
        while full and monotonic() < until:
            async with resources.tenant(portal_id) as db:
                went = await retention.tidy(db, portal_id, KEPT, now)
            gone, full = gone + went, went >= kept.SLICE
    if monotonic() >= until:
        await resources.wake.chore("tidy_portals")
    log.info("tidied", portals=len(known), rows=gone)
    return gone


async def prove_removal(resources: Resources, portal_id: int) -> bool:
    """Ask the auth server whether the app was removed, as somebody says. Whether there was anything to ask."""
    return await removal.prove(resources, portal_id) is not None


async def erase(resources: Resources, portal_id: int) -> None:
    """Removed, and kept as long as it had to be: every row of the portal goes, by the owner's role.

    In two transactions: whoever installs the app at the same moment waits for the first, a short one.
    """
    async with resources.transaction() as db:
        if not await portals.part(db, portal_id, resources.now(), _kept(resources)):
            return
    resources.failpoint("portal.parted")
    engine = open_engine(resources.settings.database_owner_url)
    try:
        async with engine.begin() as db:
            rows = await retention.erase(db, portal_id, TABLES, resources.now())
    finally:
        await engine.dispose()
    log.info("portal_erased", portal=portal_id, rows=rows)


def _kept(resources: Resources) -> timedelta:
    return timedelta(days=resources.manifest.retention.removed_days)


async def look_at(resources: Resources, portal_id: int) -> None:
    """Ask the auth server whether the app may work for the portal."""
    async with resources.autocommit() as db:
        portal = await portals.by_id(db, portal_id)
    if portal is None or portal.state is PortalState.REMOVED:
        return
    try:
        owner = await confirmed(resources, portal)
    except PortalClosed as error:
        if error.reason == "unpaid":
            async with resources.autocommit() as db:
                await portals.move(db, portal_id, PortalState.UNPAID, only_from=[PortalState.ACTIVE])
        log.warning("portal_closed", portal=portal_id, reason=error.reason)
    except (PortalError, Refused) as error:
        log.info("portal_unsure", portal=portal_id, error=repr(error))
    else:
        if is_ours(resources, portal, owner):
            await installation.revive(resources, portal)


CHORES: Mapping[str, Callable[..., Coroutine[Any, Any, object]]] = {
    "import_portal": import_one,
    "reconcile_portal": reconcile_one,
    "rescan_portal": rescan_one,
    "fetch_offline": fetch_offline_one,
    "connection_check": connection_check_one,
    "sweep_portal": sweep_one,
    "tidy_portals": tidy_all,
    "prove_removal": prove_removal,
    "erase_portal": erase,
    "look_at_portal": look_at,
    "carry_files": carry_files,
}
