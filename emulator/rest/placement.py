"""Binding of placements: api-reference/widgets/; semantics of the portal's rest/lib/api/placement.php."""

from typing import Any

from emulator import php
from emulator.errors import RestError, argument_error
from emulator.model.placements import Place, PlacementBinding, codes, place
from emulator.rest.handlers import check_handler
from emulator.rest.registry import Call, method

TEXTS = ("TITLE", "DESCRIPTION", "GROUP_NAME")
UNDOCUMENTED = ("CRM_REQUISITE_EDIT_FORM", "TASK_TOP_MENU", "1C_PAGE")
BIND = ("PLACEMENT", "HANDLER", *TEXTS, "LANG_ALL", "OPTIONS", "USER_ID", "ICON")


@method(
    "placement.bind",
    scope="placement",
    page="api-reference/widgets/placement-bind.md",
    params=BIND,
    admin=True,
    app_context=True,
)
def placement_bind(call: Call) -> bool:
    """Show the app in a place of the portal. Errors: ERROR_ARGUMENT, ERROR_PLACEMENT_*, ERROR_CORE for a duplicate."""
    code, handler = _code(call), str(call.require("HANDLER"))
    check_handler(handler)
    entry, installation = _place(call, code), call.app()
    user_id = _number(call.params.get("USER_ID"))
    if user_id and not entry.user_mode:
        raise RestError(400, "ERROR_PLACEMENT_USER_MODE", "User mode is not available.")
    bound = [one for one in installation.placements if one.placement == code]
    counted = [one for one in bound if not entry.user_mode or one.user_id == user_id]
    if entry.max_count and len(counted) >= entry.max_count:
        raise RestError(400, "ERROR_PLACEMENT_MAX_COUNT", f"Placement max count: {entry.max_count}")
    options = _options(entry, call.params.get("OPTIONS"))
    if any(one.handler == handler for one in bound):
        raise RestError(400, "ERROR_CORE", "Unable to set placement handler: Handler already binded")
    texts = _texts(call)
    first: dict[str, str] = next(iter(texts.values()), {})
    installation.placements.append(
        PlacementBinding(
            id=call.portal.next_id("placement"),
            placement=code,
            handler=handler,
            title=first.get("TITLE", ""),
            description=first.get("DESCRIPTION", ""),
            group_name=first.get("GROUP_NAME", ""),
            lang_all=texts or {call.portal.lang: {"TITLE": _app_title(call)}},
            options=options,
            user_id=user_id,
        )
    )
    return True


@method(
    "placement.unbind",
    scope="placement",
    page="api-reference/widgets/placement-unbind.md",
    params=("PLACEMENT", "HANDLER", "USER_ID"),
    admin=True,
    app_context=True,
)
def placement_unbind(call: Call) -> dict[str, int]:
    """`{count}` grows twice for each removed binding, as on the portal; an unknown code removes nothing."""
    code, handler = _code(call), call.params.get("HANDLER")
    user_id = _number(call.params["USER_ID"]) if "USER_ID" in call.params else None
    installation = call.app()
    gone = [
        one
        for one in installation.placements
        if one.placement == code and handler in (None, "", one.handler) and user_id in (None, one.user_id)
    ]
    installation.placements = [one for one in installation.placements if one not in gone]
    return {"count": 2 * len(gone)}


@method(
    "placement.get",
    scope="placement",
    page="api-reference/widgets/placement-get.md",
    params=(),
    admin=True,
    app_context=True,
)
def placement_get(call: Call) -> list[dict[str, Any]]:
    """Bindings of the app in the order of their ids."""
    return [
        {
            "id": one.id,
            "placement": one.placement,
            "userId": one.user_id,
            "handler": one.handler,
            "options": {name: value for name, value in one.options.items() if name != "USER_TYPE_ID"},
            "title": one.title,
            "description": one.description,
            "langAll": {lang: {name: texts.get(name, "") for name in TEXTS} for lang, texts in one.lang_all.items()},
        }
        for one in call.app().placements
    ]


@method(
    "placement.list",
    scope="placement",
    page="api-reference/widgets/placement-list.md",
    params=("SCOPE", "FULL"),
    app_context=True,
)
def placement_list(call: Call) -> list[str]:
    """Codes the app may bind: for its scopes, one scope, or all."""
    if wanted := call.params.get("SCOPE"):
        return [code for code in codes(None) if (found := place(code)) and found.scope == wanted]
    more = UNDOCUMENTED if call.portal.differences.on("placements_undocumented") else ()
    return [*codes(None if php.truthy(call.params.get("FULL")) else call.scopes), *more]


def _code(call: Call) -> str:
    code = call.require("PLACEMENT")
    if not isinstance(code, str):
        raise argument_error("PLACEMENT", "The value of an argument 'PLACEMENT' must be of type string")
    if code.upper() == "DEFAULT":
        raise argument_error("PLACEMENT", "The placement code has an incorrect value")
    return code.upper()


def _place(call: Call, code: str) -> Place:
    entry = place(code)
    if entry is None or entry.scope not in ("", *call.scopes):
        raise RestError(400, "ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    return entry


def _options(entry: Place, given: Any) -> dict[str, Any]:
    if not entry.settings:
        return {}
    options = given if isinstance(given, dict) else {}
    for name in entry.required:
        if not options.get(name):
            raise RestError(400, "EMPTY_ERROR_HANDLER_URL", f"Option {name} is required")
    return {name: type(usual)(options.get(name, usual)) for name, usual in entry.settings.items()}


def _texts(call: Call) -> dict[str, dict[str, str]]:
    given = call.params.get("LANG_ALL")
    if isinstance(given, dict) and given:
        return {lang: {name: str(texts.get(name) or "").strip() for name in TEXTS} for lang, texts in given.items()}
    plain = {name: str(call.params[name]).strip() for name in TEXTS if call.params.get(name)}
    return {call.portal.lang: plain} if plain else {}


def _app_title(call: Call) -> str:
    title = call.app().app.title
    return title.get(call.portal.lang) or next(iter(title.values()), call.app().app.code)


def _number(value: Any) -> int:
    return int(value) if str(value or "").strip().isdigit() else 0
