"""userfieldtype.*: field types whose look is a frame of the app. Administrators and application context only.

Pages: api-reference/widgets/user-field/*; checks in the order of the portal's rest/lib/api/userfieldtype.php. A type is
a placement USERFIELD_TYPE; fields made of it stay when it goes.
"""

import re
from dataclasses import replace
from typing import Any

from emulator.crm.values import to_int
from emulator.errors import RestError, argument_error
from emulator.model.placements import PlacementBinding
from emulator.rest.handlers import check_handler
from emulator.rest.registry import Call, Method, Reply, page

PLACEMENT = "USERFIELD_TYPE"
LIMIT = 50
PARAMS = ("USER_TYPE_ID", "HANDLER", "TITLE", "DESCRIPTION", "LANG_ALL", "OPTIONS")
_CODE = re.compile(r"[a-z0-9_]+")


def _code(call: Call) -> str:
    return str(call.require("USER_TYPE_ID")).lower()


def _add(call: Call) -> bool:
    code, handler = _code(call), str(call.require("HANDLER"))
    check_handler(handler)
    if not _CODE.fullmatch(code) or len(f"rest_{call.app().id}_{code}") > LIMIT:
        raise argument_error("USER_TYPE_ID", f"USER_TYPE_ID takes a-z, 0-9 and, with its prefix, {LIMIT} characters")
    _check_free(call, code, handler)
    made = PlacementBinding(call.portal.next_id("placement"), PLACEMENT, handler, title=code)
    call.app().placements.append(_described(call, replace(made, options={"USER_TYPE_ID": code})))
    return True


def _update(call: Call) -> bool:
    """Changes what is given; the code stays."""
    code = _code(call)
    if not any(call.params.get(name) for name in PARAMS[1:]):
        raise argument_error("HANDLER|TITLE|DESCRIPTION")
    handler = str(call.params.get("HANDLER") or "")
    if handler:
        check_handler(handler)
    held, placements = _held(call, code), call.app().placements
    if handler:
        _check_free(call, "", handler, but=held)
        changed = replace(held, handler=handler)
    else:
        changed = held
    placements[placements.index(held)] = _described(call, changed)
    return True


def _delete(call: Call) -> bool:
    call.app().placements.remove(_held(call, _code(call)))
    return True


def _list(call: Call) -> Reply:
    """Rows of four texts, with a total."""
    rows = [
        {
            "USER_TYPE_ID": one.options["USER_TYPE_ID"],
            "HANDLER": one.handler,
            "TITLE": one.titled(call.portal.lang),
            "DESCRIPTION": one.description,
        }
        for one in _mine(call)
    ]
    return page(rows, call)


def _mine(call: Call) -> list[PlacementBinding]:
    return [one for one in call.app().placements if one.placement == PLACEMENT]


def _held(call: Call, code: str) -> PlacementBinding:
    found = next((one for one in _mine(call) if one.options["USER_TYPE_ID"] == code), None)
    if found is None:
        raise RestError(400, "ERROR_NOT_FOUND", "User Field Type not found")
    return found


def _check_free(call: Call, code: str, handler: str, but: PlacementBinding | None = None) -> None:
    """One handler for one type of an app, one code in the whole portal."""
    everybody = [one for app in call.portal.installations.values() for one in app.placements]
    taken = any(one.options.get("USER_TYPE_ID") == code for one in everybody)
    if taken or any(one.handler == handler and one is not but for one in _mine(call)):
        raise RestError(400, "ERROR_CORE", "Unable to set placement handler: Handler already binded")


def _described(call: Call, one: PlacementBinding) -> PlacementBinding:
    """With the texts and the height that were given."""
    texts: dict[str, Any] = {}
    for key, name in (("TITLE", "title"), ("DESCRIPTION", "description")):
        if call.params.get(key):
            texts[name] = str(call.params[key]).strip()
    if isinstance(call.params.get("LANG_ALL"), dict):
        texts["lang_all"] = call.params["LANG_ALL"]
    if "OPTIONS" in call.params:
        given = call.params["OPTIONS"] if isinstance(call.params["OPTIONS"], dict) else {}
        height = to_int({key.lower(): value for key, value in given.items()}.get("height"))
        kept = {"USER_TYPE_ID": one.options["USER_TYPE_ID"]}
        texts["options"] = kept | ({"height": height} if height else {})
    return replace(one, **texts)


METHODS = tuple(
    Method(f"userfieldtype.{name}", "placement", f"api-reference/widgets/user-field/userfieldtype-{name}.md", params,
           run, admin=True, app_context=True)
    for name, run, params in (
        ("add", _add, PARAMS), ("update", _update, PARAMS), ("list", _list, ()), ("delete", _delete, PARAMS[:1]),
    )
)  # fmt: skip
