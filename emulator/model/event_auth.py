"""The `auth` of what a portal posts to an app (_includes/auth-params-in-events.md)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.model.auth_server import Grant
    from emulator.model.installs import Installation


def user_auth(installation: "Installation", grant: "Grant", refresh: bool) -> dict[str, Any]:
    """The `auth` of an event with a user (_includes/auth-params-in-events.md), without the application token."""
    portal = installation.portal
    auth: dict[str, Any] = {
        "access_token": grant.access_token,
        "expires": int(grant.expires.timestamp()),
        "expires_in": 3600,
        "scope": ",".join(installation.scopes()),
        "domain": portal.host,
        "server_endpoint": portal.world.auth.server_endpoint,
        "status": installation.status,
        "client_endpoint": f"{portal.url}/rest/",
        "member_id": portal.member_id,
        "user_id": grant.user_id,
    }
    return auth | {"refresh_token": grant.refresh_token} if refresh else auth


def reduced_auth(installation: "Installation") -> dict[str, Any]:
    """The `auth` where no user acted: robots, agents, imports, uninstallation."""
    portal = installation.portal
    return {
        "domain": portal.host,
        "client_endpoint": f"{portal.url}/rest/",
        "server_endpoint": portal.world.auth.server_endpoint,
        "member_id": portal.member_id,
    }
