"""Launches: the choice who keeps access, the clients it is counted by, and how far its people have come.

A membership is planned once for each launch. What is handed out is carried out by the rule of a changed card, which
closes it in the transaction that changes the membership: whoever comes second finds nothing to close.
"""

# ruff: noqa: S608 - statements are put together from texts in this file only
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Kind
from b24app.domain.verification.launch import CARRIED_OUT, Choice, Order, Phase, Step
from b24app.errors import Overtaken
from b24app.verification.store.tables import launches

SAMPLE = 20  # names that a preview shows

_UNDECIDED = "m.portal_id = :portal AND m.state = 'confirmed' AND m.decided_at IS NULL"
_RECENT = """(EXISTS (SELECT FROM deal_clients d WHERE d.portal_id = :portal AND d.kind = 'contact'
        AND d.crm_id = m.contact_id) OR EXISTS (SELECT FROM deal_clients d WHERE d.portal_id = :portal
        AND d.kind = 'company' AND d.crm_id = m.company_id))"""
_CONCERNED = f"{_UNDECIDED} AND (CAST(:everybody AS boolean) OR NOT {_RECENT})"

_NUMBERS = text(f"""
    SELECT count(DISTINCT m.contact_id) AS everybody,
        count(DISTINCT m.contact_id) FILTER (WHERE NOT {_RECENT}) AS without FROM memberships m WHERE {_UNDECIDED}
""")
_CLIENTS = text("SELECT kind, count(*) FROM deal_clients WHERE portal_id = :portal GROUP BY kind")
_SAMPLE = text(f"""
    SELECT c.contact_id, coalesce(r.title, '') AS name, c.companies FROM (
        SELECT m.contact_id, array_agg(coalesce(co.title, '') ORDER BY co.title)
            FILTER (WHERE m.company_id <> 0) AS companies
        FROM memberships m LEFT JOIN records co ON co.portal_id = :portal AND co.kind = 'company'
            AND co.crm_id = m.company_id
        WHERE {_CONCERNED} GROUP BY m.contact_id ORDER BY m.contact_id LIMIT :most) c
    LEFT JOIN records r ON r.portal_id = :portal AND r.kind = 'contact' AND r.crm_id = c.contact_id
    ORDER BY c.contact_id
""")
_PLAN = text(f"""
    INSERT INTO launch_people (portal_id, launch_id, membership_id, contact_id, step)
    SELECT :portal, :launch, m.id, m.contact_id, 'planned' FROM memberships m WHERE {_CONCERNED}
    ON CONFLICT DO NOTHING
""")
_KEEP_CLIENTS = text("""
    INSERT INTO deal_clients (portal_id, kind, crm_id, seen_at)
    SELECT :portal, c.kind, c.crm_id, :now
    FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS bigint[])) AS c(kind, crm_id)
    ON CONFLICT DO NOTHING
""")
_FORGET_CLIENTS = text("DELETE FROM deal_clients WHERE portal_id = :portal")

# A batch is so many cards: all memberships of a person go together, so their card is written once. A membership that a
# merge has moved since is looked for where it is now.
_HAND_OUT = text("""
    WITH next AS MATERIALIZED (SELECT DISTINCT contact_id FROM launch_people
        WHERE portal_id = :portal AND launch_id = :launch AND step = :planned ORDER BY contact_id LIMIT :most)
    UPDATE launch_people p SET step = :due
    WHERE p.portal_id = :portal AND p.launch_id = :launch AND p.step = :planned
        AND p.contact_id = ANY(ARRAY(SELECT contact_id FROM next))
    RETURNING coalesce((SELECT m.contact_id FROM memberships m WHERE m.portal_id = :portal AND m.id = p.membership_id),
        p.contact_id)
""")
_CONCERNS = """(p.step = 'due' AND m.state = 'confirmed' AND m.decided_at IS NULL
        OR p.step = 'return_due' AND m.state = 'pending' AND m.reason = 'launch')"""  # as domain.verification.launch
_OUTSTANDING = text(f"""
    SELECT DISTINCT m.contact_id FROM launch_people p JOIN memberships m
        ON m.portal_id = :portal AND m.id = p.membership_id
    WHERE p.portal_id = :portal AND p.launch_id = :launch AND {_CONCERNS} ORDER BY m.contact_id
""")
_PASS_OVER = text(f"""
    UPDATE launch_people p SET step = 'kept' WHERE p.portal_id = :portal AND p.launch_id = :launch
        AND p.step IN ('due', 'return_due') AND NOT EXISTS (SELECT FROM memberships m
            WHERE m.portal_id = :portal AND m.id = p.membership_id AND {_CONCERNS})
""")
_DUE = text("""
    SELECT p.membership_id, p.launch_id, p.step, coalesce(l.author_id, 0) AS author_id
    FROM launch_people p JOIN launches l ON l.portal_id = :portal AND l.id = p.launch_id
    WHERE p.portal_id = :portal AND p.membership_id = ANY(:ids) AND p.step IN ('due', 'return_due')
""").bindparams(bindparam("ids", type_=ARRAY(PG_UUID(as_uuid=True))))
_CLOSE = text("""
    WITH mine AS MATERIALIZED (SELECT p.launch_id, p.membership_id, n.step FROM launch_people p
        JOIN unnest(CAST(:launches AS uuid[]), CAST(:ids AS uuid[]), CAST(:was AS text[]), CAST(:steps AS text[]))
            AS n(launch_id, membership_id, was, step)
            ON p.launch_id = n.launch_id AND p.membership_id = n.membership_id AND p.step = n.was
        WHERE p.portal_id = :portal ORDER BY p.membership_id FOR UPDATE OF p)
    UPDATE launch_people p SET step = mine.step FROM mine
    WHERE p.portal_id = :portal AND p.launch_id = mine.launch_id AND p.membership_id = mine.membership_id
""")
_FAIL = text("""
    UPDATE launch_people SET step = 'failed' WHERE portal_id = :portal AND step IN ('due', 'return_due')
        AND membership_id IN (SELECT id FROM memberships WHERE portal_id = :portal AND contact_id = :contact)
""")
# Rows that the rule closes meanwhile are looked at again once it has committed: a box is ticked, or it is called off.
_CALL_BACK = text("""
    UPDATE launch_people SET step = CASE WHEN step = 'ticked' THEN 'return_planned' ELSE 'kept' END
    WHERE portal_id = :portal AND launch_id = :launch AND step IN ('planned', 'due', 'ticked')
""")
_PROGRESS = text("""
    SELECT count(DISTINCT contact_id) AS total,
        count(DISTINCT contact_id) FILTER (WHERE step IN ('planned', 'due')) AS waiting,
        count(DISTINCT contact_id) FILTER (WHERE step = 'ticked') AS checked,
        count(DISTINCT contact_id) FILTER (WHERE step = 'kept') AS kept,
        count(DISTINCT contact_id) FILTER (WHERE step = 'failed') AS failed,
        count(DISTINCT contact_id) FILTER (WHERE step IN ('return_planned', 'return_due', 'returned')) AS called_back,
        count(DISTINCT contact_id) FILTER (WHERE step IN ('return_planned', 'return_due')) AS returning
    FROM launch_people WHERE portal_id = :portal AND launch_id = :launch
""")


@dataclass(frozen=True, slots=True)
class Launch:
    """One launch. `contacts_total`, `deals_total`: what the portal counted, None before or where it does not say;
    `counted_at`: when the deals were read to their end; `pace`: people a second."""

    id: UUID
    phase: Phase
    choice: Choice | None
    author_id: int | None
    author_name: str
    begun_at: datetime
    chosen_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    contacts_total: int | None
    deals_total: int | None
    deals_read: int
    after_id: int
    by_date: bool
    counted_at: datetime | None
    batch_at: datetime | None
    pace: float | None


@dataclass(frozen=True, slots=True)
class Numbers:
    """People nobody has decided about; `without`: those of them who would be checked, for themselves or for one of
    their companies, where only clients with a recent deal keep access."""

    everybody: int
    without: int

    @property
    def recent(self) -> int:
        return self.everybody - self.without


@dataclass(frozen=True, slots=True)
class LaunchProgress:
    """People of a launch: all, those whose turn has not come, those who are checked, about whom somebody decided first,
    and whose card could not be written; of an undone one, those whom it opens again and those who still wait for it."""

    total: int
    waiting: int
    checked: int
    kept: int
    failed: int
    called_back: int
    returning: int


@dataclass(frozen=True, slots=True)
class Concerned:
    """Somebody who would be checked. `name`: empty where the card was not read."""

    contact_id: int
    name: str
    companies: tuple[str, ...]


async def begin(db: AsyncConnection, portal_id: int, launch_id: UUID, now: datetime) -> None:
    """Nothing where one is under way."""
    row = insert(launches).values(id=launch_id, portal_id=portal_id, phase=Phase.OPEN.value, begun_at=now)
    await db.execute(row.on_conflict_do_nothing())


async def newest(db: AsyncConnection, portal_id: int, *, hold: bool = False) -> Launch | None:
    """`hold`: nobody else acts on it before the transaction ends."""
    found = select(launches).where(launches.c.portal_id == portal_id)
    found = found.order_by(launches.c.begun_at.desc(), launches.c.id).limit(1)
    row = (await db.execute(found.with_for_update() if hold else found)).one_or_none()
    return _launch(row) if row else None


async def change(db: AsyncConnection, portal_id: int, launch_id: UUID, **values: Any) -> None:
    """`values`: by column."""
    mine = (launches.c.portal_id == portal_id, launches.c.id == launch_id)
    await db.execute(update(launches).where(*mine).values(**values))


async def pause(db: AsyncConnection, portal_id: int) -> None:
    """One that runs stands still; one that is being undone goes on to its end once it can."""
    running = (launches.c.portal_id == portal_id, launches.c.phase == Phase.RUNNING.value)
    await db.execute(update(launches).where(*running).values(phase=Phase.PAUSED.value))


async def advance(db: AsyncConnection, portal_id: int, launch: Launch, after_id: int, read: int) -> None:
    """So many deals more, the last of them with this id. Raises `Overtaken` where somebody else has read on."""
    mine = (launches.c.portal_id == portal_id, launches.c.id == launch.id, launches.c.after_id == launch.after_id)
    moved = await db.execute(update(launches).where(*mine).values(after_id=after_id, deals_read=read))
    if moved.rowcount != 1:
        raise Overtaken


async def keep_clients(
    db: AsyncConnection, portal_id: int, contacts: Collection[int], companies: Collection[int], now: datetime
) -> None:
    """They have had a deal lately."""
    ids = [*sorted(contacts), *sorted(companies)]
    kinds = [Kind.CONTACT.value] * len(contacts) + [Kind.COMPANY.value] * len(companies)
    await db.execute(_KEEP_CLIENTS, {"portal": portal_id, "ids": ids, "kinds": kinds, "now": now})


async def forget_clients(db: AsyncConnection, portal_id: int) -> None:
    await db.execute(_FORGET_CLIENTS, {"portal": portal_id})


async def clients(db: AsyncConnection, portal_id: int) -> Mapping[Kind, int]:
    """How many contacts and companies have had a deal lately."""
    return {Kind(kind): count for kind, count in await db.execute(_CLIENTS, {"portal": portal_id})}


async def numbers(db: AsyncConnection, portal_id: int) -> Numbers:
    row = (await db.execute(_NUMBERS, {"portal": portal_id})).one()
    return Numbers(row.everybody, row.without)


async def sample(db: AsyncConnection, portal_id: int, choice: Choice) -> list[Concerned]:
    """Some of those who would be checked, by rising id."""
    asked = {"portal": portal_id, "everybody": choice is Choice.NOBODY, "most": SAMPLE}
    return [Concerned(row.contact_id, row.name, tuple(row.companies or ())) for row in await db.execute(_SAMPLE, asked)]


async def plan(db: AsyncConnection, portal_id: int, launch_id: UUID, choice: Choice) -> None:
    """Keep who is to be checked, as it stands now."""
    asked = {"portal": portal_id, "launch": launch_id, "everybody": choice is Choice.NOBODY}
    await db.execute(_PLAN, asked)


async def hand_out(
    db: AsyncConnection, portal_id: int, launch_id: UUID, planned: Step, due: Step, most: int
) -> set[int]:
    """The next memberships, of so many people at most. Returns these people."""
    asked = {"portal": portal_id, "launch": launch_id, "planned": planned.value, "due": due.value, "most": most}
    return set((await db.execute(_HAND_OUT, asked)).scalars())


async def outstanding(db: AsyncConnection, portal_id: int, launch_id: UUID) -> list[int]:
    """People whose orders still have something to do."""
    return list((await db.execute(_OUTSTANDING, {"portal": portal_id, "launch": launch_id})).scalars())


async def pass_over(db: AsyncConnection, portal_id: int, launch_id: UUID) -> None:
    """Orders that have nothing to do any more: somebody decided, or the card is gone."""
    await db.execute(_PASS_OVER, {"portal": portal_id, "launch": launch_id})


async def due(db: AsyncConnection, portal_id: int, memberships: Collection[UUID]) -> tuple[Order, ...]:
    """Orders about these memberships."""
    rows = await db.execute(_DUE, {"portal": portal_id, "ids": list(memberships)})
    return tuple(Order(row.membership_id, row.launch_id, Step(row.step), row.author_id) for row in rows)


async def close(db: AsyncConnection, portal_id: int, carried_out: Sequence[Order]) -> None:
    """Raises `Overtaken` where one of them was called back, or carried out, meanwhile."""
    if not carried_out:
        return
    columns = {
        "launches": [order.launch_id for order in carried_out],
        "ids": [order.membership_id for order in carried_out],
        "was": [order.step.value for order in carried_out],
        "steps": [CARRIED_OUT[order.step].value for order in carried_out],
    }
    closed = await db.execute(_CLOSE, {"portal": portal_id, **columns})
    if closed.rowcount != len(carried_out):
        raise Overtaken


async def fail(db: AsyncConnection, portal_id: int, contact_id: int) -> None:
    """Nothing comes of the orders about this person: their card cannot be read or written."""
    await db.execute(_FAIL, {"portal": portal_id, "contact": contact_id})


async def call_back(db: AsyncConnection, portal_id: int, launch_id: UUID) -> None:
    """What was ticked is to be opened again; what was not yet never will be."""
    await db.execute(_CALL_BACK, {"portal": portal_id, "launch": launch_id})


async def progress(db: AsyncConnection, portal_id: int, launch_id: UUID) -> LaunchProgress:
    row = (await db.execute(_PROGRESS, {"portal": portal_id, "launch": launch_id})).one()
    return LaunchProgress(*row)


def _launch(row: Row[Any]) -> Launch:
    return Launch(
        id=row.id,
        phase=Phase(row.phase),
        choice=Choice(row.choice) if row.choice else None,
        author_id=row.author_id,
        author_name=row.author_name,
        begun_at=row.begun_at,
        chosen_at=row.chosen_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        contacts_total=row.contacts_total,
        deals_total=row.deals_total,
        deals_read=row.deals_read,
        after_id=row.after_id,
        by_date=row.by_date,
        counted_at=row.counted_at,
        batch_at=row.batch_at,
        pace=row.pace,
    )
