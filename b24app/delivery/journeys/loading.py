"""Claims of one portal become jobs: deliveries and endpoints are read in bulk."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from b24app.delivery.journeys.run import DeliveryRun, DeliveryTarget, Job
from b24app.delivery.store import endpoints, loading
from b24app.delivery.store.endpoints import Endpoint
from b24app.domain.delivery.schedule import Failure
from b24app.net import addresses
from b24app.work.store import index
from b24app.work.store.index import Claim, WorkKind


async def load_jobs(run: DeliveryRun, portal_id: int, claims: Mapping[UUID, Claim]) -> list[Job]:
    """Jobs of `claims` (by delivery) in row order. Claims of deliveries that were erased leave the work index."""
    async with run.resources.tenant(portal_id, bulk=True) as db:
        loads = await loading.load(db, portal_id, claims.keys())
        reachable = await endpoints.reachable(db, portal_id, {load.endpoint_id for load in loads})
        if len(loads) < len(claims):
            erased = claims.keys() - {load.id for load in loads}
            await index.drop(db, portal_id, WorkKind.DELIVERY, [str(delivery_id) for delivery_id in erased])
    targets = {endpoint_id: _target(run, endpoint) for endpoint_id, endpoint in reachable.items()}
    return [Job(claims[load.id], load, targets.get(load.endpoint_id)) for load in loads]


def _target(run: DeliveryRun, endpoint: Endpoint) -> DeliveryTarget:
    now, newest = run.resources.now(), run.signing_key(endpoint.secret)
    old = [run.signing_key(secret.sealed) for secret in endpoint.old_secrets if secret.until > now]
    keys = tuple(key for key in (newest, *old) if key is not None)
    address = addresses.known(endpoint.url, dev_mode=run.resources.settings.dev_mode)
    obstacle = Failure.REFUSED_ADDRESS if address is None else Failure.UNSIGNED if newest is None else None
    return DeliveryTarget(endpoint, address, keys, obstacle)
