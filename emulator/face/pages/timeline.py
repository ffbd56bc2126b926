"""The right column of a card: planned things first, then the past by days."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby, pairwise
from typing import Any

from emulator.crm import rights
from emulator.crm.dates import ZONE
from emulator.crm.entities import Entity, Record
from emulator.crm.fields import FIELDS, MULTIFIELDS
from emulator.crm.history import CREATED, HistoryEntry, StageMove
from emulator.crm.timeline import CONFIGURABLE, Activity, Comment, LogMessage
from emulator.face.pages import records
from emulator.face.pages.app_cards import AppCard, app_card
from emulator.face.pages.fields import view
from emulator.face.pages.render import clock, day, when
from emulator.face.pages.views import FieldView
from emulator.face.pages.visit import Visit

STAGES = ("STAGE_ID", "STATUS_ID")
DERIVED = frozenset(
    {"STAGE_SEMANTIC_ID", "STATUS_SEMANTIC_ID", "CLOSED", "DATE_CLOSED", "LAST_ACTIVITY_TIME", "LAST_ACTIVITY_BY"}
)
"""Changes that follow from another one and need no line of their own."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry. `kind` chooses the drawing: todo, comment, log, change, created, app (then `card` has everything)."""

    kind: str
    title: str
    at: datetime
    time: str
    author: str = ""
    text: str = ""
    old: str = ""
    new: str = ""
    icon: str = "info"
    colour: str = ""
    deadline: str = ""
    activity: int = 0
    card: AppCard | None = None


@dataclass(frozen=True, slots=True)
class Day:
    title: str
    items: list[Item]


def planned(visit: Visit, entity: Entity, record: Record) -> list[Item]:
    """Activities nobody has completed, the nearest deadline first."""
    found = visit.portal.crm.timeline.of(entity, record["ID"])
    rows = [row for row in found if isinstance(row, Activity) and not row.completed]
    rows.sort(key=lambda row: (row.deadline or row.created, row.id))
    return [
        _of_app(visit, entity, record, row) if row.provider == CONFIGURABLE else _activity(visit, row) for row in rows
    ]


def pinned(visit: Visit, entity: Entity, record: Record) -> list[Item]:
    """Finished cards of apps that somebody fastened above the history; they stand in it, too."""
    rows = visit.portal.crm.timeline.of(entity, record["ID"])
    held = [row for row in rows if isinstance(row, Activity) and row.completed and row.extra.get("pinned")]
    return [_of_app(visit, entity, record, row) for row in held]


def _of_app(visit: Visit, entity: Entity, record: Record, row: Activity) -> Item:
    card = app_card(visit, row, (entity, record["ID"]), rights.can_write(visit.user, record))
    made = _item(visit, "app", card.title.title, row.updated, row.responsible, icon=card.icon, card=card)
    waits = row.deadline is not None and not row.completed
    return replace(made, time=when(row.deadline, visit.world.now(), visit.lang)) if waits and row.deadline else made


def past(visit: Visit, entity: Entity, record: Record) -> list[Day]:
    """Everything else, newest first, by calendar days of the portal."""
    items = sorted(_past(visit, entity, record), key=lambda item: item.at, reverse=True)
    days = groupby(items, key=lambda item: item.at.astimezone(ZONE).date())
    return [Day(_day_title(visit, one), list(rows)) for one, rows in days]


def _day_title(visit: Visit, one: date) -> str:
    text = day(one, visit.world.now(), visit.lang)
    return text[:1].upper() + text[1:]


def _past(visit: Visit, entity: Entity, record: Record) -> Iterator[Item]:
    crm, number = visit.portal.crm, int(record["ID"])
    for row in crm.timeline.of(entity, number):
        match row:
            case Comment():
                yield _item(
                    visit, "comment", visit.t("tl_comment"), row.created, row.author, text=row.text, icon="comment"
                )
            case LogMessage():
                yield _item(visit, "log", row.title, row.created, row.author, text=row.text, icon="info")
            case Activity() if row.completed and row.provider == CONFIGURABLE:
                yield _of_app(visit, entity, record, row)
            case Activity() if row.completed:
                yield _item(
                    visit, "log", visit.t("tl_done"), row.updated, row.responsible, text=row.subject, icon="check"
                )
    for entry in crm.history:
        if (entry.entity, entry.record) == (entity, number) and entry.field not in (*STAGES, *DERIVED):
            yield _change(visit, entity, record, entry)
    yield from _moves(visit, entity, record)
    yield _item(visit, "created", visit.t("tl_created"), record["DATE_CREATE"], record["CREATED_BY_ID"], icon="plus")


def _moves(visit: Visit, entity: Entity, record: Record) -> Iterator[Item]:
    crm, number = visit.portal.crm, record["ID"]
    mine = [move for move in crm.stage_moves if (move.entity, move.record) == (entity, number)]
    authors = {
        row.created: row.author
        for row in crm.history
        if (row.entity, row.record) == (entity, number) and row.field in STAGES
    }
    for before, move in pairwise(mine):
        if move.type_id != CREATED:
            old, new = _stage(visit, before), _stage(visit, move)
            author = authors.get(move.created, int(record["MOVED_BY_ID"] or 0) if move is mine[-1] else 0)
            yield _item(visit, "change", visit.t("tl_stage"), move.created, author, old=old, new=new, icon="stage")


def _stage(visit: Visit, move: StageMove) -> str:
    row = visit.portal.crm.books.stage(move.entity, move.stage)
    return row.name if row else move.stage


def _change(visit: Visit, entity: Entity, record: Record, entry: HistoryEntry) -> Item:
    name = _title(visit, entity, record, entry.field)
    old, new = (_value(visit, entity, record, entry.field, one) for one in (entry.old, entry.new))
    title = visit.t("tl_change", name)
    return _item(visit, "change", title, entry.created, entry.author, old=old, new=new, icon="edit")


def _title(visit: Visit, entity: Entity, record: Record, name: str) -> str:
    known = FIELDS[entity].get(name)
    if known:
        return known.title(visit.lang)
    custom = visit.portal.crm.userfields[entity].get(name)
    return custom.label(visit.lang) if custom else name


def _value(visit: Visit, entity: Entity, record: Record, name: str, value: Any) -> str:
    """The value as the card would have shown it."""
    if name in MULTIFIELDS:
        return ", ".join(str(row["VALUE"]) for row in value or ()) or visit.t("empty_value")
    if name in ("COMPANY_ID", "COMPANY_IDS", "CONTACT_ID", "CONTACT_IDS"):
        kind = Entity.COMPANY if name.startswith("COMPANY") else Entity.CONTACT
        ids = value if isinstance(value, list) else [value] if value else []
        return ", ".join(records.title(visit.portal, kind, one) for one in ids) or visit.t("empty_value")
    made: FieldView | None = view(visit, entity, {**record, name: value}, name)
    return (", ".join(one.text for one in made.shown) if made else str(value or "")) or visit.t("empty_value")


def _activity(visit: Visit, row: Activity) -> Item:
    deadline = when(row.deadline, visit.world.now(), visit.lang) if row.deadline else ""
    return _item(
        visit,
        "todo",
        row.subject or visit.t("tl_todo"),
        row.created,
        row.responsible,
        text=row.description,
        icon="check",
        deadline=deadline,
        activity=row.id,
    )


def _item(visit: Visit, kind: str, title: str, at: datetime, author: int, **more: Any) -> Item:
    user = visit.portal.users.get(author)
    colour = {"todo": "warn", "comment": "info", "log": "info", "created": "ok"}.get(kind, "")
    time = clock(at, visit.lang)
    return Item(kind, title, at, time, user.full_name if user else visit.t("by_robot"), colour=colour, **more)


def stages(visit: Visit, entity: Entity, record: Record) -> list[dict[str, Any]]:
    """The stage bar: every stage of the pipeline with whether it is reached; nothing for records without stages."""
    field = {Entity.DEAL: "STAGE_ID", Entity.LEAD: "STATUS_ID"}.get(entity)
    if field is None:
        return []
    rows = visit.portal.crm.books.stages(entity, int(record.get("CATEGORY_ID") or 0))
    current = next((index for index, row in enumerate(rows) if row.status_id == record.get(field)), -1)
    ended = rows[current].semantics if current >= 0 else ""
    shown = [row for row in rows if not row.semantics or row.semantics == "S" or row.status_id == record.get(field)]
    reached = {row.status_id for row in rows[: current + 1] if row in shown}
    return [
        {
            "id": row.status_id,
            "field": field,
            "name": row.name,
            "color": row.color,
            "past": row.status_id in reached,
            "current": row.status_id == record.get(field),
            "ended": ended,
        }
        for row in shown
    ]


def lost_stages(visit: Visit, entity: Entity, record: Record) -> list[dict[str, str]]:
    """Stages that end a deal or lead without success, for the card's menu."""
    field = {Entity.DEAL: "STAGE_ID", Entity.LEAD: "STATUS_ID"}.get(entity)
    if field is None:
        return []
    rows = visit.portal.crm.books.stages(entity, int(record.get("CATEGORY_ID") or 0))
    return [{"id": row.status_id, "field": field, "name": row.name} for row in rows if row.semantics == "F"]
