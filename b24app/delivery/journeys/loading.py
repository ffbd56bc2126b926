"""Jobs for the senders: rows of the work index are claimed, then each portal's deliveries read in bulk."""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from b24app.delivery import webhooks
from b24app.delivery.journeys.run import DeliveryRun, DeliveryTarget, Job
from b24app.delivery.journeys.sending import spread, start
from b24app.delivery.store import endpoints, loading
from b24app.delivery.store.endpoints import Endpoint
from b24app.domain.delivery.schedule import Failure
from b24app.net import addresses
from b24app.work.store import index
from b24app.work.store.index import Claim, WorkKind


async def take(run: DeliveryRun, limit: int, *, portal_id: int | None = None, without: Collection[int] = ()) -> int:
    """Claim what is due, of one portal or of all but these, and start sending it. Returns how many rows that were."""
    async with run.resources.transaction(bulk=True) if portal_id is None else run.resources.autocommit() as db:
        claims = await index.claim(
            db,
            WorkKind.DELIVERY,
            worker=run.worker,
            token=run.token,
            now=run.resources.now(),
            limit=limit,
            portal_id=portal_id,
            without=without,
        )
    await _begin(run, claims)
    return len(claims)


async def _begin(run: DeliveryRun, claims: list[Claim]) -> None:
    if claims:
        run.resources.failpoint("delivery.claimed")
    claims.sort(key=attrgetter("portal_id"))
    for portal_id, group in groupby(claims, key=attrgetter("portal_id")):
        for job in await _load(run, portal_id, {UUID(one.key): one for one in group}):
            start(run, job)
        spread(run)


async def _load(run: DeliveryRun, portal_id: int, claims: dict[UUID, Claim]) -> list[Job]:
    async with run.resources.tenant(portal_id, bulk=True) as db:
        loads = await loading.load(db, portal_id, claims.keys())
        known = await endpoints.reachable(db, portal_id, {one.endpoint_id for one in loads})
        if len(loads) < len(claims):
            lost = claims.keys() - {one.id for one in loads}
            await index.drop(db, portal_id, WorkKind.DELIVERY, [str(one) for one in lost])
    targets = {id_: _target(run, endpoint) for id_, endpoint in known.items()}
    return [Job(claims[one.id], one, targets.get(one.endpoint_id)) for one in loads]


def _target(run: DeliveryRun, endpoint: Endpoint) -> DeliveryTarget:
    now, key = run.resources.now(), _key(run, endpoint.secret)
    old = [_key(run, one.sealed) for one in endpoint.old_secrets if one.until > now]
    address = addresses.known(endpoint.url, dev_mode=run.resources.settings.dev_mode)
    obstacle = Failure.REFUSED_ADDRESS if address is None else Failure.UNSIGNED if key is None else None
    return DeliveryTarget(endpoint, address, tuple(one for one in (key, *old) if one is not None), obstacle)


def _key(run: DeliveryRun, sealed: bytes) -> bytes | None:
    if sealed not in run.keys:
        run.keys[sealed] = webhooks.opened_key(run.resources.vault, sealed)
    return run.keys[sealed]
