"""crm.activity.configurable.{add,get,update}, crm.activity.badge.*: an app's own card in the timeline."""

from typing import Any

from emulator.crm import card_rules
from emulator.crm.dates import iso, parse_datetime
from emulator.crm.entities import Record
from emulator.crm.timeline import CONFIGURABLE, CONFIGURABLE_TYPE, Activity, Badge
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.rest.crm_item import needed
from emulator.rest.crm_timeline import editable, owner_numbered, readable
from emulator.rest.registry import Call, method

_PAGES = "api-reference/crm/timeline/activities/configurable/"
_FIELDS = (
    "typeId", "completed", "deadline", "pingOffsets", "isIncomingChannel", "responsibleId", "badgeCode",
    "originatorId", "originId",
)  # fmt: skip
_TRUE, _FALSE = (True, 1, "1", "Y", "y", "true"), (False, 0, "0", "N", "n", "false", "")
_BADGE_TYPES = ("success", "failure", "warning", "primary", "secondary")


def _client(call: Call) -> str:
    """The calling app; webhooks are refused in this method's own words."""
    if call.installation is None:
        raise RestError(400, "ERROR_WRONG_CONTEXT", "Method call is only possible in the context of an application")
    return call.installation.app.client_id


def _wrong(name: str) -> RestError:
    return RestError(400, "WRONG_FIELD_VALUE", f"Wrong value of field '{name}'")


def _flag(name: str, value: Any) -> bool:
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise _wrong(name)


def _changes(call: Call, given: Record, now: Record) -> Record:
    """What `fields` make of an activity; keys not named keep their value, an empty deadline changes nothing."""
    call.swallow(given, _FIELDS, "field of activity")
    made: Record = {"extra": dict(now)}
    if "completed" in given:
        made["completed"] = _flag("completed", given["completed"])
    if given.get("deadline"):
        made["deadline"] = parse_datetime(given["deadline"])
        if made["deadline"] is None:
            raise _wrong("deadline")
    if "isIncomingChannel" in given:
        made["extra"]["isIncomingChannel"] = _flag("isIncomingChannel", given["isIncomingChannel"])
    if "responsibleId" in given:
        made["responsible"] = to_int(given["responsibleId"])
        if made["responsible"] not in call.portal.users:
            raise _wrong("responsibleId")
    if given.get("badgeCode") not in (None, "", *call.portal.crm.timeline.badges):
        raise _wrong("badgeCode")
    made["extra"] |= {name: given[name] for name in ("badgeCode", "pingOffsets") if name in given}
    if made["extra"].get("isIncomingChannel") and made.get("deadline"):
        raise RestError(400, "INCOMING_ACTIVITY_CAN_NOT_BE_WITH_DEADLINE", "Incoming activity cannot have a deadline")
    return made


def _layout(given: Any) -> Record:
    try:
        card_rules.check(given)
    except card_rules.CardError as error:
        raise RestError(400, error.code, error.text) from error
    title = given["header"]["title"]
    return {"layout": given, "subject": str(next(iter(title.values()), "") if isinstance(title, dict) else title)}


@method(
    "crm.activity.configurable.add",
    scope="crm",
    page=_PAGES + "crm-activity-configurable-add.md",
    params=("ownerTypeId", "ownerId", "fields", "layout"),
    case="camel",
)
def add(call: Call) -> Record:
    """{activity: {id}}."""
    client = _client(call)
    try:
        owner = owner_numbered(call, needed(call, "ownerTypeId"), needed(call, "ownerId"))
    except RestError as error:
        raise RestError(400, "NOT_FOUND", "Not found.") if error.code == "OWNER_NOT_FOUND" else error from None
    editable(call, owner)
    fields, layout = needed(call, "fields") or {}, _layout(needed(call, "layout"))
    kind = _kind(call, fields.get("typeId") or CONFIGURABLE_TYPE)
    made = _changes(call, fields, {"layout": layout["layout"]})
    made |= {"subject": layout["subject"], "client_id": client, "provider_type": kind}
    made["origin"] = (str(fields.get("originatorId") or ""), str(fields.get("originId") or ""))
    return {"activity": {"id": call.portal.crm.timeline.plan(owner, CONFIGURABLE, call.user, **made).id}}


def _kind(call: Call, code: Any) -> str:
    """A type of the calling app that was registered for such cards."""
    known = call.portal.crm.timeline.types.get((_client(call), str(code)))
    if code != CONFIGURABLE_TYPE and (known is None or not known.configurable):
        raise _wrong("typeId")
    return str(code)


def _held(call: Call) -> Activity:
    row = call.portal.crm.timeline.activities.get(to_int(needed(call, "id")))
    if row is None or row.provider != CONFIGURABLE or not any(readable(call, owner) for owner in row.owners):
        raise RestError(400, "NOT_FOUND", "Not found.")
    return row


@method(
    "crm.activity.configurable.update",
    scope="crm",
    page=_PAGES + "crm-activity-configurable-update.md",
    params=("id", "fields", "layout"),
    case="camel",
)
def update(call: Call) -> Record:
    """{activity: {id}}. Only the app that made it may; each part may be left out (configurable.php)."""
    client, row = _client(call), _held(call)
    if row.client_id != client:
        raise RestError(400, "ERROR_WRONG_APPLICATION", "The activity can only be updated by the app that created it")
    if row.responsible != call.user.id:
        editable(call, row.owner)
    fields = call.params.get("fields") or {}
    if fields.get("typeId", row.provider_type) != row.provider_type:
        raise RestError(400, "CANT_CHANGE_PROVIDER_TYPE_ID", "The type of an activity cannot be changed")
    made = _changes(call, fields, row.extra)
    if call.params.get("layout") is not None:
        layout = _layout(call.params["layout"])
        made["extra"]["layout"], made["subject"] = layout["layout"], layout["subject"]
    if "originatorId" in fields or "originId" in fields:
        old = row.origin
        made["origin"] = (str(fields.get("originatorId", old[0])), str(fields.get("originId", old[1])))
    call.portal.crm.timeline.touch_activity(row.id, call.user, **made)
    return {"activity": {"id": row.id}}


@method(
    "crm.activity.configurable.get",
    scope="crm",
    page=_PAGES + "crm-activity-configurable-get.md",
    params=("id",),
    case="camel",
)
def get(call: Call) -> Record:
    """{activity: {id, ownerTypeId, ownerId, fields, layout}}."""
    row = _held(call)
    fields: Record = {
        "typeId": row.provider_type,
        "completed": row.completed,
        "deadline": row.deadline and iso(row.deadline),
    }
    fields |= {"pingOffsets": row.extra.get("pingOffsets", []), "responsibleId": row.responsible}
    fields |= {"isIncomingChannel": row.extra.get("isIncomingChannel", False)}
    fields |= {"badgeCode": row.extra.get("badgeCode", ""), "originatorId": row.origin[0] or None}
    fields["originId"] = row.origin[1] or None
    owner: Record = {"id": row.id, "ownerTypeId": row.owner[0].type_id, "ownerId": row.owner[1]}
    return {"activity": owner | {"fields": fields, "layout": row.extra["layout"]}}


def _badge(row: Badge) -> Record:
    return {"code": row.code, "title": row.title, "value": row.value, "type": row.type}


def _portal_admin(call: Call) -> None:
    if not call.user.admin:
        raise RestError(400, "ACCESS_DENIED", "Access denied")


@method(
    "crm.activity.badge.add",
    scope="crm",
    page=_PAGES + "badges/crm-activity-badge-add.md",
    params=("code", "title", "value", "type"),
    case="camel",
)
def add_badge(call: Call) -> Record:
    """{badge: …}. Codes are shared by all apps of the portal."""
    _portal_admin(call)
    for name in ("code", "title", "value", "type"):
        if not call.params.get(name):
            raise RestError(400, "REQUIRED_ARG_MISSING", f"Argument '{name}' is required")
    code, badges = str(call.params["code"]), call.portal.crm.timeline.badges
    if call.params["type"] not in _BADGE_TYPES:
        raise RestError(400, "WRONG_TYPE_VALUE", "Wrong badge type")
    if code in badges:
        raise RestError(400, 0, f"Badge with code '{code}' already exists")
    made = badges[code] = Badge(code, call.params["title"], call.params["value"], str(call.params["type"]))
    return {"badge": _badge(made)}


def _held_badge(call: Call) -> Badge:
    found = call.portal.crm.timeline.badges.get(str(needed(call, "code")))
    if found is None:
        raise RestError(400, "NOT_FOUND", "Not found.")
    return found


@method(
    "crm.activity.badge.get",
    scope="crm",
    page=_PAGES + "badges/crm-activity-badge-get.md",
    params=("code",),
    case="camel",
)
def get_badge(call: Call) -> Record:
    """{badge: …}."""
    return {"badge": _badge(_held_badge(call))}


@method(
    "crm.activity.badge.list", scope="crm", page=_PAGES + "badges/crm-activity-badge-list.md", params=(), case="camel"
)
def list_badges(call: Call) -> Record:
    """{badges: […]}."""
    return {"badges": [_badge(row) for row in call.portal.crm.timeline.badges.values()]}


@method(
    "crm.activity.badge.delete",
    scope="crm",
    page=_PAGES + "badges/crm-activity-badge-delete.md",
    params=("code",),
    case="camel",
)
def delete_badge(call: Call) -> bool:
    """True; refused while an open activity carries it."""
    _portal_admin(call)
    code = _held_badge(call).code
    held = call.portal.crm.timeline.activities.values()
    if any(row.extra.get("badgeCode") == code and not row.completed for row in held):
        raise RestError(400, "ENTITY_WITH_BADGE_EXISTS", "A record carries this badge")
    del call.portal.crm.timeline.badges[code]
    return True
