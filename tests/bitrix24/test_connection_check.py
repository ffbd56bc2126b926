"""What a portal says of itself for the check of the connection, and its test event."""

from __future__ import annotations

import pytest

from b24app.bitrix24.payloads import portal_event
from b24app.bitrix24.probing import connection_check
from b24app.domain.connection_check.rules import PlanFeature
from emulator.model.faults import Break
from tests.bitrix24.conftest import APP, Rig

HANDLER = "http://127.0.0.1:9/bitrix/events"


@pytest.mark.parametrize(
    ("plan", "old", "missing"),
    [
        ("free", False, {PlanFeature.OFFLINE, PlanFeature.ROBOTS}),
        ("pro", False, {PlanFeature.OFFLINE}),
        ("enterprise", False, set()),
        ("free", True, set()),  # a box names its licence instead of answering
    ],
)
async def test_one_request_tells_all_of_it(rig: Rig, plan: str, old: bool, missing: set[PlanFeature]) -> None:
    rig.portal.plan, rig.portal.old = plan, old
    found = await connection_check.basics(rig.client, HANDLER)

    assert rig.requests() == sum(rig.world.meters.requests.values()) == 1
    assert set(found.missing) == missing
    assert (found.person.name, found.person.is_admin) == (rig.portal.users[1].full_name, True)
    assert (found.scopes, found.expired, found.listens) == (frozenset(APP.scope), False, False)


async def test_a_portal_that_cannot_be_asked_about_its_plan_tells_the_rest(rig: Rig) -> None:
    del rig.world.methods["feature.get"], rig.world.methods["method.get"]
    found = await connection_check.basics(rig.client, HANDLER)
    assert found.missing == () and found.license


async def test_it_listens_where_the_test_event_comes_to_this_very_address(rig: Rig) -> None:
    await rig.client.call("event.bind", {"event": "ONAPPTEST", "handler": "http://127.0.0.1:9/elsewhere"})
    assert not (await connection_check.basics(rig.client, HANDLER)).listens
    await rig.client.call("event.bind", {"event": "ONAPPTEST", "handler": HANDLER})
    assert (await connection_check.basics(rig.client, HANDLER)).listens


async def test_the_nonce_comes_back_in_the_event(rig: Rig) -> None:
    await rig.client.call("event.bind", {"event": "ONAPPTEST", "handler": HANDLER})
    rig.installation.installed = True
    await connection_check.raise_test_event(rig.client, "nonce-1")
    (queued,) = rig.world.events.queued
    form = "&".join(f"{key}={value}" for key, value in rig.world.events.form(queued))
    event = portal_event(form.encode())
    assert (event.name, connection_check.nonce_of(event)) == (connection_check.TEST_EVENT, "nonce-1")


@pytest.mark.parametrize("data", ["", "data=7", "data[QUERY]=7", "data[QUERY][b24app][]=7", "data[QUERY][other]=7"])
def test_an_event_nobody_asked_for_brings_nothing(data: str) -> None:
    event = portal_event(f"event=ONAPPTEST&auth[member_id]=m&{data}".encode())
    assert connection_check.nonce_of(event) == ""


async def test_a_broken_answer_is_asked_for_again(rig: Rig) -> None:
    rig.world.faults.add(Break.CUT, times=1, method="event.test")
    await connection_check.raise_test_event(rig.client, "nonce-1")
    assert rig.requests("event.test") == 2
