"""People who wait to be checked, as a list that somebody works through."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.desk import Looking

INN = re.compile(r"\d{3,12}\Z")
LONGEST = 100  # of what is searched for


@dataclass(frozen=True, slots=True)
class Waiting:
    """A membership that waits. `company_id` 0: a person on their own; titles are empty where the card was not read;
    `responsible`: a portal user's id, 0 for nobody."""

    key: str
    since: datetime
    contact_id: int
    company_id: int
    contact: str
    company: str
    responsible: int
    note: str

    @property
    def subjects(self) -> Sequence[Subject]:
        """The person's card, and the company's."""
        person = Subject(Kind.CONTACT, self.contact_id)
        return (person, Subject(Kind.COMPANY, self.company_id)) if self.company_id else (person,)


_FROM = text(
    " FROM memberships m"
    " LEFT JOIN records p ON p.portal_id = :portal AND p.kind = 'contact' AND p.crm_id = m.contact_id"
    " LEFT JOIN records c ON c.portal_id = :portal AND c.kind = 'company' AND c.crm_id = m.company_id"
    " WHERE m.portal_id = :portal AND m.state = 'pending'"
)
_MINE = " AND coalesce(nullif(c.assigned_by, 0), p.assigned_by) = :user"
_SINCE = "coalesce(m.decided_at, m.updated_at)"
_BEFORE = f" AND {_SINCE} <= :before"
_CAPITALS = "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"


def _small(column: str) -> str:
    """In small letters, also in a database whose locale knows no Cyrillic ones."""
    return f"translate(lower({column}), '{_CAPITALS}', '{_CAPITALS.lower()}')"


_NAMED = f" AND ({_small('p.title')} LIKE :named OR {_small('c.title')} LIKE :named"
_INN = text(
    " OR EXISTS (SELECT 1 FROM requisites r WHERE r.portal_id = :portal AND r.inn LIKE :inn AND r.gone_at IS NULL"
    " AND (r.owner_kind = 'company' AND r.owner_id = m.company_id"
    " OR r.owner_kind = 'contact' AND r.owner_id = m.contact_id))"
)
_AFTER = f" AND ({_SINCE}, m.id) < (CAST(:since AS timestamptz), CAST(:key AS uuid))"
_ROWS = (
    f"SELECT m.id, {_SINCE} AS since, m.contact_id, m.company_id, m.note, p.title AS contact, c.title AS company,"
    " coalesce(nullif(c.assigned_by, 0), p.assigned_by, 0) AS responsible"
)


async def count(db: AsyncConnection, portal_id: int, looking: Looking, most: int) -> int:
    """How many wait, no more than `most`."""
    where, values = _where(portal_id, looking)
    counted = text(f"SELECT count(*) FROM (SELECT 1{where} LIMIT :most) AS found")  # noqa: S608 - our own texts only
    return int((await db.execute(counted, {**values, "most": most})).scalar_one())


async def rows(
    db: AsyncConnection, portal_id: int, looking: Looking, after: tuple[datetime, str] | None, limit: int
) -> list[Waiting]:
    """Newest first. `after`: when the last one seen began to wait, and its key."""
    where, values = _where(portal_id, looking)
    if after:
        where, values = where + _AFTER, {**values, "since": after[0], "key": after[1]}
    found = text(f"{_ROWS}{where} ORDER BY {_SINCE} DESC, m.id DESC LIMIT :limit")
    return [_waiting(row) for row in await db.execute(found, {**values, "limit": limit})]


def _where(portal_id: int, looking: Looking) -> tuple[str, dict[str, Any]]:
    where, values = _FROM.text, dict[str, Any](portal=portal_id)
    if looking.mine:
        where, values = where + _MINE, {**values, "user": looking.user_id}
    if looking.before:
        where, values = where + _BEFORE, {**values, "before": looking.before}
    if asked := looking.text.strip()[:LONGEST]:
        where, values = where + _NAMED, {**values, "named": f"%{_escaped(asked.lower())}%"}
        if INN.match(asked):
            where, values = where + _INN.text, {**values, "inn": f"{asked}%"}
        where += ")"
    return where, values


def _escaped(asked: str) -> str:
    """LIKE's own signs as signs."""
    return re.sub(r"([\\%_])", r"\\\1", asked)


def _waiting(row: Any) -> Waiting:
    return Waiting(
        key=str(row.id),
        since=row.since,
        contact_id=row.contact_id,
        company_id=row.company_id,
        contact=row.contact or "",
        company=row.company or "",
        responsible=row.responsible,
        note=row.note,
    )
