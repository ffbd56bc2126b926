"""Company details in a card: what is read of them, and editing INN, KPP, OGRN in place.

Pages: api-reference/crm/requisites/universal/*; presets: api-reference/crm/requisites/presets/*.
"""

from dataclasses import replace
from typing import Any

from emulator.crm import rights
from emulator.crm.entities import Entity, Record
from emulator.crm.requisites import Preset
from emulator.crm.store import CrmError
from emulator.crm.values import to_int
from emulator.face.pages.records import Shown
from emulator.face.pages.views import FieldView, Option
from emulator.face.pages.visit import Visit

_RUSSIA = 1
_CODES = {"INN": "inn", "KPP": "kpp", "OGRN": "ogrn"}
"""Inputs of one requisite besides its name, with their phrases."""


def view(visit: Visit, entity: Entity, record: Record) -> FieldView:
    """The field REQUISITES: each requisite with its codes, and a row for the control."""
    held = visit.portal.crm.requisites.of(entity, record["ID"])
    presets = sorted(visit.portal.crm.requisites.presets.values(), key=lambda one: (one.sort, one.id))
    made = FieldView("REQUISITES", visit.t("requisites"), "requisites", shown=tuple(_shown(visit, row) for row in held))
    options = tuple(Option(str(one.id), one.name, False) for one in presets)
    return replace(made, rows=tuple(_row(visit, row) for row in held), options=options, always=True)


def _shown(visit: Visit, row: Record) -> Shown:
    codes = {"inn": row.get("RQ_INN"), "kpp": row.get("RQ_KPP"), "ogrn": row.get("RQ_OGRN") or row.get("RQ_OGRNIP")}
    person = " ".join(str(row[name]) for name in ("RQ_LAST_NAME", "RQ_FIRST_NAME") if row.get(name))
    title = row.get("RQ_COMPANY_NAME") or row.get("RQ_NAME") or person or row.get("NAME") or ""
    return Shown(title, note=", ".join(f"{visit.t(word)} {value}" for word, value in codes.items() if value))


def _row(visit: Visit, row: Record) -> dict[str, Any]:
    fields = _fields(visit.portal.crm.requisites.presets.get(row["PRESET_ID"]))
    return {"ID": row["ID"], "PRESET_ID": row["PRESET_ID"]} | {word: row.get(name, "") for word, name in fields.items()}


def _fields(preset: Preset | None) -> dict[str, str]:
    """Field behind each input: sole traders have an OGRNIP, people a name of their own; abroad only the name."""
    kind = preset.xml_id if preset else ""
    name = "RQ_NAME" if "PERSON" in kind else "RQ_COMPANY_NAME"
    if preset and preset.country != _RUSSIA:
        return {"NAME": name}
    if "PERSON" in kind:
        return {"NAME": name, "INN": "RQ_INN"}
    if "INDIVIDUAL" in kind:
        return {"NAME": name, "INN": "RQ_INN", "OGRN": "RQ_OGRNIP"}
    return {"NAME": name, "INN": "RQ_INN", "KPP": "RQ_KPP", "OGRN": "RQ_OGRN"}


def save(visit: Visit, entity: Entity, record: Record, rows: list[dict[str, Any]]) -> None:
    """Make the record's requisites what the control says; what did not change tells nobody. Raises CrmError."""
    if not rights.can_write(visit.user, record):
        raise CrmError("Access denied.")
    requisites, owner = visit.portal.crm.requisites, {"ENTITY_TYPE_ID": entity.type_id, "ENTITY_ID": record["ID"]}
    held = {row["ID"]: row for row in requisites.of(entity, record["ID"])}
    for given in rows:
        old = held.pop(to_int(given.get("ID")), None)
        preset = requisites.presets.get(to_int(given.get("PRESET_ID")))
        fresh = {name: str(given.get(word) or "").strip() for word, name in _fields(preset).items()}
        if old is not None and any(fresh[name] != old.get(name, "") for name in fresh):
            requisites.update(old["ID"], fresh, visit.user)
        if old is None and preset is not None and any(fresh.values()):
            requisites.add(owner | {"PRESET_ID": preset.id, "NAME": preset.name} | fresh, visit.user)
    for gone in held:
        requisites.delete(gone, visit.user)
