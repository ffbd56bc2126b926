"""What becomes of a filed membership: whatever people have done since wins; what nobody touched comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from b24app.domain.export.restoring import AHEAD, Filed, Standing, Weight, weigh
from b24app.domain.verification.membership import ALONE, DecidedBySource, Membership, Reason, State

AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
CONFIRMED = Membership(
    uuid4(), 7, 3, State.CONFIRMED, Reason.BUTTON_CONFIRM, True, "звонила", 12, DecidedBySource.BUTTON, AT, 4,
    State.CONFIRMED, 4,
)  # fmt: skip
KNOWN = replace(CONFIRMED, state=State.CONFIRMED, reason=Reason.KNOWN, note="", decided_by=None, decided_at=None)
FRESH = Membership(uuid4(), 7, 3, State.CONFIRMED, Reason.KNOWN, told_state=State.CONFIRMED)
"""As the import found it after the return."""
WAITS = replace(FRESH, state=State.PENDING, told_state=State.PENDING)


def filed(one: Membership, contact: bool = False, company: bool = False) -> Filed:
    return Filed(one, contact, company)


def now(
    current: Membership | None, contact: bool | None = False, company: bool | None = False, pressed: bool = False
) -> Standing:
    return Standing(current, contact, company, pressed)


@pytest.mark.parametrize(
    ("was", "stands", "weight"),
    [
        (filed(CONFIRMED), now(FRESH), Weight.CHANGED),
        (filed(CONFIRMED), now(WAITS), Weight.CHANGED),
        (filed(replace(KNOWN, decided_by_source=DecidedBySource.UNKNOWN)), now(FRESH), Weight.RENAMED),
        (filed(CONFIRMED), now(CONFIRMED), Weight.SAME),
        (filed(CONFIRMED), now(replace(CONFIRMED, version=9)), Weight.SAME),
        (filed(CONFIRMED), now(replace(CONFIRMED, state=State.REFUSED, version=5)), Weight.KEPT),
        (filed(CONFIRMED), now(replace(FRESH, decided_at=AT)), Weight.KEPT),
        (filed(CONFIRMED), now(FRESH, pressed=True), Weight.KEPT),
        (filed(CONFIRMED), now(WAITS, contact=True), Weight.KEPT),
        (filed(CONFIRMED), now(WAITS, company=True), Weight.KEPT),
        (filed(CONFIRMED, company=True), now(WAITS, company=True), Weight.CHANGED),
        (filed(replace(CONFIRMED, state=State.PENDING), True, True), now(FRESH), Weight.KEPT),
        (filed(CONFIRMED), now(None), Weight.GONE),
        (filed(CONFIRMED), now(None, contact=None), Weight.GONE),
        (filed(CONFIRMED), now(FRESH, company=None), Weight.GONE),
        (filed(replace(CONFIRMED, state=State.LEFT)), now(None), Weight.NEW),
        (filed(replace(CONFIRMED, linked=False, state=State.PENDING)), now(None), Weight.NEW),
        (filed(replace(CONFIRMED, state=State.LEFT)), now(FRESH), Weight.KEPT),
        (filed(replace(CONFIRMED, company_id=ALONE)), now(replace(FRESH, company_id=ALONE)), Weight.CHANGED),
    ],
)  # fmt: skip
def test_weights(was: Filed, stands: Standing, weight: Weight) -> None:
    found, back = weigh(was, stands)
    assert found is weight
    assert (back is not None) is (weight in (Weight.NEW, Weight.CHANGED, Weight.RENAMED))


def test_what_was_told_stays_told_and_what_was_told_otherwise_is_news() -> None:
    _, silent = weigh(filed(CONFIRMED), now(FRESH))
    assert silent == replace(CONFIRMED, version=CONFIRMED.version + AHEAD, told_version=CONFIRMED.version + AHEAD)

    _, told = weigh(filed(CONFIRMED), now(WAITS))
    assert told and (told.id, told.state, told.told_state) == (CONFIRMED.id, State.CONFIRMED, State.PENDING)
    assert (told.version, told.told_version) == (CONFIRMED.version + AHEAD + 1, CONFIRMED.version + AHEAD)


@pytest.mark.parametrize("current", [FRESH, WAITS])
def test_twice_is_once(current: Membership) -> None:
    _, back = weigh(filed(CONFIRMED), now(current))
    assert back
    assert weigh(filed(CONFIRMED), now(back)) == (Weight.SAME, None)
