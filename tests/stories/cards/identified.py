"""What stories of public ids ask of a world."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import select

from b24app.cards.store.tables import customers as customers_table
from b24app.cards.store.tables import persons, records
from emulator.crm.entities import Entity
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
Ids = tuple[str, str]
"""(person, customer)"""


async def ids(world: World, key: str, query: str = "") -> dict[tuple[int, int], Ids]:
    """(contact, company) → ids of each membership, as a client app reads them."""
    listed = (await world.api("GET", f"/memberships?limit=200&{query}", key)).json()["data"]
    return {
        (one["contact"]["id"], (one["company"] or {"id": 0})["id"]): (one["person_id"], one["customer_id"])
        for one in listed
    }


def moves(world: World) -> list[dict[str, Any]]:
    """What was told of memberships that moved, each once."""
    return list({one.id: one.data for one in world.receiver.heard if one.type == "membership.moved"}.values())


async def living(world: World) -> None:
    """Each card that we know, and none twice, has its ids."""
    async with world.resources.tenant((await world.row()).id) as db:
        cards = {(row.kind, row.crm_id) for row in await db.execute(select(records.c.kind, records.c.crm_id))}
        mine = list(await db.execute(select(customers_table).where(customers_table.c.goes_on_as.is_(None))))
        people = list((await db.execute(select(persons.c.crm_id).where(persons.c.goes_on_as.is_(None)))).scalars())
        aliases = set((await db.execute(select(customers_table.c.goes_on_as))).scalars()) - {None}
        passed_on = select(customers_table.c.kind, customers_table.c.crm_id)
        gone = {(row.kind, row.crm_id) for row in await db.execute(passed_on)} - {
            (row.kind, row.crm_id) for row in mine
        }
    named = [(row.kind, row.crm_id) for row in mine]
    assert len(named) == len(set(named)) and len(people) == len(set(people))
    assert cards <= {*named, *gone}
    assert {f"contact:{one}" for one in people} == {f"{kind}:{one}" for kind, one in named if kind == "contact"}
    assert aliases <= {row.id for row in mine}, "an alias names a living id"


class Twice(NamedTuple):
    """`before`, `after`: ids as a client app reads them, before the two cards were merged and after."""

    company: int
    old: int
    new: int
    key: str
    before: dict[tuple[int, int], Ids]
    after: dict[tuple[int, int], Ids]


async def one_person_twice(world: World) -> Twice:
    """A company's person has two cards; somebody ticked the older one's box, then they were merged."""
    company = world.add_company()
    old, new = world.add_contact(company), world.add_contact(company)
    await world.install()
    key = await world.subscribe()
    world.tick(CONTACT, old)
    await world.settle()
    before = await ids(world, key)
    world.portal.crm.merge(CONTACT, new, old, world.admin())
    await world.settle()
    return Twice(company, old, new, key, before, await ids(world, key))
