"""The auth server: whose token is this, and the next pair for a refresh token.

Pages: settings/oauth/auto-renewal.md, settings/oauth/error-codes.md, settings/cloud-and-on-premise/
security-recommendations.md. Both calls are form POSTs, so that no token stands in a URL or a log; no redirect is
followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from b24app.bitrix24 import answers, values
from b24app.bitrix24.wire import bounded
from b24app.errors import NeedsAdmin, NeedsFreshToken, PortalClosed, PortalDown, PortalError, Refused

TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10, sock_connect=5)
"""Shorter than a refresh is claimed for: an answer that comes must find its claim."""
BIGGEST_ANSWER = 1024 * 1024
DEFAULT_PORTS = (":443", ":80")
WRONG_APP = frozenset({"invalid_client", "wrong_client"})


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """What the auth server says about an access token: the app, the portal and the user it belongs to.

    `domain`: the portal's host; `client_endpoint`: its REST root. `status`: licence letter (L F D T P S).
    """

    client_id: str
    member_id: str
    domain: str
    client_endpoint: str
    user_id: int
    scope: frozenset[str]
    status: str
    version: str
    installed: bool


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A fresh pair; the refresh token it was bought with is dead. `expires_in`: seconds of the access token."""

    access_token: str
    refresh_token: str
    expires_in: int
    member_id: str
    user_id: int
    client_endpoint: str
    scope: frozenset[str]
    status: str


@dataclass(frozen=True, slots=True)
class AuthServer:
    """`origins`: the allow list, e.g. `https://oauth.bitrix.info`; tokens and the client secret go nowhere else."""

    session: aiohttp.ClientSession
    origins: frozenset[str]
    client_id: str
    client_secret: str

    async def app_info(self, server_endpoint: str, token: str) -> TokenOwner:
        """Whose token this is. The caller still compares client_id, member_id and domain with what it expects.

        Raises Refused `unknown_auth_server`; NeedsFreshToken (expired, unknown); PortalClosed; PortalDown.
        """
        url = f"{self.origin(server_endpoint)}/rest/app.info"
        try:
            body = await self._post("app.info", url, {"auth": token})
        except answers.TokenRejected as error:
            raise NeedsFreshToken(error.method, error.status, error.code) from None
        return _owner(body.get("result"))

    async def refresh(self, server_endpoint: str, refresh_token: str) -> TokenPair:
        """The next pair, to be saved before it is used.

        Raises Refused `unknown_auth_server`; NeedsAdmin (invalid_grant: this pair is dead); PortalClosed; PortalDown,
        also when the answer was lost or our own client id is wrong. Trying again is harmless: a used token says
        invalid_grant.
        """
        url = f"{self.origin(server_endpoint)}/oauth/token/"
        form = {"grant_type": "refresh_token", "client_id": self.client_id, "client_secret": self.client_secret}
        return _pair(await self._post("oauth/token", url, {**form, "refresh_token": refresh_token}))

    async def knows_us(self, server_endpoint: str) -> bool:
        """Whether our client id and secret are right: a token that is none is then all that is wrong."""
        try:
            await self.refresh(server_endpoint, "0" * 70)
        except NeedsAdmin:
            return True
        except PortalError:
            return False
        return False

    def origin(self, server_endpoint: str) -> str:
        """`https://oauth.bitrix.info/rest/` → `https://oauth.bitrix.info`. Raises Refused when it is not on the
        list."""
        try:
            parts = urlsplit(server_endpoint)
            origin = f"{parts.scheme}://{parts.netloc}".lower()
        except ValueError:
            origin = ""
        if origin not in self.origins:
            raise Refused("unknown_auth_server", 403)
        return origin

    async def _post(self, method: str, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        try:
            async with self.session.post(url, data=form, allow_redirects=False, timeout=TIMEOUT) as response:
                status, body = response.status, await bounded(response, BIGGEST_ANSWER)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PortalDown(method, 0, type(error).__name__) from None
        try:
            return answers.read(method, status, body)
        except PortalError as error:
            raise _meaning(error) from None


def _meaning(error: PortalError) -> PortalError:
    """A page with 404: no such portal. A wrong client is a fault of this deployment, which no admin's token cures."""
    if error.status == 404 and isinstance(error, PortalDown):
        return PortalClosed(error.method, "deleted", 404)
    return PortalDown(error.method, error.status, error.code) if error.code in WRONG_APP else error


def check_endpoint(owner: TokenOwner, dev_mode: bool) -> None:
    """The REST root must stand on the portal's own host, and outside DEV_MODE on https."""
    parts = urlsplit(owner.client_endpoint)
    if (parts.scheme != "https" and not dev_mode) or not same_host(parts.netloc, owner.domain):
        raise Refused("wrong_endpoint", 403)


def same_host(one: str, other: str) -> bool:
    """`Some.bitrix24.ru:443` is `some.bitrix24.ru`; any other port counts."""
    return _host(one) == _host(other)


def _host(text: str) -> str:
    text = text.lower()
    return next((text.removesuffix(port) for port in DEFAULT_PORTS if text.endswith(port)), text)


def _owner(result: object) -> TokenOwner:
    match result:
        case {"client_id": str(client_id), "user_id": user_id, "install": {"member_id": str(member_id), **install}}:
            return TokenOwner(
                client_id=client_id,
                member_id=member_id,
                domain=str(install.get("domain", "")),
                client_endpoint=str(install.get("client_endpoint", "")),
                user_id=values.ident(user_id) or 0,
                scope=scopes(install.get("scope", "")),
                status=str(install.get("status", "")),
                version=str(install.get("version", "")),
                installed=bool(install.get("installed")),
            )
    raise PortalDown("app.info", 200, "UNKNOWN_SHAPE")


def _pair(body: Mapping[str, Any]) -> TokenPair:
    match body:
        case {"access_token": str(access), "refresh_token": str(refresh), "member_id": str(member_id)}:
            return TokenPair(
                access_token=access,
                refresh_token=refresh,
                expires_in=values.lifetime(body.get("expires_in")),
                member_id=member_id,
                user_id=values.ident(body.get("user_id")) or 0,
                client_endpoint=str(body.get("client_endpoint", "")),
                scope=scopes(body.get("scope", "")),
                status=str(body.get("status", "")),
            )
    raise PortalDown("oauth/token", 200, "UNKNOWN_SHAPE")


def scopes(raw: object) -> frozenset[str]:
    """`"crm, placement"`, with or without spaces, or a list of names."""
    names = raw if isinstance(raw, list) else str(raw or "").split(",")
    return frozenset(name.strip() for name in map(str, names) if name.strip())
