"""The outbox in the database: published once, numbered without gaps, claims let go without losing news."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.journeys import endpoints, registering
from b24app.delivery.journeys.registering import Wanted
from b24app.delivery.store import publishing, settling
from b24app.delivery.store.settling import NextTry
from b24app.demo import servers
from b24app.domain.delivery.schedule import DeliveryState
from b24app.lanes import Lane
from b24app.manifest import Manifest
from b24app.work.store import index
from b24app.work.store.index import Claim, WorkKind
from tests.outside import Desk, Shop, open_desk


@pytest.fixture
async def desk(clean_database: servers.Postgres, redis_url: str, manifest: Manifest) -> AsyncIterator[Desk]:
    async with open_desk(clean_database, redis_url, manifest) as opened:
        yield opened


async def numbers(desk: Desk, shop: Shop) -> list[int | None]:
    """In row order."""
    return [one.sequence for one in await desk.deliveries(shop)]


async def claim(desk: Desk, limit: int = 100) -> list[Claim]:
    async with desk.resources.transaction() as db:
        return await index.claim(
            db, WorkKind.DELIVERY, worker="one", token=uuid4(), now=desk.clock(), limit=limit, lane=Lane.BULK
        )


async def test_numbers_follow_the_rows_and_skip_nobody(desk: Desk) -> None:
    shop, noise = await desk.shop("one"), await desk.shop("noise")
    await desk.publish(noise.portal, desk.event(noise.portal))
    await desk.publish(shop.portal, *(desk.event(shop.portal) for _ in range(3)))
    assert await numbers(desk, shop) == [1, 2, 3]

    await desk.publish(shop.portal, desk.event(shop.portal), desk.event(shop.portal))

    assert await numbers(desk, shop) == [1, 2, 3, 4, 5]
    assert await numbers(desk, noise) == [1]
    ready = await endpoints.find(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    assert ready.last_sequence == 5


async def test_a_rolled_back_publication_leaves_no_gap(desk: Desk) -> None:
    shop = await desk.shop()
    with pytest.raises(RuntimeError):
        async with desk.resources.tenant(shop.portal.id) as db:
            assert await publishing.publish(db, shop.portal.id, [desk.event(shop.portal)], desk.clock()) == 1
            raise RuntimeError
    await desk.publish(shop.portal, desk.event(shop.portal), desk.event(shop.portal))
    assert await numbers(desk, shop) == [1, 2]


async def test_publications_at_once_are_numbered_in_the_order_they_commit(desk: Desk) -> None:
    shop = await desk.shop()

    await asyncio.gather(*(desk.publish(shop.portal, *(desk.event(shop.portal) for _ in range(3))) for _ in range(8)))

    assert await numbers(desk, shop) == list(range(1, 25))


async def test_skipped_news_is_numbered_too(desk: Desk) -> None:
    shop = await desk.shop()
    await registering.change(desk.resources, shop.portal, shop.app_id, shop.endpoint_id, Wanted(enabled=False))
    await desk.publish(shop.portal, desk.event(shop.portal))
    await registering.change(desk.resources, shop.portal, shop.app_id, shop.endpoint_id, Wanted(enabled=True))
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()
    await desk.drain(minutes=5)

    skipped, told = await desk.deliveries(shop)
    assert (skipped.state, told.state) == (DeliveryState.SKIPPED, DeliveryState.DELIVERED)
    assert [one.sequence for one in desk.receiver.news()] == [2]
    assert await numbers(desk, shop) == [1, 2]


async def test_two_transactions_with_the_same_news_publish_it_once(desk: Desk) -> None:
    shop = await desk.shop()
    membership = uuid4()
    same = [desk.event(shop.portal, membership) for _ in range(8)]

    published = await asyncio.gather(*(desk.publish(shop.portal, one) for one in same))

    assert sorted(published) == [0] * 7 + [1]
    assert len(await desk.deliveries(shop)) == 1


async def test_an_endpoint_hears_what_it_asked_for(desk: Desk) -> None:
    picky = await desk.shop("one", None, "membership.verification_changed")
    assert await desk.publish(picky.portal, desk.event(picky.portal)) == 1
    async with desk.resources.tenant(picky.portal.id) as db:
        await db.execute(text("UPDATE endpoints SET event_types = '{loyalty.level_changed}'"))
    assert await desk.publish(picky.portal, desk.event(picky.portal)) == 0


async def test_events_of_another_tenant_cannot_be_written(desk: Desk) -> None:
    mine, theirs = await desk.shop("one"), await desk.shop("other")
    with pytest.raises(DBAPIError, match="InsufficientPrivilege"):
        async with desk.resources.tenant(mine.portal.id) as db:
            await publishing.publish(db, theirs.portal.id, [desk.event(theirs.portal)], desk.clock())


async def test_what_came_while_we_held_a_row_is_looked_at_at_once(desk: Desk) -> None:
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))
    (held,) = await claim(desk)
    async with desk.resources.tenant(shop.portal.id) as db:
        await index.arrive(db, shop.portal.id, WorkKind.DELIVERY, [held.key], Lane.INTERACTIVE, desk.clock())

    async with desk.resources.tenant(shop.portal.id) as db:
        assert await settling.hold(db, shop.portal.id, [held]) == {held.key: held.arrivals + 1}
        later = NextTry(held, desk.clock() + timedelta(hours=1), "timeout")
        await settling.settle(db, shop.portal.id, held.token, desk.clock(), later=[later])

    (again,) = await claim(desk)
    assert again.key == held.key


@pytest.mark.parametrize("how", ["postpone", "hurry"])
async def test_what_came_during_a_failing_try_is_looked_at_at_once(desk: Desk, how: str) -> None:
    """News of the card, or the end of what it waits for: neither waits for the next try, an hour away."""
    portal_id = (await desk.shop()).portal.id
    async with desk.resources.autocommit() as db:
        await index.arrive(db, portal_id, WorkKind.RECORD, ["contact:1"], Lane.BULK, desk.clock())
        held = await _claim_record(desk, db, portal_id)
        if how == "postpone":
            await index.arrive(db, portal_id, WorkKind.RECORD, ["contact:1"], Lane.BULK, desk.clock())
        else:
            await index.make_due(db, portal_id, [WorkKind.RECORD], desk.clock())
        await index.postpone(db, WorkKind.RECORD, held, desk.clock() + timedelta(hours=1), "portal_down")

        assert len(await _claim_record(desk, db, portal_id)) == 1


async def _claim_record(desk: Desk, db: AsyncConnection, portal_id: int) -> list[Claim]:
    token, now = uuid4(), desk.clock()
    return await index.claim(db, WorkKind.RECORD, worker="one", token=token, now=now, limit=9, portal_id=portal_id)


async def test_a_row_taken_over_is_not_ours(desk: Desk) -> None:
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))
    (first,) = await claim(desk)
    desk.clock.move(seconds=index.LEASE.total_seconds() + 1)
    (second,) = await claim(desk)

    async with desk.resources.tenant(shop.portal.id) as db:
        assert await settling.hold(db, shop.portal.id, [first]) == {}
        assert await settling.hold(db, shop.portal.id, [second]) == {second.key: second.arrivals}
        later = NextTry(first, desk.clock() + timedelta(hours=1), None)
        await settling.settle(db, shop.portal.id, first.token, desk.clock(), over=[first.key], later=[later])
        due = (await db.execute(text("SELECT due_at FROM work WHERE kind = 'delivery'"))).scalar_one()
    assert due <= desk.clock()
