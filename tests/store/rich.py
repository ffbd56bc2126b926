"""A portal whose every tenant table holds rows, in each state a query looks for: a story, stopped in the middle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store import aliases, customers, failures, imports, requisites, scans
from b24app.cards.store.failures import Rehearsed, RuleFailure
from b24app.cards.store.scans import Scan
from b24app.cards.store.tables import records
from b24app.cards.store.tables import requisites as requisites_table
from b24app.connection_check.store.tables import connection_checks
from b24app.delivery.store import client_apps as client_apps_store
from b24app.delivery.store import deliveries, endpoints, idempotency, publishing
from b24app.delivery.store.client_apps import ClientApp
from b24app.delivery.store.deliveries import Delivery
from b24app.delivery.store.endpoints import Endpoint
from b24app.delivery.store.tables import client_apps
from b24app.domain.cards.drift import ScanTrigger, Scope
from b24app.domain.cards.facts import Card, Kind, Requisite, RequisiteId, RequisiteKind, Subject
from b24app.domain.delivery import news
from b24app.domain.portal.notices import Told
from b24app.domain.portal.viewer import Viewer
from b24app.domain.verification.launch import Order, Phase, Step
from b24app.domain.verification.membership import Action, Intent, Membership
from b24app.domain.verification.news import MembershipVerificationChanged
from b24app.export.store import exports, file_parts, restores
from b24app.export.store.file_parts import FilePart
from b24app.portal.store import notices, tokens
from b24app.portal.store.tables import viewer_sessions
from b24app.portal.store.tokens import Pair
from b24app.verification.store import intents, launches, memberships, put_backs
from b24app.verification.store.launches import Launch
from b24app.verification.store.tables import launch_people
from b24app.verification.store.tables import launches as launches_table
from b24app.verification.store.tables import memberships as memberships_table
from b24app.work.store.tables import inbox
from emulator.crm.entities import Entity
from tests.doors.frames import members, tab
from tests.stamp.domain import Stamp
from tests.stamp.store import refusals, stamps, turns
from tests.store.samples import FULL, row
from tests.tables import TENANT_TABLES
from tests.world import World

GONE = datetime(2026, 1, 1, tzinfo=UTC)  # long before the story
DIGEST = b"digest of a first request that died at work"


@dataclass(frozen=True, slots=True)
class Owned:
    """What the portal `id` has and nobody else may see or change. `now`: an hour after everything."""

    id: int
    other: int
    now: datetime
    card: Card
    subject: Subject
    company: Subject
    requisite: Requisite  # of the company
    disconnected: UUID  # a client app that can be connected again
    went: RequisiteId  # hung on a deleted person for whom nobody goes on
    membership: Membership  # ticked, and not told yet
    stated: Intent
    launch: Launch  # runs
    order: Order  # about the membership
    viewer: Viewer
    endpoint: Endpoint
    delivery: Delivery  # waits
    tried: UUID  # a delivery that was attempted
    event: news.Event  # written already
    pair: Pair
    refreshing: UUID  # the claim of whoever refreshes the pair
    checked: UUID  # a check of the connection that waits for its event
    begun: datetime  # when the first request came that died at work
    gone: Subject  # the person goes on for it
    customer_id: UUID  # of the person
    notice: Told  # is to be sent; of another one, "over", nothing is wanted any more
    lost: str  # name of a deleted person for whom nobody goes on
    namesake: Subject  # has that name and is somebody else
    look: Scan  # cut off; another one is finished
    reader: UUID  # who reads the portal's contacts
    export: UUID  # is being made; it has a part
    restore: UUID  # is being uploaded
    waiting: int  # inbox rows
    failed: int


async def rich(world: World) -> Owned:
    """Two portals with the app; the first one is busy, the second one has nothing but its installation."""
    company = world.add_company()
    contact = world.add_contact(company)
    world.add_requisite(Entity.COMPANY, company)
    lost, _ = (world.add_contact(company, name="Пётр", last_name="Лесной") for _ in range(2))
    world.add_requisite(Entity.CONTACT, lost)
    await world.install()
    await world.install(world.other_portal)
    world.portal.crm.delete(Entity.CONTACT, lost, world.admin())
    await world.subscribe()
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    page = await tab(world, "contact", contact)
    await page.press("confirm", members(await page.content())[0])
    await world.settle()
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    world.tick(Entity.COMPANY, company)  # two events that nobody looks at any more
    world.tick(Entity.CONTACT, contact, ticked=False)
    await world.emulator.world.deliver()
    world.leftovers_explained = "the story stops in the middle, so that there is something to be seen"
    await world.resources.calls.flush(world.resources)
    mine, other = (await world.row()).id, (await world.row(world.other_portal)).id
    async with world.resources.tenant(mine) as db:
        owned = await _unfinished(
            world, db, mine, other, Subject(Kind.CONTACT, contact), Subject(Kind.COMPANY, company)
        )
        for table in TENANT_TABLES:
            if (await db.execute(select(table).limit(1))).first() is None:
                await db.execute(insert(table).values(row(table, FULL) | {"portal_id": mine}))
        return owned


async def _unfinished(
    world: World, db: AsyncConnection, mine: int, other: int, contact: Subject, company: Subject
) -> Owned:
    """What stands there for a moment only, and the ids of all of it."""
    now = world.resources.now()
    (member,) = (await memberships.of_subjects(db, mine, [contact]))[contact]
    await db.execute(update(memberships_table).values(told_state="confirmed"))

    stated = Intent(uuid4(), member.id, Action.CONFIRM, 1, False, "", now)
    proven = replace(stated, id=uuid4())
    await intents.state(db, mine, contact, [stated, proven])
    await intents.prove(db, mine, [proven.id])

    launch = await _launched(db, mine, member, now)
    (app,) = (await db.execute(select(client_apps.c.id))).scalars()
    endpoint = (await endpoints.of_app(db, mine, app))[0]
    disconnected = ClientApp(uuid4(), "Отключённое", now)
    await client_apps_store.add(db, mine, disconnected)
    assert await client_apps_store.revoke(db, mine, disconnected.id, now) == []
    portal = await world.row()
    told = MembershipVerificationChanged(
        membership_id=member.id,
        contact_id=contact.id,
        company_id=company.id,
        person_id=uuid4(),
        customer_id=uuid4(),
        old_state="confirmed",
        new_state="pending",
        reason="box_ticked",
        decided_by=1,
        decided_by_source="event",
        sections=world.resources.policy.sections("pending"),
        version=9,
        previous_version=8,
        occurred_at=now,
    )
    event = news.event(told, portal=portal.public_id, randomness=uuid4().bytes)
    assert await publishing.publish(db, mine, [event], now)
    question = news.EndpointPing(endpoint.id, uuid4(), occurred_at=now)
    ping = news.event(question, portal=portal.public_id, randomness=uuid4().bytes)
    await publishing.publish_to(db, mine, endpoint.id, ping, now)
    sent = await deliveries.of_endpoint(db, mine, endpoint.id, before=None, states=(), limit=50)
    delivery = next(one for one in sent if one.event_id == event.id)

    await scans.finish(db, mine, await scans.begin(db, mine, Scope.ALL, ScanTrigger.CLOCK, now), now)
    look = await scans.begin(db, mine, Scope.ALL, ScanTrigger.BUTTON, now)
    gone, named = Subject(Kind.CONTACT, 10**9), records.c.title == "Пётр Лесной"
    found = select(records.c.crm_id).where(named, records.c.gone_at.is_(None))
    namesake = Subject(Kind.CONTACT, (await db.execute(found)).scalar_one())
    await aliases.found(db, mine, gone, contact, now)
    await _numbered(db, mine)
    await failures.save(db, mine, [RuleFailure(contact, "verification", 1, "CallRefused", now)])
    await failures.rehearse(db, mine, [Rehearsed("verification", contact, now, {"check": True})])
    await db.execute(update(records).where(records.c.crm_id == contact.id).values(behind=["verification"]))
    merged = Subject(Kind.CONTACT, 10**9 + 1)  # its ids answer as the person's, and its record has gone
    await customers.ensure(db, mine, [merged], now)
    await customers.go_on(db, mine, merged, contact, now)
    customer_id = (await customers.ids_of(db, mine, [contact], now))[contact].customer_id
    hung = select(requisites_table.c.crm_id).where(requisites_table.c.gone_at.is_not(None))
    went = RequisiteId(RequisiteKind.REQUISITE, (await db.execute(hung)).scalar_one())
    notice = Told("sample:1", 1, ("somebody",), (), "Somebody waits", "work")
    await notices.want(db, mine, [notice, replace(notice, key="over", about=())], now)
    await put_backs.decide(db, mine, [contact, company], now)
    await put_backs.show(db, mine, [contact], now)
    reader = uuid4()
    assert await imports.hold(db, mine, Kind.CONTACT, reader, now)
    checked = uuid4()
    asked = {"portal_id": mine, "run_id": checked, "nonce": "asked", "started_at": now, "sent_at": now}
    await db.execute(insert(connection_checks).values(asked))
    export, restore = await _files(db, mine, now)
    (pair,), refreshing = await tokens.living(db, mine), uuid4()
    assert await tokens.claim_refresh(db, mine, pair, refreshing, now)
    await idempotency.start(db, mine, DIGEST, b"digest of its body", now)
    rows = list((await db.execute(select(inbox.c.id).where(inbox.c.state == "waiting"))).scalars())
    await db.execute(update(inbox).where(inbox.c.id == rows[0]).values(state="failed", error="CallRefused"))
    (session,) = await db.execute(select(viewer_sessions).order_by(viewer_sessions.c.expires_at).limit(1))
    viewer = Viewer(session.id, mine, session.user_id, "", session.is_admin, "ru", session.expires_at)
    return Owned(
        id=mine,
        other=other,
        now=now + timedelta(hours=1),
        card=Card(contact, "Иное имя", {"check": True, "assigned_by": 1}, (company.id,), 1, now),
        subject=contact,
        company=company,
        requisite=(await requisites.requisites_of(db, mine, [company]))[company][0],
        disconnected=disconnected.id,
        went=went,
        membership=member,
        stated=stated,
        launch=launch,
        order=Order(member.id, launch.id, Step.DUE, 0),
        viewer=viewer,
        endpoint=endpoint,
        delivery=delivery,
        tried=next(one.id for one in sent if one.attempts),
        event=event,
        pair=pair,
        refreshing=refreshing,
        checked=checked,
        begun=now,
        gone=gone,
        customer_id=customer_id,
        notice=notice,
        lost="Пётр Лесной",
        namesake=namesake,
        look=look,
        reader=reader,
        export=export,
        restore=restore,
        waiting=rows[1],
        failed=rows[0],
    )


async def _launched(db: AsyncConnection, mine: int, member: Membership, now: datetime) -> Launch:
    """A launch that runs, with somebody at each step; one before it is long over."""
    launch = await launches.newest(db, mine)
    assert launch
    await launches.change(db, mine, launch.id, phase=Phase.RUNNING.value)
    over = {"id": uuid4(), "portal_id": mine, "phase": Phase.UNDONE.value, "begun_at": GONE, "ended_at": GONE}
    await db.execute(insert(launches_table).values(over))
    found = (await db.execute(select(memberships_table).where(memberships_table.c.id != member.id))).all()
    due = next(one.id for one in found if one.state == "confirmed" and one.decided_at is None)
    planned = next(one.id for one in found if one.id != due)
    people = [(launch.id, member.id, "due"), (launch.id, due, "due"), (launch.id, planned, "planned")]
    for launch_id, membership_id, step in (*people, (over["id"], member.id, "kept")):
        ids = {"launch_id": launch_id, "membership_id": membership_id}
        await db.execute(insert(launch_people).values(portal_id=mine, contact_id=1, step=step, **ids))
    await launches.keep_clients(db, mine, [1], [1], now)
    return launch


async def _numbered(db: AsyncConnection, mine: int) -> None:
    """Cards of the sample feature's recipes: the portal has none of these ids."""
    company, lead = Subject(Kind.COMPANY, 10**9), Subject(Kind.LEAD, 10**9)
    for shadow in (False, True):
        await stamps.save(db, mine, [Stamp(company, 10**6, 1, shadow=shadow)], ())
    await db.execute(
        insert(records).values(
            portal_id=mine,
            kind="company",
            crm_id=company.id,
            title="",
            links=[],
            settled={},
            seen_at=GONE,
            gone_at=GONE,
        )
    )
    await refusals.add(db, mine, company)
    await turns.reserve(db, mine, [lead], [1])


async def _files(db: AsyncConnection, mine: int, now: datetime) -> tuple[UUID, UUID]:
    """An export that is being made and one that is being brought back, and where the weekly one goes."""
    export, restore = uuid4(), uuid4()
    await exports.begin(db, mine, export, exports.ASKED, now)
    await file_parts.put(db, mine, export, FilePart(0, "", b"a part"), ours=True)
    await exports.set_target(db, mine, "https://backup.example/", b"sealed", now)
    await restores.begin(db, mine, restore, 1, now)
    return export, restore
