"""A CRM card, /crm/<entity>/details/<id>/, and what people do in it.

Placements: api-reference/widgets/crm/detail-tab.md, detail-toolbar.md, detail-activity.md.
"""

from typing import Any

from starlette.responses import JSONResponse, RedirectResponse, Response

from emulator.crm import rights
from emulator.crm.dates import parse_date, parse_datetime
from emulator.crm.entities import Entity, Record
from emulator.crm.fields import FIELDS
from emulator.crm.store import CrmError
from emulator.face.pages import records, requisites, timeline
from emulator.face.pages.fields import LINKS, SUMS
from emulator.face.pages.layout import sections
from emulator.face.pages.render import message, page
from emulator.face.pages.views import FieldView
from emulator.face.pages.visit import Visit
from emulator.face.pages.widgets import widget_title, widgets

Tab = dict[str, Any]


def entity_of(visit: Visit) -> Entity | None:
    """The kind of record an address names."""
    word = visit.request.path_params["entity"]
    return Entity(word) if word in set(Entity) else None


def opened(visit: Visit) -> tuple[Entity, Record] | Response:
    """The record of this address, or the portal's page that says why not."""
    entity = entity_of(visit)
    record = visit.portal.crm.get(entity, int(visit.request.path_params["id"])) if entity else None
    if entity is None or record is None:
        return message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404, icon="search")
    if not rights.can_read(visit.user, record):
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    return entity, record


def card(visit: Visit) -> Response:
    """The page: title, stages, tabs, fields, timeline."""
    found = opened(visit)
    if isinstance(found, Response):
        return found
    entity, record = found
    return page(
        visit,
        "card.html",
        entity=entity,
        record=record,
        title=records.title(visit.portal, entity, record["ID"], visit.t("no_name")),
        writable=rights.can_write(visit.user, record),
        sections=sections(visit, entity, record),
        stages=timeline.stages(visit, entity, record),
        lost=timeline.lost_stages(visit, entity, record),
        tabs=_widgets(visit, f"CRM_{entity.upper()}_DETAIL_TAB"),
        toolbar=_widgets(visit, f"CRM_{entity.upper()}_DETAIL_TOOLBAR"),
        inputs=_widgets(visit, f"CRM_{entity.upper()}_DETAIL_ACTIVITY"),
        planned=timeline.planned(visit, entity, record),
        pinned=timeline.pinned(visit, entity, record),
        days=timeline.past(visit, entity, record),
        robot_fields=_robot_fields(visit, entity, record),
    )


def _widgets(visit: Visit, code: str) -> list[Tab]:
    return [
        {"id": found[1].id, "title": widget_title(visit, found), "code": found[0].app.code}
        for found in widgets(visit, code)
    ]


def _robot_fields(visit: Visit, entity: Entity, record: Record) -> list[FieldView]:
    every = [one for section in sections(visit, entity, record) for one in section.fields]
    return [one for one in every if one.kind in ("text", "textarea", "number", "boolean", "select", "date", "person")]


async def save(visit: Visit) -> Response:
    """POST {fields: {name: value}}: the fields somebody edited in place, in one change of the record."""
    found = opened(visit)
    if isinstance(found, Response):
        return JSONResponse({"error": visit.t("no_access_note")}, found.status_code)
    entity, record = found
    body = await visit.request.json()
    views = {one.name: one for section in sections(visit, entity, record) for one in section.fields}
    views |= {
        row["field"]: views.get(row["field"], FieldView(row["field"], "", "select"))
        for row in timeline.stages(visit, entity, record)
    }
    fields: Record = {}
    details = body["fields"].pop("REQUISITES", None)
    for name, value in body["fields"].items():
        shown = views.get(name)
        if shown is None or not shown.editable:
            return JSONResponse({"error": visit.t("field_locked", shown.title if shown else name)}, 400)
        if shown.required and value in ("", [], None):
            return JSONResponse({"error": visit.t("field_required", shown.title)}, 400)
        fields |= written(entity, shown, value)

    def act() -> None:
        if details is not None:
            requisites.save(visit, entity, record, details)
        if fields:
            visit.portal.crm.update(entity, record["ID"], fields, visit.user)

    return _change(visit, act)


def written(entity: Entity, shown: FieldView, value: Any) -> Record:
    """What a control's value means for the record."""
    if shown.name in SUMS:
        amount, currency = value
        return {SUMS[shown.name]: str(amount).replace(",", "."), "CURRENCY_ID": currency}
    if (entity, shown.name) in LINKS:
        holder, _, single = LINKS[entity, shown.name]
        return {holder: (value[0] if value else "") if single else value}
    system = FIELDS[entity].get(shown.name)
    if system is not None and system.type == "char":
        return {shown.name: "Y" if value == "1" else "N"}
    if shown.kind == "money":
        return {shown.name: "|".join(value) if value[0] else ""}
    if shown.kind == "date":
        return {shown.name: parse_date(value) if value else ""}
    if shown.kind == "datetime":
        return {shown.name: parse_datetime(value) if value else ""}
    return {shown.name: value}


async def robot(visit: Visit) -> Response:
    """POST {field, value}: the same change made by a robot, so that its event has neither user nor tokens."""
    found = opened(visit)
    if isinstance(found, Response):
        return JSONResponse({"error": visit.t("no_access_note")}, found.status_code)
    entity, record = found
    body = await visit.request.json()
    shown = next((one for one in _robot_fields(visit, entity, record) if one.name == body.get("field")), None)
    if shown is None:
        return JSONResponse({"error": visit.t("field_locked", body.get("field"))}, 400)
    fields = written(entity, shown, _robot_value(shown, str(body.get("value", "")).strip()))
    return _change(visit, lambda: visit.portal.crm.robot_update(entity, record["ID"], fields))


def _robot_value(shown: FieldView, text: str) -> str:
    """Robots are given words: a list's title, yes or no."""
    if shown.kind == "boolean":
        return "1" if text.casefold() in ("1", "y", "yes", "да", "true") else "0"
    if shown.kind == "select":
        return next(
            (one.value for one in shown.options if text.casefold() in (one.title.casefold(), one.value.casefold())),
            text,
        )
    return text


def delete(visit: Visit) -> Response:
    """POST: the record goes to the recycle bin."""
    found = opened(visit)
    if isinstance(found, Response):
        return found
    entity, record = found
    try:
        visit.portal.crm.delete(entity, record["ID"], visit.user)
    except CrmError:
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    return RedirectResponse(f"/crm/{entity}/list/", 303)


def _change(visit: Visit, act: Any) -> Response:
    try:
        act()
    except CrmError as error:
        denied = error.text == "Access denied."
        return JSONResponse({"error": visit.t("no_access_note") if denied else error.text}, 403 if denied else 400)
    return JSONResponse({"result": True})
