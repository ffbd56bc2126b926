"""Shapes of answers: which keys, of which types and how long, and never a value; and what differs between two shapes.

A shape is written as JSON that people can read. A text names what a value was (`integer | null`, `text 11-100`), a map
its keys (`"name?"`: not in each of several rows; `"*"`: how many others, which the portal's owner may have named), a
list how long it was and what its rows have in common; `{"|": […]}` stands where it was now this and now that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

EITHER, OTHERS = "|", "*"
DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\Z", re.ASCII)
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z", re.ASCII)
LONGEST_NAME = 48
OWNERS = re.compile(r"(?i:uf_|parent_?id|property_?\d)|uf[A-Z]", re.ASCII)
"""How keys begin that a portal's owner or another app has named."""
SIZES = ((0, "0"), (1, "1"), (10, "2-10"), (50, "11-50"), (100, "51-100"), (255, "101-255"), (1000, "256-1000"))
PASSES: Mapping[str, frozenset[str]] = {
    "text": frozenset({"digits", "flag", "empty", "date"}),
    "digits": frozenset({"flag"}),
    "number": frozenset({"integer"}),
}
"""What may stand where the other was seen: a title of digits is still a title."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`leaves`: types with their sizes; `keys`: of maps, None where there was none; `always`: those in every map;
    `others`: how many keys were only counted; `sizes`: lengths of lists; `items`: what their rows have in common."""

    leaves: frozenset[str] = frozenset()
    keys: Mapping[str, Shape] | None = None
    always: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    sizes: frozenset[str] = frozenset()
    items: Shape | None = None

    def types(self) -> frozenset[str]:
        """Without sizes; `map`, `list` and `empty list` among them."""
        found = {one.partition(" ")[0] for one in self.leaves}
        found |= {"map"} if self.keys is not None else set()
        found |= {"empty list" if one == "0" else "list" for one in self.sizes}
        return frozenset(found)


def shape_of(value: Any, named: Callable[[str], bool]) -> Shape:
    """`named`: whether a key is told by its name; the others are counted."""
    match value:
        case Mapping():
            keys = {str(key): shape_of(one, named) for key, one in value.items() if named(str(key))}
            return Shape(keys=keys, always=frozenset(keys), others=frozenset({size(len(value) - len(keys))}))
        case list():
            return Shape(sizes=frozenset({size(len(value))}), items=merged(shape_of(one, named) for one in value))
    return Shape(leaves=frozenset({_leaf(value)}))


def plain(key: str, *, digits: bool = False) -> bool:
    """Whether a key is a word of the API: nothing that somebody in the portal may have named. `digits`: it may begin
    with some."""
    known = NAME.match(key.lstrip("0123456789") if digits else key) or (digits and key.isdecimal())
    return len(key) <= LONGEST_NAME and bool(known) and not OWNERS.match(key)


def size(length: int) -> str:
    """A class of lengths: `2-10`."""
    return next((name for most, name in SIZES if length <= most), "more")


def merged(shapes: Iterable[Shape]) -> Shape | None:
    """What several have in common; None of none."""
    found = list(shapes)
    return reduce(both, found) if found else None


def both(one: Shape, other: Shape) -> Shape:
    keys: Mapping[str, Shape] | None = one.keys if other.keys is None else other.keys
    always = one.always | other.always
    if one.keys is not None and other.keys is not None:
        names = sorted({*one.keys, *other.keys})
        keys = {name: _pair(one.keys.get(name), other.keys.get(name)) for name in names}
        always = one.always & other.always
    return Shape(
        leaves=one.leaves | other.leaves,
        keys=keys,
        always=always,
        others=one.others | other.others,
        sizes=one.sizes | other.sizes,
        items=merged(filter(None, (one.items, other.items))),
    )


def as_json(shape: Shape) -> Any:
    """Stable: keys and types in the order of their letters."""
    parts: list[Any] = [" | ".join(sorted(shape.leaves))] if shape.leaves else []
    if shape.keys is not None:
        written = {
            name if name in shape.always else f"{name}?": as_json(shape.keys[name]) for name in sorted(shape.keys)
        }
        others = sorted(shape.others - {"0"})
        parts.append(written | ({OTHERS: " | ".join(others)} if others else {}))
    if shape.sizes:
        parts.append([" | ".join(sorted(shape.sizes)), *([as_json(shape.items)] if shape.items else [])])
    return parts[0] if len(parts) == 1 else {EITHER: parts}


def from_json(raw: Any) -> Shape:
    match raw:
        case str():
            return Shape(leaves=frozenset(raw.split(" | ")))
        case list():
            items = from_json(raw[1]) if len(raw) > 1 else None
            return Shape(sizes=frozenset(raw[0].split(" | ")), items=items)
    if EITHER in raw:
        return reduce(both, map(from_json, raw[EITHER]), Shape())
    others = frozenset(raw.get(OTHERS, "0").split(" | "))
    keys = {name.removesuffix("?"): from_json(one) for name, one in raw.items() if name != OTHERS}
    always = frozenset(name for name in raw if name != OTHERS and not name.endswith("?"))
    return Shape(keys=keys, always=always, others=others)


def differences(seen: Shape, known: Shape, path: str = "") -> Iterator[tuple[str, str, str, str]]:
    """(field, what, was, expected) wherever `seen` is not as `known` is. Sizes do not count, nor do rows that are not
    there: an empty list says nothing of its rows."""
    expected = known.types()
    for one in sorted(seen.types() - {"empty list"} if "list" in expected else seen.types()):
        passes = one in expected or any(one in PASSES.get(other, ()) for other in expected)
        if not passes and not (one == "list" and "empty list" in expected):
            yield path, "type", one, " | ".join(sorted(expected))
    if seen.keys is not None and known.keys is not None:
        yield from _by_key(seen, known, path)
    if seen.items and known.items:
        yield from differences(seen.items, known.items, f"{path}[]")


def _by_key(seen: Shape, known: Shape, path: str) -> Iterator[tuple[str, str, str, str]]:
    assert seen.keys is not None and known.keys is not None
    for name in sorted({*seen.keys, *known.keys}):
        where = f"{path}.{name}" if path else name
        if name not in known.keys:
            yield where, "unknown", " | ".join(sorted(seen.keys[name].types())), ""
        elif name not in seen.keys:
            if name in known.always:
                yield where, "missing", "", " | ".join(sorted(known.keys[name].types()))
        else:
            if name in known.always and name not in seen.always:
                yield where, "sometimes missing", "", " | ".join(sorted(known.keys[name].types()))
            yield from differences(seen.keys[name], known.keys[name], where)


def _pair(one: Shape | None, other: Shape | None) -> Shape:
    found = merged(filter(None, (one, other)))
    assert found
    return found


def _leaf(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
    text = str(value)
    if not text:
        return "empty"
    if text in ("Y", "N"):
        return "flag"
    return "date" if DATE.match(text) else f"{_text(text)} {size(len(text))}"


def _text(text: str) -> str:
    """Texts that a database does not take by their own names."""
    if "\0" in text:
        return "text-with-nul"
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return "text-with-half-letter"
    return "digits" if text.isascii() and text.isdecimal() else "text"
