"""Deals and leads in columns by stage, /crm/<entity>/kanban/; records are moved by dragging or from their menu.

Final stages are places to drop on, not columns, as in the portal.
"""

from dataclasses import dataclass

from starlette.responses import Response

from emulator.crm import rights, stages
from emulator.crm.dictionaries import Category, Status
from emulator.crm.entities import Entity, Record
from emulator.crm.filters import Condition, Group
from emulator.crm.store import Query
from emulator.face.pages import records
from emulator.face.pages.badges import BadgeView, badges
from emulator.face.pages.card import entity_of
from emulator.face.pages.records import Shown
from emulator.face.pages.render import message, money, page, when
from emulator.face.pages.visit import Visit

SHOWN, MORE = 20, 200


@dataclass(frozen=True, slots=True)
class Tile:
    """A record in its column."""

    id: int
    title: str
    href: str
    amount: str
    client: Shown | None
    created: str
    person: str
    badge: BadgeView | None
    writable: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A stage; `rest` = how many records are not drawn, `total` = their sum as text."""

    stage: Status
    count: int
    total: str
    tiles: list[Tile]
    rest: int


def kanban(visit: Visit) -> Response:
    """The page; `category` chooses a deal pipeline, `q` searches, `more` names a column to show at length."""
    entity = entity_of(visit)
    if entity is None or stages.field_of(entity) is None:
        return message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404)
    if not rights.can_add(visit.user):
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    category = chosen_category(visit, entity)
    rows = visit.portal.crm.books.stages(entity, category)
    worn = badges(visit, entity)
    return page(
        visit,
        "kanban.html",
        entity=entity,
        field=stages.field_of(entity),
        category=category,
        categories=categories(visit, entity),
        text=visit.request.query_params.get("q", ""),
        columns=[_column(visit, entity, row, worn) for row in rows if not row.semantics],
        final=[row for row in rows if row.semantics],
    )


def categories(visit: Visit, entity: Entity) -> list[Category]:
    known = visit.portal.crm.books.categories.values() if entity is Entity.DEAL else ()
    return sorted(known, key=lambda one: (one.sort, one.id))


def chosen_category(visit: Visit, entity: Entity) -> int:
    """The pipeline asked for, else the first with records."""
    known = [one.id for one in categories(visit, entity)]
    asked = visit.request.query_params.get("category", "")
    if asked.isdecimal() and int(asked) in known:
        return int(asked)
    used = {int(row.get("CATEGORY_ID") or 0) for row in visit.portal.crm.tables[entity].rows.values()}
    return next((one for one in known if one in used), 0)


def _column(visit: Visit, entity: Entity, stage: Status, worn: dict[int, BadgeView]) -> Column:
    crm, query = visit.portal.crm, visit.request.query_params
    here = Condition("=", str(stages.field_of(entity)), stage.status_id)
    where = Group((here, records.search(visit.portal, entity, query.get("q", ""))))
    ids, _ = crm.select(entity, Query(where=where, order=(("ID", True),), count=False), visit.user)
    drawn = ids[: MORE if query.get("more") == stage.status_id else SHOWN]
    tiles = [_tile(visit, entity, one, worn.get(one)) for one in drawn]
    return Column(stage, len(ids), _total(visit, entity, ids), tiles, len(ids) - len(drawn))


def _total(visit: Visit, entity: Entity, ids: list[int]) -> str:
    """Sums of a column, one per currency."""
    sums: dict[str, float] = {}
    for one in ids:
        row = visit.portal.crm.tables[entity].rows[one]
        if row.get("OPPORTUNITY"):
            currency = str(row.get("CURRENCY_ID") or "")
            sums[currency] = sums.get(currency, 0) + float(row["OPPORTUNITY"])
    return " + ".join(money(amount, currency, visit.lang) for currency, amount in sums.items())


def _tile(visit: Visit, entity: Entity, id: int, badge: BadgeView | None) -> Tile:
    row: Record = visit.portal.crm.tables[entity].rows[id]
    title = records.title(visit.portal, entity, id, visit.t("no_name"))
    amount = money(row["OPPORTUNITY"], row.get("CURRENCY_ID") or "", visit.lang) if row.get("OPPORTUNITY") else ""
    created = when(row["DATE_CREATE"], visit.world.now(), visit.lang)
    person = records.person(visit, row.get("ASSIGNED_BY_ID")).text
    writable = rights.can_write(visit.user, row)
    return Tile(id, title, records.href(entity, id), amount, _client(visit, row), created, person, badge, writable)


def _client(visit: Visit, row: Record) -> Shown | None:
    """The company, else the first contact."""
    pairs = [(Entity.COMPANY, row.get("COMPANY_ID")), *((Entity.CONTACT, one) for one in row.get("CONTACT_IDS") or ())]
    alive = (pair for pair in pairs if pair[1] and visit.portal.crm.exists(pair[0], pair[1]))
    found = next(alive, None)
    return records.linked(visit, *found) if found and found[1] else None
