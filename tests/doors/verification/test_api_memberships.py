"""Routes of memberships: their sections, pages and filters, and how old an answer is."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert

from b24app.cards.store.tables import records
from b24app.domain.portal.installation import PortalState
from b24app.portal.store import portals
from b24app.work.store.tables import inbox
from tests.outside import Desk, remember


async def test_me(desk: Desk) -> None:
    shop = await desk.shop()
    me = (await desk.api("GET", "/me", shop.key)).json()
    assert (me["portal"], me["name"], me["stale"]) == ("p_one", "Кабинет", False)
    assert me["event_types"] == [
        "membership.verification_changed",
        "membership.documents_asked",
        "membership.moved",
    ]


async def test_memberships_with_their_sections(desk: Desk) -> None:
    shop = await desk.shop()
    noise = await desk.portal("noise")
    await remember(desk, noise, 7, 3)
    async with desk.resources.tenant(shop.portal.id) as db:
        await db.execute(
            insert(records).values(
                portal_id=shop.portal.id, kind="contact", crm_id=7, title="Илья", settled={}, seen_at=desk.clock()
            )
        )
    pending = await remember(desk, shop.portal, 7, 3, "pending", age=10)
    alone = await remember(desk, shop.portal, 8, 0, age=5)

    first, second = (await desk.api("GET", "/memberships", shop.key)).json()["data"]

    assert (first["id"], first["contact"], first["company"]) == (
        pending,
        {"id": 7, "name": "Илья"},
        {"id": 3, "name": ""},
    )
    assert first["sections"] == {
        "catalogue": "open",
        "chat": "open",
        "orders": "blocked",
        "documents": "blocked",
        "loyalty": "blocked",
    }
    assert (second["id"], second["company"]) == (alone, None)
    assert set(second["sections"].values()) == {"open"}
    assert (await desk.api("GET", f"/memberships/{alone}", shop.key)).json()["data"] == second


async def test_memberships_are_read_in_pages_and_filtered(desk: Desk) -> None:
    shop = await desk.shop()
    made = [
        await remember(desk, shop.portal, 1 + n, n % 3, "pending" if n % 2 else "confirmed", 60 - n // 2)
        for n in range(7)
    ]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await desk.api("GET", f"/memberships?limit=2&cursor={cursor}", shop.key)).json()
        seen += [one["id"] for one in page["data"]]
        cursor = page["next"]
    assert sorted(seen) == sorted(made)
    assert len(seen) == 7

    async def ids(query: str) -> set[str]:
        return {one["id"] for one in (await desk.api("GET", f"/memberships?{query}", shop.key)).json()["data"]}

    assert await ids("contact_id=3") == {made[2]}
    assert await ids("company_id=1") == {made[1], made[4]}
    assert await ids("state=pending") == {made[1], made[3], made[5]}
    since = (desk.clock() - timedelta(seconds=58)).isoformat().replace("+", "%2B")
    assert await ids(f"updated_since={since}") == set(made[4:])
    wrong = await desk.api("GET", "/memberships?cursor=abc", shop.key)
    assert (wrong.status, wrong.json()["code"]) == (422, "cursor_wrong")


async def test_answers_say_how_old_they_are(desk: Desk) -> None:
    shop = await desk.shop()
    waits_since = desk.clock() - timedelta(minutes=5)
    async with desk.resources.tenant(shop.portal.id) as db:
        await db.execute(
            insert(inbox).values(
                portal_id=shop.portal.id, source="event", name="X", subject="contact:7", received_at=waits_since
            )
        )
    late = (await desk.api("GET", "/memberships", shop.key)).json()
    assert (late["as_of"], late["stale"]) == (waits_since.isoformat().replace("+00:00", "Z"), True)

    async with desk.resources.tenant(shop.portal.id) as db:
        await db.execute(inbox.update().values(state="done"))
    assert (await desk.api("GET", "/memberships", shop.key)).json()["stale"] is False
    async with desk.resources.transaction() as db:
        await portals.change(db, shop.portal.id, state=PortalState.NEEDS_ADMIN)
    answer = await desk.api("GET", "/memberships", shop.key)
    assert (answer.status, answer.json()["stale"]) == (200, True)
