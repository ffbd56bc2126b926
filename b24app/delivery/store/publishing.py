"""Publishing: an event and one delivery per endpoint that wants it, in the transaction that makes the news true."""

# ruff: noqa: S608 - statements are put together from texts in this file only
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.delivery.news import Event
from b24app.lanes import Lane
from b24app.store.arrays import unnest

# Events come as one array per column, so that the statement is one text whatever their number (`store/arrays.py`).
_GIVEN = unnest(
    ids="text", types="text", keys="text", subjects="text", objects="text", bodies="bytea", moments="timestamptz"
)
_FRESH = (
    "given AS (SELECT * FROM"
    f" {_GIVEN} WITH ORDINALITY AS e(id, type, source_key, subjects, object_id, body, occurred_at, place)),"
    " fresh AS (INSERT INTO events (id, portal_id, type, source_key, subjects, object_id, body, occurred_at)"
    " SELECT id, :portal, type, source_key, string_to_array(subjects, ','), object_id, body, occurred_at"
    " FROM given ORDER BY place ON CONFLICT (portal_id, source_key) DO NOTHING RETURNING id)"
)

# Why numbers are given here: an endpoint's row stays locked from its number to the commit. So numbers follow the
# commits without gaps, and a rollback gives its numbers back. The drain (`bench deliver` times it) finds them given,
# and locks no endpoint for news that is delivered.
# Why one statement: it is the last before the commit, and while the endpoints are locked nobody else publishes in this
# portal. It also returns how many deliveries wait, so that a worker can send them itself: one round trip is all that
# publishing adds to the way from a portal's event to its webhook (`bench latency` times it).
# `given` → `fresh`: events that are not published yet. `news` → `heard`: the endpoints, locked in id order, so that two
# publications never lock crosswise. The count of `news` makes `heard` begin after `fresh` has ended: a publication that
# waits there for another one with the same news holds no endpoint. The rest writes numbers, deliveries, work rows.
_PUBLISH = text(
    f"WITH {_FRESH}, news AS (SELECT g.* FROM given g JOIN fresh USING (id)),"
    " heard AS MATERIALIZED (SELECT id, state, event_types, last_sequence FROM endpoints"
    "  WHERE portal_id = :portal AND state <> 'deleted' AND (SELECT count(*) FROM news) > 0 ORDER BY id FOR UPDATE),"
    " numbered AS (SELECT n.id, n.type, n.object_id, p.id AS endpoint_id, p.state = 'disabled' AS skipped, n.place,"
    "  p.last_sequence + row_number() OVER (PARTITION BY p.id ORDER BY n.place) AS sequence"
    "  FROM news n JOIN heard p ON p.event_types = '{}' OR n.type = ANY(p.event_types)),"
    " counted AS (UPDATE endpoints p SET last_sequence = n.last"
    "  FROM (SELECT endpoint_id, max(sequence) AS last FROM numbered GROUP BY endpoint_id) AS n"
    "  WHERE p.portal_id = :portal AND p.id = n.endpoint_id),"
    " rows AS (INSERT INTO outbox (id, portal_id, event_id, endpoint_id, type, object_id, sequence, state, next_at,"
    "  created_at, finished_at) SELECT gen_random_uuid(), :portal, id, endpoint_id, type, object_id, sequence,"
    "  CASE WHEN skipped THEN 'skipped' ELSE 'waiting' END, CASE WHEN NOT skipped THEN CAST(:now AS timestamptz) END,"
    "  :now, CASE WHEN skipped THEN CAST(:now AS timestamptz) END"
    "  FROM numbered ORDER BY place, endpoint_id RETURNING id, state),"
    " due AS (INSERT INTO work (portal_id, kind, key, lane, due_at)"
    "  SELECT :portal, 'delivery', id::text, :lane, :now FROM rows WHERE state = 'waiting' RETURNING 1)"
    " SELECT count(*) FROM due"
)


async def publish(
    db: AsyncConnection, portal_id: int, events: Sequence[Event], now: datetime, lane: Lane = Lane.INTERACTIVE
) -> int:
    """Write events and their deliveries. News whose `source_key` is published already is left out.

    Each delivery gets its endpoint's next number, skipped ones too. Call it last inside the transaction that settles
    the change (its tenant is `portal_id`): it locks the endpoints until the commit. Returns how many deliveries wait;
    unless that is 0, call `resources.wake.outbox(portal_id, waiting)` after the commit.
    """
    if not events:
        return 0
    waiting = await db.execute(_PUBLISH, {**_given(events), "portal": portal_id, "now": now, "lane": int(lane)})
    return int(waiting.scalar_one())


def _given(events: Sequence[Event]) -> dict[str, list[Any]]:
    return {
        "ids": [event.id for event in events],
        "types": [event.type for event in events],
        "keys": [event.source_key for event in events],
        "subjects": [",".join(event.subjects) for event in events],
        "objects": [event.object_id for event in events],
        "bodies": [event.body for event in events],
        "moments": [event.occurred_at for event in events],
    }


_PUBLISH_TO = text(
    f"WITH {_FRESH}, new AS (INSERT INTO outbox"
    " (id, portal_id, event_id, endpoint_id, type, object_id, state, next_at, created_at)"
    " SELECT gen_random_uuid(), :portal, id, :endpoint, type, object_id, 'waiting', :now, :now"
    " FROM given JOIN fresh USING (id) RETURNING id),"
    " due AS (INSERT INTO work (portal_id, kind, key, lane, due_at)"
    " SELECT :portal, 'delivery', id::text, :lane, :now FROM new) SELECT id FROM new"
)


async def publish_to(db: AsyncConnection, portal_id: int, endpoint_id: UUID, event: Event, now: datetime) -> UUID:
    """Write an event for one endpoint only, whatever types it asks for; return the delivery's id.

    Only pings and tests go this way: the delivery has no number.
    """
    values = {"portal": portal_id, "endpoint": endpoint_id, "now": now, "lane": int(Lane.INTERACTIVE)}
    delivery: UUID = (await db.execute(_PUBLISH_TO, {**_given([event]), **values})).scalar_one()
    return delivery
