"""Settings of a card's layout, /crm/<entity>/details/<id>/layout/: which fields in which sections, for me or for all.

Rules: api-reference/crm/universal/item-details-configuration/index.md. The first saving turns the built-in layout, to
which new fields add themselves, into a list that shows only what it names.
"""

from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from emulator.crm import rights
from emulator.crm.entities import Entity, Record
from emulator.crm.layouts import COMMON, PERSONAL, LayoutError, Variant
from emulator.face.pages.card import opened
from emulator.face.pages.fields import view
from emulator.face.pages.layout import EDITOR_NAMES, built_in, variant
from emulator.face.pages.render import message, page
from emulator.face.pages.visit import Visit


@dataclass(frozen=True, slots=True)
class Line:
    """A field in the list; `options` are kept as they were."""

    name: str
    title: str
    always: bool = False
    options: Any = None


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    title: str
    lines: list[Line]


def settings(visit: Visit) -> Response:
    """The page; `scope` P (mine, default) or C (common, for CRM administrators)."""
    found = opened(visit)
    if isinstance(found, Response):
        return found
    entity, record = found
    scope = COMMON if visit.request.query_params.get("scope") == COMMON else PERSONAL
    if scope == COMMON and not rights.is_admin(visit.user):
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    parts = _parts(visit, entity, record, scope)
    used = {line.name for part in parts for line in part.lines}
    every = [name for section in built_in(visit, entity) for name in section["elements"]]
    hidden = [line for line in (_line(visit, entity, record, one) for one in every) if line and line.name not in used]
    return page(
        visit,
        "layout.html",
        entity=entity,
        record=record,
        scope=scope,
        parts=parts,
        hidden=hidden,
        now=_now(visit, variant(entity, record)),
    )


def _now(visit: Visit, card: Variant) -> str:
    """Which layout this person's card uses: P, C, or nothing for the built-in one."""
    layouts = visit.portal.crm.layouts
    if layouts.get(card, PERSONAL, visit.user.id):
        return PERSONAL
    return COMMON if layouts.get(card, COMMON, 0) else ""


def _parts(visit: Visit, entity: Entity, record: Record, scope: str) -> list[Part]:
    """The saved layout of a scope; where there is none, what is seen without it."""
    layouts, card = visit.portal.crm.layouts, variant(entity, record)
    saved = layouts.get(card, scope, visit.user.id) or layouts.get(card, COMMON, 0) or built_in(visit, entity)
    made = []
    for section in saved:
        lines = [_line(visit, entity, record, one, keep=True) for one in section["elements"]]
        made.append(Part(str(section["name"]), str(section["title"]), [one for one in lines if one]))
    return made


def _line(visit: Visit, entity: Entity, record: Record, given: dict[str, Any], *, keep: bool = False) -> Line | None:
    """A field by its editor name; what cannot be drawn is offered to nobody, but kept where it is."""
    name = str(given["name"])
    shown = view(visit, entity, record, name)
    if name in EDITOR_NAMES:
        title = "UTM" if name == "UTM" else visit.t("client")
    elif shown is not None or keep:
        title = shown.title if shown else name
    else:
        return None
    return Line(name, title, str(given.get("optionFlags", "0")) == "1", given.get("options"))


async def save(visit: Visit) -> Response:
    """POST {scope, data} saves, {scope, reset: true} forgets, {force: true} makes everybody use the common one."""
    found = opened(visit)
    body = {} if isinstance(found, Response) else await visit.request.json()
    scope = COMMON if body.get("scope") == COMMON else PERSONAL
    for_all = scope == COMMON or bool(body.get("force"))
    if isinstance(found, Response) or (for_all and not rights.is_admin(visit.user)):
        return JSONResponse({"error": visit.t("no_access_note")}, 403)
    layouts, card = visit.portal.crm.layouts, variant(*found)
    try:
        if body.get("force"):
            layouts.force_common(card)
        elif body.get("reset"):
            layouts.reset(card, scope, visit.user.id)
        else:
            layouts.set(card, scope, visit.user.id, body.get("data"))
    except LayoutError as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse({"result": True})
