"""Rows that no documentation shows: each is mended or isolated, and keeps nobody else waiting."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from b24app.cards.store import scans
from b24app.cards.store.tables import records, requisites
from b24app.domain.cards.drift import Scope
from b24app.store.engine import open_engine
from b24app.verification.store.tables import memberships
from b24app.work.store.tables import inbox
from emulator.crm.entities import Entity
from tests.chores import import_one, rescan_one, sweep_one
from tests.stories.differences import bends
from tests.world import CHECK, World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
TICKED = f"ufCrm_{CHECK.removeprefix('UF_CRM_')}"

MENDED: dict[str, bends.Change] = {
    "never changed": lambda row: row.update(updatedTime=None),
    "changed nowhen": lambda row: row.update(updatedTime=""),
    "changed before the calendar": lambda row: row.update(updatedTime="0001-01-01T00:00:00+03:00"),
    "a NUL in a name": lambda row: row.update(name="Ил\0ья"),
    "half a letter in a name": lambda row: row.update(lastName="\ud83d"),
    "a name of a megabyte": lambda row: row.update(name="я" * 2**20),
    "somebody of hundreds of digits": lambda row: row.update(assignedById=10**300, updatedBy="9" * 300),
}
ODD: dict[str, tuple[str, bends.Change]] = {
    "a box that says neither yes nor no": (CHECK, lambda row: row.update({TICKED: "maybe"})),
    "several values of a box": (CHECK, lambda row: row.update({TICKED: ["1", "0"]})),
    "a link of hundreds of digits": ("companyIds", lambda row: row.update(companyIds=[10**300])),
    "a negative link": ("companyIds", lambda row: row.update(companyIds=["-5"])),
    "a link that is a word": ("companyIds", lambda row: row.update(companyIds="none")),
}


async def titles(world: World) -> dict[int, str]:
    async with world.resources.tenant((await world.row()).id) as db:
        rows = await db.execute(select(records).where(records.c.kind == "contact"))
    return {row.crm_id: row.title for row in rows}


async def failed(world: World) -> set[tuple[str, str]]:
    async with world.resources.tenant((await world.row()).id) as db:
        rows = await db.execute(select(inbox.c.subject, inbox.c.error).where(inbox.c.state == "failed"))
    return {(row.subject, row.error) for row in rows}


async def given_up(world: World) -> set[tuple[str, str]]:
    """What is kept as failed once everything that waits was tried often enough."""
    for _ in range(10):
        await world.settle()
        world.pass_time(minutes=5)
    world.expected_failures = len(found := await failed(world))
    return found


async def states(world: World) -> dict[int, str]:
    async with world.resources.tenant((await world.row()).id) as db:
        rows = await db.execute(select(memberships.c.contact_id, memberships.c.state))
    return {row.contact_id: row.state for row in rows}


def told(world: World) -> list[tuple[int, str]]:
    return [(one.data["contact_id"], one.data["new_state"]) for one in world.receiver.events()]


@pytest.mark.parametrize("odd", MENDED)
async def test_an_odd_value_is_mended_on_its_way_in(world: World, monkeypatch: pytest.MonkeyPatch, odd: str) -> None:
    company = world.add_company()
    strange, plain = world.add_contact(company), world.add_contact(company, name="Вера")
    bends.cards(monkeypatch, MENDED[odd], strange)
    await world.install()
    assert set(await titles(world)) == {strange, plain}
    await world.subscribe()

    world.tick(CONTACT, strange)
    world.tick(CONTACT, plain)
    await world.settle()
    await world.sweep()

    assert sorted(told(world)) == [(strange, "pending"), (plain, "pending")]
    kept = (await titles(world))[strange]
    assert len(kept) <= 1001
    assert not {"\0", "\ud83d"} & set(kept)


@pytest.mark.parametrize("odd", ODD)
async def test_a_card_nobody_can_understand_waits_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    """Nothing is decided about it, it is not taken for deleted, and its neighbours are told of."""
    field, change = ODD[odd]
    company = world.add_company()
    strange, plain = world.add_contact(company), world.add_contact(company, name="Вера")
    await world.install()
    await world.subscribe()
    with monkeypatch.context() as bent, capture_logs() as lines:
        bends.cards(bent, change, strange)
        world.tick(CONTACT, strange)
        world.tick(CONTACT, plain)
        world.forget_events()
        world.pass_time(minutes=6)
        await world.rescan()
        await world.sweep()
        assert told(world) == [(plain, "pending")]
        assert await given_up(world) == {(f"contact:{strange}", "unreadable")}
        assert (await states(world))[strange] == "confirmed"

    named = [one for one in lines if one["event"] == "row_unreadable"]
    assert {(one["subject"], one["field"]) for one in named} == {(f"contact:{strange}", field)}
    assert "maybe" not in repr(lines)
    await world.sweep()
    assert told(world) == [(plain, "pending"), (strange, "pending")]


@pytest.mark.parametrize("odd", ODD)
async def test_the_first_read_leaves_it_to_its_own_journey(
    world: World, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    strange, plain = world.add_contact(world.add_company()), world.add_contact(name="Вера")
    world.leftovers_explained = "the strange one is tried again"
    with monkeypatch.context() as bent:
        bends.cards(bent, ODD[odd][1], strange)
        await world.install()
        assert (await world.row()).imported
        assert set(await titles(world)) == {plain}

    world.pass_time(minutes=10)
    await world.settle()
    assert set(await titles(world)) == {strange, plain}


async def test_a_requisite_nobody_can_understand_waits_alone(world: World) -> None:
    """A text is mended; one that hangs on nothing we know is left, and not taken for a deleted one."""
    company = world.add_company()
    mended, strange = world.add_requisite(COMPANY, company, "7717586110"), world.add_requisite(COMPANY, company)
    rows = world.portal.crm.requisites.rows
    rows[mended]["RQ_INN"] = "77175\x0086110"
    await world.install()
    rows[strange]["ENTITY_TYPE_ID"], rows[mended]["RQ_KPP"] = 31, "\ud83d770101001" + "9" * 5000

    await world.sweep()
    assert await given_up(world) == {(f"requisite:{strange}", "unreadable")}
    async with world.resources.tenant((await world.row()).id) as db:
        kept = {row.crm_id: (row.inn, row.kpp) for row in await db.execute(select(requisites))}
    assert set(kept) == {mended, strange}
    assert kept[mended] == ("7717586110", "770101001" + "9" * 91)


async def test_a_row_the_store_does_not_take_keeps_no_neighbour_out(world: World) -> None:
    """Something nobody thought of: the group is halved until the one is left, which is kept as failed."""
    contacts = [world.add_contact(world.add_company(), name=f"Вера {n}") for n in range(5)]
    engine = open_engine(world.resources.settings.database_owner_url)
    async with engine.begin() as db:
        await db.execute(text("ALTER TABLE records ADD CONSTRAINT odd CHECK (title NOT LIKE 'Вера 3%') NOT VALID"))
    try:
        await world.install()
        assert (await world.row()).imported
        assert set(await titles(world)) == {*contacts} - {contacts[3]}
        assert await given_up(world) == {(f"contact:{contacts[3]}", "failed")}
    finally:
        async with engine.begin() as db:
            await db.execute(text("ALTER TABLE records DROP CONSTRAINT odd"))
        await engine.dispose()


def only_ours(row: dict[str, Any]) -> Any:
    return {name: value for name, value in row.items() if name.startswith(("UF_", "ufCrm"))} or []


async def test_a_list_without_ids_is_no_empty_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows with user fields only, or printed as `[]` (bitrix-tools/b24-rest-docs 263 and 368): nothing looks deleted,
    nothing counts as read, and it goes on as soon as the portal shows its cards again."""
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    with monkeypatch.context() as bent, capture_logs() as lines:
        for entity in (CONTACT, COMPANY):
            bends.cards(bent, only_ours, entity=entity)
        world.tick(CONTACT, contact)
        await world.settle()
        portal = await world.row()
        world.pass_time(minutes=6)
        await rescan_one(world.resources, portal.id)
        await sweep_one(world.resources, portal.id)
        assert told(world) == []
        async with world.resources.tenant(portal.id) as db:
            assert await scans.unfinished(db, portal.id, Scope.ALL)
    said = {one["chore"]: one["error"] for one in lines if one["event"] == "chore_interrupted"}
    assert "crm.item.list: 200 ROW_WITHOUT_ID id" in said["sweep_portal"]
    assert "crm.item.list: 200 ROW_WITHOUT_ID id" in said["rescan_portal"]

    world.pass_time(minutes=2)
    await world.settle()
    await world.sweep()
    assert told(world) == [(contact, "pending")]


async def test_a_first_read_of_rows_without_ids_is_not_finished(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = world.add_contact(world.add_company())
    with monkeypatch.context() as bent:
        bends.cards(bent, lambda row: [], entity=COMPANY)
        await world.install()
        assert not (await world.row()).imported
    await import_one(world.resources, (await world.row()).id)
    await world.settle()
    assert set(await titles(world)) == {contact}


@pytest.mark.parametrize("field", ["updatedTime", "companyIds", "assignedById", "lastName"])
async def test_a_field_that_does_not_come_is_missing_and_not_empty(
    world: World, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    """An unknown name in a select is dropped in silence: taken for empty, people would have left their companies."""
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    with monkeypatch.context() as bent, capture_logs() as lines:
        bends.cards(bent, lambda row: row.pop(field, None) and None)
        world.tick(CONTACT, contact)
        await world.settle()
        await sweep_one(world.resources, (await world.row()).id)
        assert await states(world) == {contact: "confirmed"}
    assert f"crm.item.list: 200 FIELD_MISSING {field}" in next(
        one["error"] for one in lines if one["event"] == "chore_interrupted"
    )
    world.pass_time(minutes=2)
    await world.settle()
    assert told(world) == [(contact, "pending")]


async def test_a_filter_that_is_passed_over_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards nobody asked for are no answer to what was asked."""
    contact, other = world.add_contact(world.add_company()), world.add_contact()
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, other)
    with monkeypatch.context() as bent, capture_logs() as lines:
        bends.filters(bent, lambda given: {name: value for name, value in given.items() if name != "@id"})
        await world.settle()
        assert told(world) == []
    (line,) = [one for one in lines if one["event"] == "slice_failed"][:1]
    assert "crm.item.list: 200 FILTER_IGNORED id" in line["error"]
    world.pass_time(minutes=2)
    await world.settle()
    assert told(world) == [(other, "pending")]
    assert contact in await titles(world)


async def test_user_fields_are_known_by_each_of_their_names(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Portals mix two camel forms even in one list."""
    contact = world.add_contact(world.add_company())
    bends.cards(monkeypatch, lambda row: row.update({"ufCrmB24appCheck": row.pop(TICKED)}) if TICKED in row else None)
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, contact)
    await world.settle()
    assert told(world) == [(contact, "pending")]


@pytest.mark.parametrize(
    ("yes", "no"), [(True, False), ("Y", "N"), ("1", "0"), (1, 0), ("true", "false"), ("Y", None), (True, [])]
)
async def test_a_box_is_a_box_however_it_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch, yes: object, no: object
) -> None:
    contact = world.add_contact(world.add_company())

    def written(row: bends.Row) -> None:
        if TICKED in row:
            row[TICKED] = yes if row[TICKED] == "Y" else no

    bends.cards(monkeypatch, written)
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, contact)
    await world.settle()
    assert told(world) == [(contact, "pending")]


@pytest.mark.parametrize("entity", [CONTACT, COMPANY])
async def test_who_is_deleted_beside_a_card_nobody_can_understand_is_suspended(
    world: World, monkeypatch: pytest.MonkeyPatch, entity: Entity
) -> None:
    """Else one odd card would keep the deletions of all its neighbours from counting."""
    company = world.add_company()
    leaves, stays = world.add_contact(company), world.add_contact(company, name="Вера")
    await world.install()
    _, change = ODD["several values of a box"]
    bends.cards(monkeypatch, change, {CONTACT: stays, COMPANY: company}[entity], entity)

    world.portal.crm.delete(CONTACT, leaves, world.admin())
    await world.settle()

    world.leftovers_explained = "the company is tried again"
    assert await states(world) == {leaves: "suspended", stays: "confirmed"}


async def test_a_card_nobody_can_understand_is_kept_for_a_person_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks every night finds it there every night."""
    strange = world.add_contact(world.add_company())
    await world.install()
    bends.cards(monkeypatch, ODD["several values of a box"][1], strange)
    for _ in range(3):
        world.pass_time(days=1)
        await world.sweep()
        for _ in range(6):
            world.pass_time(minutes=30)
            await world.settle()
    assert await world.failed() == 1
