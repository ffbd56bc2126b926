"""Fields of a card or a list as people see and edit them."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from emulator.crm.dates import ZONE
from emulator.crm.entities import Entity, Record
from emulator.crm.fields import FIELDS, MULTIFIELDS, UTM, Field
from emulator.crm.userfields import UserField
from emulator.face.pages import records, requisites
from emulator.face.pages.records import Shown
from emulator.face.pages.render import clock, day, money, number
from emulator.face.pages.views import FieldView, Option
from emulator.face.pages.visit import Visit

CURRENCIES = ("RUB", "USD", "EUR", "BYN", "KZT", "GBP")
PHONE_KINDS = {
    "PHONE": ("WORK", "MOBILE", "FAX", "HOME", "PAGER", "MAILING", "OTHER"),
    "EMAIL": ("WORK", "HOME", "MAILING", "OTHER"),
    "WEB": ("WORK", "HOME", "OTHER"),
    "IM": ("TELEGRAM", "WHATSAPP", "VK", "OTHER"),
    "LINK": ("USER",),
}
SUMS = {"OPPORTUNITY_WITH_CURRENCY": "OPPORTUNITY", "REVENUE_WITH_CURRENCY": "REVENUE"}
"""Editor names of sums, and the field that holds the amount."""

LINKS = {
    (Entity.CONTACT, "COMPANY"): ("COMPANY_IDS", Entity.COMPANY, False),
    (Entity.COMPANY, "CONTACT"): ("CONTACT_ID", Entity.CONTACT, False),
    (Entity.DEAL, "COMPANY_ID"): ("COMPANY_ID", Entity.COMPANY, True),
    (Entity.DEAL, "CONTACT_IDS"): ("CONTACT_IDS", Entity.CONTACT, False),
    (Entity.LEAD, "COMPANY_ID"): ("COMPANY_ID", Entity.COMPANY, True),
    (Entity.LEAD, "CONTACT_IDS"): ("CONTACT_IDS", Entity.CONTACT, False),
}
"""Editor names of linked records: the field that holds ids, their kind, whether there is one at most."""

_KINDS = {
    "integer": "number",
    "double": "number",
    "date": "date",
    "datetime": "datetime",
    "char": "boolean",
    "boolean": "boolean",
    "user": "person",
    "employee": "person",
    "crm_status": "select",
    "crm_category": "select",
    "enumeration": "select",
    "crm_currency": "select",
    "money": "money",
}
_FIXED = frozenset({"file", "crm_lead", "crm_quote", "location", "resourcebooking", "iblock_section", "iblock_element"})


def view(visit: Visit, entity: Entity, record: Record, name: str) -> FieldView | None:
    """The field behind an editor name, None where there is nothing to show."""
    if (entity, name) in LINKS:
        return _links(visit, entity, record, name)
    if name in SUMS:
        return _sum(visit, record, name)
    if name == "REQUISITES" and entity in (Entity.CONTACT, Entity.COMPANY):
        return requisites.view(visit, entity, record)
    if name in MULTIFIELDS and name in FIELDS[entity]:
        return _multifield(visit, entity, record, name)
    custom = visit.portal.crm.userfields[entity].get(name)
    if custom is not None:
        return _custom(visit, custom, record.get(name))
    system = FIELDS[entity].get(name)
    return _system(visit, entity, system, record) if system else None


def _system(visit: Visit, entity: Entity, known: Field, record: Record) -> FieldView:
    value = record.get(known.name)
    kind = _KINDS.get(known.type, "text")
    if known.name in ("COMMENTS", "SOURCE_DESCRIPTION", "STATUS_DESCRIPTION"):
        kind = "textarea"
    made = FieldView(
        known.name,
        known.title(visit.lang),
        kind,
        value=_input(value),
        editable=not (
            known.read_only or known.immutable or known.multiple or known.type in _FIXED or known.name in UTM
        ),
        required=known.required and entity is Entity.COMPANY,
    )
    if kind == "boolean":
        yes = value in ("Y", True)
        return replace(made, value=yes, shown=(Shown(visit.t("yes" if yes else "no")),))
    if kind == "select":
        return _chosen(made, value, _book(visit, entity, known, record))
    return replace(made, shown=_read(visit, known.type, value))


def _custom(visit: Visit, known: UserField, value: Any) -> FieldView:
    kind = _KINDS.get(known.type, "text")
    if known.type == "string" and int(known.settings.get("ROWS") or 1) > 1:
        kind = "textarea"
    hint = known.labels.get("HELP_MESSAGE", {}).get(visit.lang, "")
    made = FieldView(
        known.name,
        known.label(visit.lang),
        kind,
        value=_input(value),
        editable=known.edit_in_list and known.type not in _FIXED,
        multiple=known.multiple,
        hint=hint,
        required=known.mandatory,
    )
    if kind == "boolean":
        return replace(made, value=bool(value), shown=(Shown(visit.t("yes" if value else "no")),))
    if kind == "select":
        options = [(str(one.id), one.value) for one in sorted(known.options, key=lambda one: (one.sort, one.id))]
        return _chosen(made, value, options)
    if kind == "money":
        return _custom_sum(visit, made, value)
    values = value if isinstance(value, list) else [value]
    return replace(made, shown=tuple(one for item in values for one in _read(visit, known.type, item)))


def _chosen(made: FieldView, value: Any, options: list[tuple[str, str]]) -> FieldView:
    chosen = {str(one) for one in (value if isinstance(value, list) else [value]) if one not in (None, "")}
    shown = tuple(Shown(text) for key, text in options if key in chosen)
    return replace(made, shown=shown, options=tuple(Option(key, text, key in chosen) for key, text in options))


def _book(visit: Visit, entity: Entity, known: Field, record: Record) -> list[tuple[str, str]]:
    books = visit.portal.crm.books
    if known.name in ("STAGE_ID", "STATUS_ID"):
        return [(row.status_id, row.name) for row in books.stages(entity, int(record.get("CATEGORY_ID") or 0))]
    if known.type == "crm_category":
        return [(str(one.id), one.name) for one in books.categories.values()]
    if known.type == "crm_currency":
        return [(code, code) for code in CURRENCIES]
    return [(row.status_id, row.name) for row in books.book(known.status)]


def _read(visit: Visit, kind: str, value: Any) -> tuple[Shown, ...]:
    if value in (None, "", []):
        return ()
    match value:
        case datetime():
            now = visit.world.now()
            return (Shown(f"{day(value.astimezone(ZONE).date(), now, visit.lang)}, {clock(value, visit.lang)}"),)
        case date():
            return (Shown(day(value, visit.world.now(), visit.lang)),)
        case float():
            return (Shown(number(value, visit.lang)),)
    if kind in ("user", "employee"):
        return (records.person(visit, value),)
    if kind == "crm":
        return (_bound(visit, str(value)),)
    if kind == "url":
        return (Shown(str(value), str(value) if str(value).startswith(("http://", "https://")) else ""),)
    return (Shown(str(value)),)


def _bound(visit: Visit, value: str) -> Shown:
    """A value of a `crm` user field: "CO_5"; a bare number stands as it is."""
    letter, _, number_text = value.rpartition("_")
    entity = next((one for one in Entity if one.letter == letter), None)
    return records.linked(visit, entity, int(number_text)) if entity and number_text.isdecimal() else Shown(value)


def _input(value: Any) -> Any:
    """What a control's value attribute takes."""
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")
        case date():
            return value.isoformat()
        case float():
            return f"{value:g}" if value < 1e15 and value == int(value) else str(value)
        case list():
            return [_input(one) for one in value]
    return str(value)


def _links(visit: Visit, entity: Entity, record: Record, name: str) -> FieldView:
    holder, kind, single = LINKS[entity, name]
    ids = record.get(holder) or []
    ids = ids if isinstance(ids, list) else [ids]
    alive = [one for one in ids if visit.portal.crm.exists(kind, one)]
    title = visit.t("client_companies" if kind is Entity.COMPANY else "client_contacts")
    return FieldView(
        name,
        visit.t("company") if single else title,
        "links",
        shown=tuple(records.linked(visit, kind, one) for one in alive),
        entity=str(kind),
        single=single,
        rows=tuple({"id": one, "title": records.title(visit.portal, kind, one)} for one in alive),
    )


def _sum(visit: Visit, record: Record, name: str) -> FieldView:
    amount, currency = record.get(SUMS[name]), record.get("CURRENCY_ID") or _currency(visit)
    title = (
        visit.t("amount")
        if name == "OPPORTUNITY_WITH_CURRENCY"
        else FIELDS[Entity.COMPANY]["REVENUE"].title(visit.lang)
    )
    return FieldView(
        name,
        title,
        "money",
        shown=(Shown(money(amount, currency, visit.lang)),) if amount else (),
        value=_input(amount),
        options=tuple(Option(code, code, code == currency) for code in CURRENCIES),
    )


def _custom_sum(visit: Visit, made: FieldView, value: Any) -> FieldView:
    """A user field of type money keeps "sum|currency"."""
    amount, _, currency = str(value or "").partition("|")
    currency = currency or _currency(visit)
    try:
        text = money(float(amount), currency, visit.lang)
    except ValueError:
        text = str(value or "")
    options = tuple(Option(code, code, code == currency) for code in CURRENCIES)
    return replace(made, shown=(Shown(text),) if text else (), value=amount, options=options)


def _currency(visit: Visit) -> str:
    return "RUB" if visit.portal.lang == "ru" else "USD"


def _multifield(visit: Visit, entity: Entity, record: Record, name: str) -> FieldView:
    rows = tuple(record.get(name) or ())
    return FieldView(
        name,
        FIELDS[entity][name].title(visit.lang),
        "multifield",
        shown=tuple(_communication(visit, name, row) for row in rows),
        options=tuple(Option(kind, visit.t(kind), False) for kind in PHONE_KINDS[name]),
        rows=rows,
    )


def _communication(visit: Visit, name: str, row: dict[str, Any]) -> Shown:
    text, kind = str(row["VALUE"]), str(row.get("VALUE_TYPE", ""))
    scheme = {"PHONE": "tel:", "EMAIL": "mailto:"}.get(name, "")
    address = f"{scheme}{text.replace(' ', '')}" if scheme else text if text.startswith(("http://", "https://")) else ""
    return Shown(text, address, note=visit.t(kind) if kind in PHONE_KINDS[name] else kind)
