"""Whose token, and the next pair: every answer of the auth server ends as a value or as an error with a cure."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from b24app.bitrix24.auth_server import AuthServer
from b24app.errors import NeedsAdmin, NeedsFreshToken, PortalClosed, PortalDown, PortalError, Refused
from emulator.model.faults import FOREVER, Break
from emulator.model.installs import pay, uninstall
from tests.bitrix24.conftest import APP, Rig

REAL = frozenset({"https://oauth.bitrix.info", "https://oauth.bitrix24.tech"})


async def test_tells_whose_token_it_is(rig: Rig) -> None:
    grant = rig.world.auth.issue(rig.installation, rig.portal.users[2])
    owner = await rig.auth.app_info(rig.world.auth.server_endpoint, grant.access_token)
    assert owner.client_id == APP.client_id
    assert owner.member_id == rig.portal.member_id
    assert owner.domain == rig.portal.host
    assert owner.client_endpoint == rig.client.endpoint
    assert (owner.user_id, owner.installed, owner.status, owner.scope) == (2, True, "F", frozenset(APP.scope))


async def test_a_refresh_gives_the_next_pair_and_uses_the_old_one_up(rig: Rig) -> None:
    server, old = rig.world.auth.server_endpoint, rig.keeper.refresh
    pair = await rig.auth.refresh(server, old)
    assert (pair.member_id, pair.user_id, pair.expires_in) == (rig.portal.member_id, 1, 3600)
    assert pair.refresh_token != old
    assert (await rig.auth.app_info(server, pair.access_token)).user_id == 1
    with pytest.raises(NeedsAdmin) as caught:
        await rig.auth.refresh(server, old)
    assert caught.value.code == "invalid_grant"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example/rest/",
        "http://oauth.bitrix.info/rest/",
        "https://oauth.bitrix.info.evil.example/rest/",
        "https://user@oauth.bitrix.info/rest/",
        "https://oauth.bitrix.info:8443/rest/",
        "https://[broken",
        "",
    ],
)
async def test_tokens_go_to_listed_servers_only(rig: Rig, endpoint: str) -> None:
    auth = replace(rig.auth, origins=REAL)
    for call in (auth.app_info(endpoint, "token"), auth.refresh(endpoint, "token")):
        with pytest.raises(Refused) as caught:
            await call
        assert (caught.value.code, caught.value.status) == ("unknown_auth_server", 403)


@pytest.mark.parametrize("endpoint", ["https://oauth.bitrix.info/rest/", "https://OAUTH.bitrix.info"])
def test_a_listed_server_is_known_in_any_spelling(endpoint: str) -> None:
    assert AuthServer.origin(AuthServer(None, REAL, "", ""), endpoint) == "https://oauth.bitrix.info"  # type: ignore[arg-type]


async def test_a_token_that_is_no_good(rig: Rig) -> None:
    server = rig.world.auth.server_endpoint
    with pytest.raises(NeedsFreshToken):
        await rig.auth.app_info(server, "nobody's")
    rig.world.auth.expire_access()
    with pytest.raises(NeedsFreshToken):
        await rig.auth.app_info(server, rig.keeper.access)


async def test_closed_for_this_app(rig: Rig) -> None:
    server = rig.world.auth.server_endpoint
    pay(rig.installation, expired=True)
    for call in (rig.auth.app_info(server, rig.keeper.access), rig.auth.refresh(server, rig.keeper.refresh)):
        with pytest.raises(PortalClosed) as unpaid:
            await call
        assert unpaid.value.reason == "unpaid"
    pay(rig.installation, expired=False)
    uninstall(rig.installation, rig.portal.users[1], clean=True)
    with pytest.raises(PortalClosed) as gone:
        await rig.auth.refresh(server, rig.keeper.refresh)
    assert gone.value.reason == "not_installed"


@pytest.mark.parametrize("wrong", [{"client_id": "app.2.2"}, {"client_secret": "guess"}])
async def test_our_own_wrong_client_spends_no_pair(rig: Rig, wrong: dict[str, str]) -> None:
    with pytest.raises(PortalDown) as caught:
        await replace(rig.auth, **wrong).refresh(rig.world.auth.server_endpoint, rig.keeper.refresh)  # type: ignore[arg-type]
    assert caught.value.code in ("wrong_client", "invalid_client")
    assert await rig.auth.refresh(rig.world.auth.server_endpoint, rig.keeper.refresh)


@pytest.mark.parametrize("kind", [Break.HTML, Break.CUT, Break.CLOSE, Break.ERROR_500])
async def test_an_outage_is_an_outage(rig: Rig, kind: Break) -> None:
    rig.world.faults.add(kind, times=FOREVER, host=rig.world.auth_host)
    for call in (rig.auth.app_info, rig.auth.refresh):
        with pytest.raises(PortalDown):
            await call(rig.world.auth.server_endpoint, "token")


async def test_after_a_lost_answer_trying_again_tells_the_truth(rig: Rig) -> None:
    rig.world.faults.add(Break.LOST_AFTER, host=rig.world.auth_host)
    await _expect(PortalDown, lambda: rig.auth.refresh(rig.world.auth.server_endpoint, rig.keeper.refresh))
    await _expect(NeedsAdmin, lambda: rig.auth.refresh(rig.world.auth.server_endpoint, rig.keeper.refresh))


async def _expect(kind: type[PortalError], call: Callable[[], Awaitable[object]]) -> None:
    with pytest.raises(PortalError) as caught:
        await call()
    assert type(caught.value) is kind
