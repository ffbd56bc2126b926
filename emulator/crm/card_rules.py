"""What a configurable activity may look like: the shapes of its layout and the refusals.

Pages: api-reference/crm/timeline/activities/configurable/structure/*; limits: crm/lib/activity/entity/
configurablerestapp/dto. Codes of icons and logos are not checked: the portal's lists are its own.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from emulator.crm.userfields import LANGUAGES

_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BLOCKS, _TAGS, _BUTTONS, _MENU, _PARAMS = 20, 2, 2, 10, 20
Check = Callable[[Any, str], None]


class CardError(ValueError):
    """A refused layout: `code` as documented."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass(frozen=True, slots=True)
class Shape:
    """Keys of an object with the check of each; others are redundant. `may_be_empty`: required keys that only must be
    there."""

    required: dict[str, Check] = field(default_factory=dict)
    optional: dict[str, Check] = field(default_factory=dict)
    may_be_empty: tuple[str, ...] = ()

    def __call__(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise CardError("FIELD_IS_REQUIRED", f"Field '{path}' must be an object")
        known = self.required | self.optional
        for key, item in value.items():
            if key not in known:
                raise CardError("FIELD_IS_REDUNDANT", f"Field '{path}.{key}' is redundant")
            known[key](item, f"{path}.{key}")
        for key in self.required:
            if value.get(key) in ((None,) if key in self.may_be_empty else (None, "", [], {})):
                raise CardError("FIELD_IS_REQUIRED", f"Field '{path}.{key}' is required")


def _any(value: Any, path: str) -> None:
    """Whatever it is."""


def _text(value: Any, path: str) -> None:
    """A text, or a map of languages the portal has."""
    for lang in value if isinstance(value, dict) else ():
        if lang not in LANGUAGES:
            raise CardError("WRONG_LANG", f"Wrong language '{lang}' in field '{path}'")


def _one_of(*words: str) -> Check:
    def check(value: Any, path: str) -> None:
        if value not in words:
            raise CardError("ENUM_FIELD", f"Field '{path}' must be one of {', '.join(words)}")

    return check


def _many(check: Check, limit: int) -> Check:
    """A map of objects under the app's own keys."""

    def checked(value: Any, path: str) -> None:
        rows = value.items() if isinstance(value, dict) else enumerate(value or ())
        if len(list(rows)) > limit:
            raise CardError("TOO_MANY_ITEMS", f"Field '{path}' has more than {limit} items")
        for key, item in value.items() if isinstance(value, dict) else enumerate(value or ()):
            if _KEY.fullmatch(str(key)) is None:
                raise CardError("KEY_CONTAIN_WRONG_SYMBOLS", f"Key '{key}' of field '{path}' contains wrong symbols")
            check(item, f"{path}.{key}")

    return checked


def _scalar(value: Any, path: str) -> None:
    if isinstance(value, list | dict):
        raise CardError("WRONG_FIELD_VALUE", f"Field '{path}' must be a scalar")


_ACTION_PARAMS = _many(_scalar, _PARAMS)
_ACTIONS = {
    "redirect": Shape({"type": _any, "uri": _any}),
    "restEvent": Shape(
        {"type": _any, "id": _any}, {"actionParams": _ACTION_PARAMS, "animationType": _one_of("loader", "disable")}
    ),
    "openRestApp": Shape({"type": _any}, {"actionParams": _ACTION_PARAMS, "sliderParams": _any}),
}


def _action(value: Any, path: str) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    _one_of(*_ACTIONS)(kind, f"{path}.type")
    _ACTIONS[str(kind)](value, path)


def _block(value: Any, path: str) -> None:
    Shape({"type": _one_of(*_BLOCK_PROPERTIES)}, {"properties": _any})(value, path)
    _BLOCK_PROPERTIES[value["type"]](value.get("properties") or {}, f"{path}.properties")


def _inner_block(value: Any, path: str) -> None:
    """Blocks inside blocks are simple ones."""
    Shape({"type": _one_of("text", "link", "deadline")}, {"properties": _any})(value, path)
    _block(value, path)


_SIZES, _COLORS = _one_of("xs", "sm", "md"), _one_of("base_50", "base_60", "base_70", "base_90")
_BLOCK_PROPERTIES: dict[str, Shape] = {
    "text": Shape(
        {"value": _text}, {"multiline": _any, "title": _text, "bold": _any, "size": _SIZES, "color": _COLORS}
    ),
    "largeText": Shape({"value": _text}),
    "link": Shape({"text": _text, "action": _action}, {"bold": _any}),
    "withTitle": Shape({"block": _inner_block}, {"title": _text, "inline": _any}),
    "lineOfBlocks": Shape({"blocks": _many(_inner_block, _BLOCKS)}),
    "deadline": Shape({}, {"readonly": _any}),
}
_TAG = Shape(
    {"title": _text, "type": _one_of("success", "failure", "warning", "primary", "secondary")}, {"action": _action}
)
_PRESSED: dict[str, Check] = {"scope": _one_of("web", "mobile"), "hideIfReadonly": _any}
_BUTTON = Shape({"title": _text, "type": _one_of("primary", "secondary"), "action": _action}, _PRESSED)
_ITEM = Shape({"title": _text, "action": _action}, _PRESSED)
_SHOWN: dict[str, Check] = dict.fromkeys(("showPinItem", "showPostponeItem", "showDeleteItem"), _any)
_CARD = Shape(
    {
        "icon": Shape({"code": _any}),
        "header": Shape({"title": _text}, {"titleAction": _action, "tags": _many(_TAG, _TAGS)}),
        "body": Shape(
            {"logo": Shape({"code": _any}, {"action": _action}), "blocks": _many(_block, _BLOCKS)},
            may_be_empty=("blocks",),  # structure/body.md, "Example Object (without content blocks)"
        ),
    },
    {
        "footer": Shape(
            {},
            {
                "buttons": _many(_BUTTON, _BUTTONS),
                "menu": Shape({}, {**_SHOWN, "items": _many(_ITEM, _MENU)}),
                "showNote": _any,
            },
        )
    },
)


_BLOCK_SET = Shape({"blocks": _many(_block, _BLOCKS)})


def check_blocks(layout: Any) -> None:
    """Raises CardError for a set of content blocks that is wrong (layout-blocks/*)."""
    _BLOCK_SET(layout, "layout")


def check(layout: Any) -> None:
    """Raises CardError for the first thing wrong."""
    if not layout:
        raise CardError("ERROR_EMPTY_LAYOUT", "Layout must not be empty")
    _CARD(layout, "layout")


def rest_event(layout: Any, action_id: str) -> dict[str, Any] | None:
    """The restEvent action with this id anywhere in a layout."""
    if isinstance(layout, dict):
        if layout.get("type") == "restEvent" and str(layout.get("id")) == action_id:
            return layout
        layout = list(layout.values())
    for part in layout if isinstance(layout, list) else ():
        if (found := rest_event(part, action_id)) is not None:
            return found
    return None
