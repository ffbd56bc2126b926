"""pull.application.*: live updates of an app's pages and mobile pushes.

Pages: settings/interactivity/push-and-pull/*; rules as the portal's pull/lib/rest.php. This server speaks long polling
with plain text only (`version` 3, no websocket), which the official clients fall back to.
"""

import re
from typing import Any

from emulator.crm.dates import iso
from emulator.crm.entities import Record
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.model.portal import Notification
from emulator.model.pull import SHARED, Channel
from emulator.rest.registry import Call, Method

COMMAND, MODULE = re.compile(r"[\w:|.\-]+", re.A), re.compile(r"[a-z0-9._]+")
CONFIG_ONLY = "Get access to application config available only for application authorization."
REVISIONS = {"revision_web": 19, "revision_mobile": 3}
_PAGES = "settings/interactivity/push-and-pull/pull-application-"


def _client(call: Call, text: str = CONFIG_ONLY) -> str:
    if call.installation is None:
        raise RestError(403, "WRONG_AUTH_TYPE", text)
    return call.installation.app.client_id


def _config(call: Call) -> Record:
    """Where a page listens and on which channels."""
    pull, client = call.portal.pull, _client(call)
    shared, private = pull.channel(client, SHARED), pull.channel(client, call.user.id)
    host, sub = call.portal.host, f"{call.portal.url}/sub/"
    server: Record = {"version": 3, "server_enabled": True, "mode": "personal", "hostname": host}
    server |= {"long_polling": sub, "long_pooling_secure": sub, "websocket_enabled": False}
    server |= {"websocket": "", "websocket_secure": "", "publish_enabled": False, "publish": "", "publish_secure": ""}
    server["config_timestamp"] = int(shared.start.timestamp())
    public = {"user_id": call.user.id, "public_id": private.public_id, "signature": private.public_id[::-1]}
    channels = {"shared": _channel(shared), "private": _channel(private) | {"public_id": private.public_id}}
    return {
        "server": server,
        "api": dict(REVISIONS),
        "channels": channels,
        "exp": int(min(shared.end, private.end).timestamp()),
        "publicChannels": {str(call.user.id): public | {"start": iso(private.start), "end": iso(private.end)}},
    }


def _channel(one: Channel) -> Record:
    kind = "private" if one.user_id else "shared"
    return {"id": one.id, "start": iso(one.start), "end": iso(one.end), "type": kind}


def _users(given: Any) -> list[int]:
    rows = given.values() if isinstance(given, dict) else given if isinstance(given, list) else [given]
    return [to_int(one) for one in rows]


def _event(call: Call) -> bool:
    """True. Without USER_ID everybody who has the app open hears it."""
    client = _client(call)
    wanted = _users(call.params["USER_ID"]) if call.params.get("USER_ID") not in (None, "", []) else [SHARED]
    if not call.user.admin and set(wanted) - {SHARED, call.user.id}:
        raise RestError(400, "USER_ID_ACCESS_ERROR", "Only admin can send notifications to other channels")
    module, command = call.params.get("MODULE_ID") or "application", call.params.get("COMMAND")
    if not isinstance(module, str) or not MODULE.fullmatch(module):
        raise RestError(400, "MODULE_ID_ERROR", "Module ID format error")
    if not isinstance(command, str) or not COMMAND.fullmatch(command):
        raise RestError(400, "COMMAND_ERROR", "Command format error")
    params = call.params.get("PARAMS", {})
    if not isinstance(params, dict | list):
        raise RestError(400, "PARAMS_ERROR", "Params format error")
    for number in wanted:
        call.portal.pull.send(client, number, module, command, params)
    return True


def _push(call: Call) -> bool:
    """True; on this portal a push to a phone is shown under the bell."""
    client = _client(call, "Send push notifications available only for application authorization.")
    if not call.user.admin:
        raise RestError(400, "ACCESS_ERROR", "You do not have access to send push notifications")
    text = str(call.params.get("TEXT") or "").strip()
    if not text:
        raise RestError(400, "TEXT_ERROR", "Text can't be empty")
    if not any(call.app().app.title.values()):
        raise RestError(400, "EMPTY_APP_NAME", "For send push-notification application name can't be empty")
    now = call.world.now()
    for number in [one for one in _users(call.params.get("USER_ID")) if one in call.portal.users]:
        call.portal.notifications.append(Notification(call.portal.next_id("notification"), number, text, now, client))
    return True


METHODS = tuple(
    Method(f"pull.application.{name}", "pull", f"{_PAGES}{name.replace('.', '-')}.md", params, run)
    for name, run, params in (
        ("config.get", _config, ("CACHE", "REOPEN")),
        ("event.add", _event, ("COMMAND", "PARAMS", "MODULE_ID", "USER_ID")),
        ("push.add", _push, ("USER_ID", "TEXT", "AVATAR")),
    )
)
