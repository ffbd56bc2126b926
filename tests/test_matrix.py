"""What `make test` leaves out is met in another combination, and `make test-all` leaves nothing out."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from b24app.settings import ROOT
from tests.conftest import COLLECTED
from tests.matrix import chosen, cover, mark_of, matrices

SIZES = [(2,), (5, 3), (2, 2, 2), (7, 3, 2), (40, 2, 2, 2)]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_two_values_meet(sizes: tuple[int, ...]) -> None:
    rows = list(product(*map(range, sizes)))
    few = [rows[number] for number in cover(rows, 2)]
    for one, other in combinations(range(len(sizes)), 2):
        assert {(row[one], row[other]) for row in few} == set(product(range(sizes[one]), range(sizes[other])))
    largest = sorted(sizes)[-2:]
    assert len(few) == (largest[0] * largest[1] if len(sizes) > 1 else sizes[0])


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_value_occurs_and_none_much_more_than_another(sizes: tuple[int, ...]) -> None:
    rows = list(product(*map(range, sizes)))
    few = [rows[number] for number in cover(rows, 1)]
    assert len(few) == max(sizes)
    for column, size in enumerate(sizes):
        often = [sum(row[column] == value for row in few) for value in range(size)]
        assert min(often) >= max(often) - 1 >= 0


def test_of_combinations_that_are_not_all_there_the_same_is_met() -> None:
    rows = [("a", 1), ("a", 2), ("b", 2), ("b", 3)]
    assert cover(rows, 2) == [0, 1, 2, 3]
    assert {value for number in cover(rows, 1) for value in rows[number]} == {"a", "b", 1, 2, 3}


@pytest.mark.pairs
@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("role", ["administrator", "manager", "nobody"])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_each_pair_of_what_was_collected_is_run(
    request: pytest.FixtureRequest, language: str, role: str, width: int, height: int
) -> None:
    """This test is a matrix itself, so that there is one whatever was collected."""
    collected = request.config.stash[COLLECTED]
    kept = chosen(collected)
    assert {item for item in collected if mark_of(item) is None} <= kept <= set(collected)
    for strength, members, rows in matrices(collected):
        run = [row for item, row in zip(members, rows, strict=True) if item in kept]
        for columns in combinations(range(len(rows[0])), min(strength, len(rows[0]))):
            met, there = ({tuple(row[column] for column in columns) for row in some} for some in (run, rows))
            assert met == there, members[0].nodeid


def test_nothing_is_left_out_where_all_is_asked_for(request: pytest.FixtureRequest) -> None:
    collected, run = request.config.stash[COLLECTED], request.session.items
    kept = chosen(collected)
    assert run == (collected if request.config.option.all else [item for item in collected if item in kept])


def test_the_commands_say_which_is_which() -> None:
    commands = (ROOT / "Makefile").read_text("utf-8").replace("\n\t", " ").splitlines()
    suites = {line.partition(":")[0]: "--all" in line for line in commands if "-m pytest" in line}
    assert suites == {"test": False, "test-all": True}
    assert (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[-1] == "make test"
