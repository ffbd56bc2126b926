"""Deliveries that were tried: what became of a slice, in two statements. Every function works inside one tenant."""

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
    """What a delivery becomes. `next_at` None: nothing more is planned. `resent`: the asked-for resend was made."""

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
    """A row of the work index that waits for `due_at`, with the reason for people to read."""

    claim: Claim
    due_at: datetime
    error: str | None


_HOLD = text(
    "SELECT key, arrivals FROM work WHERE portal_id = :portal AND kind = :kind AND key = ANY(CAST(:keys AS text[]))"
    " AND claim_token = :token ORDER BY key FOR UPDATE"
)


async def hold(db: AsyncConnection, portal_id: int, claims: Sequence[Claim]) -> dict[str, int]:
    """Lock what is still ours, in the one order everybody uses. Returns its keys, with how often news of each has
    arrived by now; the others were taken over."""
    held = {"portal": portal_id, "kind": WorkKind.DELIVERY.value, "token": claims[0].token}
    found = await db.execute(_HOLD, {**held, "keys": [one.key for one in claims]})
    return {row.key: row.arrivals for row in found}


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
    """Store attempts and what deliveries have become, and let their work rows go: all of them held by us (`hold`).

    `over`: keys of work rows that nothing more is to be done for.
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
        "later": [one.claim.key for one in rows],
        "arrivals": [one.claim.arrivals for one in rows],
        "dues": [one.due_at for one in rows],
        "reasons": [one.error for one in rows],
    }


def _attempts(rows: Sequence[AttemptRow]) -> dict[str, list[object]]:
    return {
        "tried": [one.delivery_id for one in rows],
        "numbers": [one.number for one in rows],
        "triggers": [one.trigger.value for one in rows],
        "codes": [one.status for one in rows],
        "failures": [one.error and one.error.value for one in rows],
        "durations": [one.duration_ms for one in rows],
        "responses": [one.response for one in rows],
        "addresses": [one.address for one in rows],
        "made": [one.made_at for one in rows],
        "planned": [one.next_at for one in rows],
    }


def _changes(rows: Sequence[Change]) -> dict[str, list[object]]:
    return {
        "changed": [one.id for one in rows],
        "states": [one.state.value for one in rows],
        "tries": [one.tries for one in rows],
        "attempts": [one.attempts for one in rows],
        "resent": [one.resent for one in rows],
        "statuses": [one.last_status for one in rows],
        "errors": [one.last_error for one in rows],
        "next": [one.next_at for one in rows],
    }
