"""Results of a slice are stored, in two statements. Every function works inside one tenant."""

# ruff: noqa: S608 - statements are put together from names and types in this file only
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.delivery.schedule import DeliveryState, Failure, Trigger
from b24app.store.arrays import unnest
from b24app.work.store.index import Claim, WorkKind


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
    """The new values of a delivery. `next_at` None: no attempt is planned. `resent`: the resend asked for is over."""

    id: UUID
    state: DeliveryState
    tries: int
    attempts: int
    resent: bool
    last_status: int | None
    last_error: str | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class NextTry:
    """A row of the work index that is let go until `due_at`, with the reason for people to read."""

    claim: Claim
    due_at: datetime
    error: str | None


# Everybody locks work rows in key order, or two who settle would wait for each other.
_HOLD = text(
    "SELECT key, arrivals FROM work WHERE portal_id = :portal AND kind = :kind AND key = ANY(CAST(:keys AS text[]))"
    " AND claim_token = :token ORDER BY key FOR UPDATE"
)


async def hold(db: AsyncConnection, portal_id: int, claims: Sequence[Claim]) -> dict[str, int]:
    """Lock the rows that are still ours, in key order as everybody does. Returns their arrivals by key.

    Rows that are missing there were taken over by another worker.
    """
    held = {"portal": portal_id, "kind": WorkKind.DELIVERY.value, "token": claims[0].token}
    rows = await db.execute(_HOLD, {**held, "keys": [claim.key for claim in claims]})
    return {row.key: row.arrivals for row in rows}


_LATER = unnest(later="text", arrivals="bigint", dues="timestamptz", reasons="text")
_ATTEMPTS = unnest(
    tried="uuid",
    numbers="int",
    triggers="text",
    codes="int",
    failures="text",
    durations="int",
    responses="text",
    addresses="text",
    made="timestamptz",
    planned="timestamptz",
)
_CHANGES = unnest(
    changed="uuid",
    states="text",
    tries="int",
    attempts="int",
    resent="boolean",
    statuses="int",
    errors="text",
    next="timestamptz",
)
# Why one statement: `hold` and this one settle a slice of any size, in two round trips. Its plan has to be made for
# these arrays (`tenant(bulk=True)`): with a plan that the connection keeps, PostgreSQL works two to three times as long
# per delivery in `bench deliver`.
# Why `= ANY` beside the joins: a safeguard, so that rows are found by their keys whatever the planner believes of
# tables that grew a minute ago. A join that became a nested loop took 415 µs a delivery in that bench; with plans made
# for the arrays it shows no difference.
_SETTLE = text(
    "WITH gone AS (DELETE FROM work WHERE portal_id = :portal AND kind = :kind AND key = ANY(CAST(:over AS text[]))"
    "  AND claim_token = :token),"
    " later AS (UPDATE work w SET claimed_by = NULL, claim_token = NULL, claimed_until = NULL, error = r.error,"
    "  due_at = CASE WHEN w.arrivals = r.arrivals THEN r.due_at ELSE least(w.due_at, r.due_at) END"
    f"  FROM {_LATER} AS r(key, arrivals, due_at, error)"
    "  WHERE w.portal_id = :portal AND w.kind = :kind AND w.key = r.key AND w.key = ANY(CAST(:later AS text[]))"
    "  AND w.claim_token = :token),"
    " tried AS (INSERT INTO attempts (portal_id, delivery_id, number, trigger, status, error, duration_ms, response,"
    f"  address, made_at, next_at) SELECT :portal, * FROM {_ATTEMPTS})"
    " UPDATE outbox o SET state = c.state, tries = c.tries, attempts = c.attempts, resend = o.resend AND NOT c.resent,"
    " last_status = CASE WHEN c.attempts > o.attempts THEN c.status ELSE o.last_status END,"
    " last_error = CASE WHEN c.attempts > o.attempts THEN c.error ELSE o.last_error END, next_at = c.next_at,"
    " finished_at = CASE WHEN c.state = 'waiting' THEN NULL WHEN c.state <> o.state THEN CAST(:now AS timestamptz)"
    f" ELSE o.finished_at END FROM {_CHANGES}"
    " AS c(id, state, tries, attempts, resent, status, error, next_at)"
    " WHERE o.portal_id = :portal AND o.id = c.id AND o.id = ANY(CAST(:changed AS uuid[]))"
)


async def settle(
    db: AsyncConnection,
    portal_id: int,
    token: UUID,
    now: datetime,
    *,
    over: Collection[str] = (),
    later: Sequence[NextTry] = (),
    attempts: Sequence[AttemptRow] = (),
    changes: Sequence[Change] = (),
) -> None:
    """Store attempts and changes of deliveries, and let their work rows go. All rows are locked by us (`hold`).

    `over`: keys of work rows that are done with and leave the index.
    """
    await db.execute(
        _SETTLE,
        {
            "portal": portal_id,
            "kind": WorkKind.DELIVERY.value,
            "token": token,
            "now": now,
            "over": list(over),
            **_later(later),
            **_attempts(attempts),
            **_changes(changes),
        },
    )


def _later(rows: Sequence[NextTry]) -> dict[str, list[object]]:
    return {
        "later": [row.claim.key for row in rows],
        "arrivals": [row.claim.arrivals for row in rows],
        "dues": [row.due_at for row in rows],
        "reasons": [row.error for row in rows],
    }


def _attempts(rows: Sequence[AttemptRow]) -> dict[str, list[object]]:
    return {
        "tried": [row.delivery_id for row in rows],
        "numbers": [row.number for row in rows],
        "triggers": [row.trigger.value for row in rows],
        "codes": [row.status for row in rows],
        "failures": [row.error and row.error.value for row in rows],
        "durations": [row.duration_ms for row in rows],
        "responses": [row.response for row in rows],
        "addresses": [row.address for row in rows],
        "made": [row.made_at for row in rows],
        "planned": [row.next_at for row in rows],
    }


def _changes(rows: Sequence[Change]) -> dict[str, list[object]]:
    return {
        "changed": [row.id for row in rows],
        "states": [row.state.value for row in rows],
        "tries": [row.tries for row in rows],
        "attempts": [row.attempts for row in rows],
        "resent": [row.resent for row in rows],
        "statuses": [row.last_status for row in rows],
        "errors": [row.last_error for row in rows],
        "next": [row.next_at for row in rows],
    }
