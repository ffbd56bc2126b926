"""Places where a portal shows an app: catalogue, options of each, binding.

Pages: api-reference/widgets/placements.md, placement-bind.md and the page of each code.
"""

import re
from dataclasses import dataclass, field
from typing import Any

CRM_TYPES = "LEAD|DEAL|CONTACT|COMPANY|QUOTE|SMART_INVOICE|ORDER|DYNAMIC_\\d+"
AUTOMATED = "LEAD|DEAL|SMART_INVOICE|DYNAMIC_\\d+"


@dataclass(frozen=True, slots=True)
class PlacementBinding:
    """One `placement.bind`. `lang_all`: {lang: {TITLE, DESCRIPTION, GROUP_NAME}}; `user_id` 0 = for everybody."""

    id: int
    placement: str
    handler: str
    title: str = ""
    description: str = ""
    group_name: str = ""
    lang_all: dict[str, dict[str, str]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    user_id: int = 0

    def titled(self, lang: str) -> str:
        """The title in a language, else in the first one given."""
        named = self.lang_all.get(lang) or next(iter(self.lang_all.values()), {})
        return named.get("TITLE") or self.title


@dataclass(frozen=True, slots=True)
class Place:
    """A code of the catalogue. `scope` beside `placement`, "" = none; `keys` of PLACEMENT_OPTIONS (`URI` aside).

    `max_count`: handlers an app may bind, 0 = any number; with `user_mode` counted for all people and for each one
    apart. `settings`: what `OPTIONS` of placement.bind may hold, with defaults; `required` of them must be given.
    """

    scope: str
    keys: tuple[str, ...] = ()
    max_count: int = 0
    user_mode: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()


CHAT_SETTINGS: dict[str, Any] = {"iconName": "", "context": "", "role": "", "color": "", "width": 0, "height": 0}
ACTIVITY_SETTINGS: dict[str, Any] = {
    "useBuiltInInterface": "N",
    "newUserNotificationTitle": "",
    "newUserNotificationText": "",
}

CALL_KEYS = (
    *("CALL_ID", "PHONE_NUMBER", "LINE_NUMBER", "LINE_NAME", "CRM_ENTITY_TYPE", "CRM_ENTITY_ID", "CRM_ACTIVITY_ID"),
    *("CRM_BINDINGS", "CALL_DIRECTION", "CALL_STATE", "CALL_LIST_MODE"),
)

PLACES: dict[str, Place] = {
    "REST_APP_URI": Place("", max_count=1),
    "LEFT_MENU": Place(""),
    "PAGE_BACKGROUND_WORKER": Place(
        "", ("ID",), max_count=1, user_mode=True, settings={"errorHandlerUrl": ""}, required=("errorHandlerUrl",)
    ),
    "BI_ANALYTICS_MENU": Place(""),
    "CALENDAR_GRIDVIEW": Place("calendar", ("viewRangeFrom", "viewRangeTo")),
    "CALL_CARD": Place("telephony", CALL_KEYS),
    "TELEPHONY_ANALYTICS_MENU": Place("telephony"),
    "CONTACT_CENTER": Place("contact_center", ("ID",)),
    "CRM_ANALYTICS_MENU": Place("crm"),
    "CRM_ANALYTICS_TOOLBAR": Place("crm"),
    "CRM_FUNNELS_TOOLBAR": Place("crm"),
    "CRM_DETAIL_SEARCH": Place("crm", ("entityTypeName", "searchQuery")),
    "CRM_REQUISITE_AUTOCOMPLETE": Place("crm", ("searchQuery",), settings={"countries": ""}),
    "CRM_BANK_DETAIL_AUTOCOMPLETE": Place("crm", ("searchQuery",), settings={"countries": ""}),
    "CRM_ACTIVITY_LIST_MENU": Place("crm", ("ID",)),
    "IM_CONTEXT_MENU": Place("im", ("messageId", "dialogId"), settings=CHAT_SETTINGS),
    "IM_TEXTAREA": Place("im", ("dialogId",), settings=CHAT_SETTINGS),
    "IM_SIDEBAR": Place("im", ("dialogId",), settings=CHAT_SETTINGS),
    "IM_NAVIGATION": Place("im", settings=CHAT_SETTINGS),
    "IMMOBILE_CONTEXT_MENU": Place("im", ("dialogId",), settings=CHAT_SETTINGS),
    "SONET_GROUP_DETAIL_TAB": Place("sonet_group", ("GROUP_ID",)),
    "SONET_GROUP_TOOLBAR": Place("sonet_group"),
    "SONET_GROUP_ROBOT_DESIGNER_TOOLBAR": Place("sonet_group", ("GROUP_ID",)),
    "TASK_LIST_CONTEXT_MENU": Place("task", ("ID",)),
    "TASK_USER_LIST_TOOLBAR": Place("task", ("USER_ID",)),
    "TASK_GROUP_LIST_TOOLBAR": Place("task", ("GROUP_ID",)),
    "TASK_ROBOT_DESIGNER_TOOLBAR": Place("task", ("GROUP_ID",)),
    "TASK_VIEW_SIDEBAR": Place("task", ("taskId",)),
    "TASK_VIEW_TAB": Place("task", ("taskId",)),
    "TASK_VIEW_TOP_PANEL": Place("task", ("taskId",)),
    "USER_PROFILE_MENU": Place("user", ("USER_ID",)),
    "USER_PROFILE_TOOLBAR": Place("user", ("USER_ID",)),
}
ASSOCIATED = ("ENTITY_ID", "ASSOCIATED_ENTITY_ID", "ASSOCIATED_ENTITY_TYPE_ID")
PATTERNS: tuple[tuple[str, Place], ...] = (
    (rf"CRM_({CRM_TYPES})_DETAIL_TAB", Place("crm", ("ID",))),
    (r"CRM_(LEAD|DEAL|CONTACT|COMPANY|ORDER)_DETAIL_TOOLBAR", Place("crm", ("ID",))),
    (r"CRM_(QUOTE|SMART_INVOICE|DYNAMIC_\d+)_DETAIL_TOOLBAR", Place("crm", ("ENTITY_ID",))),
    (rf"CRM_({CRM_TYPES})_DETAIL_ACTIVITY", Place("crm", ("ID",), settings=ACTIVITY_SETTINGS)),
    (rf"CRM_({CRM_TYPES})_ACTIVITY_TIMELINE_MENU", Place("crm", ASSOCIATED)),
    (rf"CRM_({CRM_TYPES})_LIST_MENU", Place("crm", ("ID",))),
    (rf"CRM_({CRM_TYPES})_LIST_TOOLBAR", Place("crm")),
    (rf"CRM_({CRM_TYPES})_DOCUMENTGENERATOR_BUTTON", Place("crm", ("ENTITY_ID",))),
    (rf"CRM_({AUTOMATED})_ROBOT_DESIGNER_TOOLBAR", Place("crm")),
)
LISTED_TYPES = ("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE", "SMART_INVOICE", "ORDER")


def place(code: str) -> Place | None:
    """The catalogue's entry for a code."""
    if known := PLACES.get(code):
        return known
    return next((entry for pattern, entry in PATTERNS if re.fullmatch(pattern, code)), None)


def codes(scopes: frozenset[str] | None) -> list[str]:
    """Codes a portal lists for these scopes (None = all); smart-process codes stand for existing types only."""
    fixed = list(PLACES)
    for pattern, _ in PATTERNS:
        made = [re.sub(r"\(.*\)", kind, pattern) for kind in LISTED_TYPES]
        fixed += [code for code in made if re.fullmatch(pattern, code)]
    return [code for code in fixed if scopes is None or ((known := place(code)) and known.scope in ("", *scopes))]


def options_for(code: str, uri: str = "", **context: Any) -> dict[str, Any]:
    """PLACEMENT_OPTIONS of an open: the documented keys from `context`, as strings, plus `URI` where it is known.

    Raises ValueError for a key the page of the code does not name, or one left out. Codes whose options are free
    (DEFAULT, REST_APP_URI) and those bound elsewhere (SETTING_CONNECTOR, USERFIELD_TYPE) pass as they are.
    """
    entry = place(code)
    if entry is not None and code != "REST_APP_URI" and set(entry.keys) != set(context):
        raise ValueError(f"{code} is opened with {entry.keys}, not {tuple(context)}")
    typed = code in ("SETTING_CONNECTOR", "USERFIELD_TYPE", "DEFAULT", "CALL_CARD")
    options = {key: value if typed or isinstance(value, str) else str(value) for key, value in context.items()}
    return options | {"URI": uri} if uri else options
