"""The auth server: settings/oauth/index.md, auto-renewal.md, error-codes.md."""

import asyncio
import struct
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from emulator.model.faults import Break
from emulator.model.installs import finish, install, uninstall
from tests.emulator.aid import Answer, Caller, asked


def query(caller: Caller, **changed: Any) -> dict[str, str]:
    app = caller.installation.app
    usual = {"grant_type": "refresh_token", "client_id": app.client_id, "client_secret": app.client_secret}
    return {name: value for name, value in (usual | changed).items() if value is not None}


async def token(caller: Caller, verb: str = "GET", **changed: Any) -> Answer:
    url = f"{caller.emulator.world.auth.url}/oauth/token/"
    given = {"params" if verb == "GET" else "data": query(caller, **changed)}
    return await asked(caller.session, verb, url, **given)


def pair(caller: Caller) -> tuple[str, str]:
    grant = caller.emulator.world.auth.issue(caller.installation, caller.user)
    return grant.access_token, grant.refresh_token


async def authorize(caller: Caller, user: int = 1) -> dict[str, str]:
    url = f"{caller.portal.url}/oauth/authorize/"
    params = {"client_id": caller.installation.app.client_id, "state": "st&te"}
    async with caller.session.get(
        url, params=params, cookies={"portal_user": str(user)}, allow_redirects=False
    ) as response:
        assert response.status == 302
        parts = urlsplit(response.headers["Location"])
        return {name: values[-1] for name, values in parse_qs(parts.query).items()}


async def test_authorize_redirects_with_a_code_that_works_once(caller: Caller) -> None:
    back = await authorize(caller)
    assert back["state"] == "st&te"
    assert back["domain"] == caller.portal.host
    assert back["member_id"] == caller.portal.member_id
    assert back["scope"] == "crm,placement,user,im"
    assert back["server_domain"] == caller.emulator.world.auth_host
    first = await token(caller, grant_type="authorization_code", code=back["code"])
    assert (await caller.call("profile", token=first.body["access_token"])).result["ID"] == "1"
    assert (await token(caller, grant_type="authorization_code", code=back["code"])).refusal == (400, "invalid_grant")


async def test_a_code_lives_thirty_seconds(caller: Caller) -> None:
    back = await authorize(caller)
    caller.emulator.world.advance(seconds=31)
    assert (await token(caller, grant_type="authorization_code", code=back["code"])).refusal == (400, "invalid_grant")


async def test_authorize_stays_on_the_portal_when_it_fails(caller: Caller) -> None:
    url = f"{caller.portal.url}/oauth/authorize/"
    nobody = await asked(caller.session, "GET", url, params={"client_id": caller.installation.app.client_id})
    assert urlsplit(nobody.headers["Location"]).netloc == ""
    unknown = await asked(caller.session, "GET", url, params={"client_id": "x"}, cookies={"portal_user": "1"})
    assert unknown.status == 404


@pytest.mark.parametrize("verb", ["GET", "POST"])
async def test_a_refresh_gives_every_documented_field_and_rotates(caller: Caller, verb: str) -> None:
    access, refresh = pair(caller)
    answer = await token(caller, verb, refresh_token=refresh)
    world = caller.emulator.world
    assert answer.status == 200
    assert answer.body | {"access_token": 0, "refresh_token": 0, "expires": 0} == {
        "access_token": 0,
        "refresh_token": 0,
        "expires": 0,
        "expires_in": 3600,
        "scope": "crm,placement,user,im",
        "domain": world.auth_host,
        "server_endpoint": f"{world.auth.url}/rest/",
        "status": "F",
        "client_endpoint": f"{caller.portal.url}/rest/",
        "member_id": caller.portal.member_id,
        "user_id": 1,
    }
    assert (await caller.call("profile", token=answer.body["access_token"])).status == 200
    assert (await caller.call("profile", token=access)).status == 200
    assert (await token(caller, verb, refresh_token=refresh)).refusal == (400, "invalid_grant")
    assert (await token(caller, verb, refresh_token=answer.body["refresh_token"])).status == 200


async def test_tokens_carry_their_expiry_as_real_ones_do(caller: Caller) -> None:
    answer = await token(caller, refresh_token=pair(caller)[1])
    stamp = struct.unpack("<I", bytes.fromhex(answer.body["access_token"][:8]))[0]
    assert stamp == answer.body["expires"]


async def test_two_refreshes_at_once_leave_one_of_them_with_nothing(caller: Caller) -> None:
    refresh = pair(caller)[1]
    answers = await asyncio.gather(*(token(caller, refresh_token=refresh) for _ in range(2)))
    assert sorted(answer.status for answer in answers) == [200, 400]


async def test_a_refresh_whose_answer_is_lost_has_rotated_all_the_same(caller: Caller) -> None:
    refresh = pair(caller)[1]
    caller.emulator.world.faults.add(Break.LOST_AFTER, method="oauth/token")
    with pytest.raises(aiohttp.ClientError):
        await token(caller, "POST", refresh_token=refresh)
    assert (await token(caller, "POST", refresh_token=refresh)).refusal == (400, "invalid_grant")


async def test_lifetimes_of_an_hour_and_half_a_year(caller: Caller) -> None:
    access, refresh = pair(caller)
    caller.emulator.world.advance(minutes=61)
    assert (await caller.call("profile", token=access)).refusal == (401, "expired_token")
    caller.emulator.world.advance(days=180)
    assert (await token(caller, refresh_token=refresh)).refusal == (400, "invalid_grant")


async def test_errors_of_the_auth_server(caller: Caller) -> None:
    refresh = pair(caller)[1]
    assert (await token(caller, refresh_token=refresh, client_id="other")).refusal == (200, "wrong_client")
    assert (await token(caller, refresh_token=refresh, client_secret="x")).refusal == (400, "invalid_client")
    missing = await token(caller)
    assert missing.refusal == (400, "invalid_request")
    assert missing.body["error_description"] == 'No "refresh_token" parameter found'
    assert (await token(caller, refresh_token="made up")).refusal == (400, "invalid_grant")
    caller.installation.payment_expired = True
    assert (await token(caller, refresh_token=refresh)).refusal == (401, "PAYMENT_REQUIRED")
    caller.installation.payment_expired = False
    uninstall(caller.installation, caller.user, clean=False)
    assert (await token(caller, refresh_token=refresh)).refusal == (401, "NOT_INSTALLED")


async def test_tokens_of_an_earlier_installation_stay_dead(caller: Caller) -> None:
    (access, refresh), unseen = pair(caller), caller.token()
    app = caller.installation.app
    await caller.call("profile", token=access)
    uninstall(caller.installation, caller.user, clean=True)
    assert (await caller.call("profile", token=access)).refusal == (401, "APPLICATION_NOT_FOUND")
    assert (await caller.call("profile", token=unseen)).refusal == (401, "ERROR_OAUTH")
    finish(install(caller.portal, app, caller.user), caller.user)
    assert (await caller.call("profile", token=access)).refusal == (401, "APPLICATION_NOT_FOUND")
    assert (await token(caller, refresh_token=refresh)).refusal == (401, "NOT_INSTALLED")


async def test_app_info_tells_whose_token_it_is(caller: Caller) -> None:
    url = f"{caller.emulator.world.auth.url}/rest/app.info"
    answer = await asked(caller.session, "GET", url, params={"auth": caller.as_user(2).token()})
    installation = answer.result["install"]
    assert answer.result["client_id"] == caller.installation.app.client_id
    assert answer.result["user_id"] == 2
    assert installation["member_id"] == caller.portal.member_id
    assert installation["domain"] == caller.portal.host
    assert installation["client_endpoint"] == f"{caller.portal.url}/rest/"
    assert set(installation) == {
        *("installed", "version", "status", "scope", "domain", "uri"),
        *("client_endpoint", "member_id", "member_type"),
    }
    posted = await asked(caller.session, "POST", f"{url}/", json={"auth": caller.token()})
    assert posted.result["user_id"] == 1


async def test_app_info_refuses_dead_tokens(caller: Caller) -> None:
    url, token_now = f"{caller.emulator.world.auth.url}/rest/app.info", caller.token()
    assert (await asked(caller.session, "GET", url)).refusal == (401, "NO_AUTH_FOUND")
    assert (await asked(caller.session, "GET", url, params={"auth": "x"})).refusal == (401, "invalid_token")
    caller.emulator.world.auth.expire_access()
    assert (await asked(caller.session, "GET", url, params={"auth": token_now})).refusal == (401, "expired_token")
