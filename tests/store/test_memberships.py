"""Memberships that somebody else changed after we read them are written by nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.verification.membership import State
from b24app.domain.verification.succession import Move
from b24app.verification.store import memberships
from tests.world import World


async def test_one_that_moved_to_another_card_is_not_made_anew_where_it_was(world: World) -> None:
    """Two workers: a merge takes the membership along while the other one still decides about it."""
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Подъём»")
    person = Subject(Kind.CONTACT, world.add_contact(old))
    await world.install()
    portal_id, now = (await world.row()).id, world.resources.now()
    async with world.resources.tenant(portal_id) as db:
        (read,) = (await memberships.of_subjects(db, portal_id, [person]))[person]
        gone_on = replace(read, company_id=new, version=read.version + 1)
        await memberships.move(db, portal_id, [Move(read, gone_on)], now)

    with pytest.raises(memberships.Overtaken):
        async with world.resources.tenant(portal_id) as db:
            decided = replace(read, state=State.PENDING, version=read.version + 1)
            await memberships.save(db, portal_id, [decided], now)

    async with world.resources.tenant(portal_id) as db:
        assert (await memberships.of_subjects(db, portal_id, [person]))[person] == (gone_on,)
