"""Whether a portal has paid: the auth server says, not the portal."""

from __future__ import annotations

import pytest

from b24app.domain.portal.installation import PortalState
from b24app.portal.store import portals
from emulator.model.faults import FOREVER, Break
from tests.chores import look_at
from tests.stories.portal.removing import says
from tests.stories.scene import Scene
from tests.world import World


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
