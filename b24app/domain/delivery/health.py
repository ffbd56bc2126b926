"""How an endpoint does, for people to read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from typing import NamedTuple

from b24app.domain.delivery.schedule import EndpointState


class EndpointHealth(StrEnum):
    """`quiet`: it works and was sent no news yet; `failing`: news is tried again; `unanswered`: its ping is.

    The last four are switched off: it said that it is gone, it never answered its ping, its owner did it, or it came
    back from an export file with a secret that nobody knows.
    """

    WORKING = "working"
    QUIET = "quiet"
    FAILING = "failing"
    CHECKING = "checking"
    UNANSWERED = "unanswered"
    GONE = "gone"
    NEVER_ANSWERED = "never_answered"
    SWITCHED_OFF = "switched_off"
    RESTORED = "restored"

    @property
    def off(self) -> bool:
        """Nothing is sent until somebody switches it on."""
        return self in _OFF

    @property
    def good(self) -> bool:
        return self in (EndpointHealth.WORKING, EndpointHealth.QUIET, EndpointHealth.CHECKING)


_REASONS = {
    "gone": EndpointHealth.GONE,
    "never_answered": EndpointHealth.NEVER_ANSWERED,
    "restored": EndpointHealth.RESTORED,
}
_OFF = frozenset({*_REASONS.values(), EndpointHealth.SWITCHED_OFF})


def health_of(state: EndpointState, reason: str, *, failing: bool, told: bool) -> EndpointHealth:
    """`reason`: of the state; `failing`: its last attempt failed; `told`: it has answered news well."""
    if state is EndpointState.DISABLED:
        return _REASONS.get(reason, EndpointHealth.SWITCHED_OFF)
    if state is EndpointState.CHECKING:
        return EndpointHealth.UNANSWERED if failing else EndpointHealth.CHECKING
    if failing:
        return EndpointHealth.FAILING
    return EndpointHealth.WORKING if told else EndpointHealth.QUIET


class HealthChange(NamedTuple):
    """An endpoint's health changes with a slice of attempts. `since`: when it began to fail, None: it answers.

    `anew`: it had answered in between.
    """

    since: datetime | None
    anew: bool


def health_change(failing_since: datetime | None, attempts: Iterable[tuple[datetime, bool]]) -> HealthChange | None:
    """What these attempts, each `(made at, answered well)`, change for an endpoint. None: nothing."""
    since, anew = failing_since, False
    for at, well in sorted(attempts, key=itemgetter(0)):
        if well:
            since, anew = None, True
        elif since is None:
            since = at
    return None if since == failing_since else HealthChange(since, anew)
