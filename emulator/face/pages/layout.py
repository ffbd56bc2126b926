"""Which fields a card shows, in which sections.

Rules: api-reference/crm/universal/item-details-configuration/index.md; built-in layouts and the place of user fields in
them: crm/lib/integration/ui/entityeditor/defaultentityconfig.
"""

from dataclasses import dataclass, replace
from typing import Any

from emulator.crm.entities import Entity, Record
from emulator.crm.layouts import Variant
from emulator.face.pages.fields import view
from emulator.face.pages.views import FieldView
from emulator.face.pages.visit import Visit

SIMPLE_LEAD, REPEAT_LEAD = 0, 2

MAIN = {
    Entity.CONTACT: "HONORIFIC LAST_NAME NAME SECOND_NAME PHOTO BIRTHDATE POST PHONE EMAIL WEB IM COMPANY ADDRESS "
    "REQUISITES",
    Entity.COMPANY: "TITLE LOGO COMPANY_TYPE INDUSTRY REVENUE_WITH_CURRENCY PHONE EMAIL WEB IM CONTACT ADDRESS "
    "REQUISITES",
    Entity.DEAL: "TITLE STAGE_ID OPPORTUNITY_WITH_CURRENCY CLOSEDATE CLIENT",
    Entity.LEAD: "TITLE STATUS_ID OPPORTUNITY_WITH_CURRENCY HONORIFIC LAST_NAME NAME SECOND_NAME BIRTHDATE POST "
    "PHONE EMAIL WEB IM COMPANY_TITLE ADDRESS CLIENT",
}
ADDITIONAL = {
    Entity.CONTACT: "TYPE_ID SOURCE_ID SOURCE_DESCRIPTION OPENED EXPORT ASSIGNED_BY_ID COMMENTS UTM",
    Entity.COMPANY: "EMPLOYEES OPENED ASSIGNED_BY_ID COMMENTS UTM",
    Entity.DEAL: "TYPE_ID SOURCE_ID SOURCE_DESCRIPTION BEGINDATE LOCATION_ID OPENED ASSIGNED_BY_ID COMMENTS UTM",
    Entity.LEAD: "SOURCE_ID SOURCE_DESCRIPTION STATUS_DESCRIPTION OPENED ASSIGNED_BY_ID COMMENTS UTM",
}
EDITOR_NAMES = {
    "CLIENT": ("COMPANY_ID", "CONTACT_IDS"),
    "UTM": ("UTM_SOURCE", "UTM_MEDIUM", "UTM_CAMPAIGN", "UTM_CONTENT", "UTM_TERM"),
}
"""Names in a layout that stand for several fields."""


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    title: str
    fields: tuple[FieldView, ...]


def variant(entity: Entity, record: Record) -> Variant:
    """Whose layout a record uses: a deal's pipeline, a lead's kind."""
    if entity is Entity.DEAL:
        return Variant(entity.type_id, int(record.get("CATEGORY_ID") or 0))
    if entity is Entity.LEAD:
        return Variant(entity.type_id, REPEAT_LEAD if record.get("IS_RETURN_CUSTOMER") == "Y" else SIMPLE_LEAD)
    return Variant(entity.type_id)


def sections(visit: Visit, entity: Entity, record: Record) -> list[Section]:
    """The card's left column for this person: their saved layout or the common one, else the built-in one.

    The built-in layout ends with every user field; a saved one shows what it lists, and required user fields it forgot
    in a section of their own.
    """
    saved = visit.portal.crm.layouts.shown(variant(entity, record), visit.user.id)
    made: list[Section] = []
    seen: set[str] = set()
    for section in saved or built_in(visit, entity):
        flags = {str(one["name"]): str(one.get("optionFlags", "0")) for one in section["elements"]}
        fresh = {name: flag for name, flag in flags.items() if name not in seen}
        seen |= set(fresh)
        made.append(_section(visit, entity, record, str(section["name"]), str(section["title"]), fresh))
    return _with_required(visit, entity, record, made, seen)


def built_in(visit: Visit, entity: Entity) -> list[dict[str, Any]]:
    """The layout of a card nobody has arranged, in the shape of a saved one; every user field stands at its end."""
    custom = [one.name for one in sorted(visit.portal.crm.userfields[entity], key=lambda one: (one.sort, one.id))]
    named = {"main": MAIN[entity].split(), "additional": [*ADDITIONAL[entity].split(), *custom]}
    titles = {"main": visit.t(f"section_main_{entity}"), "additional": visit.t("section_additional")}
    return [
        {"name": name, "title": titles[name], "elements": [{"name": one} for one in elements]}
        for name, elements in named.items()
    ]


def _with_required(visit: Visit, entity: Entity, record: Record, made: list[Section], seen: set[str]) -> list[Section]:
    missing = [one.name for one in visit.portal.crm.userfields[entity] if one.mandatory and one.name not in seen]
    if not missing:
        return made
    extra = _section(visit, entity, record, "required", visit.t("section_required"), dict.fromkeys(missing, "1"))
    return [*made[:1], extra, *made[1:]]


def _section(visit: Visit, entity: Entity, record: Record, name: str, title: str, elements: dict[str, str]) -> Section:
    found: list[FieldView] = []
    for element, flag in elements.items():
        for one in EDITOR_NAMES.get(element, (element,)):
            made = view(visit, entity, record, one)
            if made is not None:
                found.append(
                    replace(
                        made, always=made.always or flag == "1" or (made.kind == "boolean" and one.startswith("UF_"))
                    )
                )
    return Section(name, title, tuple(found))
