"""Whether a portal has paid: the auth server says, not the portal."""

from __future__ import annotations

import pytest

from b24app.domain.portal.installation import PortalState
from b24app.portal.store import portals
from emulator.model.faults import FOREVER, Break
from tests.chores import due, look_at
from tests.stories.portal.removing import says
from tests.stories.scene import Scene
from tests.world import World
from workers.chores import do_due


@pytest.mark.parametrize("token", ["", "the right one", "0" * 32])
async def test_a_payment_with_a_wrong_application_token_is_refused_and_one_without_is_asked_about(
    world: World, scene: Scene, token: str
) -> None:
    """The page's example brings none (common/events/on-app-payment.md)."""
    sent = scene.installation.application_token if token == "the right one" else token
    status = await says(world, "ONAPPPAYMENT", sent, {"data[PAYMENT_EXPIRED]": "Y"})
    assert status == (403 if token == "0" * 32 else 200)
    assert (await world.row()).state is PortalState.ACTIVE, "its word about the payment is none"


async def test_the_auth_server_says_whether_a_portal_has_paid(world: World, scene: Scene) -> None:
    """Not the portal, which may be its owner's own server."""
    portal = await world.row()
    async with world.resources.transaction() as db:
        await portals.change(db, portal.id, state=PortalState.UNPAID)
    world.emulator.world.faults.add(Break.ERROR_500, FOREVER, host=world.portal.host)
    await look_at(world.resources, portal.id)
    assert (await world.row()).state is PortalState.ACTIVE


async def test_a_portal_that_has_not_paid_is_looked_at_once_an_hour_also_with_an_expired_token(
    world: World, scene: Scene
) -> None:
    """The look itself finds that the portal is closed: it asks for no other look by that."""
    portal_id = (await world.row()).id
    scene.installation.payment_expired = True
    await look_at(world.resources, portal_id)
    assert (await world.row()).state is PortalState.UNPAID
    for _ in range(3):
        world.pass_time(hours=2)
        assert len(await do_due(world.resources, "look_at_portal", portal_id)) == 1
        assert await due(world.resources, "look_at_portal") == []
