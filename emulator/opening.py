"""The form with which a portal page opens an app in a frame.

Pages: settings/oauth/simple-way.md, api-reference/widgets/index.md; the name of the frame as the portal's own page
gives it (bitrix:app.layout).
"""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from emulator import php
from emulator.model.auth_server import ACCESS_LIFE
from emulator.model.installs import Installation
from emulator.model.people import User

DEFAULT = "DEFAULT"


@dataclass(frozen=True, slots=True)
class OpenForm:
    """`action`: the handler with DOMAIN, PROTOCOL, LANG, APP_SID in its query; `fields`: the hidden inputs in order;
    `frame`: the frame's name (`host|protocol|sid`), the form's target."""

    action: str
    fields: list[tuple[str, str]]
    frame: str
    sid: str


def open_form(
    installation: Installation,
    user: User,
    placement: str = DEFAULT,
    options: dict[str, Any] | None = None,
    sid: str | None = None,
    handler: str | None = None,
    lang: str | None = None,
) -> OpenForm:
    """The POST that opens a handler for a user. Without `handler`: the app's page, or its installer until it finished.

    `options` travel as JSON text and only when not empty. A user without access gets an empty AUTH_ID.
    """
    portal = installation.portal
    sid = sid or secrets.token_hex(16)
    url = handler or _own_page(installation)
    protocol = "1" if portal.scheme == "https" else "0"
    query = urlencode({"DOMAIN": portal.host, "PROTOCOL": protocol, "LANG": lang or portal.lang, "APP_SID": sid})
    fields = [*_auth_fields(installation, user), ("PLACEMENT", placement)]
    if portal.differences.on("options_extra_keys"):
        finished = {"install_finished": "Y"} if installation.installed else {}
        options = {"any": "207/", **(options or {}), **finished}
    if options:
        fields.append(("PLACEMENT_OPTIONS", php.json_plain(options)))
    return OpenForm(f"{url}{'&' if '?' in url else '?'}{query}", fields, f"{portal.host}|{protocol}|{sid}", sid)


def _own_page(installation: Installation) -> str:
    app = installation.app
    return app.app_url if installation.installed or not app.install_url else app.install_url


def _auth_fields(installation: Installation, user: User) -> list[tuple[str, str]]:
    portal = installation.portal
    admitted = user.admin or installation.admits(user.id)
    grant = portal.world.auth.issue(installation, user) if admitted else None
    fields = [
        ("AUTH_ID", grant.access_token if grant else ""),
        ("AUTH_EXPIRES", str(int(ACCESS_LIFE.total_seconds()))),
        ("REFRESH_ID", grant.refresh_token if grant else ""),
    ]
    if not portal.old:
        fields += [
            ("SERVER_ENDPOINT", portal.world.auth.server_endpoint),
            ("APPLICATION_TOKEN", installation.application_token),
            ("APPLICATION_SCOPE", ",".join(installation.scopes())),
        ]
    return [*fields, ("member_id", portal.member_id), ("status", installation.status)]
