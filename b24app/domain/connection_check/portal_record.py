"""What the record of a portal says: shapes and facts, compared with those of the emulator, and which switch of its
control door imitates a difference.

The record is JSON: `calls` by step and method (`asked`, `status`, `code`, `result`, `total` as in `domain.shapes`),
`facts` by name. The reference has the same `calls`; what is documented of facts stands here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from b24app.domain.connection_check import shapes
from b24app.domain.connection_check.portal_ways import NEAR
from b24app.domain.connection_check.shapes import Shape

FORM = 1
PARTS = ("result", "total")
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """What one method answered in one step, once or several times. `asked`: parameters and their keys; `parts`: of
    `result` and `total`, as far as they came."""

    asked: Mapping[str, Any]
    statuses: frozenset[str]
    codes: frozenset[str]
    parts: Mapping[str, Shape]

    def and_(self, other: RecordedCall) -> RecordedCall:
        """Both times together."""
        names = dict.fromkeys((*self.parts, *other.parts))
        found = {name: shapes.merged(one.parts[name] for one in (self, other) if name in one.parts) for name in names}
        return RecordedCall(
            _both_asked(self.asked, other.asked),
            self.statuses | other.statuses,
            self.codes | other.codes,
            {name: shape for name, shape in found.items() if shape},
        )

    def as_json(self) -> Mapping[str, Any]:
        said: dict[str, Any] = {"asked": self.asked, "status": " | ".join(sorted(self.statuses))}
        if self.codes:
            said["code"] = " | ".join(sorted(self.codes))
        return said | {name: shapes.as_json(shape) for name, shape in self.parts.items()}


Calls = Mapping[str, Mapping[str, RecordedCall]]
Written = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Calls as JSON."""


def calls_as_json(calls: Calls) -> Written:
    return {step: {name: calls[step][name].as_json() for name in sorted(calls[step])} for step in calls}


def calls_from_json(raw: Written) -> Calls:
    return {step: {name: _call(one) for name, one in methods.items()} for step, methods in raw.items()}


def _call(raw: Mapping[str, Any]) -> RecordedCall:
    statuses, codes = (frozenset(raw[name].split(" | ")) if name in raw else frozenset() for name in ("status", "code"))
    parts = {name: shapes.from_json(raw[name]) for name in PARTS if name in raw}
    return RecordedCall(raw["asked"], statuses, codes, parts)


def _both_asked(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    said = {**one, **other}
    for name in one.keys() & other.keys():
        if isinstance(one[name], list) and isinstance(other[name], list):
            said[name] = list(dict.fromkeys([*one[name], *other[name]]))
    return dict(sorted(said.items()))


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """`field`: where in the answer, `result.items[].updatedTime`, or a fact; `what`: `type`, `missing`,
    `sometimes missing`, `unknown`, `code`, `status`, `fact`; `switch`: what imitates it, "" for nothing yet."""

    method: str
    field: str = ""
    what: str = ""
    seen: str = ""
    documented: str = ""
    switch: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """`documented`: what is no difference; `switch`: with `{}` for what was seen."""

    method: str
    documented: Any
    switch: str


EVERY = "*"
ORIGINAL_NAMES = "original names"
"""A question that the app itself does not ask: what it showed is a fact and no difference of a call."""
FACTS: Mapping[str, Fact] = {
    "installed": Fact("app.info", True, "install_unfinished"),
    "date filter": Fact("crm.item.list", "kept", "date_filter_zone = {}"),
    "empty conditions": Fact("crm.item.list", "heeded", "filter_drops_empty"),
    ORIGINAL_NAMES: Fact("crm.item.list", "with system fields", "original_names_drop_system"),
    "operating": Fact(EVERY, "counted", "operating = {}"),
    "without time": Fact(EVERY, [], "time_absent"),
    "clock": Fact(EVERY, 0, "clock_shift = {}"),
    "stored dates": Fact("crm.item.list", 0, "database_clock_shift = {}"),
    "not stored": Fact("crm.contact.update", [], "write_ignores = [{}]"),
}
IMITATED: Mapping[tuple[str, str, str], str] = {
    ("result.items[]", "type", "empty list"): "rows_empty",
    ("result.items[].updatedTime", "type", "null"): "date_modified_null",
    ("result.items[].updatedTime", "type", "empty"): "date_modified_blank",
}
MISSING, FLAT, STUCK, NUMBERS, TRUE, PLACES, CAMELS = BY_METHOD = (
    "methods_missing",
    "user_filter_flat",
    "cursor_ignored",
    "user_ids_numbers",
    "box_true",
    "placements_undocumented",
    "camel_forms_mixed",
)
BY_TYPE: Mapping[str, str] = {"text-with-nul": "text_nul", "text-with-half-letter": "text_half_letter"}


def as_json(difference: Difference) -> Mapping[str, str]:
    return {name: text for name, text in asdict(difference).items() if text}


def compared(calls: Calls, facts: Facts, reference: Calls, places: Collection[str]) -> list[Difference]:
    """Each difference once, with the first step that shows it; in a stable order. `places`: those that are documented;
    a portal may have fewer."""
    found: dict[Difference, str] = {}
    for step, methods in calls.items():
        for method, seen in methods.items() if not step.endswith(ORIGINAL_NAMES) else ():
            if known := reference.get(step, {}).get(method):
                for one in _of_call(method, seen, known):
                    found.setdefault(one, step)
    told = [Difference(**{**asdict(one), "step": step}) for one, step in found.items()]
    if more := sorted(set(facts.get("places", ())) - set(places)):
        told.append(Difference("placement.list", "places", "unknown", ", ".join(more), switch=PLACES))
    return sorted([*told, *_of_facts(facts)])


def nearly(seconds: float) -> int:
    """How far a clock is off, to ten seconds; 0 where it is near."""
    return 0 if abs(seconds) <= NEAR else round(seconds / 10) * 10


def _of_call(method: str, seen: RecordedCall, known: RecordedCall) -> Iterator[Difference]:
    if seen.codes != known.codes:
        code, expected = (" | ".join(sorted(one.codes)) for one in (seen, known))
        switch = f"{MISSING} = [{method}]" if "ERROR_METHOD_NOT_FOUND" in seen.codes else ""
        yield Difference(method, "", "code", code, expected, switch)
        return
    if seen.statuses != known.statuses:
        yield Difference(method, "", "status", *(" | ".join(sorted(one.statuses)) for one in (seen, known)))
    for part, expected_shape in known.parts.items():
        if part not in seen.parts:
            yield Difference(method, part, "missing")
            continue
        found = list(shapes.differences(seen.parts[part], expected_shape, part))
        under_another_name = {_spelled(field) for field, what, _, _ in found if what == "unknown"}
        for field, what, was, expected in found:
            if what != "missing" or _spelled(field) not in under_another_name:
                yield Difference(method, field, what, was, expected, _switch(method, field, what, was))


def _spelled(field: str) -> str:
    """`ufCrm_B24APP_CHECK` and `ufCrmB24appCheck` alike."""
    return field.replace("_", "").casefold()


def _switch(method: str, field: str, what: str, was: str) -> str:
    if what == "type" and was in BY_TYPE:
        return BY_TYPE[was]
    if method in ("user.get", "profile") and field.endswith("ID") and was == "integer":
        return NUMBERS
    if method.startswith("crm.item.") and field.rpartition(".")[2].upper().startswith("UF"):
        return TRUE if was == "boolean" else CAMELS if what == "unknown" else ""
    return IMITATED.get((field, what, was), "") if method == "crm.item.list" else ""


def _of_facts(facts: Facts) -> Iterator[Difference]:
    """What was not seen differs from nothing."""
    for one in facts.get("conditions by id", ()):
        method, _, condition = str(one).partition(" ")
        switch = FLAT if method == "user.get" else STUCK if condition[0] == ">" else ""
        yield Difference(method, condition, "not heeded", switch=switch)
    for name, one in FACTS.items():
        was = facts.get(name, one.documented)
        if was not in (one.documented, "unseen"):
            seen = ", ".join(was) if isinstance(was, list) else str(was)
            expected = one.documented if isinstance(one.documented, str) else ""
            yield Difference(one.method, name, "fact", seen, expected, one.switch.format(seen))
