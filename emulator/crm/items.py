"""Records as crm.item.* takes and gives them: camelCase names, real types.

Pages: api-reference/crm/universal/crm-item-get.md, crm-item-list.md, crm-item-fields.md, object-fields.md;
rules of reading and writing: crm/lib/controller/item.php.
"""

from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from emulator.crm import legacy
from emulator.crm.dates import iso, iso_date
from emulator.crm.entities import Entity, Record
from emulator.crm.fields import EXTRA, FIELDS, MULTIFIELDS, Field
from emulator.crm.names import camel, upper

if TYPE_CHECKING:
    from emulator.crm.store import Crm

_RENAMED = {
    "DATE_CREATE": "createdTime",
    "DATE_MODIFY": "updatedTime",
    "CREATED_BY_ID": "createdBy",
    "MODIFY_BY_ID": "updatedBy",
    "MOVED_BY_ID": "movedBy",
}
_OWN: dict[Entity, dict[str, str]] = {
    Entity.LEAD: {"STATUS_ID": "stageId", "STATUS_SEMANTIC_ID": "stageSemanticId"},
    Entity.DEAL: {},
    Entity.CONTACT: {},
    Entity.COMPANY: {"COMPANY_TYPE": "typeId", "CONTACT_ID": "contactIds"},
}
_NULLS: dict[Entity, str] = {
    Entity.LEAD: "dateCreateShort dateModifyShort isConvert productId shortName login searchContent skype icq",
    Entity.DEAL: "dateCreateShort dateModifyShort productId begindateShort closedateShort eventDate eventDateShort "
    "eventId eventDescription searchContent orderStage isWork isWon isLose receivedAmount lostAmount hasProducts",
    Entity.CONTACT: "shortName login searchContent",
    Entity.COMPANY: "searchContent",
}
_HIDDEN = ("ADDRESS_", "REG_ADDRESS", "LAST_COMMUNICATION")
_ZERO = frozenset({"COMPANY_ID", "CONTACT_ID"})
_ALIASES = (
    ("phoneMobile", "PHONE", "MOBILE"),
    ("phoneWork", "PHONE", "WORK"),
    ("phoneMailing", "PHONE", "MAILING"),
    ("emailHome", "EMAIL", "HOME"),
    ("emailWork", "EMAIL", "WORK"),
    ("emailMailing", "EMAIL", "MAILING"),
    ("imol", "IM", "IMOL"),
    ("email", "EMAIL", ""),
    ("phone", "PHONE", ""),
)


class ItemError(ValueError):
    """A refusal: `code` as documented."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def names_of(crm: "Crm", entity: Entity, *, original: bool = False) -> dict[str, str]:
    """crm.item name → record name, in output order. `original`: user fields keep their UF_ names."""
    return _names(entity, tuple(one.name for one in crm.userfields[entity]), original)


@lru_cache(maxsize=64)
def _names(entity: Entity, userfields: tuple[str, ...], original: bool) -> dict[str, str]:
    """Made once for a set of user fields: a list asks for it row by row. Nobody changes it."""
    found: dict[str, str] = {}
    for name in (*FIELDS[entity], *EXTRA):
        if entity is Entity.LEAD and name == "CATEGORY_ID":
            continue
        if name not in MULTIFIELDS and (name == "ADDRESS_LEGAL" or not name.startswith(_HIDDEN)):
            found[_OWN[entity].get(name) or _RENAMED.get(name) or camel(name)] = name
    for name in userfields:
        found[name if original else camel(name)] = name
    return found


def describe(crm: "Crm", entity: Entity, *, original: bool = False) -> dict[str, Record]:
    """The answer of crm.item.fields: legacy descriptions under new names, plus `upperName`."""
    lang, known = crm.portal.lang, legacy.describe(crm, entity)
    found: dict[str, Record] = {}
    for name, source in names_of(crm, entity, original=original).items():
        row = dict(known[source]) if source in known else legacy.describe_system(EXTRA[source], lang)
        row["type"] = "boolean" if row["type"] == "char" else row["type"]
        if source == "CATEGORY_ID":
            row["isImmutable"] = False
        custom = source in crm.userfields[entity]
        row["upperName"] = source if custom else upper(name)
        if custom:
            row["title"] = row["formLabel"]
        found[name] = row
    return found


def read_item(crm: "Crm", entity: Entity, record: Record, *, original: bool = False) -> Record:
    """A complete item."""
    row: Record = {
        name: show(crm, entity, record, source) for name, source in names_of(crm, entity, original=original).items()
    }
    row |= dict.fromkeys(_NULLS[entity].split())
    if entity is not Entity.DEAL:
        row |= {name: _alias(record, kind, value_type) for name, kind, value_type in _ALIASES}
        row["fm"] = _fm(record)
    return row | {"entityTypeId": entity.type_id}


def read_row(crm: "Crm", entity: Entity, record: Record, select: list[str], *, original: bool = False) -> Record:
    """A row of crm.item.list: with "*" everything, else the selected fields (`fm` cannot be selected)."""
    if "*" in select:
        return read_item(crm, entity, record, original=original)
    names = names_of(crm, entity, original=original)
    aliases = {name: (kind, value_type) for name, kind, value_type in _ALIASES} if entity is not Entity.DEAL else {}
    row: Record = {}
    for name in dict.fromkeys(select):
        plain = (names.get(name) and name) or next((key for key in names if upper(key) == name), name)
        if plain in names:
            row[plain] = show(crm, entity, record, names[plain])
        elif plain in aliases:
            row[plain] = _alias(record, *aliases[plain])
        elif plain == "UF_*":
            row |= {key: show(crm, entity, record, source) for key, source in names.items() if source.startswith("UF_")}
    return row


def show(crm: "Crm", entity: Entity, record: Record, name: str) -> Any:
    """One value with its real type; flags are Y and N, dates ISO texts."""
    value = crm.value(entity, record, name)
    custom = crm.userfields[entity].get(name)
    if custom is not None and custom.type == "boolean" and not custom.multiple:
        return "Y" if value else "N"
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None and name in _ZERO:
        return 0
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return iso_date(value)
    if isinstance(value, bool):
        return "Y" if value else "N"
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _alias(record: Record, kind: str, value_type: str) -> str:
    rows = [row["VALUE"] for row in record.get(kind, ()) if not value_type or row["VALUE_TYPE"] == value_type]
    return str(rows[0]) if rows else ""


def _fm(record: Record) -> list[Record]:
    return [
        {"id": row["ID"], "valueType": row["VALUE_TYPE"], "value": row["VALUE"], "typeId": kind}
        for kind in MULTIFIELDS
        for row in record.get(kind, ())
    ]


def to_legacy(crm: "Crm", entity: Entity, given: Record, *, original: bool = False) -> Record:
    """`fields` of add and update under record names. Flags are true only for true, "true", "y", "Y": 1 and "1" are not.

    Raises ItemError for a scalar given to a multiple field.
    """
    names = names_of(crm, entity, original=original)
    by_upper = {upper(name): source for name, source in names.items()} | {
        v: v for v in names.values() if v.startswith("UF_")
    }
    found: Record = {}
    for key, value in given.items():
        if key == "fm":
            found |= _fm_rows(value)
            continue
        source = names.get(key) or by_upper.get(key)
        if source is None:
            crm.portal.world.warnings.append(f"{crm.portal.name}: unknown field {key} of {entity} item")
            continue
        found[source] = _given(crm, entity, source, value)
    return found


def _given(crm: "Crm", entity: Entity, source: str, value: Any) -> Any:
    system, custom = _system(entity, source), crm.userfields[entity].get(source)
    multiple = custom.multiple if custom else bool(system and system.multiple)
    if multiple and value not in (None, "", False) and not isinstance(value, list | dict):
        raise ItemError("100", f"Expected iterable value for multiple field, but got {_php_type(value)} instead")
    kind = custom.type if custom else system.type if system else ""
    if kind in ("char", "boolean"):
        truth = value is True or value in ("true", "y", "Y")
        return truth if kind == "boolean" else "Y" if truth else "N"
    return value


def _system(entity: Entity, source: str) -> Field | None:
    return FIELDS[entity].get(source) or EXTRA.get(source)


def _php_type(value: Any) -> str:
    return {str: "string", int: "integer", float: "double", bool: "boolean"}.get(type(value), "string")


def _fm_rows(value: Any) -> Record:
    """`fm` as multi fields: a list adds rows, ids inside or not; a map with ids as keys changes them (an empty value
    removes one). The key decides: bitrix-tools/b24-rest-docs#264, #265."""
    rows = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    found: Record = {}
    for key, row in rows:
        if isinstance(row, dict) and row.get("typeId") in MULTIFIELDS and "value" in row:
            number = key if isinstance(value, dict) and str(key).isdigit() else 0
            made = {"ID": number, "VALUE": row["value"], "VALUE_TYPE": row.get("valueType")}
            found.setdefault(row["typeId"], []).append(made)
    return found
