"""The inbox: everything that happened outside, kept until it is handled, and its row in the work index."""

# ruff: noqa: S608 - put together from texts of this package only
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Kind, RequisiteId, RequisiteKind, Subject, Topic
from b24app.domain.work.arrivals import Arrival, Named, Source
from b24app.lanes import Lane
from b24app.vault import Vault
from b24app.work.store import index
from b24app.work.store.index import WorkKind
from b24app.work.store.tables import inbox

T = TypeVar("T", bound=Topic)
KINDS = (WorkKind.RECORD, WorkKind.REQUISITE)
"""Parts of the work index that the inbox fills, in the order in which rows are locked."""

RECEIVE = text(f"""
    WITH stored AS (
        INSERT INTO inbox (portal_id, source, name, subject, user_id, body, token, received_at)
        SELECT :portal, r.source, r.name, r.subject, r.user_id, r.body, r.token, :now
        FROM unnest(CAST(:sources AS text[]), CAST(:names AS text[]), CAST(:subjects AS text[]),
                    CAST(:users AS bigint[]), CAST(:bodies AS bytea[]), CAST(:tokens AS bytea[]))
             AS r(source, name, subject, user_id, body, token)
    ) {index.ARRIVE.text}
""")


_WAITING = text(
    "SELECT subject, array_agg(id), array_agg(user_id), array_agg(source), array_agg(name) FROM inbox"
    " WHERE portal_id = :portal AND subject = ANY(CAST(:keys AS text[])) AND state = 'waiting' GROUP BY subject"
)

_TOKENS = text(
    "SELECT id, user_id, token FROM inbox"
    " WHERE portal_id = :portal AND id = ANY(CAST(:ids AS bigint[])) AND token IS NOT NULL"
)

_CLOSE = text(
    "UPDATE inbox SET state = :state, error = :error, handled_at = :now, token = NULL"
    " WHERE portal_id = :portal AND id = ANY(CAST(:ids AS bigint[])) AND state = 'waiting'"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one subject: the rows' ids and the users they name, oldest first."""

    ids: tuple[int, ...] = ()
    named: tuple[Named, ...] = ()


async def receive(
    db: AsyncConnection, vault: Vault, portal_id: int, arrivals: Sequence[Arrival], lane: Lane, now: datetime
) -> None:
    """Store the rows and put their subjects into the work index, due now. Call `resources.wake.inbox` after commit."""
    parts: Mapping[WorkKind, list[Arrival]] = {kind: [] for kind in KINDS}
    for one in arrivals:
        parts[kind_of(str(one.subject))].append(one)
    for kind, mine in parts.items():
        if mine:
            await _receive(db, vault, portal_id, kind, mine, lane, now)


async def _receive(
    db: AsyncConnection,
    vault: Vault,
    portal_id: int,
    kind: WorkKind,
    arrivals: Sequence[Arrival],
    lane: Lane,
    now: datetime,
) -> None:
    subjects = [str(one.subject) for one in arrivals]
    # what one person changes at a time comes with one token: sealing it for each event would cost a tenth of them all
    sealed = {token: vault.seal(token) for token in {one.token for one in arrivals if one.token}}
    rows = {
        "sources": [one.source.value for one in arrivals],
        "names": [one.name for one in arrivals],
        "subjects": subjects,
        "users": [one.user_id for one in arrivals],
        "bodies": [vault.seal(one.body) if one.body else None for one in arrivals],
        "tokens": [sealed.get(one.token) for one in arrivals],
        "now": now,
    }
    await db.execute(RECEIVE, rows | index.arrival(portal_id, kind, subjects, lane, now))


async def waiting(db: AsyncConnection, portal_id: int, subjects: Collection[T]) -> Mapping[T, Waiting]:
    """Rows not handled yet, by subject."""
    named = {str(one): one for one in subjects}
    rows = await db.execute(_WAITING, {"portal": portal_id, "keys": list(named)})
    return {named[key]: _waiting(rows_of) for key, *rows_of in rows}


async def tokens_of(db: AsyncConnection, portal_id: int, ids: Collection[int]) -> Mapping[int, tuple[int, bytes]]:
    """The user whom a waiting row names and the sealed token it came with, by the row's id."""
    rows = await db.execute(_TOKENS, {"portal": portal_id, "ids": list(ids)})
    return {row.id: (row.user_id, row.token) for row in rows if row.user_id}


async def forget_tokens(db: AsyncConnection, portal_id: int, before: datetime) -> None:
    """Of rows that still wait and were received before this: all, where the app was removed, or those whose hour is
    over."""
    kept = (inbox.c.portal_id == portal_id, inbox.c.state == "waiting", inbox.c.token.is_not(None))
    await db.execute(update(inbox).where(*kept, inbox.c.received_at < before).values(token=None))


async def on_their_way(db: AsyncConnection, portal_id: int, subjects: Collection[T]) -> set[T]:
    """Which of these have something waiting."""
    return set(await waiting(db, portal_id, subjects))


async def given_up(db: AsyncConnection, portal_id: int, subjects: Collection[T], error: str) -> set[T]:
    """Of which of these a row is kept as failed with this error."""
    named = {str(one): one for one in subjects}
    kept = (inbox.c.portal_id == portal_id, inbox.c.state == "failed", inbox.c.error == error)
    rows = await db.execute(select(inbox.c.subject).where(*kept, inbox.c.subject.in_(named)).distinct())
    return {named[key] for key in rows.scalars()}


async def handled(db: AsyncConnection, portal_id: int, ids: Collection[int], now: datetime) -> None:
    await _close(db, portal_id, ids, "done", None, now)


async def failed(db: AsyncConnection, portal_id: int, ids: Collection[int], error: str, now: datetime) -> None:
    """Kept for a person to open, retry or close."""
    await _close(db, portal_id, ids, "failed", error, now)


async def count(db: AsyncConnection, portal_id: int, state: str) -> int:
    query = select(func.count()).where(inbox.c.portal_id == portal_id, inbox.c.state == state)
    return int((await db.execute(query)).scalar_one())


@dataclass(frozen=True, slots=True)
class Pulse:
    """`waiting`: rows not handled yet, the oldest since `waiting_since`; `heard_at`: the newest portal event kept."""

    waiting: int
    waiting_since: datetime | None
    heard_at: datetime | None


async def pulse(db: AsyncConnection, portal_id: int) -> Pulse:
    """Asked when somebody presses a button: the newest event is looked for from the end of the table."""
    waits = (inbox.c.portal_id == portal_id, inbox.c.state == "waiting")
    row = (await db.execute(select(func.count(), func.min(inbox.c.received_at)).where(*waits))).one()
    events = select(inbox.c.received_at).where(inbox.c.portal_id == portal_id, inbox.c.source == Source.EVENT.value)
    heard_at = (await db.execute(events.order_by(inbox.c.id.desc()).limit(1))).scalar_one_or_none()
    return Pulse(row[0], row[1], heard_at)


def parse(key: str) -> Subject:
    """`"contact:7"` → the subject."""
    kind, _, number = key.partition(":")
    return Subject(Kind(kind), int(number))


def requisite_id(key: str) -> RequisiteId:
    """`"requisite:7"` → what hangs on a card."""
    kind, _, number = key.partition(":")
    return RequisiteId(RequisiteKind(kind), int(number))


def kind_of(key: str) -> WorkKind:
    """In which part of the work index a subject waits."""
    kind = key.partition(":")[0]
    return WorkKind(kind) if kind in list(RequisiteKind) else WorkKind.RECORD


async def _close(
    db: AsyncConnection, portal_id: int, ids: Collection[int], state: str, error: str | None, now: datetime
) -> None:
    if ids:
        closed = {"portal": portal_id, "ids": list(ids), "state": state, "error": error, "now": now}
        await db.execute(_CLOSE, closed)


def _waiting(columns: Sequence[Sequence[Any]]) -> Waiting:
    ordered = sorted(zip(*columns, strict=True))
    named = [
        Named(user, row, sure=source == Source.OFFLINE.value, deletes=name.upper().endswith("DELETE"))
        for row, user, source, name in ordered
        if user
    ]
    return Waiting(tuple(row for row, *_ in ordered), tuple(named))
