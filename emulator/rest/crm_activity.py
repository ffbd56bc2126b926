"""crm.activity.todo.add, crm.activity.get, crm.activity.delete, crm.activity.list."""

from typing import Any

from emulator.crm import rights
from emulator.crm.dates import parse_datetime
from emulator.crm.entities import Record
from emulator.crm.timeline import Activity, Owner
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.rest.crm_item import needed
from emulator.rest.crm_legacy import refuse
from emulator.rest.crm_rows import Kinds, list_rows, texts
from emulator.rest.crm_timeline import editable, owner_numbered, readable
from emulator.rest.registry import Call, Reply, method

_BASE = "api-reference/crm/timeline/activities/"
TODO = "CRM_TODO"
_ZEROS = ("ASSOCIATED_ENTITY_ID", "DIRECTION", "RESULT_MARK", "RESULT_STATUS", "RESULT_STREAM", "AUTOCOMPLETE_RULE")
_KINDS: Kinds = dict.fromkeys(
    ("ID", "OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID", "ASSOCIATED_ENTITY_ID", "STATUS", "RESPONSIBLE_ID", "PRIORITY",
     "NOTIFY_TYPE", "NOTIFY_VALUE", "DESCRIPTION_TYPE", "DIRECTION", "AUTHOR_ID", "EDITOR_ID", *_ZEROS[2:]),
    "integer",
)  # fmt: skip
_KINDS |= dict.fromkeys(
    ("PROVIDER_ID", "PROVIDER_TYPE_ID", "PROVIDER_GROUP_ID", "SUBJECT", "COMPLETED", "DESCRIPTION", "LOCATION",
     "SETTINGS", "ORIGINATOR_ID", "ORIGIN_ID", "PROVIDER_PARAMS", "PROVIDER_DATA",
     "RESULT_VALUE", "RESULT_SUM", "RESULT_CURRENCY_ID", "RESULT_SOURCE_ID"),
    "string",
)  # fmt: skip
_KINDS |= dict.fromkeys(("CREATED", "LAST_UPDATED", "START_TIME", "END_TIME", "DEADLINE"), "datetime")


@method(
    "crm.activity.todo.add",
    scope="crm",
    page=_BASE + "todo/crm-activity-todo-add.md",
    params=(
        "ownerTypeId", "ownerId", "deadline", "title", "description", "responsibleId", "parentActivityId",
        "pingOffsets", "colorId",
    ),
    case="camel",
)  # fmt: skip
def add_todo(call: Call) -> Record:
    """{id}."""
    owner = owner_numbered(call, needed(call, "ownerTypeId"), needed(call, "ownerId"))
    editable(call, owner)
    deadline = parse_datetime(needed(call, "deadline"))
    if deadline is None:
        raise RestError(400, "WRONG_DATETIME_FORMAT", "Wrong datetime format")
    more: dict[str, Any] = {"subject": str(call.params.get("title") or ""), "deadline": deadline}
    more |= {"description": str(call.params.get("description") or ""), "provider_type": TODO}
    more["responsible"] = to_int(call.params.get("responsibleId")) or call.user.id
    if more["responsible"] not in call.portal.users:
        raise RestError(400, "NOT_FOUND", "Not found.")
    more["extra"] = {name: call.params[name] for name in ("pingOffsets", "colorId") if name in call.params}
    return {"id": call.portal.crm.timeline.plan(owner, TODO, call.user, **more).id}


@method("crm.activity.get", scope="crm", page=_BASE + "activity-base/crm-activity-get.md", params=("id",))
def get(call: Call) -> Record:
    """One activity as texts."""
    row = call.portal.crm.timeline.activities.get(to_int(call.params.get("id")))
    if row is None:
        raise refuse("Activity is not found.")
    if not any(readable(call, owner) for owner in row.owners):
        raise refuse("Access denied.")
    return texts(_row(row), _KINDS)


@method("crm.activity.delete", scope="crm", page=_BASE + "activity-base/crm-activity-delete.md", params=("id",))
def delete(call: Call) -> bool:
    """Any activity of a record the caller may change."""
    row = call.portal.crm.timeline.activities.get(to_int(call.params.get("id")))
    if row is None:
        raise refuse("Activity is not found")
    if not rights.can_write(call.user, call.portal.crm.tables[row.owner[0]].rows.get(row.owner[1], {})):
        raise refuse("Access denied.")
    call.portal.crm.timeline.drop_activity(row.id, call.user)
    return True


@method(
    "crm.activity.list",
    scope="crm",
    page=_BASE + "activity-base/crm-activity-list.md",
    params=("select", "filter", "order"),
)
def list_(call: Call) -> Reply:
    """Activities the caller may read."""
    held = [row for _, row in sorted(call.portal.crm.timeline.activities.items())]
    given = call.params.get("filter")
    wanted = given.pop("BINDINGS", None) if isinstance(given, dict) else None
    held = [row for row in held if any(readable(call, owner) for owner in row.owners)]
    if wanted:
        pairs = list(wanted.values() if isinstance(wanted, dict) else wanted)
        held = [row for row in held if any(_bound(owner, pair) for pair in pairs for owner in row.owners)]
    return list_rows(call, [_row(row) for row in held], _KINDS, "activity")


def _bound(owner: Owner, pair: Record) -> bool:
    known = {"OWNER_TYPE_ID": owner[0].type_id, "OWNER_ID": owner[1]}
    return all(to_int(value) == known.get(name) for name, value in pair.items())


def _row(row: Activity) -> Record:
    entity, number = row.owner
    made: Record = {
        "ID": row.id,
        "OWNER_ID": number,
        "OWNER_TYPE_ID": entity.type_id,
        "TYPE_ID": row.extra.get("TYPE_ID", 6),
    }
    made |= {"PROVIDER_ID": row.provider, "PROVIDER_TYPE_ID": row.provider_type or row.provider}
    made |= {"SUBJECT": row.subject, "CREATED": row.created, "LAST_UPDATED": row.updated}
    start, end = row.extra.get("START_TIME") or row.created, row.extra.get("END_TIME") or row.deadline or row.created
    made |= {"START_TIME": start, "END_TIME": end, "DEADLINE": row.deadline}
    made |= {"COMPLETED": "Y" if row.completed else "N", "STATUS": 2 if row.completed else 1}
    made |= {"RESPONSIBLE_ID": row.responsible, "AUTHOR_ID": row.author, "EDITOR_ID": row.author, "PRIORITY": 2}
    made |= {"DESCRIPTION": row.description, "DESCRIPTION_TYPE": 3, "NOTIFY_TYPE": 0, "NOTIFY_VALUE": 0}
    made |= {"ORIGINATOR_ID": row.origin[0] or None, "ORIGIN_ID": row.origin[1] or None, "LOCATION": ""}
    made |= {"SETTINGS": [], "PROVIDER_PARAMS": []} | dict.fromkeys(_ZEROS, 0)
    return made | {name: row.extra[name] for name in ("LOCATION", "PRIORITY", "DIRECTION") if name in row.extra}
