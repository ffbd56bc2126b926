"""What becomes of a exported membership: whatever people have done since wins; what nobody touched comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from b24app.domain.export.restoring import RestoreVerdict
from b24app.domain.verification.membership import ALONE, DecidedBySource, Membership, Reason, State
from b24app.domain.verification.restoring import AHEAD, CurrentState, ExportedRow, judge

AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
CONFIRMED = Membership(
    uuid4(), 7, 3, State.CONFIRMED, Reason.BUTTON_CONFIRM, True, "звонила", 12, DecidedBySource.BUTTON, AT, 4,
    State.CONFIRMED, 4,
)  # fmt: skip
KNOWN = replace(CONFIRMED, state=State.CONFIRMED, reason=Reason.KNOWN, note="", decided_by=None, decided_at=None)
FRESH = Membership(uuid4(), 7, 3, State.CONFIRMED, Reason.KNOWN, told_state=State.CONFIRMED)
"""As the import found it after the return."""
WAITS = replace(FRESH, state=State.PENDING, told_state=State.PENDING)


def exported(one: Membership, contact: bool = False, company: bool = False) -> ExportedRow:
    return ExportedRow(one, contact, company)


def now(
    current: Membership | None, contact: bool | None = False, company: bool | None = False, pressed: bool = False
) -> CurrentState:
    return CurrentState(current, contact, company, pressed)


@pytest.mark.parametrize(
    ("was", "stands", "verdict"),
    [
        (exported(CONFIRMED), now(FRESH), RestoreVerdict.CHANGED),
        (exported(CONFIRMED), now(WAITS), RestoreVerdict.CHANGED),
        (exported(replace(KNOWN, decided_by_source=DecidedBySource.UNKNOWN)), now(FRESH), RestoreVerdict.RENAMED),
        (exported(CONFIRMED), now(CONFIRMED), RestoreVerdict.SAME),
        (exported(CONFIRMED), now(replace(CONFIRMED, version=9)), RestoreVerdict.SAME),
        (exported(CONFIRMED), now(replace(CONFIRMED, state=State.REFUSED, version=5)), RestoreVerdict.KEPT),
        (exported(CONFIRMED), now(replace(FRESH, decided_at=AT)), RestoreVerdict.KEPT),
        (exported(CONFIRMED), now(FRESH, pressed=True), RestoreVerdict.KEPT),
        (exported(CONFIRMED), now(WAITS, contact=True), RestoreVerdict.KEPT),
        (exported(CONFIRMED), now(WAITS, company=True), RestoreVerdict.KEPT),
        (exported(CONFIRMED, company=True), now(WAITS, company=True), RestoreVerdict.CHANGED),
        (exported(replace(CONFIRMED, state=State.PENDING), True, True), now(FRESH), RestoreVerdict.KEPT),
        (exported(CONFIRMED), now(None), RestoreVerdict.GONE),
        (exported(CONFIRMED), now(None, contact=None), RestoreVerdict.GONE),
        (exported(CONFIRMED), now(FRESH, company=None), RestoreVerdict.GONE),
        (exported(replace(CONFIRMED, state=State.LEFT)), now(None), RestoreVerdict.NEW),
        (exported(replace(CONFIRMED, linked=False, state=State.PENDING)), now(None), RestoreVerdict.NEW),
        (exported(replace(CONFIRMED, state=State.LEFT)), now(FRESH), RestoreVerdict.KEPT),
        (exported(replace(CONFIRMED, company_id=ALONE)), now(replace(FRESH, company_id=ALONE)), RestoreVerdict.CHANGED),
    ],
)  # fmt: skip
def test_verdicts(was: ExportedRow, stands: CurrentState, verdict: RestoreVerdict) -> None:
    found, back = judge(was, stands)
    assert found is verdict
    assert (back is not None) is (verdict in (RestoreVerdict.NEW, RestoreVerdict.CHANGED, RestoreVerdict.RENAMED))


def test_what_was_told_stays_told_and_what_was_told_otherwise_is_news() -> None:
    _, silent = judge(exported(CONFIRMED), now(FRESH))
    assert silent == replace(CONFIRMED, version=CONFIRMED.version + AHEAD, told_version=CONFIRMED.version + AHEAD)

    _, told = judge(exported(CONFIRMED), now(WAITS))
    assert told and (told.id, told.state, told.told_state) == (CONFIRMED.id, State.CONFIRMED, State.PENDING)
    assert (told.version, told.told_version) == (CONFIRMED.version + AHEAD + 1, CONFIRMED.version + AHEAD)


@pytest.mark.parametrize("current", [FRESH, WAITS])
def test_twice_is_once(current: Membership) -> None:
    _, back = judge(exported(CONFIRMED), now(current))
    assert back
    assert judge(exported(CONFIRMED), now(back)) == (RestoreVerdict.SAME, None)
