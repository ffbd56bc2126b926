"""im.notify.*: entries under an employee's bell."""

import json
from typing import Any

from emulator.crm.values import to_int
from emulator.errors import RestError, access_denied
from emulator.model.portal import Notification
from emulator.rest.registry import Call, Method, method

_PAGES = "api-reference/chats/notifications/"
_PARAMS = ("USER_ID", "MESSAGE", "MESSAGE_OUT", "TAG", "SUB_TAG", "ATTACH", "CLIENT_ID")
_ATTACH_LIMIT = 60_000


def _client(call: Call) -> str:
    """The app: by its token, or for webhooks by CLIENT_ID."""
    return call.installation.app.client_id if call.installation else str(call.params.get("CLIENT_ID") or "")


def _attach(given: Any) -> Any:
    """An attachment as an object. Raises ATTACH_OVERSIZE, ATTACH_ERROR."""
    if given in (None, "", [], {}):
        return None
    if len(given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)) > _ATTACH_LIMIT:
        raise RestError(400, "ATTACH_OVERSIZE", "You have exceeded the maximum allowable size of attach")
    try:
        read = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        read = None
    if not isinstance(read, dict | list):
        raise RestError(400, "ATTACH_ERROR", "Incorrect attach params")
    return read


def _notify(call: Call, *, personal: bool) -> int | bool:
    """Id of the notice; false for somebody who is not there or dismissed. An equal TAG of the app is replaced."""
    number = to_int(call.params.get("USER_ID"))
    if number <= 0:
        raise RestError(400, "USER_ID_EMPTY", "User ID can't be empty")
    message = str(call.params.get("MESSAGE") or "").strip()
    if not message:
        raise RestError(400, "MESSAGE_EMPTY", "Message can't be empty")
    attach = _attach(call.params.get("ATTACH"))
    user, portal = call.portal.users.get(number), call.portal
    if user is None or not user.active:
        return False
    made = Notification(
        portal.next_id("notification"), number, message, portal.world.now(), _client(call), attach=attach
    )
    made.author_id = call.user.id if personal else 0
    made.tag, made.sub_tag = str(call.params.get("TAG") or ""), str(call.params.get("SUB_TAG") or "")
    if made.tag:
        same = (made.client_id, made.tag)
        portal.notifications[:] = [one for one in portal.notifications if (one.client_id, one.tag) != same]
    portal.notifications.append(made)
    return made.id


def _personal(call: Call) -> int | bool:
    return _notify(call, personal=True)


def _system(call: Call) -> int | bool:
    return _notify(call, personal=False)


def _generic(call: Call) -> int | bool:
    return _notify(call, personal=str(call.params.get("TYPE") or "USER").upper() != "SYSTEM")


METHODS = (
    Method("im.notify.personal.add", "im", _PAGES + "im-notify-personal-add.md", _PARAMS, _personal),
    Method("im.notify.system.add", "im", _PAGES + "im-notify-system-add.md", _PARAMS, _system),
    Method("im.notify", "im", _PAGES + "im-notify.md", (*_PARAMS, "TYPE"), _generic),
)


@method(
    "im.notify.delete", scope="im", page=_PAGES + "im-notify-delete.md", params=("ID", "TAG", "SUB_TAG", "CLIENT_ID")
)
def delete(call: Call) -> bool:
    """Whether something was deleted: by id, or by the app's own TAG or SUB_TAG."""
    number, tag, sub = to_int(call.params.get("ID")), call.params.get("TAG"), call.params.get("SUB_TAG")
    if number <= 0 and not tag and not sub:
        raise RestError(400, "PARAMS_ERROR", "Incorrect params")
    client = _client(call)
    if number <= 0 and not client:
        raise access_denied("Access denied! Client ID not specified")

    def meant(one: Notification) -> bool:
        if number > 0:
            return one.id == number and (call.user.admin or one.user_id == call.user.id or one.client_id == client)
        return one.client_id == client and (one.tag == tag if tag else one.sub_tag == sub)

    before = len(call.portal.notifications)
    call.portal.notifications[:] = [one for one in call.portal.notifications if not meant(one)]
    return len(call.portal.notifications) < before
