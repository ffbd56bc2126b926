"""One contact made and deleted again, to see how a portal takes what the app writes.

Pages: api-reference/crm/contacts/crm-contact-add.md, crm-contact-delete.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from b24app.bitrix24 import values
from b24app.bitrix24.cards import FieldMap, read_cards
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.probing import probes
from b24app.bitrix24.probing.listening import Listening, Row
from b24app.domain.cards import test_card
from b24app.domain.cards.facts import Kind, Subject
from b24app.errors import NotFound

NOWHERE = 2_000_000_000
"""An id that no card has."""


async def add(client: PortalClient, last_name: str) -> int:
    """Raises the PortalErrors, OutcomeUnknown among them: then `called` tells."""
    fields = {"NAME": test_card.FIRST, "LAST_NAME": last_name, "OPENED": "N"}
    params = {"REGISTER_SONET_EVENT": "N"}
    made = (await client.call("crm.contact.add", {"fields": fields, "params": params}, write=True)).result
    return values.ident(made) or 0


async def called(client: Listening, fields: FieldMap, last_name: str) -> Sequence[int]:
    """Ids of contacts of exactly this name: a condition that the portal passes over finds nobody else's card."""
    began = len(client.heard)
    await read_cards(client, [Subject(Kind.CONTACT, NOWHERE)], fields)
    (found,) = await probes.again(client, client.heard[began], [{"filter": {"=lastName": last_name}}])
    return [one for row in found if _is(row, last_name) and (one := values.ident(row.get("id")))]


async def delete(client: PortalClient, card: int) -> None:
    """Raises the PortalErrors; one that is gone already is no error."""
    try:
        await client.call("crm.contact.delete", {"id": card}, write=True)
    except NotFound:
        return


def _is(row: Row, last_name: str) -> bool:
    return (row.get("name"), row.get("lastName")) == (test_card.FIRST, last_name)
