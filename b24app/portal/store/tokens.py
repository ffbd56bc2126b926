"""Token pairs of up to three admins of a portal, sealed. One refresh at a time: a conditional update claims it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.portal.store.tables import tokens

KEPT = 3
CLAIM_LASTS = timedelta(seconds=70)  # a portal cuts a request at 60 s


_EVERY = (
    select(tokens)
    .where(tokens.c.portal_id == bindparam("portal"))
    .order_by(tokens.c.updated_at.desc(), tokens.c.user_id)
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One admin's sealed pair."""

    user_id: int
    access: bytes
    refresh: bytes
    expires_at: datetime
    alive: bool
    refused_at: datetime | None = None  # the auth server would not refresh it
    claimed_at: datetime | None = None  # somebody set out to refresh it, and has not told how that ended


async def save(
    db: AsyncConnection,
    portal_id: int,
    user_id: int,
    access: bytes,
    refresh: bytes,
    expires_at: datetime,
    now: datetime,
) -> None:
    """The newest pair of this admin; only the newest `KEPT` admins of the portal are kept."""
    values = {"access": access, "refresh": refresh, "expires_at": expires_at, "alive": True, "updated_at": now}
    values |= {"refused_at": None, "claim_token": None, "claimed_at": None}
    new = insert(tokens).values(portal_id=portal_id, user_id=user_id, **values)
    await db.execute(new.on_conflict_do_update(index_elements=["portal_id", "user_id"], set_=values))
    kept = (
        select(tokens.c.user_id).where(tokens.c.portal_id == portal_id).order_by(tokens.c.updated_at.desc()).limit(KEPT)
    )
    await db.execute(delete(tokens).where(tokens.c.portal_id == portal_id, tokens.c.user_id.not_in(kept)))


async def living(db: AsyncConnection, portal_id: int) -> list[Pair]:
    """Pairs that may still work, newest first."""
    return [one for one in await every(db, portal_id) if one.alive]


async def every(db: AsyncConnection, portal_id: int) -> list[Pair]:
    """Newest first, those that work no more too: writes of all their users are ours."""
    return [_pair(row) for row in await db.execute(_EVERY, {"portal": portal_id})]


async def claim_refresh(db: AsyncConnection, portal_id: int, pair: Pair, token: UUID, now: datetime) -> bool:
    """Whether this caller may refresh this very pair now; a claim older than `CLAIM_LASTS` is taken over.

    Not where the pair was refreshed since it was read: its refresh token is spent.
    """
    free = or_(tokens.c.claimed_at.is_(None), tokens.c.claimed_at < now - CLAIM_LASTS)
    done = await db.execute(
        update(tokens)
        .where(tokens.c.portal_id == portal_id, tokens.c.user_id == pair.user_id, tokens.c.alive, free)
        .where(tokens.c.access == pair.access)
        .values(claim_token=token, claimed_at=now)
    )
    return done.rowcount == 1


async def replace(
    db: AsyncConnection, portal_id: int, spent: Pair, access: bytes, refresh: bytes, expires_at: datetime, now: datetime
) -> bool:
    """The refreshed pair, where the spent one still stands: whoever took our claim over can only have buried it, as a
    refresh token works once."""
    done = await db.execute(
        update(tokens)
        .where(tokens.c.portal_id == portal_id, tokens.c.user_id == spent.user_id, tokens.c.access == spent.access)
        .values(access=access, refresh=refresh, expires_at=expires_at, updated_at=now, alive=True)
        .values(refused_at=None, claim_token=None, claimed_at=None)
    )
    return done.rowcount == 1


async def release(db: AsyncConnection, portal_id: int, user_id: int, token: UUID) -> None:
    """Give a claim back unused: the auth server could not be reached, or would not."""
    await db.execute(
        update(tokens)
        .where(tokens.c.portal_id == portal_id, tokens.c.user_id == user_id, tokens.c.claim_token == token)
        .values(claim_token=None, claimed_at=None)
    )


async def bury(
    db: AsyncConnection, portal_id: int, user_id: int, access: bytes, refused_at: datetime | None = None
) -> None:
    """This very pair works no more; `refused_at` where the auth server says so. A newer one that came meanwhile
    stays."""
    await db.execute(
        update(tokens)
        .where(tokens.c.portal_id == portal_id, tokens.c.user_id == user_id, tokens.c.access == access)
        .values(alive=False, refused_at=refused_at, claim_token=None, claimed_at=None)
    )


async def erase(db: AsyncConnection, portal_id: int) -> None:
    await db.execute(delete(tokens).where(tokens.c.portal_id == portal_id))


def _pair(row: Row[Any]) -> Pair:
    return Pair(row.user_id, row.access, row.refresh, row.expires_at, row.alive, row.refused_at, row.claimed_at)
