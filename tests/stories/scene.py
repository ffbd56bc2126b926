"""What stories of things going wrong share: a scene, verbs for breaking it, and how each of them has to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from b24app.cards.store.tables import records
from b24app.domain.cards.facts import Kind
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal as PortalRow
from b24app.portal.store import portals
from b24app.verification.store.tables import memberships
from b24app.work.store.tables import work as work_table
from emulator.crm.entities import Entity
from emulator.model.faults import FOREVER, Break
from emulator.model.installs import Installation
from emulator.model.people import User
from emulator.model.portal import Portal
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
CARDS = {Kind.CONTACT: CONTACT, Kind.COMPANY: COMPANY}
INTENDED = "cards.intended"


@dataclass(frozen=True, slots=True)
class Scene:
    """A company and its contact in a portal with the app, and a client app that listens."""

    company: int
    contact: int
    installation: Installation
    key: str


@dataclass(frozen=True, slots=True)
class Waits:
    """A row of the work index."""

    key: str
    error: str | None
    due_at: datetime


def at(world: World, point: str, act: Callable[[], object]) -> None:
    """Do something once, the moment a worker passes a named point."""
    world.failpoints.meanwhile[point] = act


def break_calls(world: World, kind: Break, times: int = FOREVER, **more: float) -> None:
    """The portal's REST, not its auth server. Every call of the journey is a batch."""
    world.emulator.world.faults.add(kind, times, host=world.portal.host, method="batch", **more)


def asked(world: World, method: str) -> int:
    """Requests to the auth server."""
    return world.emulator.world.meters.requests["auth", method]


def written(world: World) -> dict[str, int]:
    """Updates the portal performed, by card."""
    commands = world.emulator.world.meters.commands
    return {card: commands["first", f"crm.{card}.update"] for card in ("contact", "company")}


async def rows(world: World) -> list[Waits]:
    async with world.resources.transaction() as db:
        found = await db.execute(select(work_table).where(work_table.c.kind != "chore").order_by(work_table.c.key))
        return [Waits(one.key, one.error, one.due_at) for one in found]


async def waits(world: World, key: str, error: str) -> Waits:
    """The one row that waits: held by nobody, with its reason and a time to come."""
    (row,) = await rows(world)
    assert (row.key, row.error) == (key, error)
    assert row.due_at > world.resources.now()
    return row


def pass_until(world: World, row: Waits) -> None:
    left = row.due_at - world.resources.now() + timedelta(seconds=1)
    world.pass_time(seconds=left.total_seconds())


def told_once(world: World, scene: Scene) -> None:
    """How the story of a ticked box has to end."""
    (told,) = world.receiver.events()
    assert len(world.receiver.heard) == 2, "a ping and the news, nothing twice"
    assert (told.data["contact_id"], told.data["company_id"]) == (scene.contact, scene.company)
    assert (told.data["old_state"], told.data["new_state"]) == ("confirmed", "pending")
    assert world.card(CONTACT, scene.contact) == (True, "На проверке")
    assert world.card(COMPANY, scene.company) == (True, "На проверке")


def another_admin(world: World, id: int = 77) -> User:
    admin = User(id, "Вера", "Орлова", admin=True, departments=[1])
    world.portal.users[id] = admin
    return admin


async def agree(world: World) -> None:
    """Card, store and receiver say the same of every customer, in each portal where the app is at work."""
    for portal in (world.portal, world.other_portal):
        async with world.resources.transaction() as db:
            row = await portals.by_member(db, portal.member_id)
        if row is not None and row.state is PortalState.ACTIVE:
            await _agrees(world, portal, row)


async def _agrees(world: World, portal: Portal, row: PortalRow) -> None:
    options = world.resources.manifest.fields["status"].options
    heard = {one.data["membership_id"]: one.data["new_state"] for one in world.receiver.events()}
    async with world.resources.tenant(row.id) as db:
        for one in await db.execute(select(records).where(records.c.gone_at.is_(None))):
            status = options[one.settled["status"]][portal.lang] if one.settled["status"] else ""
            shown = world.card(CARDS[Kind(one.kind)], one.crm_id, portal)
            assert shown == (one.settled["check"], status), f"{one.kind} {one.crm_id}"
        for one in await db.execute(select(memberships)):
            assert one.told_state == one.state == heard.get(str(one.id), one.state), f"membership {one.id}"
