"""What an export file holds of the mode, of memberships and of what was decided, and how it comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.journeys import modes
from b24app.domain.cards.facts import Kind
from b24app.domain.export.restoring import RestoreVerdict
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.verification.history import PastDecision
from b24app.domain.verification.membership import DecidedBySource, Membership, Reason, State
from b24app.domain.verification.restoring import ExportedRow, judge
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.plug import ExportRow, ExportSection, Restoring
from b24app.portal.store import portals
from b24app.verification.store import export_rows, history, memberships
from b24app.work.store import inbox

FIRST = "00000000-0000-0000-0000-000000000000"


class SettingsRow(ExportRow):
    """The one row of the settings."""

    modes: dict[str, Mode]


async def _read_settings(db: AsyncConnection, portal: Portal, after: str, limit: int) -> list[SettingsRow]:
    return [] if after else [SettingsRow(modes={name: Mode(mode) for name, mode in portal.modes.items()})]


async def _restore_settings(on: Restoring, rows: Sequence[SettingsRow]) -> Counter[RestoreVerdict]:
    """A feature that stands as app.yaml starts it goes back to its mode; one that somebody has switched stays. One of
    which the file says nothing came later, and stays as well."""
    came: Counter[RestoreVerdict] = Counter()
    for row in rows:
        verdicts = {await _restore_mode(on, row, rule.name) for rule in on.resources.rules.all}
        order = (RestoreVerdict.CHANGED, RestoreVerdict.KEPT, RestoreVerdict.SAME)
        came[next(verdict for verdict in order if verdict in verdicts)] += 1
    return came


async def _restore_mode(on: Restoring, row: SettingsRow, name: str) -> RestoreVerdict:
    portal = await portals.by_id(on.db, on.portal.id) or on.portal  # with the modes that were restored before this one
    now = on.resources.rules.mode(portal, name)
    was = row.modes.get(name, now)
    if was is now:
        return RestoreVerdict.SAME
    if now is not on.resources.manifest.modes[name]:
        return RestoreVerdict.KEPT
    if on.write:
        await modes.switch(on.db, on.resources, portal, name, was)
    return RestoreVerdict.CHANGED


class MembershipRow(ExportRow):
    """A membership with its decision, and the boxes both cards showed."""

    id: UUID
    contact_id: int
    company_id: int
    linked: bool
    state: State
    reason: Reason
    note: str
    decided_by: int | None
    decided_by_source: DecidedBySource
    decided_at: AwareDatetime | None
    version: int
    told_state: State
    told_version: int
    contact_box: bool
    company_box: bool


async def _read_memberships(db: AsyncConnection, portal: Portal, after: str, limit: int) -> list[MembershipRow]:
    contact, _, company = after.partition(":")
    found = await export_rows.memberships_after(db, portal.id, (int(contact or 0), int(company or -1)), limit)
    return [_membership_row(one) for one in found]


async def _restore_memberships(on: Restoring, rows: Sequence[MembershipRow]) -> Counter[RestoreVerdict]:
    """What comes back leaves a row for both its cards: the verification journey puts them in line."""
    now, came = on.resources.now(), Counter[RestoreVerdict]()
    states = await export_rows.current_states(on.db, on.portal.id, [(one.contact_id, one.company_id) for one in rows])
    new: list[Membership] = []
    changed: list[tuple[Membership, Membership]] = []
    shown: list[Membership] = []
    for row in rows:
        state = states[row.contact_id, row.company_id]
        verdict, back = judge(_exported_row(row), state)
        came[verdict] += 1
        if back is not None and verdict is not RestoreVerdict.RENAMED:
            shown.append(back)
        if back is not None and state.current is not None:
            changed.append((state.current, back))
        elif back is not None:
            new.append(back)
    if on.write:
        await memberships.add_new(on.db, on.portal.id, new, now)
        await export_rows.put_back(on.db, on.portal.id, changed, now)
        await _look_at(on, shown, now)
    return came


async def _look_at(on: Restoring, back: Sequence[Membership], now: datetime) -> None:
    cards = {one.other_side(kind) for one in back for kind in Kind}
    arrivals = [Arrival(Source.RESTORE, "restored", one) for one in sorted(card for card in cards if card)]
    await inbox.receive(on.db, on.resources.vault, on.portal.id, arrivals, Lane.BULK, now)


def _membership_row(one: ExportedRow) -> MembershipRow:
    each = one.membership
    return MembershipRow(
        id=each.id,
        contact_id=each.contact_id,
        company_id=each.company_id,
        linked=each.linked,
        state=each.state,
        reason=each.reason,
        note=each.note,
        decided_by=each.decided_by,
        decided_by_source=each.decided_by_source,
        decided_at=each.decided_at,
        version=each.version,
        told_state=each.told_state or each.state,
        told_version=each.told_version,
        contact_box=one.contact_box,
        company_box=one.company_box,
    )


def _exported_row(row: MembershipRow) -> ExportedRow:
    values: dict[str, Any] = dict(row)
    contact_box, company_box = values.pop("contact_box"), values.pop("company_box")
    return ExportedRow(Membership(**values), contact_box, company_box)


class DecisionRow(ExportRow):
    """What was decided about a membership; the name of whoever decided is asked for anew."""

    membership_id: UUID
    version: int
    at: AwareDatetime
    before: State | None
    state: State
    reason: Reason
    note: str
    decided_by: int | None
    source: DecidedBySource


async def _read_decisions(db: AsyncConnection, portal: Portal, after: str, limit: int) -> list[DecisionRow]:
    membership, _, version = after.partition(":")
    found = await export_rows.decisions_after(db, portal.id, (UUID(membership or FIRST), int(version or 0)), limit)
    return [DecisionRow(**{name: getattr(one, name) for name in DecisionRow.model_fields}) for one in found]


async def _restore_decisions(on: Restoring, rows: Sequence[DecisionRow]) -> Counter[RestoreVerdict]:
    """The history of memberships that go on by the ids the file knows; that of others is passed over.

    Before these are back, all of it is said to come."""
    known = await export_rows.decided(on.db, on.portal.id, {row.membership_id for row in rows})
    came: Counter[RestoreVerdict] = Counter()
    new: list[PastDecision] = []
    for row in rows:
        versions = known.get(row.membership_id)
        if versions is None and on.write:
            came[RestoreVerdict.GONE] += 1
        elif versions and row.version in versions:
            came[RestoreVerdict.SAME] += 1
        else:
            came[RestoreVerdict.NEW] += 1
            new.append(PastDecision(**dict(row)))
    if on.write:
        await history.add(on.db, on.portal.id, new)
    return came


SETTINGS = ExportSection("settings", SettingsRow, _read_settings, lambda row: "read", _restore_settings, leads=True)
MEMBERSHIPS = ExportSection(
    "memberships",
    MembershipRow,
    _read_memberships,
    lambda row: f"{row.contact_id}:{row.company_id}",
    _restore_memberships,
)
DECISIONS = ExportSection(
    "decisions",
    DecisionRow,
    _read_decisions,
    lambda row: f"{row.membership_id}:{row.version}",
    _restore_decisions,
)
