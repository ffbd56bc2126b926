"""The sections of an export file: one row here for each kind of truth that is ours and stands nowhere else.

A section names itself, its columns (a model: what is written, and what is accepted back), how a slice is read, and how
a slice is put back or only judged. The next kind of truth (ledger, branches) is one more row of `SECTIONS`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery import webhooks
from b24app.delivery.store import client_apps
from b24app.delivery.store.client_apps import ClientApp
from b24app.delivery.store.endpoints import Endpoint
from b24app.domain.cards.facts import Kind
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.export.restoring import ExportedRow, RestoreVerdict, judge
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.verification.membership import DecidedBySource, Membership, Reason, State
from b24app.domain.work.arrivals import Arrival, Source
from b24app.export.store import export_rows
from b24app.lanes import Lane
from b24app.resources import Resources
from b24app.verification.journeys import modes
from b24app.verification.store import memberships
from b24app.work.store import inbox

R = TypeVar("R", bound=BaseModel)
FIRST = UUID(int=0)
RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Restoring:
    """What a section needs to put rows back. Not `write`: it only says what it would do."""

    db: AsyncConnection
    resources: Resources
    portal: Portal
    write: bool


@dataclass(frozen=True, slots=True)
class ExportSection(Generic[R]):
    """`read(db, portal, after, limit)`: rows in the order of `key`, "" from the beginning; `restore`: what each came
    to."""

    name: str
    row: type[R]
    read: Callable[[AsyncConnection, Portal, str, int], Awaitable[list[R]]]
    key: Callable[[R], str]
    restore: Callable[[Restoring, Sequence[R]], Awaitable[Counter[RestoreVerdict]]]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# --- settings --------------------------------------------------------------------------------------------------------


class SettingsRow(_Row):
    """The one row of the settings."""

    modes: dict[str, Mode]


async def _read_settings(db: AsyncConnection, portal: Portal, after: str, limit: int) -> list[SettingsRow]:
    return [] if after else [SettingsRow(modes={name: Mode(mode) for name, mode in portal.modes.items()})]


async def _restore_settings(on: Restoring, rows: Sequence[SettingsRow]) -> Counter[RestoreVerdict]:
    """A module that stands as app.yaml starts it goes back to its mode; one that somebody has switched stays."""
    came: Counter[RestoreVerdict] = Counter()
    for row in rows:
        was, now = row.modes.get("verification", Mode.OFF), on.portal.mode("verification")
        untouched = now is on.resources.manifest.modes["verification"]
        verdict = RestoreVerdict.SAME if was is now else RestoreVerdict.CHANGED if untouched else RestoreVerdict.KEPT
        if on.write and verdict is RestoreVerdict.CHANGED:
            await modes.switch(on.db, on.resources, on.portal, was)
        came[verdict] += 1
    return came


# --- client apps and where their news went ---------------------------------------------------------------------------


class ClientAppRow(_Row):
    """A client app without its keys: those are kept as digests only, nobody can give them back."""

    id: UUID
    name: str
    created_at: AwareDatetime


async def _read_client_apps(db: AsyncConnection, portal: Portal, after: str, limit: int) -> list[ClientAppRow]:
    found = await export_rows.client_apps_after(db, portal.id, _id(after), limit)
    return [ClientAppRow(id=one.id, name=one.name, created_at=one.created_at) for one in found]


async def _restore_client_apps(on: Restoring, rows: Sequence[ClientAppRow]) -> Counter[RestoreVerdict]:
    known, came = (
        await export_rows.known_client_apps(on.db, on.portal.id, [one.id for one in rows]),
        Counter[RestoreVerdict](),
    )
    for row in rows:
        verdict = (
            RestoreVerdict.NEW if row.id not in known else RestoreVerdict.SAME if known[row.id] else RestoreVerdict.KEPT
        )
        if on.write and verdict is RestoreVerdict.NEW:
            await client_apps.add(on.db, on.portal.id, ClientApp(row.id, row.name, row.created_at))
        came[verdict] += 1
    return came


class EndpointRow(_Row):
    """An endpoint without its secret, and without what follows `?` in its address: that is often one too."""

    id: UUID
    client_app_id: UUID
    url: str
    description: str
    event_types: tuple[str, ...]
    created_at: AwareDatetime


async def _read_endpoints(db: AsyncConnection, portal: Portal, after: str, limit: int) -> list[EndpointRow]:
    found = await export_rows.endpoints_after(db, portal.id, _id(after), limit)
    return [EndpointRow(**{**row._mapping, "url": urlsplit(row.url)._replace(query="").geturl()}) for row in found]


async def _restore_endpoints(on: Restoring, rows: Sequence[EndpointRow]) -> Counter[RestoreVerdict]:
    """Switched off, with a secret nobody knows yet: the client app takes a new one and switches it on."""
    known, came = (
        await export_rows.known_endpoints(on.db, on.portal.id, [one.id for one in rows]),
        Counter[RestoreVerdict](),
    )
    owners = await export_rows.known_client_apps(on.db, on.portal.id, {one.client_app_id for one in rows})
    for row in rows:
        revoked = owners.get(row.client_app_id) is False
        verdict = RestoreVerdict.SAME if row.id in known else RestoreVerdict.KEPT if revoked else RestoreVerdict.NEW
        if on.write and verdict is RestoreVerdict.NEW:
            await export_rows.put_switched_off(on.db, on.portal.id, _switched_off(on.resources, row))
        came[verdict] += 1
    return came


def _switched_off(resources: Resources, row: EndpointRow) -> Endpoint:
    return Endpoint(
        id=row.id,
        client_app_id=row.client_app_id,
        url=row.url,
        description=row.description,
        event_types=row.event_types,
        secret=resources.vault.seal(webhooks.new_secret(os.urandom(webhooks.SECRET_BYTES))),
        old_secrets=(),
        state=EndpointState.DISABLED,
        state_reason=RESTORED,
        last_sequence=0,
        created_at=row.created_at,
        updated_at=resources.now(),
    )


# --- memberships -----------------------------------------------------------------------------------------------------


class MembershipRow(_Row):
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


def _id(after: str) -> UUID:
    return UUID(after) if after else FIRST


SECTIONS: tuple[ExportSection[Any], ...] = (
    ExportSection("settings", SettingsRow, _read_settings, lambda row: "read", _restore_settings),
    ExportSection("client_apps", ClientAppRow, _read_client_apps, lambda row: str(row.id), _restore_client_apps),
    ExportSection("endpoints", EndpointRow, _read_endpoints, lambda row: str(row.id), _restore_endpoints),
    ExportSection(
        "memberships",
        MembershipRow,
        _read_memberships,
        lambda row: f"{row.contact_id}:{row.company_id}",
        _restore_memberships,
    ),
)
BY_NAME = {one.name: one for one in SECTIONS}
