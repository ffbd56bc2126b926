"""Endpoints of client apps: where news goes. Every function works inside one tenant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.store.tables import endpoints
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.portal.installation import PortalState
from b24app.store.tables import portals


@dataclass(frozen=True, slots=True)
class OldSecret:
    """A secret that signs beside the new one until `until`. `sealed` is encrypted."""

    sealed: bytes
    until: datetime


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address of a client app. `event_types` empty: all types. `secret` is encrypted.

    `failing_since`: the first failed attempt after the last one that it answered well; None: it answers.
    """

    id: UUID
    client_app_id: UUID
    url: str
    description: str
    event_types: tuple[str, ...]
    secret: bytes
    old_secrets: tuple[OldSecret, ...]
    state: EndpointState
    state_reason: str
    last_sequence: int
    created_at: datetime
    updated_at: datetime
    failing_since: datetime | None = None


async def add(db: AsyncConnection, portal_id: int, new: Endpoint) -> None:
    await db.execute(
        insert(endpoints).values(
            id=new.id,
            portal_id=portal_id,
            client_app_id=new.client_app_id,
            url=new.url,
            description=new.description,
            event_types=list(new.event_types),
            secret=new.secret,
            state=new.state.value,
            created_at=new.created_at,
            updated_at=new.updated_at,
        )
    )


async def of_app(db: AsyncConnection, portal_id: int, client_app_id: UUID) -> list[Endpoint]:
    """Endpoints that are not deleted, oldest first."""
    mine = _live(portal_id).where(endpoints.c.client_app_id == client_app_id)
    return [_endpoint(row) for row in await db.execute(mine.order_by(endpoints.c.created_at, endpoints.c.id))]


async def one(
    db: AsyncConnection, portal_id: int, client_app_id: UUID, endpoint_id: UUID, *, lock: bool = False
) -> Endpoint | None:
    """An endpoint of this client app, or None; an endpoint of another app counts as missing."""
    query = _live(portal_id).where(endpoints.c.client_app_id == client_app_id, endpoints.c.id == endpoint_id)
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else _endpoint(row)


_REACHABLE = select(endpoints).where(
    endpoints.c.portal_id == bindparam("portal"),
    text("endpoints.id = ANY(CAST(:ids AS uuid[]))"),
    select(portals.c.id).where(portals.c.id == bindparam("portal"), portals.c.state != PortalState.REMOVED).exists(),
)


async def reachable(db: AsyncConnection, portal_id: int, ids: Collection[UUID]) -> dict[UUID, Endpoint]:
    """Endpoints by id, of any client app and in any state, deleted ones too; none of a removed portal."""
    rows = await db.execute(_REACHABLE, {"portal": portal_id, "ids": list(ids)})
    return {row.id: _endpoint(row) for row in rows}


async def change(db: AsyncConnection, portal_id: int, endpoint_id: UUID, now: datetime, **values: Any) -> None:
    """Set columns: url, description, event_types, secret, state, state_reason, failing_since, last_test."""
    await db.execute(
        update(endpoints)
        .where(endpoints.c.portal_id == portal_id, endpoints.c.id == endpoint_id)
        .values(updated_at=now, **values)
    )


async def keep_old_secrets(
    db: AsyncConnection,
    portal_id: int,
    endpoint_id: UUID,
    new_secret: bytes,
    old_secrets: Sequence[OldSecret],
    now: datetime,
) -> None:
    """Store a new secret, and the old ones that sign beside it."""
    rows = [{"secret": secret.sealed.decode(), "until": secret.until.isoformat()} for secret in old_secrets]
    await change(db, portal_id, endpoint_id, now, secret=new_secret, old_secrets=rows)


async def switch(
    db: AsyncConnection,
    portal_id: int,
    endpoint_id: UUID,
    *,
    url: str,
    come_from: Collection[EndpointState],
    to: EndpointState,
    reason: str,
    now: datetime,
) -> bool:
    """Change the state after an answer, unless somebody has changed URL or state meanwhile. True if it was changed."""
    switched = await db.execute(
        update(endpoints)
        .where(
            endpoints.c.portal_id == portal_id,
            endpoints.c.id == endpoint_id,
            endpoints.c.url == url,
            endpoints.c.state.in_([state.value for state in come_from]),
        )
        .values(state=to.value, state_reason=reason, updated_at=now)
        .returning(endpoints.c.id)
    )
    return switched.first() is not None


async def note_failing(
    db: AsyncConnection, portal_id: int, endpoint_id: UUID, since: datetime | None, *, anew: bool
) -> None:
    """Since when it fails; None: it answers. Not `anew`: what another worker has noted earlier stays."""
    noted = since if anew or since is None else func.coalesce(endpoints.c.failing_since, since)
    mine = (endpoints.c.portal_id == portal_id, endpoints.c.id == endpoint_id)
    await db.execute(update(endpoints).where(*mine).values(failing_since=noted))


# Work rows are locked in key order, as everybody locks them. The arrival tells a worker that holds one to look again.
_MAKE_DUE = text(
    "UPDATE work w SET due_at = least(w.due_at, :now), arrivals = w.arrivals + 1 FROM ("
    "  SELECT w.key FROM work w JOIN outbox o ON o.id = w.key::uuid"
    "  WHERE o.portal_id = :portal AND o.endpoint_id = :endpoint AND o.state = 'waiting'"
    "  AND w.portal_id = :portal AND w.kind = 'delivery' ORDER BY w.key FOR UPDATE OF w) AS waiting"
    " WHERE w.portal_id = :portal AND w.kind = 'delivery' AND w.key = waiting.key"
).bindparams(bindparam("endpoint", type_=PG_UUID()), bindparam("now", type_=TIMESTAMP(timezone=True)))


async def lock(db: AsyncConnection, portal_id: int, ids: Collection[UUID]) -> None:
    """Lock endpoints, in id order. Do it before rows of work and outbox are locked: that is the order of all locks."""
    mine = (endpoints.c.portal_id == portal_id, endpoints.c.id.in_(ids))
    await db.execute(select(endpoints.c.id).where(*mine).order_by(endpoints.c.id).with_for_update())


async def make_due(db: AsyncConnection, portal_id: int, endpoint_id: UUID, now: datetime) -> None:
    """The endpoint's state has changed: whatever waits for it is due now, also what a worker holds."""
    await db.execute(_MAKE_DUE, {"portal": portal_id, "endpoint": endpoint_id, "now": now})


def _live(portal_id: int) -> Select[Any]:
    return select(endpoints).where(endpoints.c.portal_id == portal_id, endpoints.c.state != EndpointState.DELETED.value)


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        id=row.id,
        client_app_id=row.client_app_id,
        url=row.url,
        description=row.description,
        event_types=tuple(row.event_types),
        secret=row.secret,
        old_secrets=tuple(
            OldSecret(old["secret"].encode(), datetime.fromisoformat(old["until"])) for old in row.old_secrets
        ),
        state=EndpointState(row.state),
        state_reason=row.state_reason,
        last_sequence=row.last_sequence,
        created_at=row.created_at,
        updated_at=row.updated_at,
        failing_since=row.failing_since,
    )
