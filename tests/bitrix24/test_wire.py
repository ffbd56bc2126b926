"""One call against a portal that misbehaves: every answer ends as one error that says what can be done."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from b24app.bitrix24.client import Command
from b24app.bitrix24.tokens import FixedToken
from b24app.bitrix24.wire import CallOutcome
from b24app.errors import (
    AccessDenied,
    CallRefused,
    MethodParked,
    NeedsAdmin,
    NeedsFreshToken,
    NotFound,
    OutcomeUnknown,
    PortalBusy,
    PortalClosed,
    PortalDown,
    PortalError,
    PortalMoved,
    ScopeMissing,
)
from b24app.lanes import Lane
from emulator.crm.entities import Entity
from emulator.model.faults import FOREVER, Break
from emulator.model.installs import pay, uninstall
from emulator.model.people import CrmAccess
from tests.bitrix24.conftest import Rig


async def test_answers_a_plain_call(rig: Rig) -> None:
    answer = await rig.client.call("profile")
    assert answer.result["ID"] == "1"
    assert answer.result["ADMIN"] is True
    assert [(call.method, call.code, call.status, call.lane) for call in rig.calls] == [("profile", "", 200, Lane.BULK)]


@pytest.mark.parametrize("kind", [Break.HTML, Break.CUT, Break.CLOSE, Break.ERROR_500, Break.ERROR_AFTER])
async def test_a_read_outlives_a_short_outage(rig: Rig, kind: Break) -> None:
    rig.world.faults.add(kind, times=2)
    assert (await rig.client.call("profile")).result["ID"] == "1"
    assert rig.requests("profile") == 3


async def test_a_portal_whose_rest_was_switched_off_is_not_asked_again_at_once(rig: Rig) -> None:
    """limits.md: OVERLOAD_LIMIT is set by hand for a portal that was asked too much, and lifted by support."""
    rig.world.faults.add(Break.OVERLOAD, times=FOREVER)
    with pytest.raises(PortalDown):
        await rig.client.call("profile")
    assert rig.requests("profile") == 1


@pytest.mark.parametrize("kind", [Break.HTML, Break.CUT, Break.CLOSE, Break.ERROR_500])
async def test_a_read_gives_up_on_a_long_outage(rig: Rig, kind: Break) -> None:
    rig.world.faults.add(kind, times=FOREVER)
    with pytest.raises(PortalDown):
        await rig.client.call("profile")
    assert rig.requests("profile") == 3
    assert [call.code != "" for call in rig.calls] == [True] * 3


@pytest.mark.parametrize("kind", [Break.LOST_AFTER, Break.ERROR_AFTER, Break.HTML, Break.CUT, Break.CLOSE])
async def test_a_write_is_never_repeated_blindly(rig: Rig, kind: Break) -> None:
    rig.world.faults.add(kind, times=FOREVER)
    with pytest.raises(OutcomeUnknown):
        await rig.client.call("crm.company.add", {"fields": {"TITLE": "Once"}}, write=True)
    assert rig.requests("crm.company.add") == 1
    done = kind in (Break.LOST_AFTER, Break.ERROR_AFTER)
    assert len(rig.portal.crm.tables[Entity.COMPANY].ids) == int(done)


async def test_a_write_that_the_portal_was_too_busy_for_is_sent_again(rig: Rig) -> None:
    rig.world.faults.add(Break.BUSY, times=2)
    await rig.client.call("crm.company.add", {"fields": {"TITLE": "Once"}}, write=True)
    assert rig.requests("crm.company.add") == 3
    assert len(rig.portal.crm.tables[Entity.COMPANY].ids) == 1


async def test_a_busy_portal_is_asked_a_few_times_only(rig: Rig) -> None:
    rig.world.faults.add(Break.BUSY, times=FOREVER)
    with pytest.raises(PortalBusy) as caught:
        await rig.client.call("profile")
    assert (caught.value.status, caught.value.code) == (503, "QUERY_LIMIT_EXCEEDED")
    assert rig.requests("profile") == 4


async def test_a_method_without_operating_time_is_parked(rig: Rig) -> None:
    rig.world.faults.add(Break.OPERATING, times=FOREVER)
    with pytest.raises(MethodParked) as caught:
        await rig.client.call("profile")
    assert caught.value.until > datetime.now(UTC)
    assert rig.requests("profile") == 1


async def test_nothing_was_sent_means_down_for_a_write_too(rig: Rig) -> None:
    await rig.emulator.stop()
    with pytest.raises(PortalDown) as caught:
        await rig.client.call("crm.company.add", {"fields": {"TITLE": "Once"}}, write=True)
    assert caught.value.code == "NO_CONNECTION"


@pytest.mark.parametrize("kind", [Break.ERROR_200, Break.EMPTY_ERROR, Break.NUMERIC_ERROR])
async def test_odd_error_codes_are_refusals(rig: Rig, kind: Break) -> None:
    rig.world.faults.add(kind, times=FOREVER)
    with pytest.raises(CallRefused):
        await rig.client.call("profile")
    assert rig.requests("profile") == 1


async def test_final_refusals_by_name(rig: Rig) -> None:
    rig.installation.scope -= {"placement"}
    rig.portal.users[2].crm_access = CrmAccess.NONE
    employee = rig.with_(keeper=FixedToken(rig.world.auth.issue(rig.installation, rig.portal.users[2]).access_token))
    company = (await rig.client.call("crm.company.add", {"fields": {"TITLE": "x"}}, write=True)).result
    for client, method, params, kind in (
        (rig.client, "crm.company.get", {"id": 404}, NotFound),
        (rig.client, "crm.item.get", {"entityTypeId": 4, "id": 404}, NotFound),
        (rig.client, "crm.company.update", {"id": 404, "fields": {"TITLE": "x"}}, NotFound),
        (rig.client, "placement.get", {}, ScopeMissing),
        (rig.client, "no.such.method", {}, CallRefused),
        (employee, "crm.company.get", {"id": company}, AccessDenied),
    ):
        with pytest.raises(PortalError) as caught:
            await client.call(method, params)
        assert type(caught.value) is kind, method


async def test_an_expired_token_is_refreshed_once_and_the_call_repeated(rig: Rig) -> None:
    rig.world.auth.expire_access()
    assert (await rig.client.call("profile")).result["ID"] == "1"
    assert rig.keeper.refreshes == 1
    assert [call.code for call in rig.calls] == ["expired_token", ""]


async def test_many_requests_under_way_share_one_refresh(rig: Rig) -> None:
    rig.world.auth.expire_access()
    commands = [Command("crm.company.add", {"fields": {"TITLE": f"Nr. {n}"}}, write=True) for n in range(50)]
    batches = await asyncio.gather(*(rig.client.batch(commands) for _ in range(8)))
    assert all(outcome.error is None for batch in batches for outcome in batch)
    assert rig.keeper.refreshes == 1
    assert len(rig.portal.crm.tables[Entity.COMPANY].ids) == 400


async def test_a_portal_that_rejects_every_token_is_not_hammered(rig: Rig) -> None:
    other = rig.emulator.portal("second")
    rig.world.portals[rig.portal.host], rig.world.portals[other.host] = other, rig.portal
    with pytest.raises(NeedsAdmin) as caught:
        await rig.client.call("profile")
    assert caught.value.code == "invalid_token"
    assert rig.keeper.refreshes == 1
    assert len(rig.calls) == 2


async def test_a_dismissed_admin_is_replaced_by_the_next(rig: Rig) -> None:
    rig.portal.users[2].admin = True
    rig.keeper.grants.append(rig.world.auth.issue(rig.installation, rig.portal.users[2]))
    rig.portal.users[1].active = False
    assert (await rig.client.call("profile")).result["ID"] == "2"
    assert rig.keeper.refreshes == 0


async def test_no_admin_left(rig: Rig) -> None:
    rig.portal.users[1].active = False
    with pytest.raises(NeedsAdmin):
        await rig.client.call("profile")
    assert rig.requests("profile") == 1


async def test_closed_portals(rig: Rig) -> None:
    pay(rig.installation, expired=True)
    with pytest.raises(PortalClosed) as unpaid:
        await rig.client.call("profile")
    assert unpaid.value.reason == "unpaid"
    pay(rig.installation, expired=False)
    rig.world.auth.expire_access()
    uninstall(rig.installation, rig.portal.users[1], clean=False)
    with pytest.raises(PortalClosed) as gone:
        await rig.client.call("profile")
    assert gone.value.reason == "not_installed"


async def test_a_renamed_portal_is_not_followed(rig: Rig) -> None:
    old = rig.portal.host
    await rig.world.rename(rig.portal, "127.0.0.6:0")
    with pytest.raises(PortalMoved) as caught:
        await rig.client.call("profile")
    assert rig.portal.host in caught.value.location
    assert old not in caught.value.location
    assert rig.requests("profile") == 0


async def test_a_persons_token_is_never_refreshed(rig: Rig) -> None:
    grant = rig.world.auth.issue(rig.installation, rig.portal.users[2])
    client = rig.with_(keeper=FixedToken(grant.access_token), lane=Lane.INTERACTIVE)
    assert (await client.call("profile")).result["ID"] == "2"
    rig.world.auth.expire_access()
    with pytest.raises(NeedsFreshToken):
        await client.call("profile")
    rig.world.advance(seconds=-5)
    rig.portal.users[2].active = False
    grant = rig.world.auth.issue(rig.installation, rig.portal.users[2])
    with pytest.raises(AccessDenied):
        await rig.with_(keeper=FixedToken(grant.access_token)).call("profile")


async def test_cancelling_a_call_leaves_the_client_usable(rig: Rig) -> None:
    rig.world.faults.add(Break.SLOW, seconds=30)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await rig.client.call("profile")
    assert (await rig.client.call("profile")).result["ID"] == "1"
    assert [call.outcome for call in rig.calls] == [CallOutcome.CANCELLED, CallOutcome.OK]


async def test_errors_name_the_call_and_hide_the_portals_text(rig: Rig) -> None:
    with pytest.raises(PortalError) as caught:
        await rig.client.call("crm.company.get", {"id": 404})
    assert str(caught.value) == "crm.company.get: 400"
    assert caught.value.description


async def test_no_answer_is_logged(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(0):
        await rig.client.call("scope")
        await rig.client.batch([Command("profile")])
    assert not [row for row in caplog.records if row.name.startswith("fast_bitrix24")]
    assert rig.keeper.access not in caplog.text


def test_parking_without_a_time_lasts_a_minute() -> None:
    from b24app.bitrix24.answers import refusal

    before = datetime.now(UTC)
    error = refusal("crm.item.list", 0, {"error": "OPERATION_TIME_LIMIT", "error_description": ""})
    time = {"operating_reset_at": 2_000_000_300, "finish": 2_000_000_000}
    told = refusal("m", 429, {"error": "OPERATION_TIME_LIMIT", "time": time})
    assert isinstance(error, MethodParked)
    assert error.until >= before + timedelta(seconds=59)
    assert isinstance(told, MethodParked)
    assert before + timedelta(seconds=299) < told.until <= datetime.now(UTC) + timedelta(seconds=300)
