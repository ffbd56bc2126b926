"""crm.item.details.configuration.* and its frozen twins per entity: saved card layouts."""

from collections.abc import Callable, Iterator
from typing import Any

from emulator.crm import rights
from emulator.crm.entities import Entity, by_type_id
from emulator.crm.layouts import COMMON, PERSONAL, LayoutError, Variant
from emulator.crm.values import to_int
from emulator.rest.crm_legacy import FOLDERS, refuse
from emulator.rest.registry import Call, Method

_EXTRA = {Entity.DEAL: "dealCategoryId", Entity.LEAD: "leadCustomerType"}
_PARAMS = ("scope", "userId", "extras")


def _variant(call: Call, entity: Entity | None) -> Variant:
    """The card meant; only deals (pipeline) and leads (customer type) have more than one."""
    if entity is None:
        entity = by_type_id(to_int(call.params.get("entityTypeId")))
    if entity is None:
        raise refuse("Parameter 'entityTypeId' is not defined")
    extras = call.params.get("extras")
    given = extras.get(_EXTRA.get(entity, "")) if isinstance(extras, dict) else None
    number = to_int(given)
    return Variant(entity.type_id, 0 if entity is Entity.LEAD and number == 1 else number)


def _whose(call: Call) -> tuple[str, int]:
    """Scope and user. Only an exact C is the common layout: anything else means the caller's own."""
    scope = COMMON if call.params.get("scope") == COMMON else PERSONAL
    user = to_int(call.params.get("userId"))
    return scope, user if user > 0 else call.user.id


def _check(call: Call, scope: str, user: int, *, reading: bool) -> None:
    own = user == call.user.id
    free = (scope == COMMON and reading) or (scope == PERSONAL and own)
    if not rights.can_add(call.user) or not (free or rights.is_admin(call.user)):
        raise refuse("Access denied.")


def get(call: Call, entity: Entity | None) -> Any:
    """Sections, or null where nothing was ever saved."""
    variant, (scope, user) = _variant(call, entity), _whose(call)
    _check(call, scope, user, reading=True)
    return call.portal.crm.layouts.get(variant, scope, user)


def set_(call: Call, entity: Entity | None) -> bool:
    """Replace the layout."""
    variant, (scope, user) = _variant(call, entity), _whose(call)
    _check(call, scope, user, reading=False)
    try:
        call.portal.crm.layouts.set(variant, scope, user, call.params.get("data"))
    except LayoutError as error:
        raise refuse(str(error)) from error
    return True


def reset(call: Call, entity: Entity | None) -> bool:
    """True also when nothing was saved."""
    variant, (scope, user) = _variant(call, entity), _whose(call)
    _check(call, scope, user, reading=False)
    call.portal.crm.layouts.reset(variant, scope, user)
    return True


def force_common(call: Call, entity: Entity | None) -> bool:
    """Every personal layout of this card is deleted."""
    variant = _variant(call, entity)
    if not rights.is_admin(call.user):
        raise refuse("Access denied.")
    call.portal.crm.layouts.force_common(variant)
    return True


_Action = Callable[[Call, Entity | None], Any]
_ACTIONS: tuple[tuple[str, str, _Action, tuple[str, ...]], ...] = (
    ("get", "get", get, _PARAMS),
    ("set", "set", set_, (*_PARAMS, "data")),
    ("reset", "reset", reset, _PARAMS),
    ("forceCommonScopeForAll", "force-common-scope-for-all", force_common, ("extras",)),
)


def _bound(run: _Action, entity: Entity | None) -> Callable[[Call], Any]:
    return lambda call: run(call, entity)


def _methods() -> Iterator[Method]:
    universal = "api-reference/crm/universal/item-details-configuration/crm-item-details-configuration-"
    for name, slug, run, params in _ACTIONS:
        title = f"crm.item.details.configuration.{name}"
        yield Method(title, "crm", f"{universal}{name}.md", ("entityTypeId", *params), _bound(run, None))
        for entity, folder in FOLDERS.items():
            page = f"api-reference/crm/{folder}/custom-form/crm-{entity}-details-configuration-{slug}.md"
            yield Method(f"crm.{entity}.details.configuration.{name}", "crm", page, params, _bound(run, entity))


METHODS = tuple(_methods())
