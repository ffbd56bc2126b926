"""What the examples of a family of methods need to be there, by the method's name."""

from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any

from emulator.crm.entities import Entity, by_type_id
from emulator.crm.files import Attached
from emulator.crm.requisites import Preset
from emulator.crm.timeline import HISTORY, ActivityType, Badge, Note
from emulator.model.placements import PlacementBinding
from emulator.model.portal import Notification
from emulator.model.presence import Workday
from emulator.model.robots import Robot, run
from tests.emulator.documented.ground import PHONE, TEXT, Ground, Params

Need = Callable[[Ground, str, Params], None]
_NEEDS: list[tuple[str, Need]] = []


def prepare(ground: Ground, method: str, params: Params) -> None:
    """Everything the parameters of a call name, and what its family needs besides."""
    given = {key.lower() if key.isupper() and "_" not in key else key: value for key, value in params.items()}
    ground.named(given)
    for pattern, need in _NEEDS:
        if fnmatch(method, pattern):
            need(ground, method, given)


def needs(*patterns: str) -> Callable[[Need], Need]:
    """What the methods of these patterns need."""

    def declare(need: Need) -> Need:
        _NEEDS.extend((pattern, need) for pattern in patterns)
        return need

    return declare


def entity_of(method: str) -> Entity:
    return Entity(method.split(".")[1])


@needs(*(f"crm.{entity}.{act}" for entity in Entity for act in ("get", "update", "delete")))
def _record(ground: Ground, method: str, params: Params) -> None:
    ground.record(entity_of(method), int(params.get("id", 0)))


@needs(*(f"crm.{entity}.list" for entity in Entity))
def _found(ground: Ground, method: str, params: Params) -> None:
    """Records that the filter finds, and more than a page of them."""
    wanted: Params = {}
    for key, value in (params.get("filter") or {}).items():
        name, one = key.lstrip("=!@<>%"), value[0] if isinstance(value, list) else value
        if not key.startswith("!") and name not in ("ID", "IMPORT"):
            wanted[name] = [{"VALUE": one}] if name == "EMAIL" else _within(key, one)
    if "CATEGORY_ID" in wanted:
        ground.category(int(wanted["CATEGORY_ID"]))
    if "PHONE" in (params.get("select") or ()):
        wanted["PHONE"] = PHONE
    for number in range(1, 53 if params.get("start") else 2):
        ground.record(entity_of(method), number, **wanted)


def _within(key: str, value: Any) -> Any:
    if isinstance(value, int) and key[0] in "<>":
        return value + (1 if key[0] == ">" else -1)
    return (
        "2026-12-01T00:00:00+03:00"
        if "DATE" in key
        else str(value).replace("%", "a")
        if isinstance(value, str)
        else value
    )


@needs("crm.contact.company.*", "crm.company.contact.*", "crm.deal.contact.*")
def _bound(ground: Ground, method: str, params: Params) -> None:
    """The owner and one of the other kind, joined unless the example is about to do it."""
    owner, other, id_ = entity_of(method), Entity(method.split(".")[2]), int(params.get("id", 0))
    ground.record(owner, id_)
    wanted = int((params.get("fields") or {}).get(f"{other.upper()}_ID", 7))
    ground.record(other, wanted)
    if id_ and not method.endswith((".company.add", ".contact.add")):
        name = {Entity.CONTACT: "COMPANY_IDS", Entity.COMPANY: "CONTACT_ID", Entity.DEAL: "CONTACT_IDS"}[owner]
        ground.crm.update(owner, id_, {name: [wanted]}, ground.admin)


@needs("crm.item.[aul]*", "crm.deal.list")
def _pipelines(ground: Ground, method: str, params: Params) -> None:
    ground.category(9, "UC_KN8KFI", "UC_NYL06U")
    if method == "crm.item.list":
        fields = {"NAME": "Ivan", "STATUS_ID": "NEW", "SOURCE_ID": "WEB", "OPPORTUNITY": 15000, "ASSIGNED_BY_ID": 1}
        entity = by_type_id(int(params["entityTypeId"])) or Entity.DEAL
        made = {"DATE_CREATE": "2025-10-31T10:00:00+02:00", "IS_MANUAL_OPPORTUNITY": "Y"}
        ground.record(entity, 1, **(fields if entity is Entity.LEAD else {}) | made)


@needs("crm.*.userfield.[gud]*")
def _userfield(ground: Ground, method: str, params: Params) -> None:
    entity, wanted = entity_of(method), int(params.get("id", 0))
    listed = (params.get("fields") or {}).get("LIST")
    held = ground.crm.userfields[entity]
    ground.portal.counters["userfield_enum"] = 114
    options = [held.new_option("Text", 500, False, "") for _ in range(3)] if listed else []
    kind = "enumeration" if listed else "string"
    ground.number("userfield", wanted, lambda: held.add(f"UF_CRM_{wanted}", kind, options=options))


@needs("crm.*.userfield.list")
def _userfields(ground: Ground, method: str, params: Params) -> None:
    ground.crm.userfields[entity_of(method)].add("UF_CRM_5", "string", multiple=True, mandatory=True)


@needs("userfieldconfig.[gudl]*")
def _config(ground: Ground, method: str, params: Params) -> None:
    held, wanted = ground.crm.userfields[Entity.DEAL], int(params.get("id", 1))
    options = [held.new_option("Text", 500, False, "")]
    ground.number("userfield", wanted, lambda: held.add("UF_CRM_5", "enumeration", multiple=True, options=options))


@needs("crm.requisite.[gldu]*")
def _requisite(ground: Ground, method: str, params: Params) -> None:
    ground.requisite(int(params.get("id", 51)))


@needs("crm.requisite.preset.get")
def _preset(ground: Ground, method: str, params: Params) -> None:
    ground.crm.requisites.presets[params["id"]] = Preset(params["id"], 1, "Text", "#X#", 500)


@needs("crm.address.[ldu]*")
def _address(ground: Ground, method: str, params: Params) -> None:
    given = params.get("fields") or params.get("filter") or {}
    key = (int(given.get("TYPE_ID", 1)), int(given["ENTITY_TYPE_ID"]), int(given["ENTITY_ID"]))
    ground.crm.requisites.put_address(key, {"ADDRESS_1": "Text", "CITY": "Text", "COUNTRY_CODE": "US"}, ground.admin)


@needs("crm.activity.[gldu]*", "crm.activity.binding.*", "crm.activity.configurable.*", "crm.activity.layout.*")
def _activity(ground: Ground, method: str, params: Params) -> None:
    if method.endswith("configurable.add"):
        return
    given = params.get("filter") or {}
    number = int(params.get("id") or params.get("activityId") or given.get("ID") or 20)
    kind = by_type_id(int(given.get("OWNER_TYPE_ID") or 2)) or Entity.DEAL
    owner = kind, int(given.get("OWNER_ID") or params.get("entityId") or params.get("sourceEntityId") or 1)
    ground.record(*owner)
    ground.activity(number, owner, configurable="configurable" in method)


@needs("crm.activity.binding.*")
def _binding(ground: Ground, method: str, params: Params) -> None:
    row = ground.crm.timeline.activities[int(params["activityId"])]
    ground.record(Entity.CONTACT, 5)
    if method.endswith("add"):
        row.owner = (Entity.CONTACT, 5)
    elif not method.endswith("move"):
        row.others.append((Entity.CONTACT, 5))


@needs("crm.activity.badge.[gld]*", "crm.activity.configurable.*")
def _badge(ground: Ground, method: str, params: Params) -> None:
    for code in ("missedCall", "CUSTOM"):
        ground.crm.timeline.badges[code] = Badge(code, "Text", "Text", "failure")


@needs("crm.activity.type.[ld]*")
def _type(ground: Ground, method: str, params: Params) -> None:
    ground.crm.timeline.types[ground.client_id, "1C"] = ActivityType("1C", "Text", 0, configurable=False)


@needs("crm.timeline.comment.[gldu]*", "crm.timeline.layout.*", "crm.timeline.logmessage.[gld]*")
def _timeline(ground: Ground, method: str, params: Params) -> None:
    """A comment or log record under the number asked for."""
    number, timeline = int(params.get("id") or params.get("timelineId") or 999), ground.crm.timeline
    if "logmessage" in method:
        lead = Entity.LEAD, 1
        ground.record(*lead)
        ground.number("timeline", number, lambda: timeline.log(lead, "T", "T", "info", ground.admin, ground.client_id))
        return
    deal, files = (Entity.DEAL, int(params.get("entityId", 10))), [Attached("1.gif", 43, (1, 1))]
    ground.record(*deal)
    ground.number("timeline", number, lambda: timeline.comment(deal, "Text", ground.admin, files))


@needs("crm.timeline.item.*", "crm.timeline.bindings.*")
def _comment(ground: Ground, method: str, params: Params) -> None:
    """A comment of a deal, in a company's card besides unless it is about to be put there."""
    given = params.get("fields") or params.get("filter") or params
    deal, number = (Entity.DEAL, 10), int(given.get("OWNER_ID") or given.get("id") or 1)
    ground.record(*deal)
    ground.number("timeline", number, lambda: ground.crm.timeline.comment(deal, "Text", ground.admin, []))
    ground.record(Entity.COMPANY, 92)
    ground.crm.timeline.comments[number].owners.append((Entity.COMPANY, 92))


@needs("crm.timeline.note.*")
def _note(ground: Ground, method: str, params: Params) -> None:
    lead, now = (Entity.LEAD, int(params["ownerId"])), ground.crm.now()
    ground.record(*lead)
    timeline, number = ground.crm.timeline, int(params["itemId"])
    ground.number("timeline", number, lambda: timeline.log(lead, "T", "T", "info", ground.admin, ground.client_id))
    timeline.notes[HISTORY, number] = Note("Text", 1, now, 1, now)


@needs("crm.timeline.icon.[gd]*", "crm.timeline.logo.[gd]*")
def _picture(ground: Ground, method: str, params: Params) -> None:
    ground.crm.timeline.pictures[method.split(".")[2]] = {"info": "/upload/info.png"}


@needs("crm.*.layout.blocks.[gd]*")
def _blocks(ground: Ground, method: str, params: Params) -> None:
    what = "timeline" if "timelineId" in params else "activity"
    key = ground.client_id, what, int(params[f"{what}Id"])
    ground.crm.timeline.blocks[key] = {"blocks": {"a": TEXT}}


@needs("crm.item.productrow.*")
def _rows(ground: Ground, method: str, params: Params) -> None:
    given = params.get("fields") or params.get("filter") or params
    owner = Entity.DEAL, int(given.get("ownerId") or given.get("=ownerId") or 13142)
    ground.record(*owner)
    rows, number = ground.crm.product_rows, int(params.get("id") or 17622)
    ground.number(
        "product_row", number, lambda: rows.add(owner, {"productId": 9621, "price": 80000.0, "taxRate": 20.0})
    )


@needs("crm.stagehistory.list")
def _moves(ground: Ground, method: str, params: Params) -> None:
    ground.record(Entity.DEAL, int(params["filter"]["OWNER_ID"]))


@needs("bizproc.robot.[lud]*")
def _robot(ground: Ground, method: str, params: Params) -> None:
    ground.installation.robots["test_robot"] = Robot("test_robot", "https://example.com/robot", "Text")


@needs("bizproc.activity.log", "bizproc.event.send")
def _running(ground: Ground, method: str, params: Params) -> None:
    """A robot at work under the token of the example."""
    ground.record(Entity.DEAL, 1)
    given = {"outputString": {"NAME": "Text", "TYPE": "string"}}
    robot = Robot("r", "https://example.com/r", "Text", subscription="Y", return_properties=given)
    ground.installation.robots["r"] = robot
    ground.portal.automation.runs[params["event_token"]] = run(ground.installation, "r", (Entity.DEAL, 1))


@needs("crm.automation.trigger", "crm.automation.trigger.[lde]*")
def _trigger(ground: Ground, method: str, params: Params) -> None:
    ground.installation.triggers["c5u4m"] = "Text"
    ground.record(Entity.DEAL, 57)


@needs("*.option.get")
def _options(ground: Ground, method: str, params: Params) -> None:
    ground.installation.options |= {"data": "value", "data2": "value2"}
    ground.installation.user_options[ground.admin.id] = {"data": "value", "data2": "value2"}


@needs("placement.[ug]*")
def _placement(ground: Ground, method: str, params: Params) -> None:
    handler = params.get("HANDLER", "https://www.myapplicationhost.com/placement/")
    texts = {"TITLE": "title", "DESCRIPTION": "description", "GROUP_NAME": "group"}
    bound = PlacementBinding(7, "CRM_LEAD_DETAIL_TAB", handler, "title", "description", "group", {"en": texts})
    ground.installation.placements.append(bound)


@needs("userfieldtype.[lud]*")
def _fieldtype(ground: Ground, method: str, params: Params) -> None:
    code = params.get("USER_TYPE_ID", "test_type")
    made = PlacementBinding(8, "USERFIELD_TYPE", "https://x.example.com/old/", code, options={"USER_TYPE_ID": code})
    ground.installation.placements.append(made)


@needs("im.*", "department.get")
def _bell(ground: Ground, method: str, params: Params) -> None:
    ground.person(5).phone = "+7 495 123-45-67"
    ground.portal.notifications.append(Notification(101, 5, "Text", ground.portal.world.now(), ground.client_id))


@needs("user.[cgs]*")
def _people(ground: Ground, method: str, params: Params) -> None:
    """Somebody was seen; enough people for a second page."""
    for number in range(1, 14):
        ground.person(number).last_activity = ground.portal.world.now()


@needs("timeman.*")
def _workday(ground: Ground, method: str, params: Params) -> None:
    """A day that began yesterday and was never closed."""
    user = ground.person(int(params["USER_ID"]))
    opened = ground.portal.world.now()
    ground.portal.presence.workdays[user.id] = Workday(opened)
    ground.portal.world.advance(days=1)
