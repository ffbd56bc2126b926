"""crm.{lead,deal,contact,company}.userfield.*: user field definitions. Only CRM administrators change them."""

from collections.abc import Iterator
from typing import Any

from emulator.crm import rights
from emulator.crm import userfield_rules as rules
from emulator.crm.app_types import app_types
from emulator.crm.entities import Entity, Record
from emulator.crm.userfields import LABELS, TYPES, UserField, UserFields
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.rest.crm_legacy import Action, bound, refuse, the_fields, the_id
from emulator.rest.registry import Call, Method, Reply

_FOLDERS = {
    Entity.LEAD: "leads/userfield",
    Entity.DEAL: "deals/user-defined-fields",
    Entity.CONTACT: "contacts/userfield",
    Entity.COMPANY: "companies/userfields",
}
_SORTABLE = ("ID", "FIELD_NAME", "USER_TYPE_ID", "XML_ID", "SORT")
_FILTERABLE = (
    *_SORTABLE, "MULTIPLE", "MANDATORY", "SHOW_FILTER", "SHOW_IN_LIST", "EDIT_IN_LIST", "IS_SEARCHABLE", "ENTITY_ID",
)  # fmt: skip
_MUTABLE = {"XML_ID": "xml_id", "SORT": "sort"}
_FLAGS = {"MANDATORY": "mandatory", "SHOW_IN_LIST": "show_in_list", "EDIT_IN_LIST": "edit_in_list"}
_FLAGS |= {"IS_SEARCHABLE": "searchable"}
_KNOWN = {*_FILTERABLE, *LABELS, "LABEL", "LIST", "SETTINGS"}


def core(text: str) -> RestError:
    """A refusal of the old core: 400 ERROR_CORE."""
    return RestError(400, "ERROR_CORE", text)


def add(call: Call, entity: Entity) -> int:
    _admin(call)
    fields, held = the_fields(call), call.portal.crm.userfields[entity]
    _warn(call, entity, fields)
    kind = str(fields.get("USER_TYPE_ID") or "").strip()
    lacks = [key for key in ("USER_TYPE_ID", "FIELD_NAME") if not str(fields.get(key) or "").strip()]
    if lacks:
        raise refuse("\n".join(f"The '{key}' field is not found." for key in lacks))
    kind = _resolve_type(call, kind)
    try:
        made = _make(held, kind, fields)
    except rules.FieldError as error:
        raise core(str(error)) from error
    tell(call, made, "ADD")
    if made.options:
        tell(call, made, "SETENUMVALUES")
    return made.id


def _make(held: UserFields, kind: str, fields: Record) -> UserField:
    name = rules.full_name(str(fields["FIELD_NAME"]))
    if name in held:
        raise rules.FieldError(f"Field {name} for object {held.entity.uf_entity} already exists.")
    more: dict[str, Any] = {attr: rules.flag(fields.get(key), attr.endswith("in_list")) for key, attr in _FLAGS.items()}
    more["multiple"] = rules.flag(fields.get("MULTIPLE")) and kind != "boolean"
    more |= {"xml_id": str(fields.get("XML_ID") or ""), "sort": to_int(fields.get("SORT")) or 100}
    more["show_filter"] = rules.filter_letter(kind, fields.get("SHOW_FILTER"), adding=True)
    more |= {"settings": rules.settings_for(kind, fields.get("SETTINGS")), "labels": rules.all_labels(fields, name)}
    made = held.add(name, kind, **more)
    if kind == "enumeration":
        try:
            made.options = rules.options_for(held, made, fields.get("LIST"))
        except rules.FieldError:
            held.drop(name)
            raise
    return made


def update(call: Call, entity: Entity) -> bool:
    number = the_id(call)
    _admin(call)
    one, fields = _held(call, entity, number), the_fields(call)
    _warn(call, entity, fields)
    for key, attr in _FLAGS.items():
        if key in fields:
            setattr(one, attr, rules.flag(fields[key]))
    if "XML_ID" in fields:
        one.xml_id = str(fields["XML_ID"] or "")
    one.sort = to_int(fields.get("SORT")) or one.sort
    if "SHOW_FILTER" in fields:
        one.show_filter = rules.filter_letter(one.type, fields["SHOW_FILTER"], adding=False)
    one.labels |= {which: rules.labels_for(fields[which], "") for which in LABELS if which in fields}
    one.settings = rules.settings_for(one.type, fields.get("SETTINGS"), one.settings)
    if one.type == "enumeration" and "LIST" in fields:
        try:
            one.options = rules.options_for(call.portal.crm.userfields[entity], one, fields["LIST"])
        except rules.FieldError as error:
            raise core(str(error)) from error
        tell(call, one, "SETENUMVALUES")
    tell(call, one, "UPDATE")
    return True


def delete(call: Call, entity: Entity) -> bool:
    number = the_id(call)
    _admin(call)
    one, crm = _held(call, entity, number), call.portal.crm
    crm.drop_field(entity, one.name)
    for record in crm.tables[entity].rows.values():
        record.pop(one.name, None)
    tell(call, one, "DELETE")
    return True


def get(call: Call, entity: Entity) -> Record:
    number = the_id(call)
    _reader(call)
    one = _held(call, entity, number)
    row = _row(one)
    row |= {which: dict(one.labels.get(which, {})) for which in LABELS}
    if one.type == "enumeration":
        row["LIST"] = [{key: value for key, value in item.items() if key != "XML_ID"} for item in _options(one)]
    return row


def list_(call: Call, entity: Entity) -> Reply:
    """All fields at once with a total; captions only when the filter names a language."""
    _reader(call)
    given = call.params.get("filter") or {}
    if not isinstance(given, dict | list):
        raise refuse("Parameter 'filter' must be array.")
    call.swallow(given, (*_FILTERABLE, *(f"={name}" for name in _FILTERABLE), "LANG"), "filter field of user fields")
    call.swallow(call.params.get("order"), _SORTABLE, "order field of user fields")
    lang = str(given.get("LANG") or "") if isinstance(given, dict) else ""
    rows = []
    for one in _sorted(list(call.portal.crm.userfields[entity]), call.params.get("order")):
        row = _row(one)
        if lang:
            row |= {which: one.labels.get(which, {}).get(lang) or None for which in LABELS}
        if one.type == "enumeration":
            row["LIST"] = _options(one)
        if _matches(row, given):
            rows.append(row)
    return Reply(rows, total=len(rows))


def _matches(row: Record, given: Any) -> bool:
    for key, wanted in given.items() if isinstance(given, dict) else ():
        name = str(key).lstrip("=")
        if name in _FILTERABLE:
            choices = wanted if isinstance(wanted, list) else [wanted]
            if str(row[name] or "") not in {str(choice) for choice in choices}:
                return False
    return True


def _sorted(rows: list[UserField], given: Any) -> list[UserField]:
    order = [(key, way) for key, way in given.items() if key in _SORTABLE] if isinstance(given, dict) else []
    rows.sort(key=lambda one: one.id)
    for key, way in reversed(order or [("SORT", "ASC")]):
        rows.sort(key=lambda one, key=key: _sort_value(one, key), reverse=str(way).upper() == "DESC")  # type: ignore[misc]
    return rows


def _sort_value(one: UserField, key: str) -> tuple[int, str]:
    if key in ("ID", "SORT"):
        return (one.id if key == "ID" else one.sort, "")
    return (0, str(_row(one)[key] or ""))


def _row(one: UserField) -> Record:
    def letter(value: bool) -> str:
        return "Y" if value else "N"

    own = one.type.split("_", 2) if one.type.startswith("rest_") else None
    row: Record = {"ID": str(one.id), "ENTITY_ID": one.entity.uf_entity, "FIELD_NAME": one.name}
    row |= {"USER_TYPE_ID": own[2] if own else one.type, "XML_ID": one.xml_id or None, "SORT": str(one.sort)}
    row |= {"MULTIPLE": letter(one.multiple), "MANDATORY": letter(one.mandatory), "SHOW_FILTER": one.show_filter}
    row |= {"SHOW_IN_LIST": letter(one.show_in_list), "EDIT_IN_LIST": letter(one.edit_in_list)}
    row |= {"IS_SEARCHABLE": letter(one.searchable), "SETTINGS": dict(one.settings)}
    return row


def _options(one: UserField) -> list[Record]:
    return [
        {
            "ID": str(option.id),
            "SORT": str(option.sort),
            "VALUE": option.value,
            "DEF": "Y" if option.default else "N",
            "XML_ID": option.xml_id,
        }
        for option in one.options
    ]


def _resolve_type(call: Call, kind: str) -> str:
    """The full code of a type; an app's own short code stands for rest_<installation id>_<code>."""
    if kind in TYPES:
        return kind
    found = next((full for full, code, _ in app_types(call.portal) if kind in (code, full)), None)
    if found is None:
        raise core("Invalid custom type specified.")
    return found


def _held(call: Call, entity: Entity, id: int) -> UserField:
    crm = call.portal.crm
    one = crm.userfields[entity].by_id(id)
    if one is not None:
        return one
    if any(fields.by_id(id) for fields in crm.userfields.values()):
        raise refuse("Access denied.")
    raise RestError(400, "ERROR_NOT_FOUND", f"The entity with ID '{id}' is not found.")


def _admin(call: Call) -> None:
    if not rights.is_admin(call.user):
        raise refuse("Access denied.")


def _reader(call: Call) -> None:
    if not rights.can_add(call.user):
        raise refuse("Access denied.")


def _warn(call: Call, entity: Entity, fields: Record) -> None:
    call.swallow(fields, _KNOWN, f"key of a user field of {entity}")


def tell(call: Call, one: UserField, what: str) -> None:
    """Raise ONCRM<ENTITY>USERFIELD<what>."""
    fields = {"ID": str(one.id), "ENTITY_ID": one.entity.uf_entity, "FIELD_NAME": one.name}
    call.portal.raise_event(one.entity.event(f"USERFIELD{what}"), {"FIELDS": fields}, call.user)


_ACTIONS: tuple[tuple[str, Action, tuple[str, ...]], ...] = (
    ("add", add, ("fields",)),
    ("get", get, ("id",)),
    ("update", update, ("id", "fields")),
    ("delete", delete, ("id",)),
    ("list", list_, ("order", "filter")),
)


def _methods() -> Iterator[Method]:
    for entity, folder in _FOLDERS.items():
        for name, run, params in _ACTIONS:
            page = f"api-reference/crm/{folder}/crm-{entity}-userfield-{name}.md"
            yield Method(f"crm.{entity}.userfield.{name}", "crm", page, params, bound(run, entity))


METHODS = tuple(_methods())
