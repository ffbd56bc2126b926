"""What a list no longer shows: deleted; there after all, made or restored meanwhile; or hidden from our admin, who lost
a right. Only the first is acted on as a deletion. A list that refuses our admin altogether says the third of all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import NoReturn, TypeVar

from b24app.bitrix24 import cards, requisites
from b24app.bitrix24.cards import FieldMap
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.people import whoami
from b24app.bitrix24.requisites import Requisites
from b24app.domain.cards.facts import Cards, RequisiteId, Subject
from b24app.errors import AccessDenied, PortalDown
from b24app.portal.journeys.tokens import demote

Shown = TypeVar("Shown")


async def listed(client: PortalClient, reading: Awaitable[Shown]) -> Shown:
    """What a list shows. Raises the PortalErrors, PortalDown `CARDS_HIDDEN` where another admin has to be asked."""
    try:
        return await reading
    except AccessDenied as refused:
        await _refused(client, refused)


async def listed_pages(client: PortalClient, pages: AsyncIterator[Shown]) -> AsyncIterator[Shown]:
    """As `listed`, page by page."""
    try:
        async for page in pages:
            yield page
    except AccessDenied as refused:
        await _refused(client, refused)


async def cards_after_all(client: PortalClient, fields: FieldMap, missing: Sequence[Subject]) -> Cards:
    """Those of these cards that are there.

    Raises the PortalErrors, PortalDown `CARDS_HIDDEN` where another admin has to be asked.
    """
    if not missing:
        return Cards()
    there, hidden = await cards.look_again(client, missing, fields)
    if hidden:
        await _ask_another(client)
    return there


async def requisites_after_all(client: PortalClient, missing: Sequence[RequisiteId]) -> Requisites:
    """As `cards_after_all`: whoever may not see a card may not see its requisites."""
    if not missing:
        return Requisites()
    there, hidden = await requisites.look_again(client, missing)
    if hidden:
        await _ask_another(client)
    return there


async def _refused(client: PortalClient, refused: AccessDenied) -> NoReturn:
    """An administrator sees everything: one who is refused all the same is not to blame, and no other would help."""
    if (await whoami(client)).is_admin:
        raise refused
    await _ask_another(client)


async def _ask_another(client: PortalClient) -> NoReturn:
    await demote(client)
    raise PortalDown("crm.item.list", code="CARDS_HIDDEN")
