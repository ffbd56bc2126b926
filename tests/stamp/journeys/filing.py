"""Numbers are filed: a part of the work index that goes on from what the rule announces, with the portal down too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.portal import Portal
from b24app.lanes import Lane
from b24app.plug import FailedClaim
from b24app.resources import Resources
from b24app.work.store import index
from b24app.work.store.inbox import parse
from b24app.work.store.index import Claim, ClaimLost
from b24app.work.store.tables import work
from tests.stamp.store import stamps

PART = "stamp_filing"
NUMBERS = "stamp.numbers"
"""Announced: cards that have got a number."""


async def handle(resources: Resources, portal: Portal, claims: Sequence[Claim], lane: Lane) -> Sequence[FailedClaim]:
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        await stamps.file(db, portal.id, [parse(claim.key) for claim in claims], now)
        if await index.finish(db, PART, claims, now) != {claim.key for claim in claims}:
            raise ClaimLost
    return ()


async def give_up(resources: Resources, portal: Portal, claim: Claim, reason: str) -> None:
    async with resources.tenant(portal.id) as db:
        await index.finish(db, PART, [claim], resources.now())


async def unfiled(resources: Resources, db: AsyncConnection) -> Mapping[tuple[str, ...], float]:
    """How many numbers wait to be filed."""
    return {(): float((await db.execute(select(func.count()).where(work.c.kind == PART))).scalar_one())}
