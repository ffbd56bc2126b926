"""Publishing: news and one outbox row per endpoint that wants it, in the transaction that made it true."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, TEXT, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.news import Event
from b24app.lanes import Lane

_INSERT_EVENTS = text(
    "INSERT INTO events (id, portal_id, type, source_key, subjects, object_id, body, occurred_at)"
    " SELECT e.id, :portal, e.type, e.source_key, string_to_array(e.subjects, ','), e.object_id, e.body, e.occurred_at"
    " FROM unnest(:ids, :types, :keys, :subjects, :objects, :bodies, :moments) WITH ORDINALITY"
    " AS e(id, type, source_key, subjects, object_id, body, occurred_at, place) ORDER BY e.place"
    " ON CONFLICT (portal_id, source_key) DO NOTHING RETURNING id"
).bindparams(
    *(bindparam(name, type_=ARRAY(TEXT)) for name in ("ids", "types", "keys", "subjects", "objects")),
    bindparam("bodies", type_=ARRAY(BYTEA)),
    bindparam("moments", type_=ARRAY(TIMESTAMP(timezone=True))),
)

_FAN_OUT = text(
    "WITH rows AS ("
    " INSERT INTO outbox"
    " (id, portal_id, event_id, endpoint_id, type, object_id, state, next_at, created_at, finished_at)"
    " SELECT gen_random_uuid(), e.portal_id, e.id, p.id, e.type, e.object_id,"
    " CASE p.state WHEN 'disabled' THEN 'skipped' ELSE 'waiting' END,"
    " CASE p.state WHEN 'disabled' THEN NULL ELSE :now END, :now,"
    " CASE p.state WHEN 'disabled' THEN :now END"
    " FROM unnest(:ids) WITH ORDINALITY AS new(id, place) JOIN events e ON e.id = new.id AND e.portal_id = :portal"
    " JOIN endpoints p ON p.portal_id = :portal AND p.state <> 'deleted'"
    " AND (p.event_types = '{}' OR e.type = ANY(p.event_types)) ORDER BY new.place RETURNING id, state),"
    " due AS (INSERT INTO work (portal_id, kind, key, lane, due_at)"
    " SELECT :portal, 'delivery', id::text, :lane, :now FROM rows WHERE state = 'waiting' RETURNING 1)"
    " SELECT count(*) FROM due"
).bindparams(bindparam("ids", type_=ARRAY(TEXT)), bindparam("now", type_=TIMESTAMP(timezone=True)))


async def publish(
    db: AsyncConnection, portal_id: int, events: Sequence[Event], now: datetime, lane: Lane = Lane.INTERACTIVE
) -> int:
    """Write events and their deliveries; news whose `source_key` is known already is left out.

    Call it inside the transaction that settles the change (its tenant is `portal_id`). Returns how many wait:
    where that is not 0, call `resources.wake.outbox()` after the commit.
    """
    if not events:
        return 0
    new = await insert_events(db, portal_id, events)
    if not new:
        return 0
    waits = await db.execute(_FAN_OUT, {"ids": new, "portal": portal_id, "now": now, "lane": int(lane)})
    return int(waits.scalar_one())


async def insert_events(db: AsyncConnection, portal_id: int, events: Sequence[Event]) -> list[str]:
    """Write the events alone, in this order. Returns the ids of those that are new."""
    found = await db.execute(
        _INSERT_EVENTS,
        {
            "portal": portal_id,
            "ids": [one.id for one in events],
            "types": [one.type for one in events],
            "keys": [one.source_key for one in events],
            "subjects": [",".join(one.subjects) for one in events],
            "objects": [one.object_id for one in events],
            "bodies": [one.body for one in events],
            "moments": [one.occurred_at for one in events],
        },
    )
    return [row.id for row in found]


_PUBLISH_TO = text(
    "WITH new AS (INSERT INTO outbox"
    " (id, portal_id, event_id, endpoint_id, type, object_id, state, next_at, created_at)"
    " SELECT gen_random_uuid(), e.portal_id, e.id, :endpoint, e.type, e.object_id, 'waiting', :now, :now"
    " FROM events e WHERE e.portal_id = :portal AND e.id = :event RETURNING id),"
    " due AS (INSERT INTO work (portal_id, kind, key, lane, due_at)"
    " SELECT :portal, 'delivery', id::text, :lane, :now FROM new) SELECT id FROM new"
).bindparams(bindparam("endpoint", type_=PG_UUID()), bindparam("now", type_=TIMESTAMP(timezone=True)))


async def publish_to(db: AsyncConnection, portal_id: int, endpoint_id: UUID, event: Event, now: datetime) -> UUID:
    """Write an event for one endpoint only (a ping), whatever that endpoint asks for. Returns the delivery's id."""
    await insert_events(db, portal_id, [event])
    values = {"portal": portal_id, "endpoint": endpoint_id, "event": event.id, "lane": int(Lane.INTERACTIVE)}
    delivery: UUID = (await db.execute(_PUBLISH_TO, {**values, "now": now})).scalar_one()
    return delivery
