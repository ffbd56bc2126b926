"""Shapes of answers: what the corpus keeps of an example, and how an answer differs from it.

A scalar is the word for its type: `text`, `digits` (a number as text), `time` (ISO 8601 with offset), `int`, `float`,
`bool`, `null`; `a|b` where examples show both. A list is `[shape of its rows]`, a map of numbers `{"*": shape}`; a key
with `?` is in some rows only. Names that belong to one portal (user fields, parents of smart processes) are left out.
"""

import re
from collections.abc import Iterator
from typing import Any

Shape = Any
OWN = re.compile(r"UF_(CRM|USR)_|ufCrm|PARENT_ID_|parentId\d|rest_\d+_")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_NUMBERS = {"int": {"int"}, "float": {"int", "float"}}
_TEXTS = {"digits", "time", "text"}


def word(value: Any) -> str:
    """The type word of a scalar."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "bool"
    if isinstance(value, int | float):
        return "int" if isinstance(value, int) else "float"
    return "time" if _TIME.fullmatch(value) else "digits" if value.isdigit() else "text"


def differences(given: Any, shape: Shape, at: str = "result") -> Iterator[str]:
    """Where an answer is not of the documented shape; null fits everything, an empty PHP array every
    container, "" an old method's unset date."""
    if given is None or shape == "null" or (given == [] and isinstance(shape, dict | list)) or shape in ([], {}):
        return
    if isinstance(shape, dict):
        yield from _map(given, shape, at) if isinstance(given, dict) else [f"{at}: {word_of(given)}, not a map"]
    elif isinstance(shape, list):
        if not isinstance(given, list):
            yield f"{at}: {word_of(given)}, not a list"
        else:
            for index, row in enumerate(given):
                yield from differences(row, shape[0], f"{at}[{index}]")
    elif isinstance(given, dict | list):
        yield f"{at}: {word_of(given)}, not {shape}"
    elif not (given == "" and "time" in shape) and not any(_fits(word(given), one) for one in shape.split("|")):
        yield f"{at}: {word(given)} {given!r}, not {shape}"


def _map(given: dict[str, Any], shape: dict[str, Shape], at: str) -> Iterator[str]:
    if "*" in shape:
        for key, value in given.items():
            yield from differences(value, shape["*"], f"{at}.{key}")
        return
    known = {key.rstrip("?"): value for key, value in shape.items()}
    for key in shape:
        if not key.endswith("?") and key not in given:
            yield f"{at}.{key}: missing"
    for key, value in given.items():
        if key in known:
            yield from differences(value, known[key], f"{at}.{key}")
        elif not OWN.match(key):
            yield f"{at}.{key}: not on the page"


def _fits(given: str, shape: str) -> bool:
    """`digits` and `time` are texts that look like it: an example's text need not, its number must."""
    if shape in _NUMBERS:
        return given in _NUMBERS[shape]
    return given in _TEXTS if shape == "text" else given == shape


def word_of(value: Any) -> str:
    return "a map" if isinstance(value, dict) else "a list" if isinstance(value, list) else word(value)
