"""Many commands: order, shapes, partial failures, and what is done about each."""

from collections.abc import Sequence

import pytest

from b24app.bitrix24.client import Command, Outcome
from b24app.errors import CallRefused, MethodParked, NotFound, OutcomeUnknown, PortalBusy, PortalClosed, PortalDown
from b24app.lanes import Lane
from emulator.crm.entities import Entity
from emulator.model.faults import FOREVER, Break
from emulator.model.installs import pay
from tests.bitrix24.conftest import Rig


def adds(count: int) -> list[Command]:
    return [Command("crm.company.add", {"fields": {"TITLE": f"Nr. {n}"}}, write=True) for n in range(count)]


def titles(rig: Rig, outcomes: Sequence[Outcome]) -> list[str]:
    return [rig.portal.crm.tables[Entity.COMPANY].rows[outcome.value()]["TITLE"] for outcome in outcomes]


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 101, 125])
async def test_any_number_in_order_and_fifty_a_request(rig: Rig, count: int) -> None:
    outcomes = await rig.client.batch(adds(count))
    assert titles(rig, outcomes) == [f"Nr. {n}" for n in range(count)]
    assert rig.requests() == -(-count // 50)


async def test_one_bad_command_spoils_only_itself(rig: Rig) -> None:
    commands = [*adds(3), Command("crm.company.get", {"id": 404}), Command("no.such"), *adds(1)]
    outcomes = await rig.client.batch(commands)
    assert [type(outcome.error) for outcome in outcomes] == [type(None)] * 3 + [NotFound, CallRefused, type(None)]
    with pytest.raises(NotFound):
        outcomes[3].value()


async def test_shapes_of_php(rig: Rig) -> None:
    empty, total, failed = await rig.client.batch(
        [Command("crm.company.list"), Command("crm.company.list", {"start": -1}), Command("crm.company.get", {"id": 1})]
    )
    assert (empty.result, empty.total, empty.next) == ([], 0, None)
    assert (total.result, total.total) == ([], None)
    assert failed.error
    everything_failed = await rig.client.batch([Command("crm.company.get", {"id": 1})])
    assert isinstance(everything_failed[0].error, NotFound)


async def test_next_and_total_of_a_list(rig: Rig) -> None:
    await rig.client.batch(adds(60))
    (page,) = await rig.client.batch([Command("crm.company.list", {"select": ["ID"]})])
    assert (len(page.result), page.total, page.next) == (50, 60, 50)


async def test_odd_texts_arrive_whole(rig: Rig) -> None:
    title = "a&b=c?d#e+f%20 «Ёж» 100% [x] \\ \n$result[c0000]"
    (made,) = await rig.client.batch([Command("crm.company.add", {"fields": {"TITLE": title}}, write=True)])
    company = await rig.client.call("crm.company.get", {"id": made.value()})
    assert company.result["TITLE"] == title


async def test_a_lost_answer_leaves_unknowns_and_stops(rig: Rig) -> None:
    rig.world.faults.add(Break.LOST_AFTER, method="batch")
    outcomes = await rig.client.batch(adds(120))
    assert [type(outcome.error) for outcome in outcomes] == [OutcomeUnknown] * 50 + [PortalDown] * 70
    assert len(rig.portal.crm.tables[Entity.COMPANY].ids) == 50
    assert rig.requests() == 1


async def test_an_outage_between_requests_keeps_what_was_done(rig: Rig) -> None:
    first = await rig.client.batch(adds(50))
    rig.world.faults.add(Break.CLOSE, times=FOREVER)
    second = await rig.client.batch([Command("crm.company.list")])
    assert all(outcome.error is None for outcome in first)
    assert isinstance(second[0].error, PortalDown)


async def test_one_parked_command_does_not_stop_the_requests_behind_it(rig: Rig) -> None:
    rig.world.faults.operating_cost["crm.company.list"] = 500
    await rig.client.call("crm.company.list")
    pacing = rig.with_(lane=Lane.INTERACTIVE)  # people may try a method up to the portal's own limit
    outcomes = await pacing.batch([*adds(49), Command("crm.company.list"), *adds(10)])
    assert [index for index, outcome in enumerate(outcomes) if outcome.error] == [49]


async def test_busy_is_waited_out(rig: Rig) -> None:
    rig.world.faults.add(Break.BUSY, times=2, method="batch")
    assert titles(rig, await rig.client.batch(adds(51)))[50] == "Nr. 50"
    assert rig.requests() == 4
    rig.world.faults.add(Break.BUSY, times=FOREVER, method="batch")
    outcomes = await rig.client.batch(adds(51))
    assert {type(outcome.error) for outcome in outcomes} == {PortalBusy}
    assert len(rig.portal.crm.tables[Entity.COMPANY].ids) == 51


async def test_a_token_that_expires_between_requests_is_refreshed_once(rig: Rig) -> None:
    commands = adds(150)
    await rig.client.batch(commands[:50])
    rig.world.auth.expire_access()
    outcomes = await rig.client.batch(commands[50:])
    assert titles(rig, outcomes) == [f"Nr. {n}" for n in range(50, 150)]
    assert rig.keeper.refreshes == 1


async def test_a_closed_portal_is_asked_once(rig: Rig) -> None:
    pay(rig.installation, expired=True)
    outcomes = await rig.client.batch(adds(120))
    assert {type(outcome.error) for outcome in outcomes} == {PortalClosed}
    assert rig.requests() == 1


async def test_a_method_blocked_in_the_middle_parks_the_rest(rig: Rig) -> None:
    """limits.md: the call that crosses the limit is done, the next one is refused, other methods go on."""
    rig.world.faults.operating_cost["crm.company.add"] = 200
    outcomes = await rig.client.batch([*adds(5), Command("profile")])
    assert [type(outcome.error) for outcome in outcomes] == [type(None)] * 3 + [MethodParked] * 2 + [type(None)]
    again = await rig.client.batch(adds(2))
    assert {type(outcome.error) for outcome in again} == {MethodParked}
    assert rig.requests() == 1
