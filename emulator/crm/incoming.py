"""What a write makes of the fields it is given: unknown ones fall away, values get their types."""

from typing import TYPE_CHECKING, Any

from emulator.crm.entities import Entity, Record
from emulator.crm.fields import EXTRA, FIELDS, MULTIFIELDS
from emulator.crm.values import MULTI_TYPES, cast, cast_many, to_int

if TYPE_CHECKING:
    from emulator.crm.store import Crm

LINKED = {Entity.CONTACT: ("COMPANY_ID", "COMPANY_IDS"), Entity.COMPANY: ("CONTACT_ID",)}
"""Fields that are links, not values."""

_TITLES = {Entity.COMPANY: ("Компания", "Company"), Entity.DEAL: ("Сделка", "Deal"), Entity.LEAD: ("Лид", "Lead")}
_AUTHORS = frozenset({"DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID"})


def known(crm: "Crm", entity: Entity, fields: Record, *, importing: bool = False) -> Record:
    """Fields that exist and may be written; unknown ones are ignored by the portal and reported to the world."""
    kept: Record = {}
    for name, value in fields.items():
        system, custom = FIELDS[entity].get(name) or EXTRA.get(name), crm.userfields[entity].get(name)
        if system is None and custom is None:
            crm.portal.world.warnings.append(f"{crm.portal.name}: unknown field {name} of {entity}")
        elif system is None or not system.read_only or (importing and name in _AUTHORS):
            kept[name] = value
    return kept


def typed(crm: "Crm", entity: Entity, record: Record, given: Record) -> Record:
    """Typed values of the given fields, links left out; nobody in charge is no change."""
    fresh: Record = {}
    for name, value in given.items():
        if name in ("CONTACT_ID", "CONTACT_IDS") and entity in (Entity.DEAL, Entity.LEAD):
            fresh["CONTACT_IDS"] = _contacts(name, cast_many("crm_contact", value), record.get("CONTACT_IDS", []))
        elif name in MULTIFIELDS:
            fresh[name] = _multi(crm, record.get(name, []), name, value)
        elif name not in LINKED.get(entity, ()):
            fresh[name] = _one(crm, entity, name, value)
    if not fresh.get("ASSIGNED_BY_ID", 1):
        del fresh["ASSIGNED_BY_ID"]
    return fresh


def _one(crm: "Crm", entity: Entity, name: str, value: Any) -> Any:
    held = crm.userfields[entity].get(name) or FIELDS[entity].get(name) or EXTRA[name]
    return cast_many(held.type, value) if held.multiple else cast(held.type, value)


def _contacts(name: str, given: list[int], had: list[int]) -> list[int]:
    """CONTACT_IDS says all. CONTACT_ID is the old single binding: already bound = no change, else the only one."""
    if name == "CONTACT_IDS":
        return given
    return had if given and given[0] in had else given[:1]


def links(entity: Entity, given: Record, had: list[int]) -> list[int] | None:
    """Companies of a contact or contacts of a company after a write, None for no change.

    COMPANY_ID is the old single binding, as CONTACT_ID of deals (crm/classes/general/crm_contact.php).
    """
    if entity is Entity.COMPANY:
        return cast_many("integer", given["CONTACT_ID"]) if "CONTACT_ID" in given else None
    if "COMPANY_IDS" in given:
        return cast_many("integer", given["COMPANY_IDS"])
    if "COMPANY_ID" not in given or to_int(given["COMPANY_ID"]) in had:
        return None
    return cast_many("integer", given["COMPANY_ID"])


def _multi(crm: "Crm", old: list[Record], name: str, value: Any) -> list[Record]:
    """Rows after the change: with ID = that row changes (empty or DELETE=Y removes it), without = a new row."""
    rows = {row["ID"]: row for row in old}
    given = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    for item in given:
        if isinstance(item, dict):
            _multi_row(crm, rows, name, item)
    return list(rows.values())


def _multi_row(crm: "Crm", rows: dict[int, Record], name: str, item: Record) -> None:
    number, text = to_int(item.get("ID")), str(item.get("VALUE") or "").strip()
    kind = str(item.get("VALUE_TYPE") or (rows.get(number) or {}).get("VALUE_TYPE") or MULTI_TYPES[name])
    if number > 0:
        if str(item.get("DELETE", "")).upper() == "Y" or not text:
            rows.pop(number, None)
        elif number in rows:
            rows[number] = {"ID": number, "VALUE_TYPE": kind, "VALUE": text}
    elif text:
        number = crm.portal.next_id("multifield")
        rows[number] = {"ID": number, "VALUE_TYPE": kind, "VALUE": text}


def defaults(crm: "Crm", entity: Entity) -> Record:
    """What the user fields of a new record start with."""
    found = {one.name: one.default() for one in crm.userfields[entity]}
    return {name: value for name, value in found.items() if value not in (None, [])}


def title(crm: "Crm", entity: Entity, id: int) -> Record:
    """The name a nameless record gets."""
    return {"TITLE": f"{_TITLES[entity][crm.portal.lang != 'ru']} #{id}"} if entity in _TITLES else {}
