"""What no page names is kept in `world.warnings` where portals swallow it in silence, and refused where they refuse."""

from typing import Any

import pytest

from tests.emulator.aid import Caller
from tests.emulator.documented.test_methods import ASKS, CORPUS, asks, prepared

FREE = {"app.option.set", "user.option.set", "event.test"}
"""Methods that take whatever they are given."""
INNER = {"fields": 1, "field": 1, "filter": 1, "order": "ASC"}
"""Maps inside the parameters, with a value for the key that nobody knows."""
CASES = [
    (method, number, name)
    for method, number in ASKS
    for name, value in asks(method, number).items()
    if name.lower() in INNER and isinstance(value, dict)
]


@pytest.mark.parametrize("method", [name for name in CORPUS if name not in FREE])
async def test_an_unknown_parameter_changes_nothing_and_is_noted(caller: Caller, method: str) -> None:
    params = asks(method, 0)
    prepared(caller, method, params)
    answer = await caller.call(method, params | {"nobodyKnows": 1})
    assert answer.status == 200, answer.text
    assert f"first: unknown parameter nobodyKnows of {method}" in caller.emulator.world.warnings


@pytest.mark.parametrize(("method", "number", "name"), CASES, ids=[f"{one[0]}-{one[1]}-{one[2]}" for one in CASES])
async def test_an_unknown_key_is_refused_or_noted(caller: Caller, method: str, number: int, name: str) -> None:
    params: dict[str, Any] = asks(method, number)
    prepared(caller, method, params)
    caller.emulator.world.warnings.clear()
    answer = await caller.call(method, params | {name: params[name] | {"nobodyKnows": INNER[name.lower()]}})
    warned = [one for one in caller.emulator.world.warnings if "nobodyknows" in one.casefold()]
    assert answer.status == 400 or warned, answer.text
