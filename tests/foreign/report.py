"""What came of a foreign suite, test by test, and whether each failure is explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Came(StrEnum):
    """UNSERVED: it, or a test it depends on, calls a method that the emulator does not have; LEFT: skipped, by its own
    word or because a test it depends on failed."""

    PASSED = "passed"
    FAILED = "failed"
    LEFT = "skipped"
    UNSERVED = "need methods that the emulator does not serve"


@dataclass(slots=True)
class Tried:
    """One test. `name`: what others depend on it by; `after`: the name it was skipped for."""

    test: str
    outcome: str = "passed"
    text: str = ""
    name: str = ""
    after: str = ""
    methods: set[str] = field(default_factory=set)

    @property
    def file(self) -> str:
        return self.test.partition("::")[0]


def read(lines: Iterable[Mapping[str, Any]]) -> list[Tried]:
    """Tests from the witness's lines, one for each phase of a test; the worst phase counts."""
    tests: dict[str, Tried] = {}
    for line in lines:
        one = tests.setdefault(line["test"], Tried(line["test"]))
        one.name, one.methods = line["name"], one.methods | set(line["methods"])
        one.after = line["after"] or one.after
        if line["outcome"] != "passed" and one.outcome != "failed":
            one.outcome, one.text = line["outcome"], line["text"]
    return list(tests.values())


def classed(tests: Iterable[Tried], served: frozenset[str]) -> dict[str, Came]:
    """What came of each test, in their order: a test that was skipped for another one shares its fate."""
    came: dict[str, Came] = {}
    named: dict[tuple[str, str], Came] = {}
    for one in tests:
        if one.methods - served or named.get((one.file, one.after)) is Came.UNSERVED:
            came[one.test] = Came.UNSERVED
        else:
            came[one.test] = Came(one.outcome)
        if one.name:
            named[one.file, one.name] = came[one.test]
    return came


@dataclass(frozen=True, slots=True)
class Verdict:
    """`good` only if each failure is explained and each explanation is needed; `words` say it to a person."""

    good: bool
    words: str


def judged(
    tests: list[Tried], served: frozenset[str], explained: Mapping[str, str], by_chance: Mapping[str, str]
) -> Verdict:
    """`explained`: why a test fails; `by_chance`: why it fails or passes as it happens."""
    came = classed(tests, served)
    count = Counter(came.values())
    failed = [one for one in tests if came[one.test] is Came.FAILED]
    reasons = {**explained, **by_chance}
    unexplained = [one for one in failed if one.test not in reasons]
    stale = [test for test in explained if came.get(test) is not Came.FAILED]
    lines = [", ".join(f"{count[kind]} {kind}" for kind in Came)]
    lines += [f"explained: {one.test}: {reasons[one.test]}" for one in failed if one.test in reasons]
    lines += [f"NOT EXPLAINED: {one.test}: {one.text.strip()[:300]}" for one in unexplained]
    lines += [f"STALE EXPLANATION, it does not fail: {test}" for test in stale]
    good = bool(tests) and not unexplained and not stale
    return Verdict(good, "\n".join(lines if tests else ["No test was run."]))
