"""People of the portal: names by id, and who opens a card, all in the one request that proves their right to it.

Pages: api-reference/common/users/profile.md, api-reference/user/user-get.md,
api-reference/crm/universal/crm-item-get.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from b24app.bitrix24 import values
from b24app.bitrix24.cards import Person, item
from b24app.bitrix24.client import BATCH_SIZE, Command, Outcome, PortalClient
from b24app.domain.cards.facts import Subject
from b24app.errors import PortalDown


@dataclass(frozen=True, slots=True)
class CardOpened:
    """Who opened a card they may see, and the names of the users asked for (those the portal knows)."""

    person: Person
    names: Mapping[int, str]


async def open_card(client: PortalClient, subject: Subject, users: Sequence[int] = ()) -> CardOpened:
    """One request with the person's own token: who they are, that they may read this record, and names.

    Raises NotFound, AccessDenied, NeedsFreshToken and the other PortalErrors. Names are no reason to fail.
    """
    commands = [Command("profile"), Command("crm.item.get", item(subject))]
    if users:
        commands.append(Command("user.get", {"FILTER": {"ID": list(users[:BATCH_SIZE])}}))
    profile, record, *named = await client.batch(commands)
    person = person_of(profile.value())
    record.value()
    return CardOpened(person, _names(named) | {person.user_id: person.name})


async def names(client: PortalClient, users: Sequence[int]) -> Mapping[int, str]:
    """Names of these users, those the portal knows. One request. Raises the PortalErrors."""
    asked = Command("user.get", {"FILTER": {"ID": list(users[:BATCH_SIZE])}})
    return _names(await client.batch([asked]))


async def whoami(client: PortalClient) -> Person:
    """The owner of the client's token, as `profile` says."""
    return person_of((await client.call("profile")).result)


def person_of(me: Mapping[str, Any]) -> Person:
    """An answer of `profile`. Raises PortalDown `FIELD_MISSING` where it does not say who it is."""
    user_id = values.ident(me.get("ID")) if isinstance(me, Mapping) else None
    if user_id is None:
        raise PortalDown("profile", 200, "FIELD_MISSING", field="ID")
    return Person(user_id, _name(me), me.get("ADMIN") is True)


def _names(outcomes: Sequence[Outcome]) -> dict[int, str]:
    rows = [row for one in outcomes for row in values.rows(one.result)]
    return {user_id: _name(row) for row in rows if (user_id := values.ident(row.get("ID")))}


def _name(row: Mapping[str, Any]) -> str:
    """First and last name; the mail address of somebody who has neither."""
    first, last, mail = (values.text(row.get(name)).strip() for name in ("NAME", "LAST_NAME", "EMAIL"))
    return f"{first} {last}".strip() or mail
