"""Client apps and their keys. A key's digest finds portal and app without a tenant; all else is inside one tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, any_, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.delivery.schedule import EndpointState
from b24app.store.tables import api_keys, client_apps, endpoints


@dataclass(frozen=True, slots=True)
class ClientApp:
    """A program of the portal's owner. `key_hints`: last characters of its live keys."""

    id: UUID
    name: str
    created_at: datetime
    key_hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """The portal and client app of a key. `origins`: web pages that may use the key in a browser."""

    portal_id: int
    client_app_id: UUID
    origins: tuple[str, ...]


async def by_key(db: AsyncConnection, digest: bytes) -> KeyOwner | None:
    """The owner of a live key; needs no tenant."""
    query = select(api_keys).where(api_keys.c.digest == digest, api_keys.c.revoked_at.is_(None))
    row = (await db.execute(query)).one_or_none()
    return None if row is None else KeyOwner(row.portal_id, row.client_app_id, tuple(row.origins))


async def origin_known(db: AsyncConnection, origin: str) -> bool:
    """Whether any live key may be used by pages of this origin; needs no tenant. A preflight carries no key."""
    query = select(api_keys.c.digest).where(
        literal(origin) == any_(api_keys.c.origins), api_keys.c.revoked_at.is_(None)
    )
    return (await db.execute(query.limit(1))).first() is not None


async def add(db: AsyncConnection, portal_id: int, new: ClientApp) -> None:
    await db.execute(
        insert(client_apps).values(id=new.id, portal_id=portal_id, name=new.name, created_at=new.created_at)
    )


async def add_key(db: AsyncConnection, owner: KeyOwner, digest: bytes, hint: str, now: datetime) -> None:
    await db.execute(
        insert(api_keys).values(
            digest=digest,
            portal_id=owner.portal_id,
            client_app_id=owner.client_app_id,
            hint=hint,
            origins=list(owner.origins),
            created_at=now,
        )
    )


async def one(db: AsyncConnection, portal_id: int, client_app_id: UUID) -> ClientApp | None:
    """A client app that is not revoked."""
    apps = await _apps(db, portal_id, client_apps.c.id == client_app_id)
    return apps[0] if apps else None


async def living(db: AsyncConnection, portal_id: int) -> list[ClientApp]:
    """Client apps that are not revoked, oldest first."""
    return await _apps(db, portal_id)


async def lock(db: AsyncConnection, portal_id: int, client_app_id: UUID) -> bool:
    """Lock a client app, so that nobody else adds a key or an endpoint to it. False if it is revoked."""
    live = (
        client_apps.c.portal_id == portal_id,
        client_apps.c.id == client_app_id,
        client_apps.c.disabled_at.is_(None),
    )
    return (await db.execute(select(client_apps.c.id).where(*live).with_for_update())).first() is not None


async def revoke(db: AsyncConnection, portal_id: int, client_app_id: UUID, now: datetime) -> list[UUID] | None:
    """Close an app, its keys and its endpoints. Returns the endpoints' ids, or None if there is no such app."""
    disabled = await db.execute(
        update(client_apps)
        .where(
            client_apps.c.portal_id == portal_id, client_apps.c.id == client_app_id, client_apps.c.disabled_at.is_(None)
        )
        .values(disabled_at=now)
        .returning(client_apps.c.id)
    )
    if disabled.first() is None:
        return None
    await revoke_keys(db, portal_id, client_app_id, now)
    closed = await db.execute(
        update(endpoints)
        .where(endpoints.c.portal_id == portal_id, endpoints.c.client_app_id == client_app_id)
        .values(state=EndpointState.DELETED.value, state_reason="client_app_revoked", deleted_at=now, updated_at=now)
        .returning(endpoints.c.id)
    )
    return list(closed.scalars())


async def revoke_keys(db: AsyncConnection, portal_id: int, client_app_id: UUID, now: datetime) -> tuple[str, ...]:
    """Refuse all keys of the app from now on. Returns the origins of these keys. Needs no tenant."""
    of_app = (api_keys.c.portal_id == portal_id, api_keys.c.client_app_id == client_app_id)
    revoke = update(api_keys).where(*of_app, api_keys.c.revoked_at.is_(None)).values(revoked_at=now)
    revoked = await db.execute(revoke.returning(api_keys.c.origins))
    return tuple(sorted({origin for origins in revoked.scalars() for origin in origins}))


async def _apps(db: AsyncConnection, portal_id: int, *more: Any) -> list[ClientApp]:
    query = select(client_apps).where(client_apps.c.portal_id == portal_id, client_apps.c.disabled_at.is_(None), *more)
    rows = (await db.execute(query.order_by(client_apps.c.created_at, client_apps.c.id))).all()
    keys = select(api_keys.c.client_app_id, api_keys.c.hint).where(
        api_keys.c.portal_id == portal_id, api_keys.c.revoked_at.is_(None)
    )
    hints = (await db.execute(keys.order_by(api_keys.c.created_at))).all()
    return [_app(row, [key.hint for key in hints if key.client_app_id == row.id]) for row in rows]


def _app(row: Row[Any], hints: Sequence[str]) -> ClientApp:
    return ClientApp(row.id, row.name, row.created_at, tuple(hints))
