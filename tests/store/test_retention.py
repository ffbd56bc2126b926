"""What is kept how long: sessions a day, handled rows a month, news a quarter, a removed portal a quarter."""

from __future__ import annotations

from sqlalchemy import func, select

from b24app.work.store.tables import inbox
from emulator.crm.entities import Entity
from tests.chores import erase, portal_ids, tidy_all
from tests.tables import TENANT_TABLES
from tests.world import World


async def counts(world: World) -> dict[str, int]:
    found = {}
    async with world.resources.tenant((await world.row()).id) as db:
        for table in TENANT_TABLES:
            found[table.name] = (await db.execute(select(func.count()).select_from(table))).scalar_one()
    return found


async def test_what_is_old_goes_and_what_is_known_stays(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    before = await counts(world)

    assert await tidy_all(world.resources) == 0
    world.pass_time(days=2)
    await tidy_all(world.resources)
    assert (await counts(world))["viewer_sessions"] == 0
    world.pass_time(days=30)
    await tidy_all(world.resources)
    assert (await counts(world))["inbox"] == 0
    world.pass_time(days=60)
    await tidy_all(world.resources)

    after = await counts(world)
    assert {after[name] for name in ("attempts", "outbox", "events")} == {0}
    kept = ("memberships", "records", "endpoints", "client_apps", "tokens")
    assert [after[name] for name in kept] == [before[name] for name in kept]


async def test_the_token_of_an_event_that_waits_goes_with_its_hour(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    world.tick(Entity.CONTACT, contact)
    await world.emulator.world.deliver()
    for minutes, left in ((59, 1), (2, 0)):
        world.pass_time(minutes=minutes)
        await tidy_all(world.resources)
        async with world.resources.tenant((await world.row()).id) as db:
            assert len((await db.execute(select(inbox.c.id).where(inbox.c.token.is_not(None)))).all()) == left
    world.leftovers_explained = "no worker has been there"


async def test_the_name_on_a_deleted_card_goes_with_the_news_of_it(world: World) -> None:
    contact = world.add_contact(last_name="Зимина")
    await world.install()
    key = await world.subscribe()
    world.portal.crm.delete(Entity.CONTACT, contact, world.admin())
    await world.settle()

    world.pass_time(days=89)
    await tidy_all(world.resources)
    await world.sweep()
    assert "Зимина" in (await world.api("GET", "/memberships", key)).text
    world.pass_time(days=2)
    await tidy_all(world.resources)

    assert (await counts(world))["records"] == 0
    told = (await world.api("GET", f"/memberships?contact_id={contact}", key)).json()
    assert [(one["contact"]["name"], one["state"]) for one in told["data"]] == [("", "left")]


async def test_an_answer_kept_by_its_key_goes_after_half_a_day(world: World) -> None:
    await world.install()
    key = await world.client_app()
    await world.api("POST", "/endpoints", key, {"url": world.receiver.url}, **{"Idempotency-Key": "k"})
    await world.settle()
    world.pass_time(hours=11)
    await tidy_all(world.resources)
    assert (await counts(world))["idempotency"] == 1
    world.pass_time(hours=2)
    await tidy_all(world.resources)
    assert (await counts(world))["idempotency"] == 0


async def left(world: World, days: int) -> tuple[int, int]:
    """Endpoints and deliveries that are still there after so many days more."""
    world.pass_time(days=days)
    await tidy_all(world.resources)
    found = await counts(world)
    return found["endpoints"], found["outbox"]


async def delete_endpoint(world: World, key: str) -> None:
    (endpoint,) = (await world.api("GET", "/endpoints", key)).json()["data"]
    assert (await world.api("DELETE", f"/endpoints/{endpoint['id']}", key)).status == 204


async def test_a_deleted_endpoint_is_kept_for_as_long_as_news(world: World) -> None:
    await world.install()
    key = await world.subscribe()
    assert await left(world, days=80) == (1, 1)
    await delete_endpoint(world, key)
    assert await left(world, days=89) == (1, 0)
    assert await left(world, days=2) == (0, 0)


async def test_a_deleted_endpoint_is_kept_while_a_delivery_waits_for_it(world: World) -> None:
    await world.install()
    key = await world.client_app()
    await world.api("POST", "/endpoints", key, {"url": world.receiver.url})
    await delete_endpoint(world, key)
    assert await left(world, days=91) == (1, 1), "no worker has been there"
    await world.settle()
    assert await left(world, days=0) == (0, 0)


async def test_a_portal_that_left_its_data_is_forgotten_in_time(world: World) -> None:
    installation = await world.install()
    await world.uninstall(installation, clean=False)
    world.pass_time(days=89)
    await world.chores()
    assert await world.row()
    world.pass_time(days=2)
    await world.chores()
    assert await portal_ids(world.resources) == []
    await erase(world.resources, 1)  # twice is once
