"""Which fields a card shows, in which sections.

Rules: api-reference/crm/universal/item-details-configuration/index.md; built-in layouts and the place of user fields in
them: crm/lib/integration/ui/entityeditor/defaultentityconfig.
"""

from dataclasses import dataclass, replace

from emulator.crm.entities import Entity, Record
from emulator.crm.layouts import Variant
from emulator.face.pages.fields import FieldView, view
from emulator.face.pages.visit import Visit

SIMPLE_LEAD, REPEAT_LEAD = 1, 2

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
    if saved is None:
        return _built_in(visit, entity, record)
    made: list[Section] = []
    seen: set[str] = set()
    for section in saved:
        flags = {str(one["name"]): str(one.get("optionFlags", "0")) for one in section["elements"]}
        fresh = {name: flag for name, flag in flags.items() if name not in seen}
        seen |= set(fresh)
        made.append(_section(visit, entity, record, str(section["name"]), str(section["title"]), fresh))
    return _with_required(visit, entity, record, made, seen)


def _built_in(visit: Visit, entity: Entity, record: Record) -> list[Section]:
    custom = [one.name for one in sorted(visit.portal.crm.userfields[entity], key=lambda one: (one.sort, one.id))]
    return [
        _section(
            visit, entity, record, "main", visit.t(f"section_main_{entity}"), dict.fromkeys(MAIN[entity].split(), "0")
        ),
        _section(
            visit,
            entity,
            record,
            "additional",
            visit.t("section_additional"),
            dict.fromkeys([*ADDITIONAL[entity].split(), *custom], "0"),
        ),
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
                found.append(replace(made, always=flag == "1" or (made.kind == "boolean" and one.startswith("UF_"))))
    return Section(name, title, tuple(found))
