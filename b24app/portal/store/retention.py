"""What is kept how long, and its removal; a slice at a time, so that no transaction grows long."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Table, and_, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import sort_tables
from sqlalchemy.sql.elements import ColumnElement

from b24app.cards.store.tables import looks, records, requisites
from b24app.delivery.store.idempotency import KEPT
from b24app.delivery.store.tables import attempts, endpoints, events, idempotency, outbox
from b24app.domain.delivery.schedule import EndpointState
from b24app.export.store import exports, restores
from b24app.portal.store import departures
from b24app.portal.store.tables import departures as departures_table
from b24app.portal.store.tables import portal_calls, viewer_sessions
from b24app.store.tables import portals
from b24app.verification.store.tables import intents
from b24app.work.store import inbox as inbox_rows
from b24app.work.store.tables import inbox

FILES = timedelta(days=1)  # an export that was asked for, and an uploaded one with its preview
SESSIONS, CALLS, HANDLED, NEWS = timedelta(days=1), timedelta(days=7), timedelta(days=30), timedelta(days=90)
TOKENS = timedelta(hours=1)  # of events that wait: what they could prove has run out
SLICE = 5_000


async def tidy(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    """Delete up to a slice of each kind; how many rows went. Failed inbox rows stay until somebody closes them."""
    finished = and_(outbox.c.state != "waiting", outbox.c.created_at < now - NEWS)
    over = and_(inbox.c.state.in_(("done", "closed")), inbox.c.handled_at < now - HANDLED)
    told = and_(
        events.c.occurred_at < now - NEWS,
        ~select(outbox.c.id).where(outbox.c.event_id == events.c.id, outbox.c.portal_id == portal_id).exists(),
    )
    nowhere = and_(
        endpoints.c.state == EndpointState.DELETED,
        endpoints.c.deleted_at < now - NEWS,
        ~select(outbox.c.id).where(outbox.c.endpoint_id == endpoints.c.id, outbox.c.portal_id == portal_id).exists(),
    )
    gone = 0
    gone += await _delete(db, viewer_sessions, portal_id, viewer_sessions.c.expires_at < now - SESSIONS)
    gone += await _delete(db, portal_calls, portal_id, portal_calls.c.at < now - CALLS)
    gone += await _delete(db, idempotency, portal_id, idempotency.c.created_at < now - KEPT)
    gone += await _delete(db, inbox, portal_id, over)
    gone += await _delete(db, intents, portal_id, intents.c.created_at < now - HANDLED)
    gone += await _delete(db, looks, portal_id, looks.c.started_at < now - HANDLED)
    gone += await _delete(db, attempts, portal_id, attempts.c.made_at < now - NEWS)
    gone += await _delete(db, outbox, portal_id, finished)
    gone += await _delete(db, events, portal_id, told)
    gone += await _delete(db, endpoints, portal_id, nowhere)
    gone += await _delete(db, records, portal_id, records.c.gone_at < now - NEWS)  # with the name of whoever it was
    gone += await _delete(db, requisites, portal_id, requisites.c.gone_at < now - HANDLED)
    gone += await exports.drop(db, portal_id, exports.ASKED, before=now - FILES)
    gone += await restores.drop(db, portal_id, before=now - FILES)
    await inbox_rows.forget_tokens(db, portal_id, before=now - TOKENS)
    return gone


async def erase(db: AsyncConnection, portal_id: int, tables: Collection[Table], now: datetime) -> int:
    """Delete every row of a portal that has parted, its own last; the line that says so stays.

    `tables`: all there are. Needs the owner's role. Table by table, not by the foreign keys alone: some tables go
    without one. Returns how many rows went.
    """
    gone = 0
    for table in reversed(sort_tables(tables)):
        if "portal_id" in table.c and table is not departures_table:
            gone += (await db.execute(delete(table).where(table.c.portal_id == portal_id))).rowcount
    gone += (await db.execute(delete(portals).where(portals.c.id == portal_id))).rowcount
    await departures.finish(db, portal_id, gone, now)
    return gone


async def _delete(db: AsyncConnection, table: Table, portal_id: int, old: ColumnElement[bool]) -> int:
    key = tuple_(*table.primary_key.columns)
    rows = select(*table.primary_key.columns).where(table.c.portal_id == portal_id, old).limit(SLICE)
    done = await db.execute(delete(table).where(table.c.portal_id == portal_id, key.in_(rows)))
    return done.rowcount
