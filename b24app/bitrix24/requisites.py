"""Requisites of contacts and companies: read by their ids, and all of them as a stream.

Pages: api-reference/crm/requisites/universal/index.md (fields), crm-requisite-list.md, crm-requisite-get.md. A list
shows 50 rows a command, 50 commands a request. An owner never changes by hand (it is immutable): a requisite on another
card than before was moved by a merge or came back from the recycle bin with its card.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from b24app.bitrix24.cards import ENTITY_TYPE, one_by_one
from b24app.bitrix24.client import PAGE, Command, PortalClient
from b24app.domain.facts import Attached, Attachment, Requisite, Subject
from b24app.errors import PortalDown

LIST = "crm.requisite.list"
SELECT = ("ID", "ENTITY_TYPE_ID", "ENTITY_ID", "RQ_INN", "RQ_KPP", "ACTIVE", "DATE_CREATE", "DATE_MODIFY")
OWNERS = {str(number): kind for kind, number in ENTITY_TYPE.items()}


async def read_requisites(client: PortalClient, wanted: Iterable[Attachment]) -> Mapping[Attachment, Requisite]:
    """Those of these that exist, 2,500 a request. Raises the PortalErrors: a part would look like deletions."""
    ids = sorted({one.id for one in wanted})
    commands = [_listing({"@ID": ids[at : at + PAGE]}) for at in range(0, len(ids), PAGE)]
    rows = [row for outcome in await client.batch(commands) for row in outcome.value()]
    return {one.subject: one for one in _requisites(rows)}


async def look_again(
    client: PortalClient, missing: Sequence[Attachment]
) -> tuple[Mapping[Attachment, Requisite], list[Attachment]]:
    """Those that a list left out: there after all, made or restored meanwhile; and hidden from this token.

    The others are deleted; asking for each tells them apart (crm-requisite-get.md: "is not found", "Access denied.",
    both without a code). Raises PortalDown `LIST_INCOMPLETE` where a list leaves out what the portal shows.
    """
    asked = {one: Command("crm.requisite.get", {"id": one.id}) for one in missing}
    shown, hidden = await one_by_one(client, asked)
    found = await read_requisites(client, shown) if shown else {}
    if len(found) < len(shown):
        raise PortalDown(LIST, code="LIST_INCOMPLETE")
    return found, hidden


async def import_requisites(client: PortalClient, after: int = 0) -> AsyncIterator[list[Requisite]]:
    """All by rising id, 50 a page, 2,500 a request; from the first id above `after`, which is the resume point."""
    async for page in client.chain(LIST, filter={}, select=SELECT, after=after):
        yield _requisites(page)


async def count_requisites(client: PortalClient) -> int | None:
    """How many the token may see. None where the portal does not say."""
    return (await client.call(LIST, {"select": ["ID"], "filter": {}, "order": {"ID": "ASC"}})).total


def _listing(filter: Mapping[str, Any]) -> Command:
    return Command(LIST, {"select": SELECT, "filter": filter, "order": {"ID": "ASC"}, "start": -1})


def _requisites(rows: Iterable[Mapping[str, Any]]) -> list[Requisite]:
    return [_requisite(row) for row in rows]


def _requisite(row: Mapping[str, Any]) -> Requisite:
    """Numbers come as texts; what is empty as a text without letters or as nothing."""
    changed = row.get("DATE_MODIFY") or row.get("DATE_CREATE")
    return Requisite(
        subject=Attachment(Attached.REQUISITE, int(row["ID"])),
        owner=Subject(OWNERS[str(row["ENTITY_TYPE_ID"])], int(row["ENTITY_ID"])),
        inn=str(row.get("RQ_INN") or ""),
        kpp=str(row.get("RQ_KPP") or ""),
        active=row.get("ACTIVE") != "N",
        modified_at=datetime.fromisoformat(changed) if changed else None,
    )
