"""Who keeps the access that the CRM gave them: counted, chosen, previewed, and carried out in batches.

Two chores, both cut off anywhere and gone on with where they stood. `count` reads which clients have had a deal lately,
also before the installation is finished. `run` hands out the next batch once the one before it is done with: an order
for each membership, and a row for each card. The cards' own journeys carry the orders out, with the pace, the tries and
the one combined write they have for everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24.cards import extent
from b24app.bitrix24.deals import DealClients, deals_before_us, recent_deals
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.cards.reading import pace_of, time_left
from b24app.domain.policy import Access, Section
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.portal.viewer import Viewer
from b24app.domain.verification.launch import (
    ALLOWED,
    BATCH,
    FRESH,
    MANY,
    RECENTLY,
    UNDO_WITHIN,
    Act,
    Choice,
    Phase,
    Step,
)
from b24app.domain.verification.membership import State
from b24app.domain.work.arrivals import Arrival, Source
from b24app.errors import Refused
from b24app.lanes import Lane
from b24app.portal.journeys.pages import portal_of
from b24app.portal.journeys.tokens import admin_client
from b24app.resources import Resources
from b24app.verification.store import launches
from b24app.verification.store.launches import Concerned, Launch, Numbers
from b24app.work.store import inbox, index

COUNT, RUN = "count_clients", "launch"  # chores
BUDGET = 20.0  # seconds of one go
GROUP = 500  # deals of one transaction
LOOK_AGAIN = timedelta(seconds=2)  # whether a batch is done with

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LaunchPreview:
    """What would change. `concerned`: people who would be checked, `sample`: some of them; `closes`: sections that
    close until somebody confirms them; `in_batches`: there are so many that it takes a while."""

    everybody: int
    concerned: int
    sample: Sequence[Concerned]
    closes: Sequence[Section]
    in_batches: bool


@dataclass(frozen=True, slots=True)
class LaunchView:
    """A launch as pages show it. `counting`: clients with a recent deal are being counted; `counted`: they were, lately
    enough to go by; `numbers`: of people nobody has decided about, None while the CRM is not read to its end;
    `contacts`, `companies`: in recent deals; `preview`: of a choice that can be started now; `done` of `total` people,
    also of those that are being opened again; `left`: None where the pace is unknown."""

    launch: Launch
    counting: bool
    counted: bool
    numbers: Numbers | None
    contacts: int
    companies: int
    preview: LaunchPreview | None
    total: int
    done: int
    checked: int
    kept: int
    failed: int
    left: timedelta | None
    may_undo: bool

    @property
    def phase(self) -> Phase:
        return self.launch.phase

    @property
    def choice(self) -> Choice | None:
        return self.launch.choice

    @property
    def asks(self) -> bool:
        """Nobody has chosen yet."""
        return self.phase is Phase.OPEN and self.choice is None

    @property
    def busy(self) -> bool:
        return self.counting or self.phase in (Phase.RUNNING, Phase.UNDOING)


async def begin(resources: Resources, portal: Portal) -> None:
    """Ask who keeps access, and count meanwhile; once for a portal, unless somebody asks again."""
    if resources.rules.mode(portal, "verification") is not Mode.ON:
        return
    async with resources.tenant(portal.id) as db:
        if await launches.newest(db, portal.id) is not None:
            return
        await _begin(db, resources, portal)
    await resources.wake.chore(COUNT, portal.id)


async def _begin(db: AsyncConnection, resources: Resources, portal: Portal) -> None:
    await launches.begin(db, portal.id, uuid4(), resources.now())
    await index.ask(db, portal.id, COUNT, resources.now())


async def again(resources: Resources, viewer: Viewer) -> None:
    """Ask anew: it was never asked, everybody was left in, or a launch was undone."""
    portal = await _portal(resources, viewer)
    async with resources.tenant(portal.id) as db:
        known = await launches.newest(db, portal.id, hold=True)
        if known is not None:
            _allow(Act.AGAIN, known)
            if known.phase is Phase.DONE and known.choice is not Choice.EVERYONE:
                raise Refused("launch_otherwise", 409)
        await launches.forget_clients(db, portal.id)
        await _begin(db, resources, portal)
    await resources.wake.chore(COUNT, portal.id)


async def choose(resources: Resources, viewer: Viewer, choice: Choice) -> None:
    """Nothing changes by it, unless everybody stays in: then there is nothing more to do."""
    portal, now = await _portal(resources, viewer), resources.now()
    async with resources.tenant(portal.id) as db:
        launch = await _held(db, portal, Act.CHOOSE)
        said = {"choice": choice.value, "author_id": viewer.user_id, "author_name": viewer.name, "chosen_at": now}
        if choice is Choice.EVERYONE:
            said |= {"phase": Phase.DONE.value, "started_at": now, "ended_at": now}
            await launches.forget_clients(db, portal.id)
        await launches.change(db, portal.id, launch.id, **said)
        recount = choice is Choice.RECENT and launch.counted_at is not None and not _counted(launch, now)
        if recount:
            await launches.forget_clients(db, portal.id)
            await launches.change(db, portal.id, launch.id, counted_at=None, deals_total=None, deals_read=0, after_id=0)
            await index.ask(db, portal.id, COUNT, now)
    log.info("launch_chosen", portal=portal.id, user=viewer.user_id, choice=choice)
    if recount:
        await resources.wake.chore(COUNT, portal.id)


async def rethink(resources: Resources, viewer: Viewer) -> None:
    """The choice is open again; nothing was changed yet."""
    portal = await _portal(resources, viewer)
    async with resources.tenant(portal.id) as db:
        launch = await _held(db, portal, Act.CHOOSE)
        await launches.change(db, portal.id, launch.id, choice=None)


async def start(resources: Resources, viewer: Viewer) -> None:
    """Whoever is to be checked is kept as it stands now; the first batch goes out. Raises Refused `launch_not_ready`:
    the CRM is not read to its end, or its clients are not counted."""
    portal, now = await _portal(resources, viewer), resources.now()
    async with resources.tenant(portal.id) as db:
        launch = await _held(db, portal, Act.START)
        if launch.choice is None or not _ready(portal, launch, now):
            raise Refused("launch_not_ready", 409)
        await launches.plan(db, portal.id, launch.id, launch.choice)
        await launches.forget_clients(db, portal.id)
        said = {"author_id": viewer.user_id, "author_name": viewer.name, "started_at": now}
        await launches.change(db, portal.id, launch.id, phase=Phase.RUNNING.value, **said)
        await index.ask(db, portal.id, RUN, now)
    log.info("launch_started", portal=portal.id, user=viewer.user_id, choice=launch.choice)
    await resources.wake.chore(RUN, portal.id)


async def pause(resources: Resources, viewer: Viewer) -> None:
    """What was handed out is still carried out."""
    await _turn(resources, viewer, Act.PAUSE, Phase.PAUSED)


async def resume(resources: Resources, viewer: Viewer) -> None:
    await _turn(resources, viewer, Act.RESUME, Phase.RUNNING)


async def undo(resources: Resources, viewer: Viewer) -> None:
    """Open again whoever this launch closed, where nobody has decided since."""
    await _turn(resources, viewer, Act.UNDO, Phase.UNDOING)


async def _turn(resources: Resources, viewer: Viewer, act: Act, phase: Phase) -> None:
    portal, now = await _portal(resources, viewer), resources.now()
    async with resources.tenant(portal.id) as db:
        launch = await _held(db, portal, act)
        if act is Act.UNDO:
            if not _may_undo(launch, now):
                raise Refused("launch_otherwise", 409)
            await launches.call_back(db, portal.id, launch.id)
        await launches.change(db, portal.id, launch.id, phase=phase.value, batch_at=None, pace=None)
        await index.ask(db, portal.id, RUN, now)
    log.info("launch_turned", portal=portal.id, user=viewer.user_id, act=act)
    await resources.wake.chore(RUN, portal.id)


async def _portal(resources: Resources, viewer: Viewer) -> Portal:
    """Raises Refused `module_off`."""
    portal = await portal_of(resources, viewer.portal_id)
    if resources.rules.mode(portal, "verification") is not Mode.ON:
        raise Refused("module_off", 409)
    return portal


async def _held(db: AsyncConnection, portal: Portal, act: Act) -> Launch:
    """The launch, held; where it allows this. Raises Refused `launch_otherwise`: somebody else was there first."""
    launch = await launches.newest(db, portal.id, hold=True)
    if launch is None:
        raise Refused("launch_otherwise", 409)
    _allow(act, launch)
    return launch


def _allow(act: Act, launch: Launch) -> None:
    if launch.phase not in ALLOWED[act]:
        raise Refused("launch_otherwise", 409)


def _ready(portal: Portal, launch: Launch, now: datetime) -> bool:
    """The numbers are true: everybody is known, and so are the clients that the choice goes by."""
    return portal.imported and (launch.choice is not Choice.RECENT or _counted(launch, now))


def _counted(launch: Launch, now: datetime) -> bool:
    return launch.counted_at is not None and now - launch.counted_at <= FRESH


def _may_undo(launch: Launch, now: datetime) -> bool:
    late = launch.ended_at is not None and now - launch.ended_at > UNDO_WITHIN
    return launch.phase in ALLOWED[Act.UNDO] and launch.choice is not Choice.EVERYONE and not late


async def count(resources: Resources, portal: Portal, _: str = "") -> datetime | None:
    """Read clients of recent deals, for `BUDGET` seconds at most; the next go begins at the last deal. Returns when to
    go on."""
    stop_at = monotonic() + BUDGET
    async with resources.tenant(portal.id) as db:
        launch = await launches.newest(db, portal.id)
    if launch is None or launch.phase is not Phase.OPEN or launch.counted_at is not None:
        return None
    since, client = launch.begun_at - RECENTLY, admin_client(resources, portal, Lane.BULK)
    if launch.contacts_total is None:
        contacts = (await extent(client, Kind.CONTACT, resources.now())).total
        before = await deals_before_us(client, since)
        async with resources.tenant(portal.id) as db:
            first = {"contacts_total": contacts or 0, "deals_total": before.total, "by_date": before.by_date}
            await launches.change(db, portal.id, launch.id, **first)
            launch = await launches.newest(db, portal.id) or launch
    group: list[DealClients] = []
    async for page in recent_deals(client, since, launch.after_id, by_date=launch.by_date):
        group.append(page)
        if sum(one.read for one in group) >= GROUP:
            launch, group = await _keep(resources, portal, launch, group), []
            resources.failpoint("launch.counted")
            if monotonic() > stop_at:
                return resources.now()
    launch = await _keep(resources, portal, launch, group)
    async with resources.tenant(portal.id) as db:
        await launches.change(db, portal.id, launch.id, counted_at=resources.now(), deals_total=launch.deals_read)
    log.info("clients_counted", portal=portal.id, deals=launch.deals_read)
    return None


async def _keep(resources: Resources, portal: Portal, launch: Launch, group: Sequence[DealClients]) -> Launch:
    """Returns where the read stands."""
    if not group:
        return launch
    contacts = frozenset[int]().union(*(one.contacts for one in group))
    companies = frozenset[int]().union(*(one.companies for one in group))
    read = launch.deals_read + sum(one.read for one in group)
    async with resources.tenant(portal.id) as db:
        await launches.advance(db, portal.id, launch, group[-1].last, read)
        await launches.keep_clients(db, portal.id, contacts, companies, resources.now())
        return await launches.newest(db, portal.id) or launch


STEPS: Mapping[Phase, tuple[Step, Step, Phase]] = {
    Phase.RUNNING: (Step.PLANNED, Step.DUE, Phase.DONE),
    Phase.UNDOING: (Step.RETURN_PLANNED, Step.RETURN_DUE, Phase.UNDONE),
}
"""What is handed out next, as what, and where it ends."""


async def run(resources: Resources, portal: Portal, _: str = "") -> datetime | None:
    """Hand out the next batch, where the one before is done with. Returns when to look again."""
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        launch = await launches.newest(db, portal.id, hold=True)
        on = resources.rules.mode(portal, "verification") is Mode.ON
        if launch is None or launch.phase not in STEPS or not on:
            return None
        planned, due, end = STEPS[launch.phase]
        cards = {Subject(Kind.CONTACT, one) for one in await launches.outstanding(db, portal.id, launch.id)}
        if not cards:
            await launches.pass_over(db, portal.id, launch.id)
            handed = await launches.hand_out(db, portal.id, launch.id, planned, due, BATCH)
            cards = {Subject(Kind.CONTACT, one) for one in handed}
            if not cards:
                await launches.change(db, portal.id, launch.id, phase=end.value, ended_at=now)
                log.info("launch_ended", portal=portal.id, phase=end)
                return None
            pace = _pace(launch, now)
            await launches.change(db, portal.id, launch.id, batch_at=now, pace=pace)
        lost = cards - await inbox.on_their_way(db, portal.id, cards)
        arrivals = [Arrival(Source.RESCAN, "launch", subject) for subject in sorted(lost)]
        await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, now)
    resources.failpoint("launch.handed_out")
    await resources.wake.inbox(portal.id, Lane.BULK)
    return now + LOOK_AGAIN


def _pace(launch: Launch, now: datetime) -> float | None:
    """Of the batch that has just come to its end."""
    return pace_of(BATCH, (now - launch.batch_at).total_seconds(), launch.pace) if launch.batch_at else None


async def launch_view(db: AsyncConnection, resources: Resources, portal: Portal) -> LaunchView | None:
    """None where nobody was ever asked."""
    launch = await launches.newest(db, portal.id)
    if launch is None:
        return None
    opens = launch.phase is Phase.OPEN
    numbers = await launches.numbers(db, portal.id) if opens and portal.imported else None
    clients = await launches.clients(db, portal.id) if opens else {}
    people = await launches.progress(db, portal.id, launch.id)
    undoing = launch.phase in (Phase.UNDOING, Phase.UNDONE)
    total, ahead = (people.called_back, people.returning) if undoing else (people.total, people.waiting)
    return LaunchView(
        launch=launch,
        counting=opens and launch.counted_at is None,
        counted=_counted(launch, resources.now()),
        numbers=numbers,
        contacts=clients.get(Kind.CONTACT, 0),
        companies=clients.get(Kind.COMPANY, 0),
        preview=await _preview(db, resources, portal, launch, numbers),
        total=total,
        done=total - ahead,
        checked=people.checked,
        kept=people.kept,
        failed=people.failed,
        left=time_left([(total - ahead, total)], launch.pace) if launch.phase in STEPS else None,
        may_undo=_may_undo(launch, resources.now()),
    )


async def _preview(
    db: AsyncConnection, resources: Resources, portal: Portal, launch: Launch, numbers: Numbers | None
) -> LaunchPreview | None:
    ready = _ready(portal, launch, resources.now())
    if launch.phase is not Phase.OPEN or launch.choice is None or numbers is None or not ready:
        return None
    concerned = numbers.everybody if launch.choice is Choice.NOBODY else numbers.without
    was, will = (resources.policy.sections(one.value) for one in (State.CONFIRMED, State.PENDING))
    return LaunchPreview(
        everybody=numbers.everybody,
        concerned=concerned,
        sample=await launches.sample(db, portal.id, launch.choice),
        closes=[one for one in Section if was[one] is Access.OPEN and will[one] is not Access.OPEN],
        in_batches=concerned > MANY,
    )
