"""userfieldconfig.*: the newer way to user fields, over the same definitions as crm.<entity>.userfield.*.

Pages: api-reference/crm/universal/userfieldconfig/*. Needs the scope of the module as well; field names carry the full
prefix `UF_<entityId>_`. This portal has the entities CRM_LEAD, CRM_DEAL, CRM_CONTACT and CRM_COMPANY.
"""

from typing import Any

from emulator.crm import rights
from emulator.crm import userfield_rules as rules
from emulator.crm.app_types import app_types
from emulator.crm.entities import Entity, Record
from emulator.crm.userfields import LANGUAGES, TYPES, UserField
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.rest.crm_item import needed
from emulator.rest.crm_legacy import refuse
from emulator.rest.crm_userfield import tell
from emulator.rest.registry import Call, Method
from emulator.rest.userfieldconfig_list import VIEW, entity_of, listed, module, row_of

_PAGES = "api-reference/crm/universal/userfieldconfig/userfieldconfig-"
_CAPTIONS = {"editFormLabel": "EDIT_FORM_LABEL", "helpMessage": "HELP_MESSAGE"}
"""The captions that can be written; the others only read."""
_FLAGS = {"mandatory": "mandatory", "isSearchable": "searchable", "editInList": "edit_in_list"}
_ENUM = {"id": "ID", "value": "VALUE", "def": "DEF", "sort": "SORT", "xmlId": "XML_ID", "del": "DEL"}
_KNOWN = frozenset(
    {"entityId", "fieldName", "userTypeId", "xmlId", "sort", "multiple", "showFilter", "showInList", "settings", "enum"}
    | {"listColumnLabel", "listFilterLabel", "errorMessage", *_CAPTIONS, *_FLAGS}
)
_CHANGE = "You cannot change the settings of the user field"
_WORDS = {
    "string": "String", "integer": "Integer", "double": "Number", "boolean": "Yes/No", "date": "Date",
    "datetime": "Date with time", "money": "Money", "url": "Link", "address": "Address", "enumeration": "List",
    "file": "File", "employee": "Linked to employee", "crm_status": "Linked to CRM directories",
    "crm": "Linked to CRM entities", "iblock_section": "Linked to information block sections",
    "iblock_element": "Linked to information block elements",
}  # fmt: skip


def _held(call: Call, text: str) -> UserField:
    """The field, or the refusal that hides whether there is one."""
    number = to_int(needed(call, "id"))
    found = [fields.by_id(number) for fields in call.portal.crm.userfields.values()]
    one = next((field for field in found if field is not None), None)
    may = rights.can_add(call.user) if text == VIEW else rights.is_admin(call.user)
    if one is None or not may:
        raise refuse(text)
    return one


def _fields(call: Call) -> Record:
    given = needed(call, "field")
    if not isinstance(given, dict):
        raise RestError(
            400, "100", "Invalid value {field} to match with parameter {field}. Should be value of type array."
        )
    return given


def _add(call: Call) -> Record:
    """{field}. Unsupported keys are ignored, as the page says."""
    module(call)
    given = _fields(call)
    call.swallow(given, _KNOWN, "key of a field")
    name, kind, entity = str(given.get("fieldName") or ""), str(given.get("userTypeId") or ""), given.get("entityId")
    if not rights.is_admin(call.user):
        raise refuse("Access denied")
    for value, key in ((kind, "USER_TYPE_ID"), (name, "FIELD_NAME")):
        if not value:
            raise refuse(f"The '{key}' field is not found.")
    owner = entity_of(entity)
    if owner is None or not name.startswith(f"UF_{entity}_"):
        raise refuse("You cannot create custom fields")
    if kind not in TYPES and kind not in [full for full, _, _ in app_types(call.portal)]:
        raise refuse("Fail to create new user field")
    try:
        one = _make(call, owner, name, kind, given)
    except rules.FieldError as error:
        raise refuse(str(error)) from error
    tell(call, one, "ADD")
    if one.options:
        tell(call, one, "SETENUMVALUES")
    return {"field": row_of(one, LANGUAGES)}


def _make(call: Call, owner: Entity, given_name: str, kind: str, given: Record) -> UserField:
    held, name = call.portal.crm.userfields[owner], rules.full_name(given_name)
    if name in held:
        raise rules.FieldError(f"Field {name} for object {owner.uf_entity} already exists.")
    more: dict[str, Any] = {attr: rules.flag(given.get(key), key == "editInList") for key, attr in _FLAGS.items()}
    more |= {
        "multiple": rules.flag(given.get("multiple")) and kind != "boolean",
        "xml_id": str(given.get("xmlId") or ""),
    }
    more |= {"sort": to_int(given.get("sort")) or 100, "labels": _captions(given)}
    more |= {"show_filter": rules.filter_letter(kind, given.get("showFilter"), adding=False)}
    one = held.add(name, kind, settings=_settings(kind, given.get("settings"), None), **more)
    if kind == "enumeration":
        try:
            one.options = rules.options_for(held, one, _enum(given.get("enum")))
        except rules.FieldError:
            held.drop(name)
            raise
    return one


def _settings(kind: str, given: Any, before: Record | None) -> Record:
    """All keys of the type may be set here, not only those of the older method's white list."""
    kept = rules.settings_for(kind, given, before)
    return kept | {key: value for key, value in given.items() if key in kept} if isinstance(given, dict) else kept


def _captions(given: Record) -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = {}
    for key, which in _CAPTIONS.items():
        value = given.get(key)
        if isinstance(value, dict):
            made[which] = {lang: str(text) for lang, text in value.items() if lang in LANGUAGES and text}
        elif value:
            made[which] = dict.fromkeys(LANGUAGES, str(value))
    return made


def _enum(given: Any) -> list[Record]:
    rows = given.values() if isinstance(given, dict) else given if isinstance(given, list) else ()
    return [{_ENUM[key]: row[key] for key in row if key in _ENUM} for row in rows if isinstance(row, dict)]


def _update(call: Call) -> Record:
    """{field}. What cannot be changed is left as it is."""
    module(call)
    one, given = _held(call, _CHANGE), call.params.get("field") or {}
    call.swallow(given, _KNOWN, "key of a field")
    for key in ("mandatory", "isSearchable"):
        if key in given:
            setattr(one, _FLAGS[key], rules.flag(given[key]))
    one.xml_id, one.sort = str(given.get("xmlId", one.xml_id) or ""), to_int(given.get("sort")) or one.sort
    if "showFilter" in given:
        one.show_filter = rules.filter_letter(one.type, given["showFilter"], adding=False)
    one.labels |= _captions(given)
    one.settings = _settings(one.type, given.get("settings"), one.settings)
    if "enum" in given and given.get("userTypeId") == one.type == "enumeration":
        try:
            one.options = rules.options_for(call.portal.crm.userfields[one.entity], one, _enum(given["enum"]))
        except rules.FieldError as error:
            raise refuse(str(error)) from error
        tell(call, one, "SETENUMVALUES")
    tell(call, one, "UPDATE")
    return {"field": row_of(one, LANGUAGES)}


def _delete(call: Call) -> None:
    """Null; the values in records go with the field."""
    module(call)
    one, crm = _held(call, "You cannot delete the user field"), call.portal.crm
    crm.drop_field(one.entity, one.name)
    for record in crm.tables[one.entity].rows.values():
        record.pop(one.name, None)
    tell(call, one, "DELETE")


def _get(call: Call) -> Record:
    module(call)
    return {"field": row_of(_held(call, VIEW), LANGUAGES)}


def _types(call: Call) -> Record:
    """{types: {code: {userTypeId, description}}}, the apps' own among them."""
    module(call)
    known = _WORDS | {full: title for full, _, title in app_types(call.portal)}
    return {"types": {code: {"userTypeId": code, "description": text} for code, text in known.items()}}


METHODS = tuple(
    Method(f"userfieldconfig.{name}", "userfieldconfig", f"{_PAGES}{file}.md", params, run, case="camel")
    for name, file, run, params in (
        ("add", "add", _add, ("moduleId", "field")),
        ("update", "update", _update, ("moduleId", "id", "field")),
        ("get", "get", _get, ("moduleId", "id")),
        ("list", "list", listed, ("moduleId", "select", "order", "filter")),
        ("delete", "delete", _delete, ("moduleId", "id")),
        ("getTypes", "get-types", _types, ("moduleId",)),
    )
)
