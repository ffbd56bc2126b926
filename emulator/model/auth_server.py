"""The auth server: codes of 30 seconds, access tokens of an hour, refresh tokens that rotate.

Pages: settings/oauth/index.md, settings/oauth/auto-renewal.md, settings/oauth/error-codes.md.
"""

import secrets
import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from emulator.errors import RestError
from emulator.model.installs import Installation, MarketApp
from emulator.model.people import User

if TYPE_CHECKING:
    from emulator.model.portal import Portal
    from emulator.model.world import World

CODE_LIFE = timedelta(seconds=30)
ACCESS_LIFE = timedelta(hours=1)
REFRESH_LIFE = timedelta(days=180)
KEPT_GRANTS = 20_000


@dataclass(slots=True, eq=False)
class Grant:
    """A pair of tokens of one user in one installation; dead as soon as the app is uninstalled.

    `hops`: how many event-to-call rounds led to it; `known_to_portal`: the portal saw it and answers from its cache.
    """

    access_token: str
    refresh_token: str
    installation: Installation
    user_id: int
    expires: datetime
    refresh_expires: datetime
    hops: int = 0
    known_to_portal: bool = False


@dataclass(frozen=True, slots=True)
class _Code:
    installation: Installation
    user_id: int
    expires: datetime


@dataclass(slots=True, eq=False)
class AuthServer:
    """Tokens of every portal. Times are the world's."""

    world: "World"
    access: dict[str, Grant] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, _Code] = field(default_factory=dict)
    purge_at: int = KEPT_GRANTS

    @property
    def url(self) -> str:
        return f"{self.world.scheme}://{self.world.auth_host}"

    @property
    def server_endpoint(self) -> str:
        return f"{self.url}/rest/"

    def issue(self, installation: Installation, user: User, hops: int = 0, refreshable: bool = True) -> Grant:
        """A fresh pair; earlier pairs of the user stay valid until they expire.

        `refreshable=False`: the refresh token is not handed out (events), so the server need not know it.
        """
        if len(self.access) > self.purge_at:
            self._forget_expired()
        grant = self._grant(installation, user.id, hops)
        if not refreshable:
            del self.refresh[grant.refresh_token]
        return grant

    def code(self, installation: Installation, user: User) -> str:
        """A one-time code for the authorization redirect."""
        code = secrets.token_hex(32)
        self.codes[code] = _Code(installation, user.id, self.world.now() + CODE_LIFE)
        return code

    def token(self, query: dict[str, Any]) -> dict[str, Any]:
        """The token endpoint. Raises RestError; `wrong_client` comes with HTTP 200 as on the real server."""
        app = self._client(query)
        match query.get("grant_type"):
            case "authorization_code":
                installation, user_id = self._redeem(app, query)
            case "refresh_token":
                installation, user_id = self._rotate(app, query)
            case _:
                raise _bad_request('Invalid "grant_type" parameter')
        return self.answer(self._grant(installation, user_id, 0))

    def answer(self, grant: Grant) -> dict[str, Any]:
        """A pair as the token endpoint prints it; `domain` is the auth server's, not the portal's."""
        installation = grant.installation
        told = {
            "access_token": grant.access_token,
            "expires": int(grant.expires.timestamp()),
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "scope": ",".join(installation.scopes()),
            "domain": self.world.auth_host,
            "server_endpoint": self.server_endpoint,
            "status": installation.status,
            "client_endpoint": f"{installation.portal.url}/rest/",
            "member_id": installation.portal.member_id,
            "user_id": grant.user_id,
            "refresh_token": grant.refresh_token,
        }
        later = ("expires", "user_id") if installation.portal.differences.on("refresh_short") else ()
        return {name: value for name, value in told.items() if name not in later}

    def check(self, portal: "Portal", token: str) -> Grant:
        """Who a portal is talking to. Raises 401 errors in the portal's order of checks (rest/lib/oauth/auth.php)."""
        grant = self.access.get(token)
        if grant is None or grant.installation.portal is not portal:
            raise RestError(401, "invalid_token", "Unable to get application by token")
        if portal.installations.get(grant.installation.app.client_id) is not grant.installation:
            if grant.known_to_portal:
                raise RestError(401, "APPLICATION_NOT_FOUND", "Application not found")
            raise RestError(401, "ERROR_OAUTH", "Application not installed")
        if grant.installation.payment_expired:
            raise RestError(401, "PAYMENT_REQUIRED", "Payment required")
        if grant.expires <= self.world.now():
            raise RestError(401, "expired_token", "The access token provided has expired.")
        grant.known_to_portal = True
        return grant

    def app_info(self, token: str) -> dict[str, Any]:
        """`/rest/app.info` of the auth server: the one trusted answer about a token."""
        grant = self.access.get(token)
        if grant is None:
            raise RestError(401, "invalid_token", "Unable to get application by token")
        self._usable(grant.installation)
        if grant.expires <= self.world.now():
            raise RestError(401, "expired_token", "The access token provided has expired.")
        return self._info(grant)

    def expire_access(self, installation: Installation | None = None, user_id: int | None = None) -> int:
        """Access tokens (of an installation, of a user) have just expired; how many."""
        found = [
            grant
            for grant in self.access.values()
            if (installation is None or grant.installation is installation)
            and (user_id is None or grant.user_id == user_id)
        ]
        for grant in found:
            grant.expires = min(grant.expires, self.world.now())
        return len(found)

    def revoke_refresh(self, installation: Installation, user_id: int | None = None) -> None:
        """Refresh tokens of an installation are worthless from now on."""
        for token, grant in list(self.refresh.items()):
            if grant.installation is installation and user_id in (None, grant.user_id):
                del self.refresh[token]

    def _client(self, query: dict[str, Any]) -> MarketApp:
        for name in ("grant_type", "client_id", "client_secret"):
            if not query.get(name):
                raise _bad_request(f'No "{name}" parameter found')
        app = self.world.catalogue.get(str(query["client_id"]))
        if app is None:
            raise RestError(200, "wrong_client", "Wrong client")
        if not secrets.compare_digest(app.client_secret.encode(), str(query["client_secret"]).encode()):
            raise RestError(400, "invalid_client", "Invalid client")
        return app

    def _redeem(self, app: MarketApp, query: dict[str, Any]) -> tuple[Installation, int]:
        if not query.get("code"):
            raise _bad_request('No "code" parameter found')
        code = self.codes.pop(str(query["code"]), None)
        if code is None or code.expires <= self.world.now() or code.installation.app.client_id != app.client_id:
            raise RestError(400, "invalid_grant", "Invalid grant")
        self._usable(code.installation)
        return code.installation, code.user_id

    def _rotate(self, app: MarketApp, query: dict[str, Any]) -> tuple[Installation, int]:
        if not query.get("refresh_token"):
            raise _bad_request('No "refresh_token" parameter found')
        grant = self.refresh.get(str(query["refresh_token"]))
        if grant is None or grant.installation.app.client_id != app.client_id:
            raise RestError(400, "invalid_grant", "Invalid grant")
        self._usable(grant.installation)
        del self.refresh[grant.refresh_token]
        if grant.refresh_expires <= self.world.now():
            raise RestError(400, "invalid_grant", "Invalid grant")
        return grant.installation, grant.user_id

    def _usable(self, installation: Installation) -> None:
        if installation.portal.installations.get(installation.app.client_id) is not installation:
            raise RestError(401, "NOT_INSTALLED", "Application not installed")
        if installation.payment_expired:
            raise RestError(401, "PAYMENT_REQUIRED", "Payment required")

    def _grant(self, installation: Installation, user_id: int, hops: int) -> Grant:
        now = self.world.now()
        expires, refresh_expires = now + ACCESS_LIFE, now + REFRESH_LIFE
        grant = Grant(_token(expires), _token(refresh_expires), installation, user_id, expires, refresh_expires, hops)
        self.access[grant.access_token] = grant
        self.refresh[grant.refresh_token] = grant
        return grant

    def _info(self, grant: Grant) -> dict[str, Any]:
        installation, portal = grant.installation, grant.installation.portal
        return {
            "client_id": installation.app.client_id,
            "scope": ",".join(installation.scopes()),
            "expires": grant.expires.isoformat(timespec="seconds"),
            "install": {
                "installed": installation.installed,
                "version": installation.version,
                "status": installation.status,
                "scope": ",".join(installation.scopes()),
                "domain": portal.host,
                "uri": portal.url,
                "client_endpoint": f"{portal.url}/rest/",
                "member_id": portal.member_id,
                "member_type": "BOX" if portal.old else "CLOUD",
            },
            "user_id": grant.user_id,
        }

    def _forget_expired(self) -> None:
        now = self.world.now()
        self.access = {token: grant for token, grant in self.access.items() if grant.expires > now}
        self.refresh = {token: grant for token, grant in self.refresh.items() if grant.refresh_expires > now}
        self.purge_at = max(KEPT_GRANTS, 2 * len(self.access))


def _token(stamp: datetime) -> str:
    """Hex whose first four bytes are, little-endian, the moment of expiry: as seen on real portals."""
    return struct.pack("<I", int(stamp.timestamp())).hex() + secrets.token_hex(29)


def _bad_request(description: str) -> RestError:
    return RestError(400, "invalid_request", description)
