"""The verdict on a foreign suite: nothing fails unexplained, nothing is explained for no reason."""

from typing import Any

import pytest

from tests.foreign.__main__ import main
from tests.foreign.report import Came, classed, judged, read

SERVED = frozenset({"profile", "crm.lead.get"})


def line(test: str, outcome: str = "passed", *methods: str, **more: str) -> dict[str, Any]:
    return {"test": test, "outcome": outcome, "text": "boom", "methods": methods, "name": "", "after": ""} | more


def test_the_worst_phase_of_a_test_counts() -> None:
    lines = [line("a::t"), line("a::t", "failed", "profile"), line("a::t"), line("a::u"), line("a::u", "skipped")]
    assert [(one.test, one.outcome, one.methods) for one in read(lines)] == [
        ("a::t", "failed", {"profile"}),
        ("a::u", "skipped", set()),
    ]


def test_what_needs_an_unserved_method_is_counted_apart_with_all_that_depend_on_it() -> None:
    lines = [
        line("a::add", "failed", "disk.add", name="add"),
        line("a::get", "skipped", name="get", after="add"),
        line("a::drop", "skipped", after="get"),
        line("b::get", "skipped", after="get"),
        line("b::own", "passed", "profile"),
    ]
    assert classed(read(lines), SERVED) == {
        "a::add": Came.UNSERVED,
        "a::get": Came.UNSERVED,
        "a::drop": Came.UNSERVED,
        "b::get": Came.LEFT,  # names hold inside their file
        "b::own": Came.PASSED,
    }


@pytest.mark.parametrize(
    ("outcome", "explained", "by_chance", "good"),
    [
        ("passed", {}, {}, True),
        ("failed", {}, {}, False),
        ("failed", {"a::t": "why"}, {}, True),
        ("passed", {"a::t": "why"}, {}, False),
        ("passed", {"a::gone": "why"}, {}, False),
        ("failed", {}, {"a::t": "why"}, True),
        ("passed", {}, {"a::t": "why"}, True),
    ],
)
def test_each_failure_is_explained_and_each_explanation_needed(
    outcome: str, explained: dict[str, str], by_chance: dict[str, str], good: bool
) -> None:
    assert judged(read([line("a::t", outcome, "profile")]), SERVED, explained, by_chance).good is good


def test_a_suite_of_which_nothing_ran_is_no_good() -> None:
    assert not judged([], SERVED, {}, {}).good


@pytest.mark.parametrize("arguments", [[], [""], ["/nowhere"]])
def test_without_a_checkout_it_says_where_to_get_one(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    (said,) = capsys.readouterr().out.splitlines()
    assert "git clone" in said
    assert "make foreign CHECKOUT=" in said
