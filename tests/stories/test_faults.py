"""Things go wrong in the middle of a story, and it still ends with exactly one webhook and the cards right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from redis import Redis
from rq import Queue
from sqlalchemy import select

from b24app.bitrix24.pace import Budget
from b24app.domain.installation import PortalState
from b24app.lanes import Lane
from b24app.store import inbox, work
from b24app.store.tables import work as work_table
from b24app.wake import CHORES
from emulator.crm.entities import Entity
from emulator.faults import FOREVER, Break, Fault
from emulator.installs import Installation, pay
from emulator.people import User
from tests.world import Killed, World
from workers.chores import CHORES as WORKER_CHORES
from workers.chores import look_at, rescan_one
from workers.inbox import drain_portal

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
INTENDED = "verification.intended"


@dataclass(frozen=True, slots=True)
class Scene:
    """A company and its contact in a portal with the app, and a client app that listens."""

    company: int
    contact: int
    installation: Installation


@dataclass(frozen=True, slots=True)
class Waits:
    """A row of the work index."""

    key: str
    error: str | None
    due_at: datetime


@pytest.fixture
async def scene(world: World) -> Scene:
    company = world.add_company()
    contact = world.add_contact(company)
    installation = await world.install()
    await world.subscribe()
    return Scene(company, contact, installation)


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
    async with world.resources.directory() as db:
        found = await db.execute(select(work_table).order_by(work_table.c.key))
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


async def failed(world: World) -> int:
    row = await world.row()
    async with world.resources.tenant(row.id) as db:
        return await inbox.count(db, row.id, "failed")


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


# --- the portal is busy, down, or talks nonsense ---------------------------------------------------------------------

READING = [
    (Break.OVERLOAD, "OVERLOAD_LIMIT"),
    (Break.ERROR_500, "INTERNAL_SERVER_ERROR"),
    (Break.HTML, "NOT_JSON"),
    (Break.CUT, "NOT_JSON"),
    (Break.CLOSE, "CONNECTION_LOST"),
    (Break.OPERATING, "OPERATION_TIME_LIMIT"),
    (Break.ERROR_200, "ERROR_CORE"),
    (Break.EMPTY_ERROR, "AccessDenied"),
    (Break.NUMERIC_ERROR, "200040300010"),
    (Break.CONFIRM, "METHOD_CONFIRM_WAITING"),
    (Break.PLAN, "unpaid"),
]


@pytest.mark.parametrize(("kind", "code"), READING, ids=[kind for kind, _ in READING])
async def test_a_portal_that_fails_while_we_read(world: World, scene: Scene, kind: Break, code: str) -> None:
    break_calls(world, kind)
    world.tick(CONTACT, scene.contact)
    await world.settle()

    row = await waits(world, f"contact:{scene.contact}", code)
    assert world.receiver.events() == []
    assert world.card(CONTACT, scene.contact) == (True, "")

    world.emulator.world.faults.clear()
    await world.settle()
    assert world.receiver.events() == [], "not before its time"
    pass_until(world, row)
    await world.settle()

    told_once(world, scene)
    assert await failed(world) == 0


WRITING = [
    (Break.ERROR_500, "INTERNAL_SERVER_ERROR"),
    (Break.HTML, "NOT_JSON"),
    (Break.CUT, "NOT_JSON"),
    (Break.CLOSE, "CONNECTION_LOST"),
    (Break.LOST_AFTER, "CONNECTION_LOST"),
    (Break.ERROR_AFTER, "INTERNAL_SERVER_ERROR"),
    (Break.OPERATING, "OPERATION_TIME_LIMIT"),
    (Break.ERROR_200, "ERROR_CORE"),
]


@pytest.mark.parametrize(("kind", "code"), WRITING, ids=[kind for kind, _ in WRITING])
async def test_a_portal_that_fails_while_we_write(world: World, scene: Scene, kind: Break, code: str) -> None:
    at(world, INTENDED, lambda: break_calls(world, kind, times=1))
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    await drain_portal(world.resources, (await world.row()).id, Lane.INTERACTIVE)

    row = next(one for one in await rows(world) if one.error)
    assert (row.key, row.error) == (f"contact:{scene.contact}", code)
    assert world.receiver.events() == []
    pass_until(world, row)
    await world.settle()

    told_once(world, scene)
    assert written(world) == {"contact": 1, "company": 1}, "what was done though its answer was lost is not done again"


async def test_a_busy_portal_is_waited_for(world: World, scene: Scene) -> None:
    break_calls(world, Break.BUSY, times=1)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    told_once(world, scene)


async def test_a_used_up_budget_is_waited_for(world: World, scene: Scene) -> None:
    """Others of our processes have booked the next half minute: nothing is sent, and the row says so."""
    portal, budget = await world.row(), Budget()
    booked = replace(budget, full=budget.full + 30 * budget.rate)
    await world.resources.pace.pushed_up(portal.id, booked)
    sent = len(world.emulator.world.journal)
    world.tick(CONTACT, scene.contact)
    await world.settle()

    row = await waits(world, f"contact:{scene.contact}", "OWN_PACE")
    assert len(world.emulator.world.journal) == sent
    await world.resources.redis.flushdb()  # as time empties the bucket
    pass_until(world, row)
    await world.settle()
    told_once(world, scene)


async def test_a_slow_portal_is_only_slow(world: World, scene: Scene) -> None:
    break_calls(world, Break.SLOW, times=2, seconds=0.3)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    told_once(world, scene)


async def test_a_refusal_that_lasts_is_kept_for_a_person_and_found_again_when_it_ends(
    world: World, scene: Scene
) -> None:
    break_calls(world, Break.ERROR_200)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    while left := await rows(world):
        pass_until(world, left[0])
        await world.settle()

    assert await failed(world) == 1
    assert world.receiver.events() == []
    world.emulator.world.faults.clear()
    await rescan_one(world.resources, (await world.row()).id)
    await world.settle()
    told_once(world, scene)


async def test_a_deleted_portal_is_not_asked_again_and_is_found_again_when_it_was_a_lie(
    world: World, scene: Scene
) -> None:
    break_calls(world, Break.DELETED)
    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert (await rows(world), await failed(world)) == ([], 1)
    world.emulator.world.faults.clear()
    await rescan_one(world.resources, (await world.row()).id)
    await world.settle()
    told_once(world, scene)


# --- tokens ----------------------------------------------------------------------------------------------------------


async def test_a_token_that_expires_in_the_middle_is_refreshed_once(world: World, scene: Scene) -> None:
    before = asked(world, "oauth/token")
    at(world, INTENDED, lambda: world.emulator.world.auth.expire_access(scene.installation))
    world.tick(CONTACT, scene.contact)
    await world.settle()

    told_once(world, scene)
    assert asked(world, "oauth/token") == before + 1


async def test_many_who_meet_an_expired_token_refresh_it_once(world: World, scene: Scene) -> None:
    portal, before = await world.row(), asked(world, "oauth/token")
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    world.pass_time(hours=2)
    world.emulator.world.faults.add(Break.SLOW, host=world.emulator.world.auth_host, method="oauth/token", seconds=0.3)

    await asyncio.gather(
        drain_portal(world.resources, portal.id, Lane.INTERACTIVE),
        *(rescan_one(world.resources, portal.id) for _ in range(4)),
    )
    await world.settle()

    told_once(world, scene)
    assert asked(world, "oauth/token") == before + 1


async def test_an_auth_server_that_is_down_is_waited_for(world: World, scene: Scene) -> None:
    world.emulator.world.faults.add(Break.ERROR_500, FOREVER, host=world.emulator.world.auth_host)
    world.pass_time(hours=2)
    world.tick(CONTACT, scene.contact)
    await world.settle()

    row = await waits(world, f"contact:{scene.contact}", "INTERNAL_SERVER_ERROR")
    world.emulator.world.faults.clear()
    pass_until(world, row)
    await world.settle()
    told_once(world, scene)


@pytest.mark.parametrize("hours", [0, 3], ids=["at once", "overnight"])
async def test_a_dismissed_installer_is_replaced_by_the_other_admin(world: World, scene: Scene, hours: int) -> None:
    installer, other = world.admin(), another_admin(world)
    for one in (other, installer):  # the installer opened last, so theirs is the token in use
        await world.open(scene.installation, one)
    installer.active = False
    world.pass_time(hours=hours)

    world.tick(CONTACT, scene.contact)
    await world.settle()

    told_once(world, scene)
    assert (await world.row()).state is PortalState.ACTIVE


async def test_without_any_admin_rows_wait_for_the_next_who_opens(world: World, scene: Scene) -> None:
    world.admin().active = False
    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert (await world.row()).state is PortalState.NEEDS_ADMIN
    await waits(world, f"contact:{scene.contact}", "needs_admin")
    world.pass_time(hours=3)
    await world.settle()
    assert world.receiver.events() == []

    page = await world.open(scene.installation, another_admin(world))
    assert page.status == 200, page.text
    await world.settle()

    assert (await world.row()).state is PortalState.ACTIVE
    told_once(world, scene)


async def test_the_next_admin_ends_the_wait_at_once(world: World, scene: Scene) -> None:
    world.admin().active = False
    world.tick(CONTACT, scene.contact)
    await world.settle()

    await world.open(scene.installation, another_admin(world))
    await world.settle()

    told_once(world, scene)


@pytest.mark.parametrize("loss", ["a worker killed", "the answer lost"])
async def test_a_refreshed_pair_that_never_reached_us(world: World, scene: Scene, loss: str) -> None:
    """The old refresh token is spent and the new one unknown: the other admin's pair carries on."""
    installer, other = world.admin(), another_admin(world)
    for one in (other, installer):
        await world.open(scene.installation, one)
    portal = await world.row()
    world.pass_time(hours=2)
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()

    if loss == "a worker killed":
        world.failpoints.armed = {"tokens.refreshed"}
        with pytest.raises(Killed):
            await drain_portal(world.resources, portal.id, Lane.INTERACTIVE)
    else:
        world.emulator.world.faults.add(Break.LOST_AFTER, host=world.emulator.world.auth_host, method="oauth/token")
        await drain_portal(world.resources, portal.id, Lane.INTERACTIVE)
    world.pass_time(seconds=71)  # claims run out: the subject's and the refresh's
    await world.settle()

    told_once(world, scene)


# --- the portal itself changes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0, 2], ids=["with a living token", "with an expired one"])
async def test_an_unpaid_portal_waits_and_goes_on_when_it_is_paid(world: World, scene: Scene, hours: int) -> None:
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    pay(scene.installation, expired=True)
    world.pass_time(hours=hours)
    await world.settle()
    await waits(world, f"contact:{scene.contact}", "unpaid")

    pay(scene.installation, expired=False)
    await world.settle()
    await do_chore(world, "look_at_portal")
    await world.settle()

    assert (await world.row()).state is PortalState.ACTIVE
    told_once(world, scene)


async def do_chore(world: World, name: str) -> None:
    """The worker's part: whoever asked for the chore has left it in Redis."""
    redis = Redis.from_url(world.resources.settings.redis_url)
    (job,) = [one for one in Queue(CHORES, connection=redis).jobs if one.args[0] == name]
    redis.close()
    await WORKER_CHORES[name](world.resources, *job.args[1:])


async def test_an_admin_who_opens_a_paid_app_ends_the_wait_too(world: World, scene: Scene) -> None:
    """The portal's word about the payment got lost."""
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    pay(scene.installation, expired=True)
    await look_at(world.resources, (await world.row()).id)
    await world.settle()
    assert (await world.row()).state is PortalState.UNPAID

    scene.installation.payment_expired = False
    page = await world.open(scene.installation, world.admin())
    assert page.status == 200, page.text
    await world.settle()

    told_once(world, scene)


@pytest.mark.parametrize("hours", [0, 2], ids=["with a living token", "with an expired one"])
async def test_a_renamed_portal_is_followed_after_proof(world: World, scene: Scene, hours: int) -> None:
    await world.emulator.world.rename(world.portal, "127.0.0.2:0")
    world.pass_time(hours=hours)

    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert (await world.row()).domain == world.portal.host
    told_once(world, scene)


async def test_a_renamed_portal_whose_events_are_lost_is_followed_by_the_rescan(world: World, scene: Scene) -> None:
    await world.emulator.world.rename(world.portal, "127.0.0.2:0")
    world.emulator.world.faults.events.lose_rate = 1.0

    world.tick(CONTACT, scene.contact)
    await world.settle()  # one look finds the address, the next one the card
    await world.settle()

    assert (await world.row()).domain == world.portal.host
    told_once(world, scene)


async def test_a_removed_portal_leaves_no_delivery_behind(world: World, scene: Scene) -> None:
    world.receiver.answers = [500]
    world.tick(CONTACT, scene.contact)
    await world.settle()
    assert len(await rows(world)) == 1
    tries = world.receiver.tries

    await world.uninstall(scene.installation, clean=False)
    world.pass_time(hours=1)
    await world.settle()

    assert await rows(world) == []
    assert world.receiver.tries == tries
    assert world.receiver.events() == []


async def test_what_waited_when_the_app_was_removed_is_done_when_it_comes_back(world: World, scene: Scene) -> None:
    break_calls(world, Break.ERROR_500)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    await world.uninstall(scene.installation, clean=False)
    world.emulator.world.faults.clear()
    world.pass_time(hours=5)
    await world.settle()
    assert world.receiver.events() == []

    await world.install()

    told_once(world, scene)


# --- two at once -----------------------------------------------------------------------------------------------------


async def test_two_workers_at_once_tell_once(world: World, scene: Scene) -> None:
    portal = await world.row()
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()

    await asyncio.gather(*(drain_portal(world.resources, portal.id, Lane.INTERACTIVE) for _ in range(4)))
    await world.settle()

    told_once(world, scene)


async def test_a_worker_that_was_too_slow_is_overtaken_and_tells_nothing(world: World, scene: Scene) -> None:
    """Its claim runs out while the portal takes its time over the write; another worker does all of it meanwhile."""
    portal, late, fault = await world.row(), asyncio.Event(), Fault(Break.SLOW, host=world.portal.host, seconds=0.5)

    def slow() -> None:
        world.emulator.world.faults.requests.append(fault)
        world.pass_time(seconds=work.LEASE.total_seconds() + 1)
        late.set()

    async def overtake() -> None:
        await late.wait()
        while fault.times:  # noqa: ASYNC110 - until the portal has the write in hand
            await asyncio.sleep(0)
        await drain_portal(world.resources, portal.id, Lane.INTERACTIVE)

    at(world, INTENDED, slow)
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    await asyncio.gather(drain_portal(world.resources, portal.id, Lane.INTERACTIVE), overtake())
    world.pass_time(seconds=2)
    await world.settle()

    told_once(world, scene)
