"""crm.timeline.note.*, crm.timeline.item.pin and unpin, crm.timeline.bindings.*: what hangs on timeline records.

Pages: api-reference/crm/timeline/note/*, actions/*, bindings/*; the limit of pins as the portal's
crm/lib/controller/timeline/item.php.
"""

from typing import Any

from emulator.crm import rights
from emulator.crm.dates import iso
from emulator.crm.entities import Entity, Record
from emulator.crm.timeline import HISTORY, Activity, Comment, LogMessage, Note, Owner
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.rest.crm_item import needed
from emulator.rest.crm_legacy import refuse, the_fields
from emulator.rest.crm_rows import conditions, flags
from emulator.rest.crm_timeline import editable, owner_numbered, readable
from emulator.rest.registry import Call, Handler, Method, Reply

PINS = 7
_BOUND = {"OWNER_ID": "integer", "ENTITY_ID": "integer", "ENTITY_TYPE": "string"}


def _missing(text: str = "Element not found") -> RestError:
    return RestError(400, "NOT_FOUND", text)


def _record(call: Call, kind: int, number: int) -> Comment | LogMessage | Activity | None:
    timeline = call.portal.crm.timeline
    if kind != HISTORY:
        return timeline.activities.get(number)
    return timeline.comments.get(number) or timeline.logs.get(number)


def _noted(call: Call, *, changing: bool) -> tuple[int, int]:
    """The record a note is for: (itemType, itemId)."""
    try:
        owner = owner_numbered(call, needed(call, "ownerTypeId"), needed(call, "ownerId"))
    except RestError as error:
        raise _missing() if error.code == "OWNER_NOT_FOUND" else error from None
    key = to_int(needed(call, "itemType")), to_int(needed(call, "itemId"))
    found = _record(call, *key)
    if found is None or owner not in found.owners:
        raise _missing()
    if changing:
        editable(call, owner)
    elif not readable(call, owner):
        raise RestError(400, "ACCESS_DENIED", "Access denied")
    return key


def _save(call: Call) -> bool:
    """One note a record, whoever wrote the last one."""
    key, text, now = _noted(call, changing=True), str(needed(call, "text")), call.portal.crm.now()
    held = call.portal.crm.timeline.notes.get(key)
    author, created = (held.author, held.created) if held else (call.user.id, now)
    call.portal.crm.timeline.notes[key] = Note(text, author, created, call.user.id, now)
    return True


def _get(call: Call) -> Record:
    note = call.portal.crm.timeline.notes.get(_noted(call, changing=False))
    if note is None:
        raise _missing()
    made: Record = {"text": note.text, "createdById": note.author, "createdTime": iso(note.created)}
    return made | {"updatedById": note.editor, "updatedTime": iso(note.updated)}


def _delete(call: Call) -> bool:
    if call.portal.crm.timeline.notes.pop(_noted(call, changing=True), None) is None:
        raise _missing()
    return True


def _pin(call: Call, pinned: bool) -> None:
    """Null; seven a card, people's own pins counted. An activity keeps its pin itself."""
    owner = owner_numbered(call, needed(call, "ownerTypeId"), needed(call, "ownerId"))
    editable(call, owner)
    number, timeline = to_int(needed(call, "id")), call.portal.crm.timeline
    found = _record(call, HISTORY, number) or _record(call, 0, number)
    if found is None or owner not in found.owners:
        raise _missing("Not found.")
    others = [one for one in timeline.activities.values() if owner in one.owners and one.extra.get("pinned")]
    held = timeline.pins.setdefault(owner, set())
    if pinned and len(held - {number}) + sum(one is not found for one in others) >= PINS:
        raise RestError(400, 0, "Only three events can be added to favorites")
    if isinstance(found, Activity):
        found.extra["pinned"] = pinned
    else:
        (held.add if pinned else held.discard)(number)


def _binding(call: Call) -> tuple[Comment, Owner]:
    """A comment and the card it is to stand in."""
    fields = the_fields(call)
    call.swallow(fields, _BOUND, "field of a binding")
    for name in ("OWNER_ID", "ENTITY_ID"):
        if to_int(fields.get(name)) <= 0:
            raise refuse(f"{name} is not defined or invalid.")
    word = str(fields.get("ENTITY_TYPE") or "").lower()
    if word not in set(Entity):
        raise refuse("ENTITY_TYPE is not defined or invalid.")
    comment = call.portal.crm.timeline.comments.get(to_int(fields["OWNER_ID"]))
    if comment is None:
        raise refuse("OWNER_ID is not defined or invalid.")
    owner = Entity(word), to_int(fields["ENTITY_ID"])
    record = call.portal.crm.tables[owner[0]].rows.get(owner[1])
    if record is None or not rights.can_write(call.user, record):
        raise refuse("Access denied.")
    return comment, owner


def _bind(call: Call) -> bool:
    comment, owner = _binding(call)
    comment.owners[:] = list(dict.fromkeys([*comment.owners, owner]))
    return True


def _unbind(call: Call) -> bool:
    comment, owner = _binding(call)
    if owner not in comment.owners:
        raise refuse("Not found.")
    comment.owners.remove(owner)
    return True


def _bindings(call: Call) -> Reply:
    """Cards a comment stands in, as texts; the filter must name it."""
    given: Any = call.params.get("filter")
    conditions(given, _BOUND, call.world.warnings, "bindings")
    call.swallow(call.params.get("order"), _BOUND, "order field of bindings")
    number = to_int(given.get("OWNER_ID", given.get("=OWNER_ID"))) if isinstance(given, dict) else 0
    comment = call.portal.crm.timeline.comments.get(number)
    if comment is None:
        raise refuse("OWNER_ID is not defined or invalid.")
    rows = [
        {"OWNER_ID": str(number), "ENTITY_ID": str(one[1]), "ENTITY_TYPE": one[0].value}
        for one in comment.owners
        if readable(call, one)
    ]
    return Reply(rows, total=len(rows))


def _fields(call: Call) -> dict[str, Record]:
    return {name: flags(kind, name, required=True, immutable=True) for name, kind in _BOUND.items()}


def _note_method(name: str, run: Handler, *more: str) -> Method:
    params = ("ownerTypeId", "ownerId", "itemType", "itemId", *more)
    return Method(
        f"crm.timeline.note.{name}", "crm", f"{_PAGES}note/crm-timeline-note-{name}.md", params, run, case="camel"
    )


def _pin_method(name: str, pinned: bool) -> Method:
    page = f"{_PAGES}actions/crm-timeline-item-{name}.md"
    params = ("id", "ownerTypeId", "ownerId")
    return Method(f"crm.timeline.item.{name}", "crm", page, params, lambda call: _pin(call, pinned), case="camel")


def _binding_method(name: str, run: Handler, *params: str) -> Method:
    page = f"{_PAGES}bindings/crm-timeline-bindings-{name}.md"
    return Method(f"crm.timeline.bindings.{name}", "crm", page, params, run)


_PAGES = "api-reference/crm/timeline/"
METHODS = (
    _note_method("save", _save, "text"),
    _note_method("get", _get),
    _note_method("delete", _delete),
    _pin_method("pin", True),
    _pin_method("unpin", False),
    _binding_method("bind", _bind, "fields"),
    _binding_method("unbind", _unbind, "fields"),
    _binding_method("list", _bindings, "filter", "order"),
    _binding_method("fields", _fields),
)
