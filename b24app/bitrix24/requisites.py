"""Requisites of contacts and companies: read by their ids, and all of them as a stream.

Pages: api-reference/crm/requisites/universal/index.md (fields), crm-requisite-list.md, crm-requisite-get.md. A list
shows 50 rows a command, 50 commands a request. An owner never changes by hand (it is immutable): a requisite on another
card than before was moved by a merge or came back from the recycle bin with its card.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from b24app.bitrix24 import values
from b24app.bitrix24.cards import READERS, one_by_one
from b24app.bitrix24.client import PAGE, Command, PortalClient
from b24app.bitrix24.rows import Row, asked_for, checked, rows_of
from b24app.domain.cards.facts import Odd, Requisite, RequisiteId, RequisiteKind, Subject
from b24app.errors import PortalDown

LIST = "crm.requisite.list"
SELECT = ("ID", "ENTITY_TYPE_ID", "ENTITY_ID", "RQ_INN", "RQ_KPP", "ACTIVE", "DATE_CREATE", "DATE_MODIFY")
OWNERS = {str(one.entity_type): one.kind for one in READERS.values() if one.requisites}


@dataclass(frozen=True, slots=True)
class Requisites:
    """What one read brought: those found, and those there that could not be understood."""

    found: Mapping[RequisiteId, Requisite] = field(default_factory=dict)
    odd: Mapping[RequisiteId, Odd] = field(default_factory=dict)


async def read_requisites(client: PortalClient, wanted: Iterable[RequisiteId]) -> Requisites:
    """Those of these that exist, 2,500 a request. Raises the PortalErrors: a part would look like deletions."""
    ids = sorted({one.id for one in wanted})
    slices = [ids[at : at + PAGE] for at in range(0, len(ids), PAGE)]
    outcomes = await client.batch([_listing({"@ID": part}) for part in slices])
    found: dict[RequisiteId, Requisite] = {}
    odd: dict[RequisiteId, Odd] = {}
    for part, outcome in zip(slices, outcomes, strict=True):
        rows = asked_for(LIST, rows_of(LIST, outcome.value(), "", "ID"), "ID", part)
        for one in _requisites([row for _, row in rows]):
            if isinstance(one, Odd):
                odd[_requisite_id(one.subject.id)] = one
            else:
                found[one.subject] = one
    return Requisites(found, odd)


async def look_again(client: PortalClient, missing: Sequence[RequisiteId]) -> tuple[Requisites, list[RequisiteId]]:
    """Those that a list left out: there after all, made or restored meanwhile; and hidden from this token.

    The others are deleted; asking for each tells them apart (crm-requisite-get.md: "is not found", "Access denied.",
    both without a code). Raises PortalDown `LIST_INCOMPLETE` where a list leaves out what the portal shows.
    """
    asked = {one: Command("crm.requisite.get", {"id": one.id}) for one in missing}
    shown, hidden = await one_by_one(client, asked)
    found = await read_requisites(client, shown) if shown else Requisites()
    if len(found.found) + len(found.odd) < len(shown):
        raise PortalDown(LIST, code="LIST_INCOMPLETE")
    return found, hidden


async def import_requisites(client: PortalClient, after: int = 0) -> AsyncIterator[list[Requisite | Odd]]:
    """All by rising id, 50 a page, 2,500 a request; from the first id above `after`, which is the resume point."""
    async for page in client.chain(LIST, filter={}, select=SELECT, after=after):
        yield _requisites(page)


async def count_requisites(client: PortalClient) -> int | None:
    """How many the token may see. None where the portal does not say."""
    return (await client.call(LIST, {"select": ["ID"], "filter": {}, "order": {"ID": "ASC"}})).total


def _listing(filter: Mapping[str, Any]) -> Command:
    return Command(LIST, {"select": SELECT, "filter": checked(filter), "order": {"ID": "ASC"}, "start": -1})


def _requisites(rows: Sequence[Row]) -> list[Requisite | Odd]:
    """Rows of the list. Raises PortalDown `FIELD_MISSING` where an asked field came with no row."""
    for name in SELECT:
        if rows and not any(name in row for row in rows):
            raise PortalDown(LIST, 200, "FIELD_MISSING", field=name)
    return [_requisite(row) for row in rows]


def _requisite(row: Row) -> Requisite | Odd:
    """Numbers come as texts; what is empty as a text without letters or as nothing."""
    subject, owner = _requisite_id(int(row["ID"])), values.ident(row.get("ENTITY_ID"))
    changed = values.moment(row.get("DATE_MODIFY")) or values.moment(row.get("DATE_CREATE"))
    kind = OWNERS.get(values.text(row.get("ENTITY_TYPE_ID")))
    missing = next((name for name in SELECT if name not in row), "")
    if missing or kind is None or owner is None:
        return Odd(subject, missing or ("ENTITY_ID" if kind else "ENTITY_TYPE_ID"), changed)
    return Requisite(
        subject=subject,
        owner=Subject(kind, owner),
        inn=values.text(row["RQ_INN"], values.LONGEST_CODE),
        kpp=values.text(row["RQ_KPP"], values.LONGEST_CODE),
        active=row["ACTIVE"] not in ("N", "0", 0, False),
        modified_at=changed,
    )


def _requisite_id(id: int) -> RequisiteId:
    return RequisiteId(RequisiteKind.REQUISITE, id)
