"""A card as people read it: who belongs to it, what was decided and where it was told, and what is on its way.

The statements are whole texts, made once: a card is opened often, and building them takes longer than running them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.verification.history import PastDecision
from b24app.domain.verification.membership import Membership
from b24app.verification.store.history import decision
from b24app.verification.store.memberships import membership

SHOWN, EARLIER = 10, 40  # decisions: at once, and behind a press


@dataclass(frozen=True, slots=True)
class Telling:
    """One delivery of what was decided. `state`: domain.delivery.DeliveryState; `next_at`: of a waiting one."""

    client_app: str
    url: str
    state: str
    tries: int
    last_status: int | None
    last_error: str | None
    next_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Member:
    """A membership of the card. `title`: of the card across, empty where we have not read it; `decided_by_name`: empty
    where nobody has told it; `vouched`: somebody has confirmed this person once."""

    membership: Membership
    title: str
    decided_by_name: str
    vouched: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A decision, and where it was delivered. `published`: client apps hear of it; no tellings: none has asked."""

    decision: PastDecision
    published: bool
    tellings: tuple[Telling, ...]


_HISTORY = text(
    "WITH newest AS (SELECT * FROM decisions WHERE portal_id = :portal AND membership_id = ANY(:members)"
    " ORDER BY at DESC, version DESC, membership_id LIMIT :shown)"
    " SELECT n.*, e.id AS event_id, o.state AS delivery, o.tries, o.last_status, o.last_error, o.next_at,"
    " o.finished_at, p.url, a.name AS client_app FROM newest n"
    " LEFT JOIN events e ON e.portal_id = :portal"
    " AND e.source_key = 'membership:' || n.membership_id || ':' || n.version"
    " LEFT JOIN outbox o ON o.portal_id = :portal AND o.event_id = e.id"
    " LEFT JOIN endpoints p ON p.portal_id = :portal AND p.id = o.endpoint_id"
    " LEFT JOIN client_apps a ON a.portal_id = :portal AND a.id = p.client_app_id"
    " ORDER BY n.at DESC, n.version DESC, n.membership_id, o.row_no"
).bindparams(bindparam("members", type_=ARRAY(PG_UUID(as_uuid=True))))

_AWAITED = text(
    "SELECT membership_id FROM intents WHERE portal_id = :portal AND membership_id = ANY(:members)"
    " AND (state = 'proven' OR state = 'stated' AND created_at >= :since)"
    " UNION ALL (SELECT NULL FROM inbox WHERE portal_id = :portal AND subject = :subject AND state = 'waiting' LIMIT 1)"
).bindparams(
    bindparam("members", type_=ARRAY(PG_UUID(as_uuid=True))), bindparam("since", type_=TIMESTAMP(timezone=True))
)


_MEMBERS = (
    "SELECT m.*, r.title,"
    " (SELECT d.decided_by_name FROM decisions d WHERE d.portal_id = :portal AND d.membership_id = m.id"
    "  AND d.decided_by = m.decided_by AND d.decided_by_name <> '' LIMIT 1) AS decided_by_name,"
    " m.reason IN ('box_unticked', 'button_confirm') OR EXISTS (SELECT 1 FROM decisions d WHERE d.portal_id = :portal"
    "  AND d.membership_id = m.id AND d.reason IN ('box_unticked', 'button_confirm')) AS vouched"
    " FROM memberships m LEFT JOIN records r ON r.portal_id = :portal"
)
_PEOPLE = text(
    _MEMBERS + " AND r.kind = 'contact' AND r.crm_id = m.contact_id WHERE m.portal_id = :portal AND m.company_id = :id"
)
_COMPANIES = text(
    _MEMBERS + " AND r.kind = 'company' AND r.crm_id = m.company_id WHERE m.portal_id = :portal AND m.contact_id = :id"
)


_LOST = text(
    "SELECT g.crm_id, g.title, g.gone_at FROM records r JOIN records g ON g.portal_id = :portal AND g.kind = r.kind"
    " AND g.title = r.title AND g.gone_at >= :since"
    " WHERE r.portal_id = :portal AND r.kind = :kind AND r.crm_id = :id AND r.gone_at IS NULL AND r.title <> ''"
    " AND NOT EXISTS (SELECT 1 FROM aliases a"
    " WHERE a.portal_id = :portal AND a.kind = g.kind AND a.old_id = g.crm_id)"
    " AND EXISTS (SELECT 1 FROM memberships m WHERE m.portal_id = :portal AND m.state = 'suspended'"
    " AND CASE g.kind WHEN 'contact' THEN m.contact_id ELSE m.company_id END = g.crm_id)"
    " ORDER BY g.gone_at DESC, g.crm_id LIMIT 3"
).bindparams(bindparam("since", type_=TIMESTAMP(timezone=True)))


async def members(db: AsyncConnection, portal_id: int, subject: Subject) -> list[Member]:
    """The card's memberships, those that have ended too."""
    wanted = _PEOPLE if subject.kind is Kind.COMPANY else _COMPANIES
    rows = await db.execute(wanted, {"portal": portal_id, "id": subject.id})
    return [Member(membership(row), row.title or "", row.decided_by_name or "", row.vouched) for row in rows]


@dataclass(frozen=True, slots=True)
class Lost:
    """A deleted card that somebody's access still hangs on, and for which no card goes on."""

    subject: Subject
    title: str
    gone_at: datetime


async def lost_namesakes(db: AsyncConnection, portal_id: int, subject: Subject, since: datetime) -> list[Lost]:
    """Cards of the same kind and name that were deleted since then: this one may be one of them, made anew."""
    asked = {"portal": portal_id, "kind": subject.kind.value, "id": subject.id, "since": since}
    rows = await db.execute(_LOST, asked)
    return [Lost(Subject(subject.kind, row.crm_id), row.title, row.gone_at) for row in rows]


async def history(db: AsyncConnection, portal_id: int, members: Collection[UUID]) -> list[Told]:
    """The newest decisions about these memberships, newest first; `SHOWN` and `EARLIER` together at most."""
    rows = await db.execute(_HISTORY, {"portal": portal_id, "members": list(members), "shown": SHOWN + EARLIER})
    found: dict[tuple[UUID, int], tuple[Row[Any], list[Telling]]] = {}
    for row in rows:
        _, tellings = found.setdefault((row.membership_id, row.version), (row, []))
        if row.delivery is not None:
            tellings.append(_telling(row))
    return [Told(decision(row), row.event_id is not None, tuple(tellings)) for row, tellings in found.values()]


async def awaited(
    db: AsyncConnection, portal_id: int, subject: Subject, members: Collection[UUID], since: datetime
) -> tuple[set[UUID], bool]:
    """Which memberships have a button on its way (proven, or stated since), and whether anything is for this card."""
    given = {"portal": portal_id, "subject": str(subject), "members": list(members), "since": since}
    found = list((await db.execute(_AWAITED, given)).scalars())
    return {one for one in found if one is not None}, bool(found)


def _telling(row: Row[Any]) -> Telling:
    return Telling(
        client_app=row.client_app or "",
        url=row.url or "",
        state=row.delivery,
        tries=row.tries,
        last_status=row.last_status,
        last_error=row.last_error,
        next_at=row.next_at,
        finished_at=row.finished_at,
    )
