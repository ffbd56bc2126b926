"""crm.timeline.icon.* and crm.timeline.logo.*: pictures of log records and app cards, shared by all apps of the portal.

Pages: api-reference/crm/timeline/logmessage/icons/*, logo/*. The portal's own codes are there without a file.
"""

import base64
import binascii
from collections.abc import Callable
from hashlib import md5
from typing import Any, Literal

from emulator.crm.entities import Record
from emulator.errors import RestError
from emulator.rest.crm_item import needed
from emulator.rest.registry import Call, Method, Reply

Kind = Literal["icon", "logo"]
SYSTEM: dict[Kind, tuple[str, ...]] = {
    "icon": ("arrow-down", "arrow-up", "attention", "call", "check", "circle-check", "circle-crossed", "comment",
             "document", "info", "list-check", "mail", "notification", "task", "wallet"),
    "logo": ("bank-card", "bell", "calendar", "call", "call-incoming", "comment", "document", "list-check", "mail",
             "notification", "task"),
}  # fmt: skip
Act = Callable[[Call, Kind], Any]
TITLES: dict[Kind, str] = {"icon": "Icon", "logo": "Logo"}
SIGN = b"\x89PNG\r\n\x1a\n"


def _held(call: Call, kind: Kind) -> dict[str, str]:
    return call.portal.crm.timeline.pictures.setdefault(kind, {})


def _missing(kind: Kind, code: str) -> RestError:
    return RestError(400, "NOT_FOUND", f"{TITLES[kind]} not found for code `{code}`")


def _row(call: Call, kind: Kind, code: str) -> Record:
    file = _held(call, kind).get(code, "")
    return {"code": code, "isSystem": not file, "fileUri": file}


def _add(call: Call, kind: Kind) -> Record:
    """{icon: {code, isSystem, fileUri}}; portal administrators only."""
    code, content = str(needed(call, "code")), str(needed(call, "fileContent"))
    if not call.user.admin:
        raise RestError(400, "ACCESS_DENIED", "Access denied")
    try:
        raw = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw.startswith(SIGN):
        raise RestError(400, "INVALID_ARG_VALUE", "Invalid `fileContent` parameter specified")
    _held(call, kind)[code] = f"/upload/crm/{md5(raw, usedforsecurity=False).hexdigest()}/{code}.png"
    return {kind: _row(call, kind, code)}


def _get(call: Call, kind: Kind) -> Record:
    code = str(needed(call, "code"))
    if code not in SYSTEM[kind] and code not in _held(call, kind):
        raise _missing(kind, code)
    return {kind: _row(call, kind, code)}


def _list(call: Call, kind: Kind) -> Reply:
    codes = sorted({*SYSTEM[kind], *_held(call, kind)})
    return Reply({f"{kind}s": [_row(call, kind, code) for code in codes]}, total=len(codes))


def _delete(call: Call, kind: Kind) -> bool:
    code = str(needed(call, "code"))
    if not call.user.admin:
        raise RestError(400, "ACCESS_DENIED", "Access denied")
    if _held(call, kind).pop(code, None) is None:
        raise _missing(kind, code)
    return True


_ACTS = (
    ("add", _add, ("code", "fileContent")),
    ("get", _get, ("code",)),
    ("list", _list, ()),
    ("delete", _delete, ("code",)),
)


def _method(kind: Kind, name: str, act: Act, params: tuple[str, ...]) -> Method:
    page = f"api-reference/crm/timeline/logmessage/{kind}{'s' if kind == 'icon' else ''}/crm-timeline-{kind}-{name}.md"
    return Method(f"crm.timeline.{kind}.{name}", "crm", page, params, lambda call: act(call, kind), case="camel")


METHODS = tuple(_method(kind, *one) for kind in SYSTEM for one in _ACTS)
