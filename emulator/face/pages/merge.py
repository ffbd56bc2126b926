"""Joining two records of a kind, /crm/<entity>/merge/?id=1&id=2: both side by side, the main one is chosen.

What stays is the model's rule (crm/lib/merger/entitymerger.php): the main card's values, gaps filled from the other, a
ticked box of either.
"""

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from emulator.crm import rights
from emulator.crm.entities import Entity, Record
from emulator.crm.store import CrmError
from emulator.crm.values import to_int
from emulator.face.pages import records
from emulator.face.pages.card import entity_of
from emulator.face.pages.fields import view
from emulator.face.pages.layout import built_in
from emulator.face.pages.render import message, page
from emulator.face.pages.views import FieldView
from emulator.face.pages.visit import Visit

_JOINED = ("multifield", "links", "requisites")
"""Kinds of field that keep the values of both."""


@dataclass(frozen=True, slots=True)
class Cell:
    """`keep`: who must be the main card for this value to stay: a, b, "a b"; nothing if it never does."""

    field: FieldView
    keep: str


@dataclass(frozen=True, slots=True)
class Line:
    title: str
    cells: tuple[Cell, Cell]


def compare(visit: Visit) -> Response:
    """The page."""
    found = _two(visit, [to_int(one) for one in visit.request.query_params.getlist("id")])
    if isinstance(found, Response):
        return found
    entity, pair = found
    titles = [records.title(visit.portal, entity, one["ID"], visit.t("no_name")) for one in pair]
    return page(
        visit, "merge.html", entity=entity, pair=list(zip(pair, titles, strict=True)), lines=_lines(visit, *found)
    )


async def join(visit: Visit) -> Response:
    """POST winner, loser."""
    form = await visit.request.form()
    found = _two(visit, [to_int(form.get(name)) for name in ("winner", "loser")])
    if isinstance(found, Response):
        return found
    entity, (winner, loser) = found
    try:
        visit.portal.crm.merge(entity, winner["ID"], loser["ID"], visit.user)
    except CrmError:
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    panel = "?IFRAME=Y" if visit.slider else ""
    return RedirectResponse(records.href(entity, winner["ID"]) + panel, 303)


def _two(visit: Visit, ids: list[int]) -> tuple[Entity, tuple[Record, Record]] | Response:
    """Two different records of a kind that can be merged and that this person may change."""
    entity = entity_of(visit)
    crm = visit.portal.crm
    if entity is None or len(set(ids)) != 2:
        return message(visit, visit.t("missing_title"), visit.t("merge_two"), status=404, icon="search")
    first, second = crm.get(entity, ids[0]), crm.get(entity, ids[1])
    if first is None or second is None:
        return message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404, icon="search")
    if not all(rights.can_write(visit.user, one) for one in (first, second)):
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    return entity, (first, second)


def _lines(visit: Visit, entity: Entity, pair: tuple[Record, Record]) -> list[Line]:
    """Fields that at least one of the two has filled in."""
    names = [str(one["name"]) for section in built_in(visit, entity) for one in section["elements"]]
    made = []
    for name in names:
        first, second = (view(visit, entity, one, name) for one in pair)
        if first is not None and second is not None and not (first.empty and second.empty):
            made.append(Line(first.title, _cells(first, second)))
    return made


def _cells(first: FieldView, second: FieldView) -> tuple[Cell, Cell]:
    if first.kind in _JOINED:
        return Cell(first, "a b"), Cell(second, "a b")
    a, b = (_counts(one) for one in (first, second))
    return Cell(first, _stays("a", "b", a, b)), Cell(second, _stays("b", "a", b, a))


def _counts(one: FieldView) -> bool:
    """Whether a value can fill a gap: an unticked box of the app's own cannot."""
    return not one.empty and (one.kind != "boolean" or bool(one.value) or not one.name.startswith("UF_"))


def _stays(mine: str, other: str, filled: bool, other_filled: bool) -> str:
    if not filled:
        return "" if other_filled else mine
    return mine if other_filled else f"{mine} {other}"
