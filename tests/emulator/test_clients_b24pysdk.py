"""A judge nobody here wrote: the vendor's Python SDK, over TLS, with nothing replaced but the auth server's address."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from b24pysdk import Client
from b24pysdk.api.requesters import BitrixOAuthRequester
from b24pysdk.credentials import BitrixApp, BitrixToken, BitrixWebhook, OAuthEventData, OAuthPlacementData
from b24pysdk.errors import (
    BitrixAPIAccessDenied,
    BitrixAPIApplicationNotFound,
    BitrixAPIAuthorizationError,
    BitrixAPIErrorOAuth,
    BitrixAPIInsufficientScope,
    BitrixAPIInvalidCredentials,
    BitrixAPIInvalidToken,
    BitrixAPINotFound,
    BitrixAPIPaymentRequired,
    BitrixAPIUserAccessError,
    BitrixAPIWrongAuthType,
    BitrixResponse302JSONDecodeError,
)
from b24pysdk.errors.oauth import (
    BitrixOAuthInvalidClient,
    BitrixOAuthInvalidGrant,
    BitrixOauthWrongClient,
)

from emulator.model.events import EventBinding
from emulator.model.installs import Installation, uninstall
from emulator.model.portal import Webhook
from emulator.opening import open_form
from emulator.run import Emulator, serve
from tests.emulator.aid import Listener, installed, two_portals


@pytest.fixture
async def secure(tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Emulator]:
    config = replace(two_portals(listener.url), tls=True, tls_dir=tmp_path)
    async with serve(config) as emulator:
        assert emulator.papers is not None
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(emulator.papers.ca))
        monkeypatch.setenv("NO_PROXY", "*")
        auth = emulator.world.auth.url
        monkeypatch.setattr(BitrixOAuthRequester, "_OAUTH_TOKEN_URL", f"{auth}/oauth/token/")
        monkeypatch.setattr(BitrixOAuthRequester, "_APP_INFO_URL", f"{auth}/rest/app.info/")
        yield emulator
        assert emulator.world.crashes == []


@pytest.fixture
def installation(secure: Emulator) -> Installation:
    return installed(secure)


def app_of(installation: Installation, **changed: str) -> BitrixApp:
    app = installation.app
    return BitrixApp(**({"client_id": app.client_id, "client_secret": app.client_secret} | changed))


def token_of(installation: Installation, user: int = 1) -> BitrixToken:
    portal = installation.portal
    grant = portal.world.auth.issue(installation, portal.users[user])
    return BitrixToken(
        domain=portal.host,
        auth_token=grant.access_token,
        refresh_token=grant.refresh_token,
        bitrix_app=app_of(installation),
    )


def client_of(installation: Installation, user: int = 1) -> Client:
    return Client(token_of(installation, user))


async def away(work: Callable[[], Any]) -> Any:
    """The SDK is synchronous: it works in a thread while the emulator answers in this loop."""
    return await asyncio.to_thread(work)


async def test_basic_methods(installation: Installation) -> None:
    client = client_of(installation)
    profile = await away(lambda: client.profile().response)
    assert (profile.result["ID"], profile.result["ADMIN"]) == ("1", True)
    assert profile.time.operating is not None
    info = await away(lambda: client.app.info().response.result)
    assert (info["ID"], info["INSTALLED"], info["STATUS"]) == (installation.id, True, "F")
    assert await away(lambda: client.scope().response.result) == ["crm", "placement", "user", "im"]
    assert await away(lambda: client.user.admin().response.result) is True
    assert (await away(lambda: client.method.get("profile").response.result))["isAvailable"] is True


async def test_batches_keep_names_order_and_errors(installation: Installation) -> None:
    client = client_of(installation)
    named = await away(lambda: client.call_batch({"me": client.profile(), "admin": client.user.admin()}).response)
    assert named.result.result["me"]["NAME"] == "Anna"
    listed = await away(lambda: client.call_batch([client.profile(), client.user.admin()]).response)
    assert listed.result.result[1] is True
    many = [client.user.admin() for _ in range(120)]
    answer = await away(lambda: client.call_batches(many).response)
    assert len(answer.result.result) == 120
    assert installation.portal.world.meters.requests["first", "batch"] == 5


async def test_events_and_placements(installation: Installation, listener: Listener) -> None:
    client = client_of(installation)
    handler = f"{listener.url}/events"
    assert await away(lambda: client.event.bind("ONCRMCONTACTUPDATE", handler).response.result) is True
    assert await away(lambda: client.event.bind("ONAPPTEST", handler, auth_type=2).response.result) is True
    (first, second) = await away(lambda: client.event.get().response.result)
    assert (first["event"], first["auth_type"], second["auth_type"]) == ("ONCRMCONTACTUPDATE", "0", "2")
    tab = ("CRM_CONTACT_DETAIL_TAB", f"{listener.url}/tab")
    assert await away(lambda: client.placement.bind(*tab, title="Tab").response.result) is True
    (row,) = await away(lambda: client.placement.get().response.result)
    assert (row["placement"], row["title"]) == ("CRM_CONTACT_DETAIL_TAB", "Tab")
    assert "LEFT_MENU" in await away(lambda: client.placement.list().response.result)
    assert await away(lambda: client.placement.unbind(tab[0]).response.result) == {"count": 2}


async def test_the_sdk_proves_an_open_and_an_event(installation: Installation, listener: Listener) -> None:
    portal, app = installation.portal, app_of(installation)
    form = open_form(installation, portal.users[2], "CRM_DEAL_DETAIL_TAB", {"ID": "7"})
    query = dict(pair.split("=", 1) for pair in form.action.partition("?")[2].split("&") if "=" in pair)
    payload = dict(form.fields) | query | {"DOMAIN": portal.host}
    placement = OAuthPlacementData.from_dict(payload)
    info = await away(lambda: app.get_app_info(payload["AUTH_ID"]).result)
    assert placement.validate_against_app_info(info) is True
    assert info.user_id == 2
    installation.bindings.append(EventBinding(1, "ONCRMCONTACTUPDATE", f"{listener.url}/events"))
    portal.raise_event("ONCRMCONTACTUPDATE", {"FIELDS": {"ID": 7}}, portal.users[2])
    await portal.world.deliver()
    event = OAuthEventData.from_dict(listener.events()[0])
    told = await away(lambda: app.get_app_info(event.auth.oauth_token.access_token).result)
    assert (event.auth.member_id, event.auth.user_id) == (told.install.member_id, told.user_id)
    assert event.auth.application_token == installation.application_token
    assert event.auth.portal_domain == told.install.domain.partition(":")[0]  # the SDK knows no ports here


async def test_an_expired_token_is_refreshed_by_the_sdk_itself(installation: Installation) -> None:
    token, world = token_of(installation), installation.portal.world
    before = token.auth_token
    world.auth.expire_access()
    assert (await away(lambda: Client(token).profile().response.result))["ID"] == "1"
    assert token.auth_token != before
    assert world.meters.requests["auth", "oauth/token"] == 1


async def refused(error: type[Exception], work: Callable[[], Any]) -> None:
    with pytest.raises(error) as caught:
        await away(work)
    assert type(caught.value) is error


async def test_errors_of_the_portal_are_the_sdks_errors(installation: Installation) -> None:
    client, portal = client_of(installation), installation.portal
    boris = client_of(installation, 2)
    bind = ("LEFT_MENU", "https://example.com/x")
    await refused(BitrixAPIAccessDenied, lambda: boris.placement.bind(*bind).response)
    await refused(BitrixAPINotFound, lambda: client.rpa.type.list().response)
    made_up = Client(BitrixToken(domain=portal.host, auth_token="made-up", bitrix_app=app_of(installation)))
    await refused(BitrixAPIInvalidToken, lambda: made_up.profile().response)
    installation.access = {1}
    await refused(BitrixAPIUserAccessError, lambda: boris.profile().response)
    portal.users[2].active = False
    await refused(BitrixAPIAuthorizationError, lambda: boris.profile().response)
    installation.scope = frozenset({"crm"})
    await refused(BitrixAPIInsufficientScope, lambda: client.placement.get().response)
    installation.payment_expired = True
    await refused(BitrixAPIPaymentRequired, lambda: client.profile().response)
    installation.payment_expired = False
    unseen = client_of(installation)
    uninstall(installation, portal.users[1], clean=True)
    await refused(BitrixAPIApplicationNotFound, lambda: client.profile().response)
    await refused(BitrixAPIErrorOAuth, lambda: unseen.profile().response)


async def test_errors_of_the_auth_server_are_the_sdks_errors(installation: Installation) -> None:
    await refused(BitrixOAuthInvalidGrant, lambda: app_of(installation).refresh_oauth_token("made up"))
    wrong_secret = app_of(installation, client_secret="x")
    await refused(BitrixOAuthInvalidClient, lambda: wrong_secret.get_oauth_token("any"))
    await refused(BitrixOauthWrongClient, lambda: app_of(installation, client_id="x").get_oauth_token("any"))


async def test_the_full_authorization_code_flow(installation: Installation) -> None:
    portal = installation.portal
    code = portal.world.auth.code(installation, portal.users[2])
    renewed = await away(lambda: app_of(installation).get_oauth_token(code))
    assert renewed.member_id == portal.member_id
    assert renewed.client_endpoint == f"https://{portal.host}/rest/"
    token = BitrixToken(
        domain=portal.host, auth_token=renewed.oauth_token.access_token, bitrix_app=app_of(installation)
    )
    assert (await away(lambda: Client(token).profile().response.result))["NAME"] == "Boris"


async def test_an_incoming_webhook(installation: Installation) -> None:
    portal = installation.portal
    portal.webhooks[1, "s3cret"] = Webhook(1, "s3cret", frozenset({"crm", "placement"}))
    client = Client(BitrixWebhook(domain=portal.host, webhook_token="1/s3cret"))
    assert (await away(lambda: client.profile().response.result))["ID"] == "1"
    await refused(BitrixAPIWrongAuthType, lambda: client.placement.bind("LEFT_MENU", "https://example.com/").response)
    await refused(BitrixAPIAccessDenied, lambda: client.app.option.get(option="none").response)
    told = await away(lambda: client.app.info().response.result)
    assert (sorted(told["SCOPE"]), told["LICENSE"]) == (["crm", "placement"], "ru_basic")
    wrong = Client(BitrixWebhook(domain=portal.host, webhook_token="1/other"))
    await refused(BitrixAPIInvalidCredentials, lambda: wrong.profile().response)


async def test_a_renamed_portal_names_its_new_address(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(installation)
    monkeypatch.setattr(BitrixToken, "_AUTO_CHANGED_DOMAIN", False)
    await installation.portal.world.rename(installation.portal, "127.0.0.6:0")
    with pytest.raises(BitrixResponse302JSONDecodeError) as caught:
        await away(lambda: Client(token).profile().response)
    assert caught.value.new_domain == "127.0.0.6"  # the SDK drops the port


def add_contact(client: Client, name: str) -> int:
    return int(client.crm.contact.add({"NAME": name}).response.result)


async def test_contacts_user_fields_and_lists(installation: Installation) -> None:
    client = client_of(installation)
    made = [await away(partial(add_contact, client, f"N{number}")) for number in range(3)]
    field = {"FIELD_NAME": "LEVEL", "USER_TYPE_ID": "string", "EDIT_FORM_LABEL": {"ru": "Уровень", "en": "Level"}}
    number = await away(lambda: client.crm.contact.userfield.add(field).response.result)
    described = await away(lambda: client.crm.contact.userfield.get(number).response.result)
    assert described["FIELD_NAME"] == "UF_CRM_LEVEL"
    change = {"LAST_NAME": "Новая", "UF_CRM_LEVEL": "gold"}
    assert await away(lambda: client.crm.contact.update(made[0], change).response.result) is True
    card = await away(lambda: client.crm.contact.get(made[0]).response.result)
    assert (card["LAST_NAME"], card["UF_CRM_LEVEL"]) == ("Новая", "gold")
    rows = await away(lambda: client.crm.contact.list(select=["ID", "NAME"]).as_list().response.result)
    assert [row["NAME"] for row in rows] == ["N0", "N1", "N2"]


async def test_long_lists_are_paged_and_chained(installation: Installation) -> None:
    client, portal = client_of(installation), installation.portal
    add = [client.crm.contact.add({"NAME": f"N{number}"}) for number in range(130)]
    await away(lambda: client.call_batches(add).response)
    rows = await away(lambda: client.crm.contact.list(select=["ID"]).as_list().response.result)
    assert len({row["ID"] for row in rows}) == 130
    fast = await away(lambda: list(client.crm.contact.list(select=["ID"]).as_list_fast().response.result))
    assert [int(row["ID"]) for row in fast] == sorted((int(row["ID"]) for row in rows), reverse=True) or len(
        fast
    ) == 130
    assert portal.world.warnings == []
