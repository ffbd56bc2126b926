"""How PHP reads and writes what travels: form nesting, `json_encode`.

Source: settings/how-to-call-rest-api/data-encoding.md, settings/how-to-call-rest-api/batch.md; api-reference/events/
index.md for the event forms.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

_SUBKEYS = re.compile(r"\[([^\]]*)\]")
_ESCAPES = re.compile(r"\\(.)")
_HEX = str.maketrans({"<": r"\u003C", ">": r"\u003E", "&": r"\u0026", "'": r"\u0027", "/": r"\/"})


class Object(dict[str, Any]):
    """What PHP knows as an object and not as an array: it prints `{}` when it is empty."""


def truthy(value: Any) -> bool:
    """PHP's mind about a value: the texts `0` and "" are false, `false` is true."""
    return bool(value) and value != "0"


def parse_form(text: str) -> dict[str, Any]:
    """`a[b][]=x&c=y` → {"a": {"b": ["x"]}, "c": "y"}. All values are strings; maps with keys 0..n-1 become lists."""
    return nest(parse_qsl(text, keep_blank_values=True))


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """PHP's reading of `name[sub][]=value` pairs; a later plain value replaces an earlier one."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, *_ = name.partition("[")
        path = [head.replace(".", "_").replace(" ", "_"), *_SUBKEYS.findall(name[len(head) :])]
        if path[0]:
            _put(tree, path, value)
    return {key: lists(value) for key, value in tree.items()}


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    for key in path[:-1]:
        child = tree.get(_slot(tree, key))
        if not isinstance(child, dict):
            child = tree[_slot(tree, key)] = {}
        tree = child
    tree[_slot(tree, path[-1])] = value


def _slot(tree: dict[str, Any], key: str) -> str:
    if key:
        return key
    numbers = [int(known) for known in tree if known.isdigit()]
    return str(max(numbers) + 1 if numbers else 0)


def lists(value: Any) -> Any:
    """Maps whose keys are 0..n-1 in order are PHP lists, all the way down."""
    if isinstance(value, list):
        return [lists(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value and list(map(str, value)) == [str(number) for number in range(len(value))]:
        return [lists(item) for item in value.values()]
    return {str(key): lists(item) for key, item in value.items()}


def form_pairs(data: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Flat `name[sub]` pairs: scalars as strings, true/false as 1/0, null as empty text, empty arrays absent."""
    pairs: list[tuple[str, str]] = []
    for key, value in data.items():
        name = f"{prefix}[{key}]" if prefix else str(key)
        if isinstance(value, Mapping):
            pairs += form_pairs(value, name)
        elif isinstance(value, (list, tuple)):
            pairs += form_pairs({str(index): item for index, item in enumerate(value)}, name)
        else:
            pairs.append((name, scalar(value)))
    return pairs


def scalar(value: Any) -> str:
    """PHP's text of a scalar."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def json_text(value: Any) -> str:
    r"""`json_encode` as the portal does it: empty maps print `[]`, keys 0..n-1 a list, `/` as `\/`, non-ASCII as \u."""
    text = json.dumps(_php(value), ensure_ascii=True, separators=(",", ":"), default=str).translate(_HEX)
    return _ESCAPES.sub(lambda found: r"\u0022" if found[1] == '"' else found[0], text)


def json_plain(value: Any) -> str:
    r"""`json_encode` without options: `/` as `\/`, non-ASCII as \u, quotes as usual; used for PLACEMENT_OPTIONS."""
    return json.dumps(_php(value), ensure_ascii=True, separators=(",", ":")).replace("/", r"\/")


def _php(value: Any) -> Any:
    if isinstance(value, Mapping):
        if not isinstance(value, Object) and all(str(key) == str(index) for index, key in enumerate(value)):
            return [_php(item) for item in value.values()]
        return {str(key): _php(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_php(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
