"""crm.timeline.logmessage.*: quiet records an app leaves in a timeline."""

from emulator.crm.dates import iso
from emulator.crm.entities import Record
from emulator.crm.timeline import LogMessage
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.rest.crm_item import needed
from emulator.rest.crm_rows import ordered
from emulator.rest.crm_timeline import editable, owner_numbered, readable, the_fields
from emulator.rest.registry import Call, Reply, method

_LOGS = "api-reference/crm/timeline/logmessage/"
_FIELDS = ("entityTypeId", "entityId", "title", "text", "iconCode")
_LOG_PAGE = 10


def _log_row(row: LogMessage) -> Record:
    made: Record = {"id": row.id, "created": iso(row.created), "authorId": row.author}
    return made | {"title": row.title, "text": row.text, "iconCode": row.icon}


@method(
    "crm.timeline.logmessage.add",
    scope="crm",
    page=_LOGS + "crm-timeline-logmessage-add.md",
    params=("fields",),
    case="camel",
)
def add_log(call: Call) -> Record:
    """{logMessage: …}."""
    fields = the_fields(call)
    call.swallow(fields, _FIELDS, "field of a log message")
    for name in _FIELDS:
        if not fields.get(name):
            raise RestError(400, "100", f"Could not find value for parameter {{{name}}}")
    owner = owner_numbered(call, fields["entityTypeId"], fields["entityId"])
    editable(call, owner)
    client = call.installation.app.client_id if call.installation else ""
    texts = (str(fields["title"]), str(fields["text"]), str(fields["iconCode"]))
    return {"logMessage": _log_row(call.portal.crm.timeline.log(owner, *texts, call.user, client))}


def _log(call: Call) -> LogMessage:
    number = to_int(needed(call, "id"))
    found = call.portal.crm.timeline.logs.get(number)
    if found is None or not readable(call, found.owner):
        raise RestError(400, "NOT_FOUND", f"Timeline logmessage not found for id {number}")
    return found


@method(
    "crm.timeline.logmessage.get",
    scope="crm",
    page=_LOGS + "crm-timeline-logmessage-get.md",
    params=("id",),
    case="camel",
)
def get_log(call: Call) -> Record:
    """{logMessage: …}."""
    return {"logMessage": _log_row(_log(call))}


@method(
    "crm.timeline.logmessage.list",
    scope="crm",
    page=_LOGS + "crm-timeline-logmessage-list.md",
    params=("entityTypeId", "entityId", "order"),
    case="camel",
)
def list_logs(call: Call) -> Reply:
    """Records of all apps in one timeline, newest first, ten a page."""
    owner = owner_numbered(call, needed(call, "entityTypeId"), needed(call, "entityId"))
    if not readable(call, owner):
        return Reply([], total=0)
    rows = [_log_row(row) for row in call.portal.crm.timeline.logs.values() if row.owner == owner]
    call.swallow(call.params.get("order"), ("id", "created"), "order field of log messages")
    rows = ordered(rows, call.params.get("order") or {"id": "DESC"}, {"id": "integer", "created": "datetime"})
    start = max(call.start, 0)
    end = start + _LOG_PAGE
    return Reply(rows[start:end], total=len(rows), next=end if end < len(rows) else None)


@method(
    "crm.timeline.logmessage.delete",
    scope="crm",
    page=_LOGS + "crm-timeline-logmessage-delete.md",
    params=("id",),
    case="camel",
)
def delete_log(call: Call) -> bool:
    """True. Only the app that made it may."""
    row = _log(call)
    editable(call, row.owner)
    if row.client_id != (call.installation.app.client_id if call.installation else ""):
        raise RestError(400, "REMOVING_DISABLED", "Log message was created by another application")
    del call.portal.crm.timeline.logs[row.id]
    return True
