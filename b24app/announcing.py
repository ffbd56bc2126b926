"""Facts go up by announcement: a lower room says that something is so, and the work of all who react is due, in the
same transaction. The rows are the machine's; whoever announces knows nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.card_rules import Announcement
from b24app.lanes import Lane
from b24app.plug import product_of
from b24app.resources import Resources
from b24app.work.store import index


async def announce(
    db: AsyncConnection, resources: Resources, portal_id: int, said: Sequence[Announcement], lane: Lane, now: datetime
) -> None:
    """Last of a transaction but for news: rows of the index are locked part by part, in one order. Call
    `resources.wake.inbox` after commit where nobody should wait for the tick."""
    for reaction in product_of(resources).reactions:
        keys = {reaction.key(one.value) for one in said if one.topic == reaction.topic}
        await index.arrive(db, portal_id, reaction.part, keys, lane, now)
