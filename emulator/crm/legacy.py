"""Records as the legacy methods (crm.company.* and its kin) take and give them: everything is text.

Pages: api-reference/crm/companies/crm-company-list.md, crm-company-get.md, crm-company-fields.md and the same of
contacts, deals, leads; rules of reading and writing: crm/classes/general/restservice.php.
"""

from typing import TYPE_CHECKING, Any

from emulator.crm.dates import parse_date, parse_datetime
from emulator.crm.entities import Entity, Record
from emulator.crm.fields import FIELDS, MULTIFIELDS, Field
from emulator.crm.filters import Condition, Group, parse_key
from emulator.crm.heeding import heeded
from emulator.crm.userfields import UserField
from emulator.crm.values import plain_number, text_of, to_float, to_int, truthy

if TYPE_CHECKING:
    from emulator.crm.store import Crm

_UNREAD = frozenset({"CONTACT_IDS", "COMPANY_IDS"})
"""Fields that can be written and filtered but never come back."""

_EXACT_ONLY = frozenset({"crm_status", "crm_company", "crm_contact"})
_INTEGER = frozenset({"integer", "user", "employee", "enumeration", "crm_category", "crm_company", "crm_contact"})
_INTEGER |= {"crm_lead", "crm_quote"}


def describe(crm: "Crm", entity: Entity) -> dict[str, Record]:
    """The answer of crm.<entity>.fields."""
    lang = crm.portal.lang
    found = {name: describe_system(field, lang) for name, field in FIELDS[entity].items()}
    return found | {one.name: describe_custom(one, lang) for one in crm.userfields[entity]}


def describe_system(field: Field, lang: str) -> Record:
    """A system field in a `fields` answer."""
    row = _flags(field.type, field.required, field.read_only, field.immutable, field.multiple, dynamic=False)
    if field.deprecated:
        row["isDeprecated"] = True
    if field.status:
        row["statusType"] = field.status
    row["title"] = field.title(lang)
    if field.parent:
        row["settings"] = {"parentEntityTypeId": field.parent}
    return row


def describe_custom(one: UserField, lang: str) -> Record:
    """A user field in a `fields` answer; options of an enumeration are in `items`."""
    row = _flags(one.type, one.mandatory, False, False, one.multiple, dynamic=True)
    if one.type == "enumeration":
        row["items"] = [{"ID": str(option.id), "VALUE": option.value} for option in one.options]
    row |= {"title": one.name, "listLabel": one.label(lang, "LIST_COLUMN_LABEL")}
    row |= {"formLabel": one.label(lang), "filterLabel": one.label(lang, "LIST_FILTER_LABEL"), "settings": one.settings}
    return row


def _flags(kind: str, required: bool, read_only: bool, immutable: bool, multiple: bool, *, dynamic: bool) -> Record:
    return {
        "type": kind,
        "isRequired": required,
        "isReadOnly": read_only,
        "isImmutable": immutable,
        "isMultiple": multiple,
        "isDynamic": dynamic,
    }


def read_one(crm: "Crm", entity: Entity, record: Record) -> Record:
    """The answer of crm.<entity>.get: every field, multi fields only where filled; an unset user field is ""."""
    row = {name: show(crm, entity, record, name) for name in _plain(entity)}
    for one in crm.userfields[entity]:
        value = show(crm, entity, record, one.name)
        row[one.name] = "" if value is None else value
    return row | {name: multi(record, name) for name in MULTIFIELDS if record.get(name)}


def read_row(crm: "Crm", entity: Entity, record: Record, select: list[str]) -> Record:
    """A row of crm.<entity>.list with the selected fields."""
    row = {name: show(crm, entity, record, name) for name in select if name not in MULTIFIELDS}
    return row | {name: multi(record, name) for name in select if name in MULTIFIELDS and record.get(name)}


def selected(crm: "Crm", entity: Entity, select: Any) -> list[str]:
    """Field names of a list row. `*` = plain fields, `UF_*` = user fields, nothing = both; ID comes along with `*`,
    with multi fields and with COMMENTS (restservice.php, shouldAddIdentityFieldToSelect)."""
    wanted = [str(name) for name in (select.values() if isinstance(select, dict) else select or ())]
    custom = [one.name for one in crm.userfields[entity]]
    known = {*FIELDS[entity], *custom} - _UNREAD
    names: list[str] = []
    for name in wanted or ["*", "UF_*"]:
        names += _plain(entity) if name == "*" else custom if name == "UF_*" else [name] if name in known else []
    if not names:
        names = [*_plain(entity), *custom]
    if set(names) & {*MULTIFIELDS, "COMMENTS"} and "ID" not in names:
        names.append("ID")
    return list(dict.fromkeys(names))


def _plain(entity: Entity) -> list[str]:
    hidden = {*MULTIFIELDS, *_UNREAD, *({"CONTACT_ID"} if entity is Entity.COMPANY else ())}
    return [name for name in FIELDS[entity] if name not in hidden]


def show(crm: "Crm", entity: Entity, record: Record, name: str) -> Any:
    """One value as text. An empty multiple user field prints false, as PHP has it."""
    value = crm.value(entity, record, name)
    system = FIELDS[entity].get(name)
    custom = None if system else crm.userfields[entity].get(name)
    if custom is not None and custom.multiple:
        return [text_of("", item) for item in value] if value else False
    if system is not None and system.name == "REVENUE":
        return plain_number(value)
    if value is None and system is not None and system.type in ("date", "datetime") and name != "LAST_ACTIVITY_TIME":
        return ""
    return text_of(system.type if system else "", value)


def multi(record: Record, name: str) -> list[Record]:
    """Rows of a multi field: {ID, VALUE_TYPE, VALUE, TYPE_ID}."""
    return [
        {"ID": str(row["ID"]), "VALUE_TYPE": row["VALUE_TYPE"], "VALUE": row["VALUE"], "TYPE_ID": name}
        for row in record.get(name, ())
    ]


def where(crm: "Crm", entity: Entity, given: Any) -> Group:
    """A legacy filter. Unknown fields are dropped without a word, as the portal does; the world is warned."""
    parts: list[Condition | Group] = []
    for key, value in given.items() if isinstance(given, dict) else ():
        op, name = parse_key(str(key))
        kind = kind_of(crm, entity, name)
        if kind is None:
            crm.portal.world.warnings.append(f"{crm.portal.name}: unknown filter field {key} of {entity}")
            continue
        if kind in _EXACT_ONLY and op in ("has", "like"):
            op = "="
        parts += heeded(crm.portal, kind, value, Condition(op, name, typed(kind, value)))
    return Group(tuple(parts))


def order(crm: "Crm", entity: Entity, given: Any) -> tuple[tuple[str, bool], ...]:
    """(field, descending) pairs; unknown fields are dropped."""
    rows = given.items() if isinstance(given, dict) else ()
    for name, _ in rows:
        if kind_of(crm, entity, name) is None:
            crm.portal.world.warnings.append(f"{crm.portal.name}: unknown order field {name} of {entity}")
    return tuple((n, str(way).upper() == "DESC") for n, way in rows if kind_of(crm, entity, n) is not None)


def kind_of(crm: "Crm", entity: Entity, name: str) -> str | None:
    """Type word of a system or user field, None if there is no such field."""
    if (system := FIELDS[entity].get(name)) is not None:
        return system.type
    custom = crm.userfields[entity].get(name)
    return custom.type if custom else None


def typed(kind: str, value: Any) -> Any:
    """A filter value as values are kept; lists stay lists."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [typed(kind, item) for item in value]
    if value is None or value == "":
        return None
    if kind in _INTEGER:
        return to_int(value)
    if kind == "double":
        return to_float(value)
    if kind == "boolean":
        return truthy(value)
    if kind in ("date", "datetime"):
        return parse_date(value) if kind == "date" else parse_datetime(value)
    return str(value)
