"""What live portals do otherwise than their documentation says, each with the public report of it.

A difference is off until the control door turns it on, portal by portal; off is as documented. What every portal was
seen to do needs no switch: that is simply how the emulator answers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Takes(StrEnum):
    """What a difference is set to; `false`, null, 0 and an empty list turn any of them off."""

    FLAG = "flag"  # true
    WORD = "word"  # one of its `words`
    NUMBER = "number"
    NAMES = "names"  # a list of texts; CONTACT_5 is a card, * stands for every one


@dataclass(frozen=True, slots=True)
class Difference:
    """`what`: one sentence. `source`: a thread (`owner/name#number`), or where else it was told. `methods`: what it
    touches. `example`: a value that shows it."""

    name: str
    takes: Takes
    what: str
    source: str
    methods: tuple[str, ...]
    example: Any = True
    words: tuple[str, ...] = ()


LISTS = ("crm.item.list", "crm.requisite.list", "event.offline.list", "event.offline.get")
CARDS = ("crm.item.list", "crm.item.get")
UPDATES = tuple(f"crm.{card}.update" for card in ("contact", "company", "deal", "lead"))
EVERY = ("*",)

TABLE: tuple[Difference, ...] = (
    Difference(
        "original_names_drop_system",
        Takes.FLAG,
        "With useOriginalUfNames=Y and a select a list gives user fields only, [] for a row without any.",
        "bitrix-tools/b24-rest-docs#263, #368",
        ("crm.item.list",),
    ),
    Difference(
        "date_filter_zone",
        Takes.WORD,
        "A date filter's offset is not heeded: wall-clock digits are compared, or nothing or everything matches.",
        "bitrix-tools/b24-rest-docs#215",
        ("crm.item.list",),
        example="digits",
        words=("digits", "nothing", "everything"),
    ),
    Difference(
        "filter_drops_empty",
        Takes.FLAG,
        "A condition whose value is empty or null is dropped: everything comes back.",
        "comments in public API clients, 2026; no thread",
        (*LISTS, "user.get"),
    ),
    Difference(
        "cursor_ignored",
        Takes.FLAG,
        "A list does not heed >ID: its first page comes for ever.",
        "bitrix24/b24jssdk#113",
        LISTS,
    ),
    Difference(
        "write_ignores",
        Takes.NAMES,
        "An update answers success and leaves these fields as they were.",
        "bitrix-tools/b24-rest-docs#145, #269",
        UPDATES,
        example=["UF_CRM_B24APP_STATUS"],
    ),
    Difference(
        "install_unfinished",
        Takes.FLAG,
        "The installation never becomes finished: bindings are taken and listed, no event comes.",
        "bitrix24/b24jssdk#336, #377",
        ("app.info", "event.bind", "placement.bind"),
    ),
    Difference(
        "slow_handler_dropped",
        Takes.NUMBER,
        "A handler that took longer than so many seconds is not called any more.",
        "truetech.dev, an article on webhooks",
        ("event.bind",),
        example=5,
    ),
    Difference(
        "options_extra_keys",
        Takes.FLAG,
        "PLACEMENT_OPTIONS of the app's page hold keys that no page names.",
        "devondevceo/devon_b24_support_bot, notes of August 2026",
        ("placement.bind",),
    ),
    Difference(
        "placements_undocumented",
        Takes.FLAG,
        "placement.list names codes that have no page.",
        "bitrix-tools/b24-rest-docs#209",
        ("placement.list",),
    ),
    Difference(
        "camel_forms_mixed",
        Takes.FLAG,
        "User fields come under both camel forms side by side: ufCrm_ABC and ufCrmAbc.",
        "bx-shef/polls, notes of 2026",
        CARDS,
    ),
    Difference(
        "operating",
        Takes.WORD,
        "An answer's time has no operating figures, or always 0.",
        "bitrix24/b24jssdk#459",
        EVERY,
        example="absent",
        words=("absent", "zero"),
    ),
    Difference("time_absent", Takes.FLAG, "An answer has no time at all.", "bitrix24/b24jssdk#456", EVERY),
    Difference(
        "batch_tail_silent",
        Takes.NUMBER,
        "A batch does so many commands; what comes behind them is missing without an error.",
        "bx-shef/some-report, notes of 2026",
        ("batch",),
        example=50,
    ),
    Difference(
        "refresh_short",
        Takes.FLAG,
        "The auth server's answer to a refresh has neither expires nor user_id.",
        "bitrix-tools/b24-rest-docs#285",
        ("oauth/token",),
    ),
    Difference(
        "methods_missing",
        Takes.NAMES,
        "These methods answer ERROR_METHOD_NOT_FOUND.",
        "zenland-dev/n8n-nodes-bitrix24, devondevceo/devon_b24_support_bot: notes of 2026",
        EVERY,
        example=["feature.get", "method.get"],
    ),
    Difference(
        "user_filter_flat",
        Takes.FLAG,
        "user.get heeds conditions beside FILTER only, so FILTER alone gives everybody.",
        "zenland-dev/n8n-nodes-bitrix24, notes of 2026",
        ("user.get",),
    ),
    Difference(
        "user_get_active_only",
        Takes.FLAG,
        "user.get leaves out the dismissed unless they are asked for.",
        "zenland-dev/n8n-nodes-bitrix24, notes of 2026",
        ("user.get",),
    ),
    Difference(
        "user_ids_numbers",
        Takes.FLAG,
        "Ids of people come as numbers where the page shows texts.",
        "zenland-dev/n8n-nodes-bitrix24, notes of 2026",
        ("user.get", "profile"),
    ),
    Difference(
        "clock_shift",
        Takes.NUMBER,
        "The portal's clock differs from the world's by so many seconds, in stored dates and in an answer's time.",
        "dev.1c-bitrix.ru, site check: time of the server",
        (*CARDS, "crm.requisite.list", "event.offline.list"),
        example=-420,
    ),
    Difference(
        "database_clock_shift",
        Takes.NUMBER,
        "Stored dates differ so many seconds from the clock in an answer's time: a database in another zone.",
        "dev.1c-bitrix.ru, site check: time of the database and of the web server",
        (*CARDS, "crm.requisite.list", "event.offline.list"),
        example=-10800,
    ),
    Difference(
        "rows_empty",
        Takes.NAMES,
        "A list shows [] in the place of these cards.",
        "bitrix-tools/b24-rest-docs#368",
        ("crm.item.list",),
        example=["*"],
    ),
    Difference(
        "date_modified_null",
        Takes.NAMES,
        "These cards have no date of change: updatedTime is null.",
        "the column takes it; cards of old imports",
        CARDS,
        example=["*"],
    ),
    Difference(
        "date_modified_blank",
        Takes.NAMES,
        "updatedTime of these cards is an empty text.",
        "legacy methods show unset dates so",
        CARDS,
        example=["*"],
    ),
    Difference(
        "box_true",
        Takes.NAMES,
        "Boolean user fields of these cards are JSON's true and false.",
        "bitrix-tools/b24-rest-docs#348",
        CARDS,
        example=["*"],
    ),
    Difference(
        "text_nul",
        Takes.NAMES,
        "Texts of these cards hold a NUL.",
        "LogicLabs-OU/OpenArchiver#479, of mail: PHP and JSON carry it too",
        (*CARDS, "crm.requisite.list"),
        example=["*"],
    ),
    Difference(
        "text_half_letter",
        Takes.NAMES,
        "Texts of these cards end in half of a surrogate pair.",
        "no report of a portal: PHP cuts texts by bytes and prints the rest",
        (*CARDS, "crm.requisite.list"),
        example=["*"],
    ),
)
DIFFERENCES: Mapping[str, Difference] = {one.name: one for one in TABLE}

PROFILES: Mapping[str, Mapping[str, Any]] = {
    "as_documented": {},
    "reported_2026": {
        "original_names_drop_system": True,
        "date_filter_zone": "digits",
        "filter_drops_empty": True,
        "operating": "absent",
    },
    "old_box": {
        "date_filter_zone": "nothing",
        "operating": "absent",
        "time_absent": True,
        "refresh_short": True,
    },
}
"""Differences that were met together; a profile turns the others off."""


@dataclass(slots=True)
class Differences:
    """Those of one portal."""

    _set: dict[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(sorted(self._set.items()))

    def change(self, given: Mapping[str, Any]) -> None:
        """Turn some on or off, all or none of them. Raises KeyError for a name that is none, ValueError for a value it
        does not take."""
        checked = {name: _checked(DIFFERENCES[name], value) for name, value in given.items()}
        self._set = {name: value for name, value in (self._set | checked).items() if value}

    def become(self, profile: str) -> None:
        """Exactly those of a profile. Raises KeyError."""
        self._set = dict(PROFILES[profile])

    def on(self, name: str) -> bool:
        return name in self._set

    def word(self, name: str) -> str:
        """The word it is set to, "" where it is off."""
        return str(self._set.get(name, ""))

    def number(self, name: str) -> float:
        """0 where it is off."""
        return float(self._set.get(name, 0))

    def named(self, name: str, one: str) -> bool:
        """Whether its list names this one."""
        names = self._set.get(name, ())
        return one in names or "*" in names


def _checked(one: Difference, value: Any) -> Any:
    """The value as it is kept, something false to turn it off."""
    if value in (None, False, "", 0, []):
        return None
    fits = {
        Takes.FLAG: value is True,
        Takes.WORD: value in one.words,
        Takes.NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
        Takes.NAMES: isinstance(value, list) and all(isinstance(name, str) for name in value),
    }
    if not fits[one.takes]:
        raise ValueError(f"{one.name} takes a {one.takes}{': ' * bool(one.words)}{', '.join(one.words)}")
    return value
