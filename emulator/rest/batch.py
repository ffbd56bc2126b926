"""`batch`: up to 50 commands, references between them, errors by command.

Page: settings/how-to-call-rest-api/batch.md; order of work and quirks as the portal's rest_provider.php `methodsBatch`
and rest_util.php `processBatchElement` have them.
"""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from math import inf
from typing import Any

from emulator import php
from emulator.errors import RestError
from emulator.rest.calling import caller_of, perform
from emulator.rest.registry import Call, method

MAX_LENGTH = 50
REFERENCE = re.compile(r"\$(result|next|total|time|error)(\S*)")
STEP = re.compile(r"\[([^\]]+)\]")
FORBIDDEN = ("batch", "download", "upload")

Parts = dict[str, dict[str, Any]]


@method("batch", scope="", page="settings/how-to-call-rest-api/batch.md", params=("halt", "cmd"))
def batch(call: Call) -> dict[str, Any]:
    """`{result, result_error, result_total, result_next, result_time}`, each by command name; HTTP 200 in any case."""
    parts: Parts = {name: {} for name in ("result", "next", "total", "time", "error")}
    halt = call.params.get("halt") not in (None, "", "0", 0, False)
    differences = call.portal.differences
    tail = differences.number("batch_tail_silent") if differences.on("batch_tail_silent") else inf
    for number, (key, command) in enumerate(_commands(call.params.get("cmd"))):
        if number >= tail:
            break
        if isinstance(command, str) and not _run(call, parts, number, key, command) and halt:
            break
    return {
        "result": parts["result"],
        "result_error": parts["error"],
        "result_total": parts["total"],
        "result_next": parts["next"],
        "result_time": parts["time"],
    }


def _commands(given: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(given, list):
        return [(str(index), command) for index, command in enumerate(given)]
    return [(str(key), command) for key, command in given.items()] if isinstance(given, Mapping) else []


def _run(call: Call, parts: Parts, number: int, key: str, command: str) -> bool:
    """One command; False when it failed."""
    try:
        if number >= MAX_LENGTH:
            raise RestError(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        answer = _perform(call, parts, command)
    except RestError as error:
        answer = error.body
    if "error" in answer:
        parts["error"][key] = answer
        return False
    for name, value in answer.items():
        parts[name][key] = value
    return True


def _perform(call: Call, parts: Parts, command: str) -> dict[str, Any]:
    path, _, query = command.partition("#")[0].partition("?")
    name = path.strip("/").lower()
    if name in FORBIDDEN:
        raise RestError(400, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
    params = php.parse_form(query)
    for auth in ("auth", "access_token"):
        params.pop(auth, None)
    return perform(caller_of(call), name, {key: resolve(value, parts) for key, value in params.items()})


def resolve(value: Any, parts: Parts) -> Any:
    """References replaced all the way down: an exact one keeps the type, an embedded one becomes text.

    A path that cannot be followed gives the deepest value found.
    """
    if isinstance(value, list):
        return [resolve(item, parts) for item in value]
    if isinstance(value, dict):
        return {key: resolve(item, parts) for key, item in value.items()}
    if not isinstance(value, str) or "$" not in value:
        return value
    for found in list(REFERENCE.finditer(value)):
        steps = STEP.findall(found[2])
        if not steps:
            continue
        target = _follow(parts[found[1]], steps)
        if found[0] == value:
            return deepcopy(target)
        if isinstance(target, (str, int, float)) and not isinstance(target, bool):
            value = value.replace(found[0], php.scalar(target))
    return value


def _follow(target: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(target, Mapping):
            below = target.get(step)
        elif isinstance(target, (list, tuple)):
            below = target[int(step)] if step.isdigit() and int(step) < len(target) else None
        else:
            below = None
        if below is None:
            break
        target = below
    return target
