"""Orders of a launch: whoever comes second finds nothing to carry out."""

from __future__ import annotations

import pytest

from b24app.errors import Overtaken
from b24app.verification.store import launches
from tests.store.rich import rich
from tests.world import World


async def test_an_order_is_carried_out_once_and_not_after_it_was_called_back(world: World) -> None:
    owned = await rich(world)
    async with world.resources.tenant(owned.id) as db:
        async with db.begin_nested() as tried:
            await launches.close(db, owned.id, [owned.order])
            with pytest.raises(Overtaken):
                await launches.close(db, owned.id, [owned.order])
            await tried.rollback()
        await launches.call_back(db, owned.id, owned.launch.id)
        assert await launches.due(db, owned.id, [owned.order.membership_id]) == ()
        with pytest.raises(Overtaken):
            await launches.close(db, owned.id, [owned.order])
