"""The work index: what waits, for whom, since when. One row per (portal, kind, key); claims are conditional updates.

Outside row-level security on purpose: a worker finds work here before it knows a portal. It holds no personal data.
"""

# ruff: noqa: S608 - statements are put together from texts in this file only
from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.installation import PortalState
from b24app.errors import Overtaken
from b24app.lanes import Lane
from b24app.store.tables import portals
from b24app.work.store.tables import work

LEASE = timedelta(seconds=60)
SHARES = 16  # of a slice across portals each portal with due rows gets this part before anybody gets the rest

ARRIVE = text("""
    INSERT INTO work (portal_id, kind, key, lane, due_at)
    SELECT :portal, :kind, r.key, :lane, :due FROM unnest(CAST(:keys AS text[])) AS r(key)
    ON CONFLICT (portal_id, kind, key) DO UPDATE SET arrivals = work.arrivals + 1,
        lane = least(work.lane, excluded.lane), due_at = least(work.due_at, excluded.due_at)
""")

# Rows are named by arrays, never by a join with what was locked before: a planner that knows nothing of rows that came
# a minute ago compares each with each. `arrivals` is {key: arrivals}.
_OURS = """ours AS MATERIALIZED (SELECT key, arrivals <> CAST(CAST(:arrivals AS jsonb) ->> key AS bigint) AS again
        FROM work WHERE portal_id = :portal AND kind = :kind AND key = ANY(CAST(:keys AS text[]))
        AND claim_token = :token ORDER BY key FOR UPDATE)"""
_LET_GO = "claimed_by = NULL, claim_token = NULL, claimed_until = NULL"

POSTPONE = text(f"""
    WITH {_OURS}
    UPDATE work SET {_LET_GO}, error = :error,
        tries = CASE WHEN CAST(:afresh AS boolean) THEN 1 ELSE tries - CAST(:uncounted AS integer) END,
        due_at = CASE WHEN key = ANY(ARRAY(SELECT key FROM ours WHERE again)) THEN least(due_at, :due) ELSE :due END
    WHERE portal_id = :portal AND kind = :kind AND key = ANY(ARRAY(SELECT key FROM ours))
""")

FINISH = text(f"""
    WITH {_OURS},
    gone AS (DELETE FROM work WHERE portal_id = :portal AND kind = :kind
             AND key = ANY(ARRAY(SELECT key FROM ours WHERE NOT again))),
    kept AS (UPDATE work SET {_LET_GO}, tries = 0, error = NULL, due_at = least(due_at, :now)
             WHERE portal_id = :portal AND kind = :kind AND key = ANY(ARRAY(SELECT key FROM ours WHERE again)))
    SELECT key FROM ours
""")

_FREE = """kind = :kind AND lane <= :lane AND due_at <= CAST(:now AS timestamptz)
        AND (claimed_until IS NULL OR claimed_until < CAST(:now AS timestamptz)) ORDER BY lane, due_at"""
# A claim that is lost in a crash of the server is made again: its commit does not wait for the disk.
_HOLD = """UPDATE work w SET claimed_by = :worker, claim_token = CAST(:token AS uuid),
        claimed_until = CAST(:until AS timestamptz), tries = w.tries + 1
    FROM slice s WHERE w.portal_id = s.portal_id AND w.kind = :kind AND w.key = s.key
    RETURNING w.portal_id, w.key, w.arrivals, w.tries, w.error, set_config('synchronous_commit', 'off', true)"""

CLAIM = text(f"""
    WITH slice AS MATERIALIZED (SELECT portal_id, key FROM work WHERE portal_id = :portal AND {_FREE}
        LIMIT :limit FOR UPDATE SKIP LOCKED)
    {_HOLD}
""")

CLAIM_CHORE = text(f"""
    WITH slice AS MATERIALIZED (SELECT portal_id, key FROM work WHERE portal_id = :portal
        AND split_part(key, ':', 1) = :chore AND {_FREE} LIMIT 1 FOR UPDATE SKIP LOCKED)
    {_HOLD}
""")

# Chores are few for each portal, and of a portal in another state they stay due: both sides of the join are small.
CHORES_DUE = text("""
    SELECT DISTINCT w.portal_id, c.chore FROM work w JOIN portals p ON p.id = w.portal_id
    JOIN unnest(CAST(:chores AS text[]), CAST(:states AS text[])) AS c(chore, state)
        ON c.chore = split_part(w.key, ':', 1) AND c.state = p.state
    WHERE w.kind = 'chore' AND w.lane = :lane AND w.due_at <= CAST(:now AS timestamptz)
        AND (w.claimed_until IS NULL OR w.claimed_until < CAST(:now AS timestamptz))
    ORDER BY w.portal_id, c.chore
""")

# Portals take their turns within the spread, so that not all are looked at in the same minute.
KEEP_CHORES = text("""
    INSERT INTO work (portal_id, kind, key, lane, due_at)
    SELECT p.id, 'chore', c.chore, :lane, CASE WHEN c.first + turn.wait < CAST(:now AS timestamptz)
        THEN c.first + turn.wait + interval '1 day' ELSE c.first + turn.wait END
    FROM portals p JOIN unnest(CAST(:chores AS text[]), CAST(:states AS text[]), CAST(:firsts AS timestamptz[]),
                               CAST(:spreads AS int[])) AS c(chore, state, first, spread) ON c.state = p.state
    CROSS JOIN LATERAL (SELECT make_interval(mins => (p.id % c.spread)::int) AS wait) AS turn
    WHERE NOT EXISTS (SELECT FROM work w WHERE w.portal_id = p.id AND w.kind = 'chore' AND w.key = c.chore)
    ON CONFLICT (portal_id, kind, key) DO NOTHING
""")

ADOPT_FILES = text("""
    WITH old AS (DELETE FROM work WHERE kind = 'file' RETURNING *)
    INSERT INTO work (portal_id, kind, key, lane, due_at, arrivals, tries, claimed_by, claim_token, claimed_until)
    SELECT portal_id, 'chore', rtrim(key, ':'), lane, due_at, arrivals, tries, claimed_by, claim_token, claimed_until
    FROM old
    ON CONFLICT (portal_id, kind, key) DO UPDATE
        SET due_at = least(work.due_at, excluded.due_at), arrivals = work.arrivals + 1
""")

CLAIM_FAIRLY = text(f"""
    WITH heads AS MATERIALIZED (SELECT h.* FROM portals p CROSS JOIN LATERAL (
        SELECT portal_id, key, lane, due_at FROM work WHERE portal_id = p.id AND {_FREE}
        LIMIT :share FOR UPDATE SKIP LOCKED) h WHERE p.id <> ALL(CAST(:without AS bigint[]))),
    rest AS MATERIALIZED (SELECT portal_id, key, lane, due_at FROM work
        WHERE portal_id <> ALL(CAST(:without AS bigint[])) AND {_FREE} LIMIT :limit FOR UPDATE SKIP LOCKED),
    turns AS (SELECT *, row_number() OVER (PARTITION BY portal_id ORDER BY lane, due_at) AS turn FROM heads
        UNION ALL SELECT *, NULL FROM rest),
    slice AS (SELECT portal_id, key FROM turns GROUP BY portal_id, key, lane, due_at
        ORDER BY min(turn) NULLS LAST, lane, due_at LIMIT :limit)
    {_HOLD}
""")


class WorkKind(StrEnum):
    """What a row of the index points at; rooms have words of their own beside these (`plug.WorkPart`)."""

    RECORD = "record"  # key "contact:7": a card to read, decide and settle
    REQUISITE = "requisite"  # key "requisite:7": one to read and keep
    DELIVERY = "delivery"  # key: the outbox row's id
    CHORE = "chore"  # key "sweep_portal", "export:<id>": a chore's name and what it is about


class ClaimLost(Overtaken):
    """Another worker took the slice over while we were slow: what we did is repeated by it and changes nothing."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A row we hold until `LEASE` runs out. `arrivals` tells news that came after the claim."""

    portal_id: int
    key: str
    arrivals: int
    tries: int
    token: UUID
    error: str | None = None


async def arrive(
    db: AsyncConnection, portal_id: int, kind: str, keys: Collection[str], lane: Lane, due_at: datetime
) -> None:
    """Put rows into the index, or count the arrival on rows that wait already: sooner and faster wins."""
    if keys:
        await db.execute(ARRIVE, arrival(portal_id, kind, keys, lane, due_at))


def arrival(portal_id: int, kind: str, keys: Collection[str], lane: Lane, due_at: datetime) -> dict[str, Any]:
    """What `ARRIVE` is executed with; keys in one order, so that two who bring the same do not lock crosswise."""
    return {"portal": portal_id, "kind": str(kind), "keys": sorted(set(keys)), "lane": int(lane), "due": due_at}


async def claim(
    db: AsyncConnection,
    kind: str,
    *,
    worker: str,
    token: UUID,
    now: datetime,
    limit: int,
    portal_id: int | None = None,
    lane: Lane = Lane.BULK,
    without: Collection[int] = (),
) -> list[Claim]:
    """Take up to `limit` due rows up to this lane that nobody holds, fastest lane and oldest first.

    Across portals (but for `without`) each one's first rows come before the rest of any: a tenant with 100,000 rows
    delays no other.
    """
    asked = {"kind": str(kind), "now": now, "lane": int(lane), "limit": limit}
    held = {"worker": worker, "token": token, "until": now + LEASE}
    if portal_id is None:
        rows = await db.execute(
            CLAIM_FAIRLY, {**asked, **held, "share": max(1, limit // SHARES), "without": list(without)}
        )
    else:
        rows = await db.execute(CLAIM, {**asked, **held, "portal": portal_id})
    return [Claim(row.portal_id, row.key, row.arrivals, row.tries, token, row.error) for row in rows]


async def claim_chore(
    db: AsyncConnection, portal_id: int, chore: str, *, worker: str, token: UUID, now: datetime
) -> Claim | None:
    """One due row of this chore that nobody holds."""
    held = {"worker": worker, "token": token, "until": now + LEASE, "now": now}
    asked = {"portal": portal_id, "kind": WorkKind.CHORE.value, "chore": chore, "lane": int(Lane.BULK)}
    row = (await db.execute(CLAIM_CHORE, asked | held)).one_or_none()
    return Claim(row.portal_id, row.key, row.arrivals, row.tries, token, row.error) if row else None


async def ask(db: AsyncConnection, portal_id: int, key: str, due_at: datetime) -> None:
    """A chore is to be done at `due_at`, or earlier where it is due earlier. Call `resources.wake.chore` after commit
    where nobody should wait for the tick."""
    await arrive(db, portal_id, WorkKind.CHORE, [key], Lane.BULK, due_at)


async def renew(db: AsyncConnection, token: UUID, now: datetime) -> None:
    """The heartbeat of a long slice."""
    await db.execute(update(work).where(work.c.claim_token == token).values(claimed_until=now + LEASE))


async def finish(db: AsyncConnection, kind: str, claims: Sequence[Claim], now: datetime) -> set[str]:
    """Drop rows that are still ours; those with news meanwhile are let go instead, due at once.

    Returns the keys that were still ours. A key missing there was taken over by somebody: roll back.
    """
    if not claims:
        return set()
    done = await db.execute(FINISH, {**_held(kind, claims), "now": now})
    return {row.key for row in done}


async def postpone(
    db: AsyncConnection,
    kind: str,
    claims: Sequence[Claim],
    due_at: datetime,
    error: str | None,
    *,
    counted: bool = True,
    afresh: bool = False,
) -> None:
    """Let go of rows that are still ours until `due_at`, with the reason for people to read.

    What came for them meanwhile makes them due at once. Not `counted`: this try uses up no patience; `afresh`: it
    is the first that does.
    """
    if claims:
        given = {"due": due_at, "error": error, "uncounted": int(not counted), "afresh": afresh}
        await db.execute(POSTPONE, {**_held(kind, claims), **given})


def _held(kind: str, claims: Sequence[Claim]) -> dict[str, Any]:
    """Whose rows, and what we know of them."""
    arrivals = json.dumps({one.key: one.arrivals for one in claims})
    keys = [one.key for one in claims]
    return {
        "portal": claims[0].portal_id,
        "kind": str(kind),
        "token": claims[0].token,
        "keys": keys,
        "arrivals": arrivals,
    }


async def make_due(
    db: AsyncConnection,
    portal_id: int,
    kinds: Collection[str],
    now: datetime,
    *,
    errors: Collection[str] | None = None,
) -> None:
    """What kept rows of these parts waiting is over: they are due now, and their tries begin anew.

    One that somebody holds is due when it is let go, in case that try has found the wait still on. `errors`: only free
    rows that wait because of these.
    """
    mine = (work.c.portal_id == portal_id, work.c.kind.in_([str(one) for one in kinds]))
    free = or_(work.c.claimed_until.is_(None), work.c.claimed_until < now)
    waiting = update(work).where(*mine, free, work.c.due_at > now).values(due_at=now, tries=0)
    if errors is not None:
        await db.execute(waiting.where(work.c.error.in_(errors)))
        return
    await db.execute(waiting)
    await db.execute(update(work).where(*mine, ~free).values(arrivals=work.c.arrivals + 1))


async def drop(db: AsyncConnection, portal_id: int, kind: str, keys: Collection[str]) -> None:
    """Forget rows, held or not: their subject needs no work any more."""
    await db.execute(delete(work).where(work.c.portal_id == portal_id, work.c.kind == str(kind), work.c.key.in_(keys)))


async def chores_due(
    db: AsyncConnection, states: Collection[tuple[str, PortalState]], now: datetime
) -> list[tuple[int, str]]:
    """(portal, chore) with due rows nobody holds. `states`: each chore with the states of portals it is done for."""
    named = {"chores": [chore for chore, _ in states], "states": [state.value for _, state in states]}
    asked = {**named, "now": now, "lane": int(Lane.BULK)}
    return [(row.portal_id, row.chore) for row in await db.execute(CHORES_DUE, asked)]


@dataclass(frozen=True, slots=True)
class ChoreClock:
    """When a chore of portals in this state is due for the first time, today or else tomorrow; `spread`: minutes over
    which portals are."""

    chore: str
    state: PortalState
    first: datetime
    spread: int


async def adopt_files(db: AsyncConnection) -> None:
    """Files that the version before this one has put into a part of their own are chores now; whoever holds one of them
    goes on."""
    await db.execute(ADOPT_FILES)


async def keep_chores(db: AsyncConnection, clocks: Sequence[ChoreClock], now: datetime) -> int:
    """Each portal gets the rows it lacks: it is new, or the chore is. Returns how many."""
    rows = {
        "chores": [clock.chore for clock in clocks],
        "states": [clock.state.value for clock in clocks],
        "firsts": [clock.first for clock in clocks],
        "spreads": [clock.spread for clock in clocks],
    }
    return (await db.execute(KEEP_CHORES, {**rows, "lane": int(Lane.BULK), "now": now})).rowcount


async def waiting(db: AsyncConnection, kinds: Collection[str], now: datetime) -> list[tuple[int, str, int]]:
    """(portal, kind, lane) that have due rows of these kinds nobody holds: whom to wake again. Cards wait for an active
    portal."""
    rows = await db.execute(
        select(work.c.portal_id, work.c.kind, func.min(work.c.lane).label("lane"))
        .join(portals, portals.c.id == work.c.portal_id)
        .where(
            work.c.kind.in_([str(one) for one in kinds]),
            work.c.due_at <= now,
            or_(work.c.claimed_until.is_(None), work.c.claimed_until < now),
            or_(portals.c.state == PortalState.ACTIVE.value, work.c.kind == WorkKind.DELIVERY.value),
        )
        .group_by(work.c.portal_id, work.c.kind)
    )
    return [(row.portal_id, row.kind, row.lane) for row in rows]


@dataclass(frozen=True, slots=True)
class Depth:
    """How much of one kind waits in one lane; `oldest_seconds`: how overdue the oldest row is, 0 if none is due."""

    kind: str
    lane: Lane
    rows: int
    oldest_seconds: float


async def depths(db: AsyncConnection, now: datetime) -> list[Depth]:
    """Of chores those of active portals: the others wait for their portal, and for nobody here."""
    counts = (work.c.kind != WorkKind.CHORE.value, portals.c.state == PortalState.ACTIVE.value)
    rows = await db.execute(
        select(work.c.kind, work.c.lane, func.count().label("rows"), func.min(work.c.due_at).label("oldest"))
        .join(portals, portals.c.id == work.c.portal_id)
        .where(or_(*counts))
        .group_by(work.c.kind, work.c.lane)
        .order_by(work.c.kind, work.c.lane)
    )
    return [Depth(row.kind, Lane(row.lane), row.rows, max((now - row.oldest).total_seconds(), 0.0)) for row in rows]
