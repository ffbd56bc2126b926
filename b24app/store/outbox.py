"""Deliveries on their way: loaded in bulk, settled in bulk. Every function works inside one tenant."""

# ruff: noqa: S608 - statements are put together from names and types in this file only
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.delivery import DeliveryState, Failure, Trigger
from b24app.store.arrays import unnest
from b24app.store.work import Claim, WorkKind


@dataclass(frozen=True, slots=True)
class Load:
    """A delivery as it waits. `earlier`: the news before it about the same object that waits too."""

    state: DeliveryState
    id: UUID
    endpoint_id: UUID
    event_id: str
    type: str
    object_id: str
    sequence: int | None
    tries: int
    attempts: int
    resend: bool
    next_at: datetime | None
    created_at: datetime
    body: bytes
    earlier: UUID | None
    earlier_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt to be stored, with when the next is due."""

    delivery_id: UUID
    number: int
    trigger: Trigger
    status: int | None
    error: Failure | None
    duration_ms: int
    response: str
    address: str | None
    made_at: datetime
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a delivery becomes. `next_at` None: nothing more is planned. `resent`: the asked-for resend was made."""

    id: UUID
    state: DeliveryState
    tries: int
    attempts: int
    resent: bool
    last_status: int | None
    last_error: str | None
    next_at: datetime | None


# Three plain statements and no join: a planner that knows nothing of tables that grew a minute ago cannot go wrong.
_ROWS = text(
    "SELECT state, id, endpoint_id, event_id, type, object_id, sequence, tries, attempts, resend, next_at, created_at"
    " FROM outbox WHERE portal_id = :portal AND id = ANY(CAST(:ids AS uuid[])) ORDER BY row_no"
)

_BODIES = text("SELECT id, body FROM events WHERE portal_id = :portal AND id = ANY(CAST(:ids AS text[]))")

_EARLIER = text(
    "SELECT id, earlier, earlier_at FROM (SELECT id, lag(id) OVER w AS earlier,"
    "  lag(coalesce(next_at, created_at)) OVER w AS earlier_at FROM outbox"
    "  WHERE portal_id = :portal AND object_id = ANY(CAST(:objects AS text[])) AND state = 'waiting'"
    "  WINDOW w AS (PARTITION BY endpoint_id, object_id ORDER BY row_no)) AS waiting"
    " WHERE earlier IS NOT NULL AND id = ANY(CAST(:ids AS uuid[]))"
)


async def tune(db: AsyncConnection, *, durable: bool = True) -> None:
    """Settings of this transaction. Plans are made for the real arrays: one made while the tables were empty is kept by
    the connection and reads them from end to end. `durable=False`: do not wait for the disk, since losing this in a
    crash only means sending again, which receivers expect.
    """
    await db.execute(
        text(
            "SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
            " set_config('synchronous_commit', :commit, true)"
        ),
        {"commit": "on" if durable else "off"},
    )


async def load(db: AsyncConnection, portal_id: int, ids: Collection[UUID]) -> list[Load]:
    """The deliveries with their bytes, in row order."""
    asked = {"portal": portal_id, "ids": list(ids)}
    rows = (await db.execute(_ROWS, asked)).all()
    events = list({row.event_id for row in rows})
    found_bodies = (await db.execute(_BODIES, {"portal": portal_id, "ids": events})).all()
    bodies: dict[str, bytes] = {row.id: row.body for row in found_bodies}
    objects = list({row.object_id for row in rows})
    found = (await db.execute(_EARLIER, {**asked, "objects": objects})).all()
    earlier = {row.id: (row.earlier, row.earlier_at) for row in found}
    loads = []
    for row in rows:
        before, before_at = earlier.get(row.id, (None, None))
        values = (DeliveryState(row.state), *row[1:], bodies[row.event_id], before, before_at)
        loads.append(Load(*values))
    return loads


_HOLD = text(
    "SELECT key FROM work WHERE portal_id = :portal AND kind = :kind AND key = ANY(CAST(:keys AS text[]))"
    " AND claim_token = :token ORDER BY key FOR UPDATE"
)


async def hold(db: AsyncConnection, portal_id: int, claims: Sequence[Claim]) -> set[str]:
    """Lock what is still ours, in the one order everybody uses. Returns the keys: others were taken over."""
    held = {"portal": portal_id, "kind": WorkKind.DELIVERY.value, "token": claims[0].token}
    found = await db.execute(_HOLD, {**held, "keys": [one.key for one in claims]})
    return set(found.scalars())


_PUT_OFF = text(
    "UPDATE work w SET claimed_by = NULL, claim_token = NULL, claimed_until = NULL, error = r.error,"
    " due_at = CASE WHEN w.arrivals = r.arrivals THEN r.due_at ELSE least(w.due_at, r.due_at) END"
    f" FROM {unnest(keys='text', arrivals='bigint', dues='timestamptz', errors='text')}"
    " AS r(key, arrivals, due_at, error)"
    " WHERE w.portal_id = :portal AND w.kind = :kind AND w.key = r.key AND w.claim_token = :token"
    " AND w.key = ANY(CAST(:keys AS text[]))"
)


async def put_off(db: AsyncConnection, portal_id: int, later: Sequence[tuple[Claim, datetime, str | None]]) -> None:
    """Let go of work rows of ours until their moments, with the reason for people to read."""
    if not later:
        return
    await db.execute(
        _PUT_OFF,
        {
            "portal": portal_id,
            "kind": WorkKind.DELIVERY.value,
            "token": later[0][0].token,
            "keys": [claim.key for claim, _, _ in later],
            "arrivals": [claim.arrivals for claim, _, _ in later],
            "dues": [due for _, due, _ in later],
            "errors": [error for _, _, error in later],
        },
    )


_ATTEMPT_COLUMNS = unnest(
    ids="uuid",
    numbers="int",
    triggers="text",
    statuses="int",
    errors="text",
    durations="int",
    responses="text",
    addresses="text",
    made="timestamptz",
    next="timestamptz",
)
_INSERT_ATTEMPTS = text(
    "INSERT INTO attempts (portal_id, delivery_id, number, trigger, status, error, duration_ms, response, address,"
    f" made_at, next_at) SELECT :portal, * FROM {_ATTEMPT_COLUMNS}"
)


async def add_attempts(db: AsyncConnection, portal_id: int, rows: Sequence[AttemptRow]) -> None:
    if not rows:
        return
    await db.execute(
        _INSERT_ATTEMPTS,
        {
            "portal": portal_id,
            "ids": [one.delivery_id for one in rows],
            "numbers": [one.number for one in rows],
            "triggers": [one.trigger.value for one in rows],
            "statuses": [one.status for one in rows],
            "errors": [one.error and one.error.value for one in rows],
            "durations": [one.duration_ms for one in rows],
            "responses": [one.response for one in rows],
            "addresses": [one.address for one in rows],
            "made": [one.made_at for one in rows],
            "next": [one.next_at for one in rows],
        },
    )


_CHANGE_COLUMNS = unnest(
    ids="uuid",
    states="text",
    tries="int",
    attempts="int",
    resent="boolean",
    statuses="int",
    errors="text",
    next="timestamptz",
)
_CHANGE = text(
    "UPDATE outbox o SET state = c.state, tries = c.tries, attempts = c.attempts, resend = o.resend AND NOT c.resent,"
    " last_status = CASE WHEN c.attempts > o.attempts THEN c.status ELSE o.last_status END,"
    " last_error = CASE WHEN c.attempts > o.attempts THEN c.error ELSE o.last_error END, next_at = c.next_at,"
    " finished_at = CASE WHEN c.state = 'waiting' THEN NULL WHEN c.state <> o.state THEN CAST(:now AS timestamptz)"
    f" ELSE o.finished_at END FROM {_CHANGE_COLUMNS}"
    " AS c(id, state, tries, attempts, resent, status, error, next_at)"
    " WHERE o.portal_id = :portal AND o.id = c.id AND o.id = ANY(CAST(:ids AS uuid[]))"
)


async def change(db: AsyncConnection, portal_id: int, changes: Sequence[Change], now: datetime) -> None:
    if not changes:
        return
    await db.execute(
        _CHANGE,
        {
            "portal": portal_id,
            "now": now,
            "ids": [one.id for one in changes],
            "states": [one.state.value for one in changes],
            "tries": [one.tries for one in changes],
            "attempts": [one.attempts for one in changes],
            "resent": [one.resent for one in changes],
            "statuses": [one.last_status for one in changes],
            "errors": [one.last_error for one in changes],
            "next": [one.next_at for one in changes],
        },
    )
