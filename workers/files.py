"""Export files of one portal: make, examine, apply, send; whatever is due, for a while, then others have a turn."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID, uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.errors import Later, plan
from b24app.export.journeys import exporting, restoring, weekly
from b24app.features import SECTIONS
from b24app.lanes import Lane
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.store.engine import away
from b24app.work.store import index
from b24app.work.store.index import Claim, WorkKind
from workers.inbox import heartbeat
from workers.inline_delivery import worker_name

BUDGET = 20.0  # seconds of one go
SOON = timedelta(minutes=1)  # where the database was away
LATER = timedelta(hours=1)  # where a fault of ours outlasts every plan: a person reads of it in the log

log = structlog.get_logger()


async def carry_files(resources: Resources, portal_id: int) -> int:
    """Carry on with what is due. Returns how many rows were taken.

    Nothing of it asks the portal: a portal that has not paid, or has no admin left, still gets its own data.
    """
    until, taken = monotonic() + BUDGET, 0
    while monotonic() < until:
        async with resources.autocommit() as db:
            portal = await portals.by_id(db, portal_id)
            here = portal is not None and portal.state is not PortalState.REMOVED
            claims = await _claim(db, resources, portal) if portal and here else []
        if portal is None or not claims:
            return taken
        taken += 1
        await _handle(resources, portal, claims[0], until)
    await resources.wake.chore("carry_files", portal_id)
    return taken


async def _claim(db: AsyncConnection, resources: Resources, portal: Portal) -> list[Claim]:
    return await index.claim(
        db, WorkKind.FILE, worker=worker_name(), token=uuid4(), now=resources.now(), limit=1, portal_id=portal.id
    )


async def _handle(resources: Resources, portal: Portal, claim: Claim, until: float) -> None:
    error = None
    try:
        async with heartbeat(resources, [claim]):
            due = await _carry(resources, portal, claim.key, until)
    except Exception as failed:
        gone = away(failed)
        log.warning("file_interrupted", portal=portal.id, key=claim.key, error=repr(failed), exc_info=not gone)
        later = plan(failed, claim.tries, resources.now())
        due = later.at if isinstance(later, Later) else resources.now() + (SOON if gone else LATER)
        error = type(failed).__name__
    async with resources.transaction() as db:
        if due and error:
            await index.postpone(db, WorkKind.FILE, [claim], due, error)
        elif await index.finish(db, WorkKind.FILE, [claim], resources.now()) and due:
            await index.arrive(db, portal.id, WorkKind.FILE, [claim.key], Lane.BULK, due)  # sooner, if news came


async def _carry(resources: Resources, portal: Portal, key: str, until: float) -> datetime | None:
    kind, _, file_id = key.partition(":")
    match kind:
        case "export":
            return await exporting.carry(resources, portal, SECTIONS, UUID(file_id), until)
        case "restore":
            return await restoring.carry(resources, portal, SECTIONS, UUID(file_id), until)
    return await weekly.carry(resources, portal, SECTIONS, until)
