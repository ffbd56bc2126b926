"""The directory of portals: who asks, where they are, what state the installation is in."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Row,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.drift import ScanTrigger
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.installation import erasable_at as erasable
from b24app.domain.portal.portal import Portal
from b24app.lanes import Lane
from b24app.portal.store import departures
from b24app.store.tables import portals
from b24app.work.store import index

ENTER = text("""
    SELECT set_config('app.portal', id::text, true) FROM portals WHERE id = :portal AND state <> 'removed'
    FOR KEY SHARE
""")
PROVE_REMOVAL, ERASE, SWEEP = "prove_removal", "erase_portal", "sweep_portal"
"""Chores that are asked for here."""
OWED = text("""
    INSERT INTO work (portal_id, kind, key, lane, due_at)
    SELECT p.id, 'chore', c.chore, :lane, CAST(:now AS timestamptz)
    FROM portals p CROSS JOIN LATERAL (VALUES
        ('import_portal', p.state = 'active' AND p.imported_at IS NULL),
        ('reconcile_portal', p.state = 'active' AND CAST(p.report ->> 'owed' AS boolean)),
        ('sweep_portal', p.state = 'active' AND p.sweep_asked IS NOT NULL),
        ('look_at_portal', p.state = 'unpaid'),
        ('prove_removal', p.state <> 'removed' AND p.removal_due_at IS NOT NULL),
        ('erase_portal', p.state = 'removed' OR (p.removal_said_at IS NOT NULL AND p.removal_due_at IS NULL))
    ) AS c(chore, owed)
    WHERE c.owed AND NOT EXISTS (SELECT FROM work w WHERE w.portal_id = p.id AND w.kind = 'chore' AND w.key = c.chore)
    ON CONFLICT (portal_id, kind, key) DO NOTHING
""")
SWEEP_OWED = text("""
    UPDATE work w SET due_at = CAST(:now AS timestamptz) FROM portals p
    WHERE p.id = w.portal_id AND p.sweep_asked IS NOT NULL AND p.state = 'active' AND p.imported_at IS NOT NULL
        AND w.kind = 'chore' AND w.key = 'sweep_portal' AND w.due_at > CAST(:now AS timestamptz)
        AND (w.claimed_until IS NULL OR w.claimed_until < CAST(:now AS timestamptz))
        AND coalesce(w.error, '') = ''
""")
NOT_SAID: Mapping[str, Any] = {"removal_said_at": None, "removal_due_at": None, "erase": False}
"""What a portal is that nobody says has removed the app."""


def digest(secret: str) -> bytes:
    """How an application token or API key is kept: they are random enough for a bare hash."""
    return hashlib.sha256(secret.encode()).digest()


_BY_MEMBER = select(portals).where(portals.c.member_id == bindparam("member"))
_BY_ID = select(portals).where(portals.c.id == bindparam("portal"))


async def by_member(db: AsyncConnection, member_id: str) -> Portal | None:
    return _portal((await db.execute(_BY_MEMBER, {"member": member_id})).one_or_none())


async def by_domain(db: AsyncConnection, domain: str) -> Portal | None:
    """The newest: one that is being erased may have stood there as well."""
    here = select(portals).where(portals.c.domain == domain).order_by(portals.c.id.desc()).limit(1)
    return _portal((await db.execute(here)).one_or_none())


async def by_id(db: AsyncConnection, portal_id: int) -> Portal | None:
    return _portal((await db.execute(_BY_ID, {"portal": portal_id})).one_or_none())


async def enter(db: AsyncConnection, portal_id: int) -> bool:
    """From here on this portal's rows are the ones seen, where it is there and not removed: whether it is.

    It stays so until the transaction ends: `leave` waits for that. First in its transaction, as in `leave`.
    """
    return (await db.execute(ENTER, {"portal": portal_id})).one_or_none() is not None


async def count_by_state(db: AsyncConnection) -> Mapping[str, int]:
    counted = select(portals.c.state, func.count().label("portals")).group_by(portals.c.state)
    return {row.state: row.portals for row in await db.execute(counted)}


async def keep_owed(db: AsyncConnection, now: datetime) -> None:
    """The net under chores that nobody asked for although the directory says that they are owed: the version before
    this one asks by columns only, and may still run while this one starts."""
    await db.execute(OWED, {"now": now, "lane": int(Lane.BULK)})
    await db.execute(SWEEP_OWED, {"now": now})


async def ask_sweep(db: AsyncConnection, portal_id: int, trigger: ScanTrigger, now: datetime) -> None:
    """Every card is to be compared before the night; whoever asked first is named."""
    asked = func.coalesce(portals.c.sweep_asked, trigger.value)
    await db.execute(update(portals).where(portals.c.id == portal_id).values(sweep_asked=asked))
    await index.ask(db, portal_id, SWEEP, now)


@dataclass(frozen=True, slots=True)
class Removal:
    """What an event says that was taken in hand: since when, with the data or not. `due_at` tells whether another has
    said it meanwhile."""

    said_at: datetime
    clean: bool
    due_at: datetime


async def say_removed(db: AsyncConnection, portal_id: int, clean: bool, now: datetime, pause: timedelta) -> None:
    """An event says that the app was removed. The auth server is asked now, or when `pause` is over since it was last.
    In a transaction: nobody asks for a removal that was noted only.

    Of two that wait together the milder counts: what was kept can be deleted later.
    """
    waits = portals.c.removal_said_at.is_not(None)
    values = {
        "removal_said_at": func.coalesce(portals.c.removal_said_at, now),
        "removal_due_at": func.greatest(now, portals.c.removal_asked_at + pause),
        "erase": and_(literal(clean), or_(~waits, portals.c.erase)),
    }
    here = (portals.c.id == portal_id, portals.c.state != PortalState.REMOVED)
    said = update(portals).where(*here).values(values).returning(portals.c.removal_due_at)
    if due_at := (await db.execute(said)).scalar_one_or_none():
        await index.ask(db, portal_id, PROVE_REMOVAL, due_at)


async def suspect_removal(db: AsyncConnection, portal_id: int, now: datetime) -> None:
    """The auth server says that the app is not installed, and no event has: it may have been lost. Nothing is erased
    before its time."""
    unsaid = (portals.c.id == portal_id, portals.c.state != PortalState.REMOVED, portals.c.removal_said_at.is_(None))
    said = {"removal_said_at": now, "removal_due_at": now, "erase": False}
    if (await db.execute(update(portals).where(*unsaid).values(said))).rowcount:
        await index.ask(db, portal_id, PROVE_REMOVAL, now)


async def removal_due(db: AsyncConnection, portal_id: int) -> datetime | None:
    """When the auth server has to be asked whether the app was removed; None where nobody says so."""
    due = select(portals.c.removal_due_at).where(portals.c.id == portal_id)
    return (await db.execute(due)).scalar_one_or_none()


async def take_removal(db: AsyncConnection, portal_id: int, now: datetime, until: datetime) -> Removal | None:
    """What is due about this portal, for one caller; due again at `until` if they never come back."""
    due = (portals.c.id == portal_id, portals.c.removal_due_at <= now, portals.c.removal_said_at.is_not(None))
    taken = update(portals).where(*due).values(removal_due_at=until, removal_asked_at=now)
    row = (await db.execute(taken.returning(portals.c.removal_said_at, portals.c.erase))).one_or_none()
    return Removal(row.removal_said_at, row.erase, until) if row else None


async def settle_removal(db: AsyncConnection, portal_id: int, taken: Removal, **values: Any) -> bool:
    """Set columns where nobody has said it again or called it off since it was taken. Whether it was so."""
    same = (portals.c.id == portal_id, portals.c.removal_due_at == taken.due_at)
    return (await db.execute(update(portals).where(*same).values(**values))).rowcount == 1


async def call_off(db: AsyncConnection, portal_id: int) -> bool:
    """An administrator's proven open: whoever said that the app was removed was wrong, or it is back. Whether anybody
    had said it, be it while the page was being opened."""
    said = (portals.c.id == portal_id, portals.c.removal_said_at.is_not(None))
    return (await db.execute(update(portals).where(*said).values(**NOT_SAID))).rowcount == 1


async def leave(db: AsyncConnection, portal_id: int, taken: Removal, now: datetime) -> bool:
    """The app is no longer in the portal; False where that was called off or done meanwhile.

    First in its transaction: whoever stores something for the portal at the same time is through with it, or is told
    by `enter`.
    """
    here = (portals.c.id == portal_id, portals.c.state != PortalState.REMOVED)
    if (await db.execute(select(portals.c.id).where(*here).with_for_update())).one_or_none() is None:
        return False
    gone = {"state": PortalState.REMOVED, "removed_at": now, "erase": taken.clean, "removal_said_at": None}
    gone |= {"removal_due_at": None, "token_digest": None, "fields": {}, "report": {}}
    gone |= {"removal_asked_at": None}  # whoever installs and removes it again at once waits for nothing
    return await settle_removal(db, portal_id, taken, **gone)


async def erasable_at(db: AsyncConnection, portal_id: int, kept: timedelta, *, lock: bool = False) -> datetime | None:
    """When the rows of a portal have been kept long enough (`domain.portal.installation.erasable_at`). `lock`: an
    installation at the same moment waits."""
    told = (portals.c.state, portals.c.removed_at, portals.c.erase, portals.c.removal_said_at, portals.c.removal_due_at)
    query = select(*told).where(portals.c.id == portal_id)
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return erasable(PortalState(row.state), row.removed_at, row.erase, *row[3:], kept) if row else None


async def part(db: AsyncConnection, portal_id: int, now: datetime, kept: timedelta) -> bool:
    """Past calling off: nobody finds the portal by its member id any more, whatever of it is still there.

    Whether its rows may be erased. An installation at the same moment comes before it, or starts from nothing.
    """
    due_at = await erasable_at(db, portal_id, kept, lock=True)
    if due_at is None or due_at > now:
        return False
    removed_at = func.coalesce(portals.c.removed_at, portals.c.removal_said_at)
    gone = {"state": PortalState.REMOVED, "removed_at": removed_at, "erase": True, "token_digest": None}
    await change(db, portal_id, **gone, removal_said_at=None, removal_due_at=None)
    await departures.note(db, portal_id)
    await change(db, portal_id, member_id=f"left:{portal_id}")
    return True


async def remember(
    db: AsyncConnection,
    *,
    member_id: str,
    public_id: str,
    domain: str,
    endpoint: str,
    auth_server: str,
    lang: str,
    scopes: list[str],
    modes: Mapping[str, str],
    proven_at: datetime,
    now: datetime,
) -> Portal | None:
    """A proven portal: new, or the one we know by its member id with today's address and scopes. None where it has left
    since it was proven.

    A removed portal goes on with what was kept, and nobody says any more that it left; one whose data is being deleted
    starts from nothing, beside what is left of it.
    """
    again = case((portals.c.state == PortalState.REMOVED, PortalState.INSTALLING.value), else_=portals.c.state)
    known = {"domain": domain, "endpoint": endpoint, "auth_server": auth_server, "scopes": scopes}
    back = {"state": again, "removed_at": None, **NOT_SAID}
    new = insert(portals).values(
        **known,
        member_id=member_id,
        public_id=public_id,
        state=PortalState.INSTALLING,
        lang=lang,
        modes=dict(modes),
        created_at=now,
    )
    there = or_(portals.c.state != PortalState.REMOVED, portals.c.removed_at < proven_at)
    row = new.on_conflict_do_update(index_elements=["member_id"], set_=known | back, where=there).returning(portals)
    return _portal((await db.execute(row)).one_or_none())


async def move(db: AsyncConnection, portal_id: int, to: PortalState, *, only_from: Collection[PortalState]) -> bool:
    """Change the state where it still is one of these: a late worker must not wake a portal that has left."""
    here = (portals.c.id == portal_id, portals.c.state.in_([one.value for one in only_from]))
    return (await db.execute(update(portals).where(*here).values(state=to))).rowcount == 1


async def change(db: AsyncConnection, portal_id: int, **values: Any) -> None:
    """Set columns of one portal: state, token_digest, fields, report, modes, installed_at …"""
    await db.execute(update(portals).where(portals.c.id == portal_id).values(**values))


async def change_report(
    db: AsyncConnection, portal_id: int, before: Mapping[str, Any], report: Mapping[str, Any]
) -> None:
    """Where it still says what it said before: a set-up that came in between knows better."""
    same = (portals.c.id == portal_id, portals.c.report == dict(before))
    await db.execute(update(portals).where(*same).values(report=dict(report)))


def _portal(row: Row[Any] | None) -> Portal | None:
    if row is None:
        return None
    return Portal(
        id=row.id,
        member_id=row.member_id,
        public_id=row.public_id,
        state=PortalState(row.state),
        domain=row.domain,
        endpoint=row.endpoint,
        auth_server=row.auth_server,
        token_digest=row.token_digest,
        lang=row.lang,
        license=row.license,
        scopes=tuple(row.scopes),
        modes=row.modes,
        fields=row.fields,
        report=row.report,
        installed_at=row.installed_at,
        imported_at=row.imported_at,
        rescanned_at=row.rescanned_at,
        links_read_at=row.links_read_at,
        offline=row.offline,
        sweep_asked=row.sweep_asked,
        removal_said_at=row.removal_said_at,
    )
