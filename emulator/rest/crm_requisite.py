"""crm.requisite.*, crm.requisite.preset.* and crm.address.*."""

from dataclasses import replace
from typing import Any

from emulator.crm import rights
from emulator.crm.entities import Entity, Record, by_type_id
from emulator.crm.filters import bounds
from emulator.crm.heeding import bent
from emulator.crm.requisites import ADDRESS_FIELDS, FIELDS, REQUISITE, Preset
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.rest.crm_legacy import refuse, the_fields, the_id
from emulator.rest.crm_rows import Kinds, conditions, flags, list_rows, texts
from emulator.rest.registry import Call, Reply, method

_PAGES = "api-reference/crm/requisites/"
_OWNERS = (Entity.CONTACT, Entity.COMPANY)
_INTEGERS = ("ID", "ENTITY_TYPE_ID", "ENTITY_ID", "PRESET_ID", "SORT", "CREATED_BY_ID", "MODIFY_BY_ID")
_REQUISITE: Kinds = {name: "integer" if name in _INTEGERS else "string" for name in FIELDS}
_REQUISITE |= {"DATE_CREATE": "datetime", "DATE_MODIFY": "datetime"}
_PRESET: Kinds = dict.fromkeys(("ID", "ENTITY_TYPE_ID", "COUNTRY_ID", "CREATED_BY_ID", "SORT"), "integer")
_PRESET |= dict.fromkeys(("DATE_CREATE", "DATE_MODIFY", "MODIFY_BY_ID", "NAME", "XML_ID", "ACTIVE"), "string")
_ADDRESS: Kinds = {name: "integer" if name.endswith("_ID") else "string" for name in ADDRESS_FIELDS}
_LIST = ("select", "filter", "order")


def _owner_of(call: Call, fields: Record) -> Record:
    """The owning record of a new requisite, or a refusal."""
    entity = by_type_id(to_int(fields.get("ENTITY_TYPE_ID")))
    if entity not in _OWNERS:
        raise refuse("ENTITY_TYPE_ID is not defined or invalid.")
    if to_int(fields.get("ENTITY_ID")) <= 0:
        raise refuse("ENTITY_ID is not defined or invalid.")
    if to_int(fields.get("PRESET_ID")) not in call.portal.crm.requisites.presets:
        raise refuse("PRESET_ID is not defined or invalid.")
    record = call.portal.crm.tables[entity].rows.get(to_int(fields["ENTITY_ID"]))
    if record is None:
        raise refuse("Entity not found.")
    return record


def _held(call: Call, *, changing: bool = False) -> Record:
    number = the_id(call)
    row = call.portal.crm.requisites.rows.get(number)
    if row is None:
        raise refuse(f"The Requisite with ID '{number}' is not found")
    owner = by_type_id(row["ENTITY_TYPE_ID"])
    record = call.portal.crm.tables[owner].rows.get(row["ENTITY_ID"], {}) if owner else {}
    if not (rights.can_write if changing else rights.can_read)(call.user, record):
        raise refuse("Access denied.")
    return row


def _full(call: Call, row: Record) -> Record:
    requisites = call.portal.crm.requisites
    return {name: requisites.value(row, name) for name in FIELDS}


@method("crm.requisite.add", scope="crm", page=_PAGES + "universal/crm-requisite-add.md", params=("fields",))
def add(call: Call) -> int:
    """Id of the new requisite."""
    fields = the_fields(call)
    if not rights.can_write(call.user, _owner_of(call, fields)):
        raise refuse("Access denied.")
    if not str(fields.get("NAME") or "").strip():
        raise refuse("NAME is not defined or invalid.")
    return call.portal.crm.requisites.add(fields, call.user)


@method("crm.requisite.update", scope="crm", page=_PAGES + "universal/crm-requisite-update.md", params=("id", "fields"))
def update(call: Call) -> bool:
    """True."""
    call.portal.crm.requisites.update(_held(call, changing=True)["ID"], the_fields(call), call.user)
    return True


@method("crm.requisite.delete", scope="crm", page=_PAGES + "universal/crm-requisite-delete.md", params=("id",))
def delete(call: Call) -> bool:
    """True; its addresses go with it."""
    call.portal.crm.requisites.delete(_held(call, changing=True)["ID"], call.user)
    return True


@method("crm.requisite.get", scope="crm", page=_PAGES + "universal/crm-requisite-get.md", params=("id",))
def get(call: Call) -> Record:
    """All fields as texts."""
    found = texts(_full(call, _held(call)), FIELDS)
    return found | {name: found[name] or "" for name in ("DATE_CREATE", "DATE_MODIFY")}


@method("crm.requisite.list", scope="crm", page=_PAGES + "universal/crm-requisite-list.md", params=_LIST)
def list_(call: Call) -> Reply:
    """Rows with total. A filter by INN is answered from an index."""
    if not rights.can_add(call.user):
        raise RestError(400, 0, "Access denied.")
    requisites, given = call.portal.crm.requisites, call.params.get("filter")
    matching = _candidates(call, given if isinstance(given, dict) else {})
    readable = rights.reads_all(call.user)
    mine = (row for row in matching if readable or _mine(call, row))
    found = list_rows(call, mine, _REQUISITE, "requisite", requisites.value)
    rows = [bent(call.portal, "requisite", to_int(row.get("ID")), row) for row in found.result]
    return replace(found, result=rows)


def _candidates(call: Call, given: Record) -> list[Record]:
    """Rows that can match, by id: by INN or owner where the filter says so, else within its bounds of ID."""
    requisites = call.portal.crm.requisites
    inn = _wanted(given, "RQ_INN")
    if inn is not None:
        return sorted((row for one in inn for row in requisites.with_inn(one)), key=_id)
    owners, kind = (
        _wanted(given, "ENTITY_ID"),
        by_type_id(to_int(given.get("ENTITY_TYPE_ID", given.get("=ENTITY_TYPE_ID")))),
    )
    if owners is not None and kind is not None:
        return sorted((row for one in owners for row in requisites.of(kind, to_int(one))), key=_id)
    above, below, _ = bounds(conditions(given, {"ID": "integer"}, [], "", call.portal).parts, "ID")
    return requisites.between(above, below)


def _id(row: Record) -> int:
    return int(row["ID"])


def _wanted(given: Record, name: str) -> list[str] | None:
    for key in (name, f"={name}", f"@{name}"):
        if key in given:
            value = given[key]
            rows = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
            return list(dict.fromkeys(str(row) for row in rows if row not in (None, ""))) or None
    return None


def _mine(call: Call, row: Record) -> bool:
    owner = by_type_id(row["ENTITY_TYPE_ID"])
    record = call.portal.crm.tables[owner].rows.get(row["ENTITY_ID"], {}) if owner else {}
    return rights.can_read(call.user, record)


@method("crm.requisite.fields", scope="crm", page=_PAGES + "universal/crm-requisite-fields.md", params=())
def fields(call: Call) -> dict[str, Record]:
    """Descriptions of all fields."""
    fixed = ("ENTITY_TYPE_ID", "ENTITY_ID", "PRESET_ID")
    own = ("ID", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID")
    found = {
        name: flags(kind, name, required=name in (*fixed, "NAME"), read_only=name in own, immutable=name in fixed)
        for name, kind in _REQUISITE.items()
    }
    found["RQ_IDENT_TYPE"] |= {"type": "crm_status", "statusType": ["RQ_IDENT_TYPE_CO"]}
    return found


def _preset_row(preset: Preset) -> Record:
    row: Record = {"ID": preset.id, "ENTITY_TYPE_ID": REQUISITE, "COUNTRY_ID": preset.country, "NAME": preset.name}
    row |= {"DATE_CREATE": "", "DATE_MODIFY": "", "CREATED_BY_ID": 1, "MODIFY_BY_ID": None, "ACTIVE": "Y"}
    return row | {"XML_ID": preset.xml_id, "SORT": preset.sort}


@method("crm.requisite.preset.list", scope="crm", page=_PAGES + "presets/crm-requisite-preset-list.md", params=_LIST)
def presets(call: Call) -> Reply:
    """Templates with total; choose by COUNTRY_ID and XML_ID, ids differ between portals."""
    if not rights.can_add(call.user):
        raise RestError(400, 0, "Access denied.")
    rows = [_preset_row(preset) for preset in call.portal.crm.requisites.presets.values()]
    return list_rows(call, rows, _PRESET, "requisite preset")


@method("crm.requisite.preset.get", scope="crm", page=_PAGES + "presets/crm-requisite-preset-get.md", params=("id",))
def preset(call: Call) -> Record:
    """One template."""
    number = the_id(call)
    found = call.portal.crm.requisites.presets.get(number)
    if found is None:
        raise refuse(f"The Preset with ID '{number}' is not found")
    return texts(_preset_row(found), _PRESET)


def _address_key(fields: Record) -> tuple[int, int, int]:
    key = tuple(to_int(fields.get(name)) for name in ADDRESS_FIELDS[:3])
    for name, value in zip(ADDRESS_FIELDS[:3], key, strict=True):
        if value <= 0:
            raise refuse(f"{name} is not defined or invalid.")
    return key[0], key[1], key[2]


def _address_owner(call: Call, key: tuple[int, int, int]) -> None:
    """The owner must be a requisite or a lead the caller may change."""
    crm = call.portal.crm
    if key[1] == REQUISITE and (row := crm.requisites.rows.get(key[2])):
        owner = by_type_id(row["ENTITY_TYPE_ID"])
        record = crm.tables[owner].rows.get(row["ENTITY_ID"]) if owner else None
    elif key[1] == Entity.LEAD.type_id:
        record = crm.tables[Entity.LEAD].rows.get(key[2])
    elif key[1] == REQUISITE:
        record = None
    else:
        raise refuse("ENTITY_TYPE_ID is not defined or invalid.")
    if record is None:
        raise refuse("ENTITY_ID is not defined or invalid.")
    if not rights.can_write(call.user, record):
        raise refuse("Access denied.")


def _address(call: Call, *, there: bool) -> tuple[tuple[int, int, int], Record]:
    fields = the_fields(call)
    key = _address_key(fields)
    _address_owner(call, key)
    if (key in call.portal.crm.requisites.addresses) is not there:
        raise refuse("TypeAddress not found." if there else "TypeAddress exists.")
    call.swallow(fields, ADDRESS_FIELDS, "field of address")
    return key, fields


@method("crm.address.add", scope="crm", page=_PAGES + "addresses/crm-address-add.md", params=("fields",))
def add_address(call: Call) -> bool:
    """True; one address per type and owner."""
    call.portal.crm.requisites.put_address(*_address(call, there=False), call.user)
    return True


@method("crm.address.update", scope="crm", page=_PAGES + "addresses/crm-address-update.md", params=("fields",))
def update_address(call: Call) -> bool:
    """True."""
    call.portal.crm.requisites.put_address(*_address(call, there=True), call.user)
    return True


@method("crm.address.delete", scope="crm", page=_PAGES + "addresses/crm-address-delete.md", params=("fields",))
def delete_address(call: Call) -> bool:
    """True."""
    call.portal.crm.requisites.drop_address(_address(call, there=True)[0], call.user)
    return True


@method("crm.address.list", scope="crm", page=_PAGES + "addresses/crm-address-list.md", params=_LIST)
def addresses(call: Call) -> Reply:
    """Rows with total."""
    if not rights.can_add(call.user):
        raise refuse("Access denied.")
    held = call.portal.crm.requisites
    rows: list[Any] = [
        dict(row)
        for row in held.addresses.values()
        if row["ENTITY_TYPE_ID"] != REQUISITE or row["ENTITY_ID"] in held.rows
    ]
    return list_rows(call, rows, _ADDRESS, "address")
