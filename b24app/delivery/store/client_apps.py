"""Client apps and their keys. A key's digest finds portal and app without a tenant; all else is inside one tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, any_, bindparam, case, literal, select, text, update
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.store.tables import api_keys, client_apps, endpoints
from b24app.domain.delivery.schedule import EndpointState


@dataclass(frozen=True, slots=True)
class ClientApp:
    """A program of the portal's owner, or one that is built in: without a key, as the test receiver's.

    `key_hints`: last characters of its live keys; `last_used_at`: when one of them was used last, to the minute.
    """

    id: UUID
    name: str
    created_at: datetime
    key_hints: tuple[str, ...] = ()
    last_used_at: datetime | None = None
    built_in: bool = False


@dataclass(frozen=True, slots=True)
class DisconnectedApp:
    """A client app that can still be connected again. `by`: the name of whoever disconnected it, or empty."""

    id: UUID
    name: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """The portal and client app of a key. `origins`: web pages that may use the key in a browser."""

    portal_id: int
    client_app_id: UUID
    origins: tuple[str, ...]
    last_used_at: datetime | None = None


async def by_key(db: AsyncConnection, digest: bytes) -> KeyOwner | None:
    """The owner of a live key; needs no tenant."""
    query = select(api_keys).where(api_keys.c.digest == digest, api_keys.c.revoked_at.is_(None))
    row = (await db.execute(query)).one_or_none()
    return None if row is None else KeyOwner(row.portal_id, row.client_app_id, tuple(row.origins), row.last_used_at)


# Many requests come with one key at a time: whoever finds its row locked has nothing to add.
_NOTE_USE = text(
    "UPDATE api_keys SET last_used_at = :now WHERE digest ="
    " (SELECT digest FROM api_keys WHERE digest = :digest AND (last_used_at IS NULL OR last_used_at < :before)"
    "  FOR UPDATE SKIP LOCKED)"
).bindparams(*(bindparam(name, type_=TIMESTAMP(timezone=True)) for name in ("now", "before")))


async def note_use(db: AsyncConnection, digest: bytes, now: datetime, before: datetime) -> None:
    """The key is used now; nothing is written where it was used since `before`. Needs no tenant."""
    await db.execute(_NOTE_USE, {"digest": digest, "now": now, "before": before})


async def origin_known(db: AsyncConnection, origin: str) -> bool:
    """Whether any live key may be used by pages of this origin; needs no tenant. A preflight carries no key."""
    query = select(api_keys.c.digest).where(
        literal(origin) == any_(api_keys.c.origins), api_keys.c.revoked_at.is_(None)
    )
    return (await db.execute(query.limit(1))).first() is not None


async def add(db: AsyncConnection, portal_id: int, new: ClientApp) -> None:
    await db.execute(
        insert(client_apps).values(
            id=new.id, portal_id=portal_id, name=new.name, created_at=new.created_at, built_in=new.built_in
        )
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
    """Client apps of the owner's that are not revoked, oldest first."""
    return await _apps(db, portal_id, client_apps.c.built_in.is_(False))


async def disconnected(db: AsyncConnection, portal_id: int, since: datetime) -> list[DisconnectedApp]:
    """Those of the owner's that were disconnected since then, the last one first."""
    query = select(client_apps).where(*_disconnected(portal_id, since)).order_by(client_apps.c.disabled_at.desc())
    return [DisconnectedApp(row.id, row.name, row.disabled_at, row.disabled_by) for row in await db.execute(query)]


async def lock(db: AsyncConnection, portal_id: int, client_app_id: UUID) -> bool:
    """Lock a client app, so that nobody else adds a key or an endpoint to it. False if it is revoked."""
    live = (
        client_apps.c.portal_id == portal_id,
        client_apps.c.id == client_app_id,
        client_apps.c.disabled_at.is_(None),
    )
    return (await db.execute(select(client_apps.c.id).where(*live).with_for_update())).first() is not None


async def revoke(
    db: AsyncConnection, portal_id: int, client_app_id: UUID, now: datetime, by: str = ""
) -> list[UUID] | None:
    """Close an app, its keys and its endpoints. Returns the endpoints' ids, or None if there is no such app.

    `by`: the name of whoever does it.
    """
    disabled = await db.execute(
        update(client_apps)
        .where(
            client_apps.c.portal_id == portal_id, client_apps.c.id == client_app_id, client_apps.c.disabled_at.is_(None)
        )
        .values(disabled_at=now, disabled_by=by)
        .returning(client_apps.c.id)
    )
    if disabled.first() is None:
        return None
    await revoke_keys(db, portal_id, client_app_id, now)
    closed = await db.execute(
        update(endpoints)
        .where(endpoints.c.portal_id == portal_id, endpoints.c.client_app_id == client_app_id)
        .where(endpoints.c.state != EndpointState.DELETED.value)
        .values(former_state=endpoints.c.state, state=EndpointState.DELETED.value, deleted_at=now, updated_at=now)
        .returning(endpoints.c.id)
    )
    return list(closed.scalars())


async def reconnect(
    db: AsyncConnection, portal_id: int, client_app_id: UUID, since: datetime, now: datetime
) -> tuple[str, ...] | None:
    """Bring back an app that was disconnected since then, and the endpoints that went with it: switched off where they
    were, else `checking`. Returns the origins of the keys it had, which stay revoked; None: there is no such app.
    """
    wanted = (*_disconnected(portal_id, since), client_apps.c.id == client_app_id)
    app = (await db.execute(select(client_apps.c.disabled_at).where(*wanted).with_for_update())).one_or_none()
    if app is None:
        return None
    of_app = (api_keys.c.portal_id == portal_id, api_keys.c.client_app_id == client_app_id)
    keys = await db.execute(select(api_keys.c.origins).where(*of_app, api_keys.c.revoked_at == app.disabled_at))
    await db.execute(
        update(client_apps)
        .where(client_apps.c.portal_id == portal_id, client_apps.c.id == client_app_id)
        .values(disabled_at=None, disabled_by="")
    )
    was_off = endpoints.c.former_state == EndpointState.DISABLED.value
    await db.execute(
        update(endpoints)
        .where(endpoints.c.portal_id == portal_id, endpoints.c.client_app_id == client_app_id)
        .where(endpoints.c.state == EndpointState.DELETED.value, endpoints.c.former_state.is_not(None))
        .values(
            state=case((was_off, EndpointState.DISABLED.value), else_=EndpointState.CHECKING.value),
            state_reason=case((was_off, endpoints.c.state_reason), else_=""),
            former_state=None,
            deleted_at=None,
            updated_at=now,
        )
    )
    return tuple(sorted({origin for origins in keys.scalars() for origin in origins}))


async def revoke_keys(db: AsyncConnection, portal_id: int, client_app_id: UUID, now: datetime) -> tuple[str, ...]:
    """Refuse all keys of the app from now on. Returns the origins of these keys. Needs no tenant."""
    of_app = (api_keys.c.portal_id == portal_id, api_keys.c.client_app_id == client_app_id)
    revoke = update(api_keys).where(*of_app, api_keys.c.revoked_at.is_(None)).values(revoked_at=now)
    revoked = await db.execute(revoke.returning(api_keys.c.origins))
    return tuple(sorted({origin for origins in revoked.scalars() for origin in origins}))


def _disconnected(portal_id: int, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        client_apps.c.portal_id == portal_id,
        client_apps.c.built_in.is_(False),
        client_apps.c.disabled_at >= since,
    )


async def _apps(db: AsyncConnection, portal_id: int, *more: Any) -> list[ClientApp]:
    query = select(client_apps).where(client_apps.c.portal_id == portal_id, client_apps.c.disabled_at.is_(None), *more)
    rows = (await db.execute(query.order_by(client_apps.c.created_at, client_apps.c.id))).all()
    living = select(api_keys.c.client_app_id, api_keys.c.hint, api_keys.c.last_used_at).where(
        api_keys.c.portal_id == portal_id, api_keys.c.revoked_at.is_(None)
    )
    keys = (await db.execute(living.order_by(api_keys.c.created_at))).all()
    return [_app(row, [key for key in keys if key.client_app_id == row.id]) for row in rows]


def _app(row: Row[Any], keys: Sequence[Any]) -> ClientApp:
    used = [key.last_used_at for key in keys if key.last_used_at]
    hints = tuple(key.hint for key in keys)
    return ClientApp(row.id, row.name, row.created_at, hints, max(used, default=None), row.built_in)
