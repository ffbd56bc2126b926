"""Commands of a batch and what becomes of each, apart from how they travel (settings/how-to-call-rest-api/batch.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from b24app.bitrix24 import answers, forms, values
from b24app.errors import CallRefused, NeedsAdmin, OutcomeUnknown, PortalBusy, PortalDown, PortalError

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """One method inside a batch. `write` says that doing it twice is not the same as doing it once."""

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    write: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one command: a result, or the error that kept it from one."""

    result: Any = None
    total: int | None = None
    next: int | None = None
    error: PortalError | None = None

    def value(self) -> Any:
        """The result. Raises the error."""
        if self.error:
            raise self.error
        return self.result


def label(number: int) -> str:
    """The name of a request's n-th command; letters first, or PHP would answer a list."""
    return f"c{number:04}"


def written(commands: Sequence[Command]) -> dict[str, str]:
    """`{"c0000": "method?query", …}`."""
    return {label(number): _written(command) for number, command in enumerate(commands)}


def outcomes_of(body: object, commands: Sequence[Command]) -> list[Outcome]:
    """The `result` of a batch answer, taken apart into the outcome of each command, in their order."""
    found = body if isinstance(body, dict) else {}
    parts = {key: _map(found.get(key)) for key in ("result", "result_error", "result_total", "result_next")}
    return [_outcome(parts, label(number), command) for number, command in enumerate(commands)]


def worth_repeating(command: Command, outcome: Outcome) -> bool:
    """Refused before any work was done, or a read that failed."""
    error = outcome.error
    return isinstance(error, PortalBusy) or (isinstance(error, PortalDown) and not command.write)


def out_of_reach(outcome: Outcome) -> bool:
    """Not a refusal of one command. When a whole request fared so, nothing more is sent."""
    return outcome.error is not None and not isinstance(outcome.error, CallRefused)


def unsent(outcomes: Sequence[Outcome], wanted: int) -> list[Outcome]:
    """For commands behind a failed request. They were not sent, so nothing about them is unknown."""
    missing = wanted - len(outcomes)
    if not missing:
        return []
    error = outcomes[-1].error
    if isinstance(error, OutcomeUnknown):
        error = PortalDown(error.method, error.status, error.code, error.description)
    return [Outcome(error=error)] * missing


def count(value: object) -> int | None:
    """A `total` or `next`, which may be a text; None for what is no number that can be kept."""
    return values.number(value)


def _written(command: Command) -> str:
    query = forms.encode(command.params)
    return f"{command.method}?{query}" if query else command.method


def _outcome(parts: Mapping[str, Row], name: str, command: Command) -> Outcome:
    if name in parts["result_error"]:
        return Outcome(error=_error(command, parts["result_error"][name]))
    if name not in parts["result"]:
        return Outcome(error=_doubted(command, PortalDown(command.method, 0, "NO_ANSWER")))
    return Outcome(parts["result"][name], count(parts["result_total"].get(name)), count(parts["result_next"].get(name)))


def _error(command: Command, told: object) -> PortalError:
    """The token was good enough for the request: rejected for a command, it belongs to nobody who may do this."""
    error = answers.refusal(command.method, 0, told if isinstance(told, dict) else {"error": told})
    if isinstance(error, answers.TokenRejected):
        return NeedsAdmin(error.method, error.status, error.code, error.description)
    return _doubted(command, error)


def _doubted(command: Command, error: PortalError) -> PortalError:
    """A write that broke off may have been done."""
    if isinstance(error, PortalDown) and command.write and error.code != answers.SWITCHED_OFF:
        return OutcomeUnknown(error.method, error.status, error.code, error.description)
    return error


def _map(value: object) -> Row:
    """By label; PHP prints an empty map as `[]` and one of 0..n-1 as a list."""
    if isinstance(value, list):
        return {label(number): one for number, one in enumerate(value)}
    return value if isinstance(value, dict) else {}
