"""What becomes of a membership that stands in an export file, given how it stands now. Pure.

The file is the past. Whatever people have done since wins: a decision of theirs, a pressed button, a box they moved in
a card. What nobody has touched gets back its state, its reason and author, and the id client apps know it by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from b24app.domain.export.restoring import RestoreVerdict
from b24app.domain.verification.membership import Membership

AHEAD = 1_000_000
"""Added to a restored version: client apps may have heard later ones than the file has, and drop what is not newer."""


@dataclass(frozen=True, slots=True)
class ExportedRow:
    """A membership as the file has it, with the boxes both cards showed then."""

    membership: Membership
    contact_box: bool
    company_box: bool


@dataclass(frozen=True, slots=True)
class CurrentState:
    """How things are now. A box is as people left it; None where there is no such card; for a person on their own the
    company's is False. `pressed`: a button about it is on its way."""

    current: Membership | None
    contact_box: bool | None
    company_box: bool | None
    pressed: bool = False


def judge(exported: ExportedRow, now: CurrentState) -> tuple[RestoreVerdict, Membership | None]:
    """The verdict, and the row to be stored where something is to be stored."""
    one, current = exported.membership, now.current
    if current is not None and current.id == one.id:
        return (RestoreVerdict.SAME if _decision(current) == _decision(one) else RestoreVerdict.KEPT), None
    if now.contact_box is None or now.company_box is None:
        return RestoreVerdict.GONE, None
    if current is None:
        return (RestoreVerdict.GONE, None) if one.live and one.linked else (RestoreVerdict.NEW, _ahead(one))
    moved = (now.contact_box, now.company_box) != (exported.contact_box, exported.company_box)
    if current.decided_at is not None or now.pressed or moved or one.live is not current.live:
        return RestoreVerdict.KEPT, None
    same = _decision(current) == _decision(one)
    return (RestoreVerdict.RENAMED if same else RestoreVerdict.CHANGED), _restored(one, current)


def _decision(one: Membership) -> tuple[object, ...]:
    return one.state, one.reason, one.decided_by, one.decided_at, one.note


def _restored(one: Membership, current: Membership) -> Membership:
    """What client apps were told since the return stays told: where the state differs from it, they hear of it."""
    ahead = _ahead(replace(one, linked=current.linked))
    if current.told_state is one.state:
        return replace(ahead, told_state=one.state)
    return replace(ahead, told_state=current.told_state, version=ahead.version + 1)


def _ahead(one: Membership) -> Membership:
    return replace(one, version=one.version + AHEAD, told_version=one.version + AHEAD)
