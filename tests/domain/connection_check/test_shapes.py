"""Shapes keep what values look like and never a value, and tell what is otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from b24app.domain.connection_check.shapes import as_json, both, differences, from_json, merged, plain, shape_of


def shape(value: Any) -> Any:
    return as_json(shape_of(value, plain))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "null"),
        (True, "boolean"),
        (7, "integer"),
        (0.5, "number"),
        ("", "empty"),
        ("Y", "flag"),
        ("7717586110", "digits 2-10"),
        ("2026-11-30T12:00:00+03:00", "date"),
        ("2026-11-30", "date"),
        ("Илья", "text 2-10"),
        ("a" * 5000, "text more"),
        ("Ил\0ья", "text-with-nul 2-10"),
        ("Ил\ud83d", "text-with-half-letter 2-10"),
        ([], ["0"]),
        ([1, "x"], ["2-10", "integer | text 1"]),
        ({"ID": "7", "UF_CRM_SECRET": "x", "7": 1, "Иванов": 2}, {"ID": "digits 1", "*": "2-10"}),
        ({"ufCrmSecret": 1, "parentId180": 2, "PROPERTY_44": 3}, {"*": "2-10"}),
    ],
)
def test_a_value_is_known_by_its_kind_and_length_only(value: Any, said: Any) -> None:
    assert shape(value) == said
    assert as_json(from_json(json.loads(json.dumps(said)))) == said


def test_rows_that_have_a_key_now_and_then_say_so() -> None:
    rows = [{"id": 1, "fm": []}, {"id": 2}, []]
    assert shape(rows) == ["2-10", {"|": [{"fm?": ["0"], "id": "integer"}, ["0"]]}]
    assert as_json(from_json(shape(rows))) == shape(rows)


@pytest.mark.parametrize(
    ("seen", "known", "told"),
    [
        ({"id": 1}, {"id": 2}, []),
        ({"id": "1"}, {"id": 2}, [("id", "type", "digits", "integer")]),
        ({"id": None}, {"id": 2}, [("id", "type", "null", "integer")]),
        ({}, {"id": 2}, [("id", "missing", "", "integer")]),
        ({"id": 1, "more": ""}, {"id": 2}, [("more", "unknown", "empty", "")]),
        ([{"id": 1}, {}], [{"id": 2}], [("[].id", "sometimes missing", "", "integer")]),
        ([], [{"id": 2}], []),
        ([[]], [{"id": 2}], [("[]", "type", "empty list", "map")]),
        ({"title": "7717"}, {"title": "ООО"}, []),
        ({"RQ_INN": "ИНН"}, {"RQ_INN": "7717586110"}, [("RQ_INN", "type", "text", "digits")]),
        ({"titles": "x"}, {"titles": "x" * 300}, []),
    ],
)
def test_what_is_otherwise_is_named_by_its_place(seen: Any, known: Any, told: list[tuple[str, ...]]) -> None:
    assert list(differences(shape_of(seen, plain), shape_of(known, plain))) == told


def test_several_answers_together_are_what_any_of_them_may_be() -> None:
    one, other = shape_of({"a": 1, "b": None}, plain), shape_of({"a": "x"}, plain)
    assert both(one, other) == both(other, one) == merged([one, other, one])
    assert as_json(both(one, other)) == {"a": "integer | text 1", "b?": "null"}
