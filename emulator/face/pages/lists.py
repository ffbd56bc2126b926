"""Lists of contacts, companies, deals and leads: search, pages, columns, new records.

Placements: api-reference/widgets/crm/list-menu.md, list-toolbar.md.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from emulator.crm import rights
from emulator.crm.entities import Entity, Record
from emulator.crm.fields import FIELDS
from emulator.crm.stages import field_of
from emulator.crm.store import CrmError, Query
from emulator.face.pages import records, timeline
from emulator.face.pages.badges import BadgeView, badges
from emulator.face.pages.card import entity_of
from emulator.face.pages.fields import view
from emulator.face.pages.render import message, page
from emulator.face.pages.views import FieldView
from emulator.face.pages.visit import Visit
from emulator.face.pages.widgets import widget_title, widgets

PAGE = 20
COLUMNS = {
    Entity.CONTACT: ("PHONE", "EMAIL", "COMPANY", "ASSIGNED_BY_ID", "DATE_CREATE"),
    Entity.COMPANY: ("PHONE", "COMPANY_TYPE", "CONTACT", "ASSIGNED_BY_ID", "DATE_CREATE"),
    Entity.DEAL: ("STAGE_ID", "OPPORTUNITY_WITH_CURRENCY", "COMPANY_ID", "ASSIGNED_BY_ID", "DATE_CREATE"),
    Entity.LEAD: ("STATUS_ID", "OPPORTUNITY_WITH_CURRENCY", "PHONE", "ASSIGNED_BY_ID", "DATE_CREATE"),
}
SORTS = {"OPPORTUNITY_WITH_CURRENCY": "OPPORTUNITY", "ASSIGNED_BY_ID": "ASSIGNED_BY_ID", "DATE_CREATE": "DATE_CREATE"}
NEW = {
    Entity.CONTACT: ("LAST_NAME", "NAME", "PHONE", "EMAIL"),
    Entity.COMPANY: ("TITLE", "PHONE", "EMAIL"),
    Entity.DEAL: ("TITLE", "OPPORTUNITY"),
    Entity.LEAD: ("TITLE", "NAME", "PHONE"),
}
"""Fields of the dialog that makes a new record."""


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    title: str
    href: str
    cells: list[FieldView]
    stages: list[dict[str, Any]]
    badge: BadgeView | None


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    title: str
    sort: str = ""
    dir: str = ""
    number: bool = False


def listing(visit: Visit) -> Response:
    """The page of one list. A non-admin without CRM access sees the portal's refusal."""
    entity = entity_of(visit)
    if entity is None:
        return message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404)
    if not rights.can_add(visit.user):
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    query = visit.request.query_params
    text, number = query.get("q", ""), max(1, _number(query.get("page", "1")))
    ids, total = visit.portal.crm.select(entity, _query(visit, entity, text, number), visit.user)
    worn = badges(visit, entity) if field_of(entity) else {}
    rows = [_row(visit, entity, one, worn.get(one)) for one in ids]
    return page(
        visit,
        "list.html",
        entity=entity,
        rows=rows,
        mergeable=rights.can_create(visit.user),
        total=total or 0,
        text=text,
        columns=_heads(visit, entity, rows),
        number=number,
        pages=_pages(visit, number, total or 0),
        choices=[
            (one.name, one.label(visit.lang), one.name in _custom(visit, entity)) for one in _customs(visit, entity)
        ],
        row_menu=_menu(visit, f"CRM_{entity.upper()}_LIST_MENU"),
        toolbar=_menu(visit, f"CRM_{entity.upper()}_LIST_TOOLBAR"),
        new=[(name, FIELDS[entity][name].title(visit.lang)) for name in NEW[entity]],
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 1


def _query(visit: Visit, entity: Entity, text: str, number: int) -> Query:
    query = visit.request.query_params
    order = SORTS.get(query.get("sort", ""), "ID"), query.get("dir", "desc") == "desc"
    return Query(
        where=records.search(visit.portal, entity, text), order=(order,), offset=PAGE * (number - 1), limit=PAGE
    )


def _row(visit: Visit, entity: Entity, id: int, badge: BadgeView | None) -> Row:
    record: Record = visit.portal.crm.get(entity, id) or {}
    names = [*COLUMNS[entity], *_custom(visit, entity)]
    found = (view(visit, entity, record, name) for name in names)
    cells = [one for one in found if one is not None]
    title = records.title(visit.portal, entity, id, visit.t("no_name"))
    return Row(id, title, records.href(entity, id), cells, timeline.stages(visit, entity, record), badge)


def _heads(visit: Visit, entity: Entity, rows: list[Row]) -> list[Column]:
    query = visit.request.query_params
    names = [*COLUMNS[entity], *_custom(visit, entity)]
    made = []
    for name in names:
        shown = view(visit, entity, {"ID": 0}, name)
        if shown is None:
            continue
        mine = query.get("sort") == name
        turn = "asc" if mine and query.get("dir", "desc") == "desc" else "desc"
        link = _address(visit, sort=name, dir=turn, page="1") if name in SORTS else ""
        turned = query.get("dir", "desc") if mine else ""
        made.append(Column(name, shown.title, link, turned, shown.kind in ("money", "number")))
    return made


def _address(visit: Visit, **changes: str) -> str:
    query = {key: value for key, value in visit.request.query_params.items() if value} | changes
    return "?" + urlencode(query)


def _pages(visit: Visit, number: int, total: int) -> list[tuple[str, str, bool]]:
    """(label, address, current): the first, the last and those around the current one; an empty address is a gap."""
    last = max(1, -(-total // PAGE))
    near = sorted({1, last, *range(max(1, number - 2), min(last, number + 2) + 1)})
    made: list[tuple[str, str, bool]] = []
    for before, one in zip([0, *near], near, strict=False):
        if one - before > 1:
            made.append(("…", "", False))
        made.append((str(one), _address(visit, page=str(one)), one == number))
    return made if last > 1 else []


def _menu(visit: Visit, code: str) -> list[dict[str, Any]]:
    return [{"id": found[1].id, "title": widget_title(visit, found)} for found in widgets(visit, code)]


def _customs(visit: Visit, entity: Entity) -> list[Any]:
    return sorted(visit.portal.crm.userfields[entity], key=lambda one: (one.sort, one.id))


def _custom(visit: Visit, entity: Entity) -> list[str]:
    """User fields this person chose as columns, as far as they still exist."""
    chosen = visit.portal.options.get(f"columns:{visit.user.id}:{entity}", [])
    return [name for name in chosen if name in visit.portal.crm.userfields[entity]]


async def choose_columns(visit: Visit) -> Response:
    """POST columns=…: user fields to show; kept per person and list."""
    entity = entity_of(visit)
    form = await visit.request.form()
    if entity is not None:
        visit.portal.options[f"columns:{visit.user.id}:{entity}"] = [str(name) for name in form.getlist("columns")]
    return RedirectResponse(f"/crm/{entity}/list/", 303)


async def create(visit: Visit) -> Response:
    """POST of the new record's dialog; goes on to its card."""
    entity = entity_of(visit)
    if entity is None:
        return message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404)
    form = await visit.request.form()
    fields: Record = {"ASSIGNED_BY_ID": visit.user.id}
    for name in NEW[entity]:
        text = str(form.get(name, "")).strip()
        if text:
            fields[name] = [{"VALUE": text}] if name in ("PHONE", "EMAIL") else text
    try:
        made = visit.portal.crm.add(entity, fields, visit.user)
    except CrmError:
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    return RedirectResponse(records.href(entity, made), 303)
