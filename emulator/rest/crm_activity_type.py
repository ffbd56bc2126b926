"""crm.activity.type.*: an app's own kinds of activities. Administrators and application context only.

Pages: api-reference/crm/timeline/activities/types/*; refusals as the portal's crm/lib/activity/rest/typeproxy.php.
"""

from emulator.crm.entities import Record
from emulator.crm.timeline import CONFIGURABLE_TYPE, ActivityType
from emulator.errors import RestError
from emulator.rest.crm_legacy import the_fields
from emulator.rest.registry import Call, Method

_FIELDS = ("TYPE_ID", "NAME", "ICON_FILE", "IS_CONFIGURABLE_TYPE")


def _client(call: Call) -> str:
    if call.installation is None:
        raise RestError(400, "ACCESS_DENIED", "Access denied! Application context required")
    if not call.user.admin:
        raise RestError(400, "ACCESS_DENIED", "Access denied! Admin permissions required")
    return call.installation.app.client_id


def _wrong(text: str) -> RestError:
    return RestError(400, "INVALID_ARG_VALUE", text)


def _add(call: Call) -> bool:
    client, fields = _client(call), the_fields(call)
    call.swallow(fields, _FIELDS, "field of activity type")
    code, types = str(fields.get("TYPE_ID") or ""), call.portal.crm.timeline.types
    if not code or code == CONFIGURABLE_TYPE:
        raise _wrong("Wrong TYPE_ID")
    if (client, code) in types:
        raise _wrong("Type is already registered")
    icon = call.portal.next_id("file") if fields.get("ICON_FILE") else 0
    configurable = str(fields.get("IS_CONFIGURABLE_TYPE") or "N").upper() == "Y"
    types[client, code] = ActivityType(code, str(fields.get("NAME") or ""), icon, configurable)
    return True


def _list(call: Call) -> list[Record]:
    """Types of the calling app."""
    client = _client(call)
    mine = [one for (owner, _), one in call.portal.crm.timeline.types.items() if owner == client]
    return [
        {
            "TYPE_ID": one.code,
            "NAME": one.name,
            "IS_CONFIGURABLE_TYPE": "Y" if one.configurable else "N",
            "ICON_ID": str(one.icon),
        }
        for one in mine
    ]


def _delete(call: Call) -> bool:
    key, types = (_client(call), str(call.params.get("TYPE_ID") or "")), call.portal.crm.timeline.types
    if key not in types:
        raise _wrong("Type is not registered")
    del types[key]
    return True


_PAGES = "api-reference/crm/timeline/activities/types/crm-activity-type-"
METHODS = (
    Method("crm.activity.type.add", "crm", f"{_PAGES}add.md", ("fields",), _add),
    Method("crm.activity.type.list", "crm", f"{_PAGES}list.md", (), _list),
    Method("crm.activity.type.delete", "crm", f"{_PAGES}delete.md", ("TYPE_ID",), _delete),
)
