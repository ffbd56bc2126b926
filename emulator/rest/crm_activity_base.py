"""crm.activity.add and crm.activity.update: meetings, calls and the activities of apps (PROVIDER_ID REST_APP).

Pages: api-reference/crm/timeline/activities/activity-base/crm-activity-add.md, crm-activity-update.md. Letters
(TYPE_ID 4) are kept and not sent; tasks have methods of their own and are refused.
"""

from typing import Any

from emulator.crm import rights
from emulator.crm.dates import parse_datetime
from emulator.crm.entities import Record, by_type_id
from emulator.crm.timeline import CONFIGURABLE, Activity, Owner
from emulator.crm.values import to_int
from emulator.rest.crm_legacy import refuse, the_fields
from emulator.rest.registry import Call, Method

MEETING, CALL, LETTER, PROVIDED = 1, 2, 4, 6
APP = "REST_APP"
_PROVIDERS = {MEETING: "CRM_MEETING", CALL: "CRM_CALL", LETTER: "CRM_EMAIL"}
_KEPT = ("LOCATION", "PRIORITY", "DIRECTION", "SETTINGS", "PROVIDER_PARAMS", "COMMUNICATIONS", "DESCRIPTION_TYPE")
_KNOWN = frozenset(
    {"OWNER_TYPE_ID", "OWNER_ID", "TYPE_ID", "PROVIDER_ID", "PROVIDER_TYPE_ID", "SUBJECT", "DESCRIPTION", "COMPLETED"}
    | {"RESPONSIBLE_ID", "START_TIME", "END_TIME", "DEADLINE", "ORIGINATOR_ID", "ORIGIN_ID", "NOTIFY_TYPE"}
    | {"NOTIFY_VALUE", "STATUS", "BINDINGS", "RESULT_MARK", "RESULT_VALUE", "RESULT_SUM", "RESULT_STATUS", *_KEPT}
)
_DONE = (True, "Y", "y", 1, "1")


def _provider(call: Call, fields: Record, verb: str) -> str:
    """The provider of a type. Raises the documented refusals."""
    kind, provider = to_int(fields.get("TYPE_ID")), str(fields.get("PROVIDER_ID") or "")
    if provider == CONFIGURABLE:
        raise refuse(f"Use crm.activity.configurable.{verb} for this activity provider")
    if kind in _PROVIDERS:
        return _PROVIDERS[kind]
    if kind != PROVIDED:
        raise refuse("The field TYPE_ID is not defined or invalid")
    if not provider:
        raise refuse("The custom activity without provider is not supported in current context")
    if provider != APP:
        raise refuse("The custom activity without provider is not supported in current context")
    if call.installation is None:
        raise refuse("Application context required")
    return provider


def _owner(call: Call, fields: Record) -> Owner:
    entity, number = by_type_id(to_int(fields.get("OWNER_TYPE_ID"))), to_int(fields.get("OWNER_ID"))
    if entity is None or not call.portal.crm.exists(entity, number):
        raise refuse("Could not build binding. Please ensure that owner info and communications are defined correctly")
    return entity, number


def _editable(call: Call, owner: Owner) -> None:
    record = call.portal.crm.tables[owner[0]].rows.get(owner[1])
    if record is None or not rights.can_write(call.user, record):
        raise refuse("Access denied.")


def _responsible(call: Call, owner: Owner) -> int:
    """Whoever is responsible for the card, else the caller."""
    record = call.portal.crm.tables[owner[0]].rows[owner[1]]
    return to_int(record.get("ASSIGNED_BY_ID")) or call.user.id


def _communications(fields: Record, kind: int) -> None:
    given = fields.get("COMMUNICATIONS")
    rows = list(given.values()) if isinstance(given, dict) else given
    if kind == PROVIDED and not rows:
        return
    if not isinstance(rows, list) or not rows:
        raise refuse("The field COMMUNICATIONS is not defined or invalid")
    if kind == CALL and len(rows) > 1:
        raise refuse("The only one communication is allowed for activity of specified type")


def _changes(call: Call, fields: Record, before: Record) -> Record:
    """Attributes of an activity from the given fields; the deadline follows the start of calls and meetings."""
    call.swallow(fields, _KNOWN, "field of activity")
    made: Record = {"extra": before | {name: fields[name] for name in _KEPT if name in fields}}
    if "SUBJECT" in fields:
        made["subject"] = str(fields["SUBJECT"] or "")
    if "DESCRIPTION" in fields:
        made["description"] = str(fields["DESCRIPTION"] or "")
    if "COMPLETED" in fields:
        made["completed"] = fields["COMPLETED"] in _DONE
    if "RESPONSIBLE_ID" in fields:
        made["responsible"] = to_int(fields["RESPONSIBLE_ID"])
    for name in ("START_TIME", "END_TIME"):
        if fields.get(name):
            made["extra"][name] = parse_datetime(fields[name])
    made["deadline"] = made["extra"].get("START_TIME")
    made |= {"provider_type": str(fields["PROVIDER_TYPE_ID"])} if fields.get("PROVIDER_TYPE_ID") else {}
    if "ORIGINATOR_ID" in fields or "ORIGIN_ID" in fields:
        made["origin"] = (str(fields.get("ORIGINATOR_ID") or ""), str(fields.get("ORIGIN_ID") or ""))
    return made


def _checked(call: Call, made: Record) -> Record:
    if not made.get("subject", "x"):
        raise refuse("The field SUBJECT is not defined or empty")
    if made.get("responsible", call.user.id) not in call.portal.users:
        raise refuse("The field RESPONSIBLE_ID is not defined or invalid")
    return made


def _add(call: Call) -> int:
    """Id of the activity."""
    fields = the_fields(call)
    provider, owner, kind = _provider(call, fields, "add"), _owner(call, fields), to_int(fields["TYPE_ID"])
    _editable(call, owner)
    fields.setdefault("SUBJECT", "")
    if to_int(fields.get("RESPONSIBLE_ID")) <= 0:
        fields["RESPONSIBLE_ID"] = _responsible(call, owner)
    made = _checked(call, _changes(call, fields, {"TYPE_ID": kind}))
    _communications(fields, kind)
    made.setdefault("provider_type", "MEETING" if kind == MEETING else provider.removeprefix("CRM_"))
    if provider == APP:
        made["client_id"] = call.app().app.client_id
    return call.portal.crm.timeline.plan(owner, provider, call.user, **made).id


def _update(call: Call) -> bool:
    """Fields that are not named keep their values."""
    row: Activity | None = call.portal.crm.timeline.activities.get(to_int(call.params.get("id")))
    if row is None:
        raise refuse("Activity is not found")
    if row.provider == CONFIGURABLE:
        raise refuse("Use crm.activity.configurable.update for this activity provider")
    _editable(call, row.owner)
    changes: dict[str, Any] = _checked(call, _changes(call, the_fields(call), row.extra))
    changes["deadline"] = changes["deadline"] or row.deadline
    call.portal.crm.timeline.touch_activity(row.id, call.user, **changes)
    return True


_PAGES = "api-reference/crm/timeline/activities/activity-base/crm-activity-"
METHODS = (
    Method("crm.activity.add", "crm", f"{_PAGES}add.md", ("fields",), _add),
    Method("crm.activity.update", "crm", f"{_PAGES}update.md", ("id", "fields"), _update),
)
