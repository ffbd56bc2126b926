"""People of the portal: names by id, and who opens a card, all in the one request that proves their right to it.

Pages: api-reference/common/users/profile.md, api-reference/user/user-get.md,
api-reference/crm/universal/crm-item-get.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from b24app.bitrix24.cards import ENTITY_TYPE, Person
from b24app.bitrix24.client import BATCH_SIZE, Command, Outcome, PortalClient
from b24app.domain.facts import Subject


@dataclass(frozen=True, slots=True)
class CardOpened:
    """Who opened a card they may see, and the names of the users asked for (those the portal knows)."""

    person: Person
    names: Mapping[int, str]


async def open_card(client: PortalClient, subject: Subject, users: Sequence[int] = ()) -> CardOpened:
    """One request with the person's own token: who they are, that they may read this record, and names.

    Raises NotFound, AccessDenied, NeedsFreshToken and the other PortalErrors. Names are no reason to fail.
    """
    item = {"entityTypeId": ENTITY_TYPE[subject.kind], "id": subject.id}
    commands = [Command("profile"), Command("crm.item.get", item)]
    if users:
        commands.append(Command("user.get", {"FILTER": {"ID": list(users[:BATCH_SIZE])}}))
    profile, record, *named = await client.batch(commands)
    person = person_of(profile.value())
    record.value()
    return CardOpened(person, _names(named) | {person.user_id: person.name})


async def whoami(client: PortalClient) -> Person:
    """The owner of the client's token, as `profile` says."""
    return person_of((await client.call("profile")).result)


def person_of(me: Mapping[str, Any]) -> Person:
    """An answer of `profile`."""
    return Person(int(me["ID"]), _name(me), me.get("ADMIN") is True)


def _names(outcomes: Sequence[Outcome]) -> dict[int, str]:
    rows = [row for one in outcomes if isinstance(one.result, list) for row in one.result if isinstance(row, dict)]
    return {int(row["ID"]): _name(row) for row in rows}


def _name(row: Mapping[str, Any]) -> str:
    """First and last name; the mail address of somebody who has neither."""
    return f"{row.get('NAME') or ''} {row.get('LAST_NAME') or ''}".strip() or str(row.get("EMAIL") or "")
