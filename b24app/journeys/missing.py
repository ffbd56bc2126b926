"""What a list no longer shows: deleted, or hidden from our admin, who lost a right. Only the former is acted on."""

from __future__ import annotations

from collections.abc import Collection

from b24app.bitrix24.cards import still_there
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.requisites import hidden_requisites
from b24app.domain.facts import Attachment, Subject, Topic
from b24app.errors import PortalDown
from b24app.journeys.tokens import demote
from b24app.resources import Resources
from b24app.store.portals import Portal


async def really_gone(resources: Resources, portal: Portal, line: PortalClient, missing: Collection[Topic]) -> None:
    """Raises PortalDown `CARDS_HIDDEN` where any of these is there: another admin has to be asked. And the
    PortalErrors."""
    cards = [one for one in missing if isinstance(one, Subject)]
    attached = [one for one in missing if isinstance(one, Attachment)]
    if (cards and await still_there(line, cards)) or (attached and await hidden_requisites(line, attached)):
        await demote(resources, portal)
        raise PortalDown("crm.item.list", code="CARDS_HIDDEN")
