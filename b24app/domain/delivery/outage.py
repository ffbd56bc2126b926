"""When a client app that gets no news is worth telling an administrator of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from b24app.domain.delivery.schedule import EndpointState

LASTING = timedelta(minutes=30)
"""A receiver that is being updated is nobody's business."""
LOOK_AGAIN, WHILE_OFF = timedelta(minutes=10), timedelta(hours=1)
TRIES = 3
"""Failed tries of one delivery after which somebody looks: five minutes after the first."""
BY_ITSELF = frozenset({"gone", "never_answered"})
"""Why an endpoint was switched off, where nobody did it."""


@dataclass(frozen=True, slots=True)
class Failing:
    """`since`: the first attempt that failed after the last news that arrived; `status`: of the last attempt, None
    where no answer came."""

    since: datetime
    status: int | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """`outage`: one that somebody should know of; `again`: when to look next, None where there is nothing to see."""

    outage: Failing | None = None
    again: datetime | None = None


def outlook(state: EndpointState, reason: str, failing: Failing | None, changed_at: datetime, now: datetime) -> Outlook:
    """`failing`: None where whatever was tried last has arrived; `changed_at`: of the endpoint."""
    if state is EndpointState.DISABLED and reason in BY_ITSELF:
        return Outlook(failing or Failing(changed_at, None), now + WHILE_OFF)
    if state is not EndpointState.ACTIVE or failing is None:
        return Outlook()
    lasting = failing.since + LASTING
    return Outlook(failing, now + LOOK_AGAIN) if lasting <= now else Outlook(None, lasting)
