"""One portal's REST in three verbs: one call, many commands, a long list. Everything else here is written on these.

Batches: settings/how-to-call-rest-api/batch.md. Long lists without counting: settings/performance/huge-data.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fast_bitrix24 import BitrixAsync

from b24app.bitrix24 import answers, forms
from b24app.bitrix24.wire import Line, Wire
from b24app.errors import CallRefused, NeedsAdmin, OutcomeUnknown, PortalBusy, PortalDown, PortalError

BATCH_SIZE = PAGE = 50

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer. `next`: the `start` of the following page, None on the last one and for `start=-1`."""

    result: Any
    total: int | None = None
    next: int | None = None


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


@dataclass(frozen=True, slots=True)
class PortalClient(Line):
    """A portal as one installation (or one person) sees it; cheap, made per job or request. Fields: see `Line`."""

    async def call(self, method: str, params: Mapping[str, Any] | None = None, *, write: bool = False) -> Answer:
        """One method by itself, JSON types kept. Raises the PortalErrors; OutcomeUnknown only with `write`."""
        body = await self._send(method, params or {}, write)
        return Answer(body.get("result"), _count(body.get("total")), _count(body.get("next")))

    async def batch(self, commands: Sequence[Command]) -> list[Outcome]:
        """Any number of commands, 50 a request, one request after the other; outcomes in the order of the commands.

        Never raises a PortalError: what keeps a whole request from succeeding stands in the outcome of each of its
        commands, and in those of the commands behind it, which are not sent any more.
        """
        outcomes: list[Outcome] = []
        for chunk in _chunks(commands):
            done = await self._chunk(chunk)
            outcomes += done
            if all(_out_of_reach(outcome.error) for outcome in done):
                break
        return outcomes + _unsent(outcomes, len(commands))

    async def chain(
        self,
        method: str,
        *,
        filter: Mapping[str, Any],
        select: Sequence[str],
        id_field: str = "ID",
        rows: str = "",
        after: int = 0,
        extra: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[list[Row]]:
        """Pages of up to 50 rows in the order of their ids, from the first id above `after`; 2,500 rows a request.

        Each page's filter refers to the last id of the page before it, so nothing is counted and memory stays constant.
        The first requests ask for fewer pages, as those behind a list's end are worked out for nothing.
        `rows`: the key of the list inside the result ("items" for crm.item.list); `extra`: further parameters.
        Resume point: the last id of the last page. Raises the error of a page that fails twice at the same place.
        """
        last, pages = after, 1
        columns = list(dict.fromkeys([id_field, *select]))
        while True:
            wanted = _chained(method, dict(filter), columns, id_field, rows, last, pages, extra or {})
            failed: PortalError | None = None
            began = last
            for outcome in await self._commands(wanted):
                if failed := outcome.error:
                    break
                page = _rows(outcome.result, rows)
                if not page or int(page[0][id_field]) <= last:
                    return
                last = int(page[-1][id_field])
                yield page
                if len(page) < PAGE:
                    return
            if failed and last == began:
                raise failed
            pages = min(pages * 10, BATCH_SIZE)

    async def _chunk(self, commands: Sequence[Command]) -> list[Outcome]:
        """Up to 50 commands; those that the portal had no room for are sent once more by themselves."""
        outcomes = await self._commands(commands)
        again = [index for index, outcome in enumerate(outcomes) if _try_again(commands[index], outcome.error)]
        if again and len(again) < len(commands):
            if any(isinstance(outcomes[index].error, PortalBusy) for index in again):
                await self.pace.pushed_up(self.portal_id, self.budget)
            for index, outcome in zip(again, await self._commands([commands[i] for i in again]), strict=True):
                outcomes[index] = outcome
        return outcomes

    async def _commands(self, commands: Sequence[Command]) -> list[Outcome]:
        """One batch request, each command's outcome by its label."""
        labels = [f"c{number:04}" for number in range(len(commands))]
        cmd = {label: _written(command) for label, command in zip(labels, commands, strict=True)}
        write = any(command.write for command in commands)
        try:
            body = await self._send("batch", {"halt": 0, "cmd": cmd}, write)
        except PortalError as error:
            return [Outcome(error=error)] * len(commands)
        parts = _Parts.of(body.get("result"), labels)
        return [parts.outcome(label, command) for label, command in zip(labels, commands, strict=True)]

    async def _send(self, method: str, params: Mapping[str, Any], write: bool) -> dict[str, Any]:
        library = BitrixAsync(self.endpoint, verbose=False, client=self.session)
        library.srh = Wire(self, write=write)
        body: dict[str, Any] = await library.call(method, dict(params), raw=True)
        return body


@dataclass(frozen=True, slots=True)
class _Parts:
    """The five maps of a batch answer, keyed by label; PHP prints an empty map as `[]` and a map of 0..n-1 as a
    list."""

    result: Row
    error: Row
    total: Row
    next: Row

    @classmethod
    def of(cls, body: object, labels: Sequence[str]) -> _Parts:
        found = body if isinstance(body, dict) else {}
        keys = ("result", "result_error", "result_total", "result_next")
        return cls(*(_map(found.get(key), labels) for key in keys))

    def outcome(self, label: str, command: Command) -> Outcome:
        if label in self.error:
            told = self.error[label]
            error = answers.refusal(command.method, 0, told if isinstance(told, dict) else {"error": told})
            return Outcome(error=_settled(command, error))
        if label not in self.result:
            return Outcome(error=_settled(command, PortalDown(command.method, 0, "NO_ANSWER")))
        return Outcome(self.result[label], _count(self.total.get(label)), _count(self.next.get(label)))


def _settled(command: Command, error: PortalError) -> PortalError:
    """A broken-off write is unknown; a token rejected for a single command has no other cure than an admin."""
    told = (error.method, error.status, error.code, error.description)
    if isinstance(error, PortalDown) and command.write and error.code != "OVERLOAD_LIMIT":
        return OutcomeUnknown(*told)
    if isinstance(error, answers.TokenRejected) and not answers.is_token_expired(error):
        return NeedsAdmin(*told)
    return error


def _try_again(command: Command, error: PortalError | None) -> bool:
    """Refused before any work was done, or a read that failed; an expired token shows at the next request's own
    door."""
    safe = isinstance(error, PortalBusy | answers.TokenRejected)
    return safe or (isinstance(error, PortalDown) and not command.write)


def _out_of_reach(error: PortalError | None) -> bool:
    """Not a refusal of one command. When a whole request fared so, nothing more is sent."""
    return error is not None and not isinstance(error, CallRefused)


def _unsent(outcomes: Sequence[Outcome], wanted: int) -> list[Outcome]:
    """For commands behind a failed request. They were not sent, so nothing about them is unknown."""
    missing = wanted - len(outcomes)
    if not missing:
        return []
    error = outcomes[-1].error
    assert error
    if isinstance(error, OutcomeUnknown):
        error = PortalDown(error.method, error.status, error.code, error.description)
    return [Outcome(error=error)] * missing


def _chained(
    method: str,
    filter: Row,
    select: Sequence[str],
    id_field: str,
    rows: str,
    after: int,
    pages: int,
    extra: Mapping[str, Any],
) -> list[Command]:
    path = f"[{rows}]" if rows else ""
    lasts = [str(after)] + [f"$result[c{n:04}]{path}[{PAGE - 1}][{id_field}]" for n in range(pages - 1)]
    order = {id_field: "ASC"}
    return [
        Command(
            method,
            {**extra, "order": order, "filter": {**filter, f">{id_field}": last}, "select": select, "start": -1},
        )
        for last in lasts
    ]


def _written(command: Command) -> str:
    query = forms.encode(command.params)
    return f"{command.method}?{query}" if query else command.method


def _chunks(commands: Sequence[Command]) -> Iterator[Sequence[Command]]:
    return (commands[at : at + BATCH_SIZE] for at in range(0, len(commands), BATCH_SIZE))


def _rows(result: object, key: str) -> list[Row]:
    found = result.get(key) if key and isinstance(result, dict) else result
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _map(value: object, labels: Sequence[str]) -> Row:
    if isinstance(value, list):
        return dict(zip(labels, value, strict=False))
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else None
