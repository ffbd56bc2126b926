"""How an endpoint does: which word for it, and when it began to fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from b24app.domain.delivery.health import EndpointHealth, HealthChange, health_change, health_of
from b24app.domain.delivery.schedule import EndpointState

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("state", "reason", "failing", "told", "word"),
    [
        (EndpointState.ACTIVE, "", False, True, EndpointHealth.WORKING),
        (EndpointState.ACTIVE, "", False, False, EndpointHealth.QUIET),
        (EndpointState.ACTIVE, "", True, True, EndpointHealth.FAILING),
        (EndpointState.CHECKING, "", False, True, EndpointHealth.CHECKING),
        (EndpointState.CHECKING, "status_503", True, False, EndpointHealth.UNANSWERED),
        (EndpointState.DISABLED, "gone", True, True, EndpointHealth.GONE),
        (EndpointState.DISABLED, "never_answered", True, False, EndpointHealth.NEVER_ANSWERED),
        (EndpointState.DISABLED, "restored", False, False, EndpointHealth.RESTORED),
        (EndpointState.DISABLED, "owner", False, True, EndpointHealth.SWITCHED_OFF),
    ],
)
def test_an_endpoint_has_one_word(
    state: EndpointState, reason: str, failing: bool, told: bool, word: EndpointHealth
) -> None:
    assert health_of(state, reason, failing=failing, told=told) is word
    assert word.off is (state is EndpointState.DISABLED)
    assert word.good is not (failing or word.off)


@pytest.mark.parametrize(
    ("before", "attempts", "changes"),
    [
        (None, [(NOW, True)], None),
        (None, [(NOW, False)], HealthChange(NOW, anew=False)),
        (None, [(LATER, False), (NOW, False)], HealthChange(NOW, anew=False)),
        (NOW, [(LATER, False)], None),
        (NOW, [(LATER, True)], HealthChange(None, anew=True)),
        (None, [(NOW, False), (NOW, True)], None),
        (NOW, [(NOW, True), (LATER, False)], HealthChange(LATER, anew=True)),
    ],
)
def test_it_fails_since_the_first_failure_that_nothing_good_followed(
    before: datetime | None, attempts: list[tuple[datetime, bool]], changes: HealthChange | None
) -> None:
    assert health_change(before, attempts) == changes
