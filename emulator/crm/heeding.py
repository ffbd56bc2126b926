"""What a portal really makes of a filter's conditions and of the rows it shows: see `emulator.model.differences`."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.crm.dates import parse_datetime
from emulator.crm.filters import Condition, Group

if TYPE_CHECKING:
    from emulator.model.portal import Portal

NOTHING = Group((), any=True)
ORDERED = (">", ">=", "<", "<=")


def heeded(portal: "Portal", kind: str, given: Any, condition: Condition) -> tuple[Condition | Group, ...]:
    """What is left of a condition. `kind`: the field's type word; `given`: the value as it was sent.

    A dropped one is kept in the world's warnings: a careful app sends none that could be. What a batch's reference that
    leads nowhere leaves behind, an empty list, nobody has sent.
    """
    differences = portal.differences
    if given in ("", None, []) and differences.on("filter_drops_empty"):
        if given != []:
            portal.world.warnings.append(f"{portal.name}: empty condition on {condition.field} dropped")
        return ()
    if condition.field == "ID" and condition.op in (">", ">=") and differences.on("cursor_ignored"):
        return ()
    if kind == "datetime" and condition.op in ORDERED:
        return _dated(differences.word("date_filter_zone"), given, condition)
    return (condition,)


def _dated(zone: str, given: Any, condition: Condition) -> tuple[Condition | Group, ...]:
    match zone:
        case "everything":
            return ()
        case "nothing":
            return (NOTHING,)
        case "digits":
            return (Condition(condition.op, condition.field, parse_datetime(_digits(given))),)
    return (condition,)


def _digits(given: Any) -> str:
    """A moment without its offset; what has none stays as it is."""
    try:
        return datetime.fromisoformat(str(given)).replace(tzinfo=None).isoformat()
    except ValueError:
        return str(given)


def listed_row(portal: "Portal", entity: str, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a list as this portal shows it; an empty one prints as PHP's empty list."""
    lost = portal.differences.named("rows_empty", _card(entity, number))
    return {} if lost else bent(portal, entity, number, row)


def bent(portal: "Portal", entity: str, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """A card's values with what is odd about this very card."""
    differences, card = portal.differences, _card(entity, number)
    made = dict(row)
    if "updatedTime" in made and differences.named("date_modified_null", card):
        made["updatedTime"] = None
    if "updatedTime" in made and differences.named("date_modified_blank", card):
        made["updatedTime"] = ""
    if differences.named("box_true", card):
        boxes = [name for name, value in made.items() if name.casefold().startswith("uf") and value in ("Y", "N")]
        made |= {name: made[name] == "Y" for name in boxes}
    if differences.on("camel_forms_mixed"):
        made = {_other_form(name): value for name, value in made.items()}
    for name in ("name", "title", "RQ_INN"):
        if isinstance(made.get(name), str):
            made[name] = _odd(portal, card, made[name])
    return made


def _other_form(name: str) -> str:
    """The other spelling, for names of an even length: so both stand side by side."""
    if not name.startswith("ufCrm_") or len(name) % 2:
        return name
    return "ufCrm" + "".join(part.capitalize() for part in name.removeprefix("ufCrm_").split("_"))


def _card(entity: str, number: int) -> str:
    return f"{entity.upper()}_{number}"


def _odd(portal: "Portal", card: str, text: str) -> str:
    nul = "\0" if portal.differences.named("text_nul", card) else ""
    half = "\ud83d" if portal.differences.named("text_half_letter", card) else ""
    return f"{text[:1]}{nul}{text[1:]}{half}"
