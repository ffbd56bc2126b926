"""PHP's form encoding, both ways: how the portal posts to us, and how commands of a batch are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from b24app.errors import Refused

DEEPEST, MOST_KEYS, LONGEST_KEY = 8, 2000, 512
NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")

Form = dict[str, Any]
"""Strings, and Forms nested by the brackets. Lists stay maps of digits: whoever reads them knows what they should
be."""


def encode(params: Mapping[str, Any]) -> str:
    """`{"fields": {"TITLE": "a b"}}` → `fields[TITLE]=a%20b`, keys and values quoted, as http_build_query nests.

    A Python bool or None raises TypeError: the portal wants Y/N here and 1/0 there, and "" clears a field, so the
    caller says which. Empty lists and maps vanish, as in PHP. `$result[...]` references pass: they are replaced after
    decoding.
    """
    return "&".join(f"{_quoted(name)}={_quoted(text)}" for name, text in _pairs("", params))


def _pairs(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _pairs(f"{prefix}[{key}]" if prefix else str(key), inner)
        case list() | tuple():
            for index, inner in enumerate(value):
                yield from _pairs(f"{prefix}[{index}]", inner)
        case _:
            yield prefix, _scalar(prefix, value)


def _scalar(name: str, value: Any) -> str:
    match value:
        case bool():
            raise TypeError(f"{name}: say Y/N or 1/0")
        case str():
            return str(value)
        case Decimal():
            return format(value, "f")
        case int() | float():
            return repr(value)
        case datetime() | date():
            return value.isoformat()
        case _:
            raise TypeError(f"{name}: {type(value).__name__} has no form")


def _quoted(text: str) -> str:
    return quote(text, safe="")


def parse_php_form(body: bytes) -> Form:
    """`data[FIELDS][ID]=7` → `{"data": {"FIELDS": {"ID": "7"}}}`; `a[]=x` counts up; the last of equal names wins.

    Raises Refused `bad_encoding` (not strict UTF-8, or a NUL, which no text column takes) or `bad_form` (brackets
    that do not match, deeper than 8, more than 2,000 keys, a name used both as a value and as a map).
    """
    parts = [part for part in body.split(b"&") if part]
    if len(parts) > MOST_KEYS:
        raise Refused("bad_form")
    form: Form = {}
    words = _decoded(parts)
    for name, value in zip(words[::2], words[1::2], strict=True):
        _put(form, _path(name), value)
    return form


def _decoded(parts: Sequence[bytes]) -> list[str]:
    """Names and values in turn, decoded all at once: a NUL, which nobody may send, keeps them apart meanwhile."""
    pairs = [part.replace(b"=", b"\0", 1) if b"=" in part else part + b"\0" for part in parts]
    try:
        words = unquote_to_bytes(b"\0".join(pairs).replace(b"+", b" ")).decode("utf-8").split("\0") if pairs else []
    except UnicodeDecodeError:
        raise Refused("bad_encoding") from None
    if len(words) != 2 * len(parts):
        raise Refused("bad_encoding")
    return words


@lru_cache(1024)  # the portal names the same few dozen in every event
def _path(name: str) -> tuple[str, ...]:
    found = NAME.match(name) if len(name) <= LONGEST_KEY else None
    if not found:
        raise Refused("bad_form")
    path = (found[1], *found[2][1:-1].split("][")) if found[2] else (found[1],)
    if len(path) > DEEPEST:
        raise Refused("bad_form")
    return path


def _put(form: Form, path: tuple[str, ...], value: str) -> None:
    *parents, last = path
    for key in parents:
        inner = form.setdefault(_counted(form, key), {})
        if not isinstance(inner, dict):
            raise Refused("bad_form")
        form = inner
    key = _counted(form, last)
    if isinstance(form.get(key), dict):
        raise Refused("bad_form")
    form[key] = value


def _counted(form: Form, key: str) -> str:
    """The key itself; for `[]` the next free number."""
    number = len(form)
    while not key and str(number) in form:
        number += 1
    return key or str(number)
