"""What a portal shows and nobody can understand: named in the log, and left to its own journey, which looks at it again
a few times and then keeps it as failed for a person to see. Its neighbours go on, and it counts as there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from b24app.domain.cards.facts import Odd
from b24app.domain.portal.portal import Portal
from b24app.domain.work.arrivals import Arrival, Source
from b24app.errors import Unreadable
from b24app.work.store.index import Claim

UNREADABLE = "unreadable"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Unread:
    """One of a slice that could not be carried on, while the others were."""

    claim: Claim
    error: Exception


def unread(portal: Portal, claims: Sequence[Claim], many: Iterable[Odd], method: str) -> list[Unread]:
    """Those of these claims whose subject the portal shows and nobody can understand."""
    found = {str(one.subject): one for one in many}
    strange = [one for one in claims if one.key in found]
    for claim in strange:
        name(portal, found[claim.key])
    return [Unread(one, Unreadable(method, found[one.key].field)) for one in strange]


def rows_for(portal: Portal, many: Iterable[Odd], source: Source) -> list[Arrival]:
    """Inbox rows to be, one for each."""
    found = list(many)
    for one in found:
        name(portal, one)
    return [Arrival(source, UNREADABLE, one.subject) for one in found]


def name(portal: Portal, one: Odd) -> None:
    """In the log, without any value."""
    log.warning("row_unreadable", portal=portal.id, subject=str(one.subject), field=one.field)
