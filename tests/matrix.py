"""What `make test` holds of a matrix: few of its combinations, and each value, or each two of them, in one at least.

Marks of a test with several parameters:

- `pairs`: every two values of different parameters meet; `pairs("page")`: for each page on its own;
- `each`: every value occurs;
- `bend`: the same stories (functions, by the parameter `story` or the one that is named, `bend("change")`) are told by
  several tests, each with another trouble. All of them are one matrix, whose parameters are the story and the trouble,
  with whatever else varies in it: each story is bent once, each trouble met once.

`--all`, and a test named on the command line, brings every combination.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations
from typing import Any, TypeAlias

import pytest

Row: TypeAlias = tuple[Hashable, ...]
STRENGTH = {"each": 1, "pairs": 2, "bend": 1}
"""How many values have to meet, by mark."""


def cover(rows: Sequence[Row], strength: int) -> list[int]:
    """Numbers of few rows that together hold every combination of values of `strength` columns that any row holds.

    The same rows give the same answer. A single value that has to occur comes with those that occurred least, so that
    every trouble gets its share of the stories.
    """
    columns = range(len(rows[0]))
    sets = list(combinations(columns, min(strength, len(columns))))
    held = [{(of, tuple(row[column] for column in of)) for of in sets} for row in rows]
    missing = set().union(*held)
    used: Counter[tuple[int, Hashable]] = Counter()

    def worth(number: int) -> tuple[int, int]:
        often = sum(used[value] for value in enumerate(rows[number])) if strength == 1 else 0
        return len(held[number] & missing), -often

    chosen: list[int] = []
    while missing:
        best = max(range(len(rows)), key=worth)
        chosen.append(best)
        missing -= held[best]
        used.update(enumerate(rows[best]))
    return sorted(chosen)


def chosen(items: Sequence[pytest.Item]) -> set[pytest.Item]:
    """The tests of `make test`: all without a mark, and of every matrix what covers it."""
    kept = {item for item in items if mark_of(item) is None}
    for strength, members, rows in matrices(items):
        kept |= {members[number] for number in cover(rows, strength)}
    return kept


def matrices(items: Sequence[pytest.Item]) -> Iterator[tuple[int, list[pytest.Item], list[Row]]]:
    """Strength, tests and their values, one row each."""
    groups: dict[Hashable, list[pytest.Item]] = defaultdict(list)
    for item in items:
        mark = mark_of(item)
        if mark and mark.name == "bend":
            groups["bend"].append(item)
        elif mark:
            groups[_function(item), *(id(_values(item)[name]) for name in mark.args)].append(item)
    for members in groups.values():
        marks = [mark for item in members if (mark := mark_of(item))]
        rows = [_row(item, mark) for item, mark in zip(members, marks, strict=True)]
        yield STRENGTH[marks[0].name], members, rows


def mark_of(item: pytest.Item) -> pytest.Mark | None:
    return next((mark for mark in item.iter_markers() if mark.name in STRENGTH), None)


def _function(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _values(item: pytest.Item) -> dict[str, Any]:
    assert isinstance(item, pytest.Function)
    return dict(item.callspec.params)


def _row(item: pytest.Item, mark: pytest.Mark) -> Row:
    """What is combined in a test, one entry for names that are given together. Values are told apart as objects: they
    need not be hashable, and each combination holds the same ones."""
    values = _values(item)
    if mark.name == "bend":
        story = values.pop(mark.args[0] if mark.args else "story")
        rest = tuple(id(values[name]) for name in sorted(values))
        return f"{story.__module__}.{story.__qualname__}", (_function(item), rest)
    given = [_names(one.args[0]) for one in item.iter_markers("parametrize")]
    fixtures = [(name,) for name in values if not any(name in names for names in given)]
    return tuple(
        tuple(id(values[name]) for name in names) for names in (*given, *fixtures) if not set(names) & set(mark.args)
    )


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(",")) if isinstance(given, str) else tuple(given)
