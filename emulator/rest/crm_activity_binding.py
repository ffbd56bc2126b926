"""crm.activity.binding.*: one activity in the timelines of several records.

Pages: api-reference/crm/timeline/activities/binding/*.
"""

from emulator.crm.entities import Record
from emulator.crm.timeline import Activity, Owner
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.rest.crm_item import needed
from emulator.rest.crm_timeline import editable, owner_numbered, readable
from emulator.rest.registry import Call, Method

LIMIT = 100


def _refused(code: str, text: str) -> RestError:
    return RestError(400, code, text)


def _activity(call: Call, missing: str = "Element not found") -> Activity:
    row = call.portal.crm.timeline.activities.get(to_int(needed(call, "activityId")))
    if row is None:
        raise _refused("NOT_FOUND", missing)
    if not any(readable(call, owner) for owner in row.owners):
        raise _refused("ACCESS_DENIED", "Access denied")
    return row


def _target(call: Call, prefix: str = "") -> Owner:
    """The record named by entityTypeId and entityId, or by their source… and target… forms."""
    names = (f"{prefix}EntityTypeId", f"{prefix}EntityId") if prefix else ("entityTypeId", "entityId")
    return owner_numbered(call, needed(call, names[0]), needed(call, names[1]))


def _add(call: Call) -> bool:
    row, owner = _activity(call, "Entity not found"), _target(call)
    editable(call, owner)
    if owner in row.owners:
        raise _refused("ACTIVITY_IS_ALREADY_BOUND", "Activity is already bound to this entity")
    if len(row.owners) >= LIMIT:
        raise _refused("BINDINGS_COUNT_LIMIT_EXCEEDED", f"No more than {LIMIT} bindings")
    _bind(call, row, [*row.owners, owner])
    return True


def _delete(call: Call) -> bool:
    row, owner = _activity(call), _target(call)
    editable(call, owner)
    if owner not in row.owners:
        raise _refused("BINDING_NOT_FOUND", "Activity is not bound to this entity")
    if len(row.owners) == 1:
        raise _refused("LAST_BINDING_CANNOT_BE_DELETED", "The last binding cannot be deleted")
    _bind(call, row, [one for one in row.owners if one != owner])
    return True


def _move(call: Call) -> bool:
    row, source, target = _activity(call), _target(call, "source"), _target(call, "target")
    if source[0] is not target[0]:
        raise _refused("SOURCE_AND_TARGET_ENTITY_TYPES_ARE_NOT_EQUAL_ERROR", "Entity types are not equal")
    if source == target:
        raise _refused("SOURCE_AND_TARGET_ENTITY_ID_ARE_EQUAL_ERROR", "Entities are equal")
    for owner in (source, target):
        editable(call, owner)
    if source not in row.owners:
        raise _refused("BINDING_NOT_FOUND", "Activity is not bound to this entity")
    if target in row.owners:
        raise _refused("ACTIVITY_IS_ALREADY_BOUND", "Activity is already bound to this entity")
    _bind(call, row, [target if one == source else one for one in row.owners])
    return True


def _bind(call: Call, row: Activity, owners: list[Owner]) -> None:
    """The first record is the owner."""
    call.portal.crm.timeline.touch_activity(row.id, call.user, owner=owners[0], others=owners[1:])


def _list(call: Call) -> list[Record]:
    """Records the caller sees."""
    seen = [owner for owner in _activity(call).owners if readable(call, owner)]
    return [{"entityTypeId": entity.type_id, "entityId": number} for entity, number in seen]


_PAGES = "api-reference/crm/timeline/activities/binding/crm-activity-binding-"
_ONE = ("activityId", "entityTypeId", "entityId")
_TWO = ("activityId", "sourceEntityTypeId", "sourceEntityId", "targetEntityTypeId", "targetEntityId")
METHODS = tuple(
    Method(f"crm.activity.binding.{name}", "crm", f"{_PAGES}{name}.md", params, run, case="camel")
    for name, run, params in (
        ("add", _add, _ONE), ("delete", _delete, _ONE), ("move", _move, _TWO), ("list", _list, _ONE[:1]),
    )
)  # fmt: skip
