"""What an export file holds of client apps and of where their news went, and how it comes back."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery import webhooks
from b24app.delivery.store import client_apps, export_rows
from b24app.delivery.store.client_apps import ClientApp
from b24app.delivery.store.endpoints import Endpoint
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.export.restoring import RestoreVerdict
from b24app.domain.portal.portal import Portal
from b24app.net import addresses
from b24app.plug import ExportRow, ExportSection, Restoring
from b24app.resources import Resources

FIRST = UUID(int=0)
RESTORED = "restored"


class ClientAppRow(ExportRow):
    """A client app without its keys: those are kept as digests only, nobody can give them back."""

    id: UUID
    name: str
    created_at: AwareDatetime


async def _read_client_apps(db: AsyncConnection, portal: Portal, after: str, limit: int) -> list[ClientAppRow]:
    apps = await export_rows.client_apps_after(db, portal.id, _id(after), limit)
    return [ClientAppRow(id=app.id, name=app.name, created_at=app.created_at) for app in apps]


async def _restore_client_apps(on: Restoring, rows: Sequence[ClientAppRow]) -> Counter[RestoreVerdict]:
    came: Counter[RestoreVerdict] = Counter()
    alive = await export_rows.known_client_apps(on.db, on.portal.id, [row.id for row in rows])
    known = {True: RestoreVerdict.SAME, False: RestoreVerdict.KEPT}
    for row in rows:
        verdict = known[alive[row.id]] if row.id in alive else RestoreVerdict.NEW
        if on.write and verdict is RestoreVerdict.NEW:
            await client_apps.add(on.db, on.portal.id, ClientApp(row.id, row.name, row.created_at))
        came[verdict] += 1
    return came


class EndpointRow(ExportRow):
    """An endpoint without its secret, and without what follows `?` in its address: that is often one too."""

    id: UUID
    client_app_id: UUID
    url: str
    description: str
    event_types: tuple[str, ...]
    created_at: AwareDatetime


async def _read_endpoints(db: AsyncConnection, portal: Portal, after: str, limit: int) -> list[EndpointRow]:
    rows = await export_rows.endpoints_after(db, portal.id, _id(after), limit)
    return [EndpointRow(**{**row._mapping, "url": addresses.without_query(row.url)}) for row in rows]


async def _restore_endpoints(on: Restoring, rows: Sequence[EndpointRow]) -> Counter[RestoreVerdict]:
    """Switched off, with a secret nobody knows yet: the client app takes a new one and switches it on."""
    came: Counter[RestoreVerdict] = Counter()
    known = await export_rows.known_endpoints(on.db, on.portal.id, [row.id for row in rows])
    owners = await export_rows.known_client_apps(on.db, on.portal.id, {row.client_app_id for row in rows})
    for row in rows:
        revoked = owners.get(row.client_app_id) is False
        verdict = RestoreVerdict.SAME if row.id in known else RestoreVerdict.KEPT if revoked else RestoreVerdict.NEW
        if on.write and verdict is RestoreVerdict.NEW:
            await export_rows.put_switched_off(on.db, on.portal.id, _switched_off(on.resources, row))
        came[verdict] += 1
    return came


def _switched_off(resources: Resources, row: EndpointRow) -> Endpoint:
    return Endpoint(
        id=row.id,
        client_app_id=row.client_app_id,
        url=row.url,
        description=row.description,
        event_types=row.event_types,
        secret=resources.vault.seal(webhooks.new_secret(os.urandom(webhooks.SECRET_BYTES))),
        old_secrets=(),
        state=EndpointState.DISABLED,
        state_reason=RESTORED,
        last_sequence=0,
        created_at=row.created_at,
        updated_at=resources.now(),
    )


def _id(after: str) -> UUID:
    return UUID(after) if after else FIRST


CLIENT_APPS = ExportSection(
    "client_apps", ClientAppRow, _read_client_apps, lambda row: str(row.id), _restore_client_apps
)
ENDPOINTS = ExportSection("endpoints", EndpointRow, _read_endpoints, lambda row: str(row.id), _restore_endpoints)
