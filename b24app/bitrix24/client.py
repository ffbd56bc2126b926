"""One portal's REST in three verbs: one call, many commands, a long list. Everything else here is written on these.

Batches: settings/how-to-call-rest-api/batch.md. Long lists without counting: settings/performance/huge-data.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fast_bitrix24 import BitrixAsync

from b24app.bitrix24.batches import (
    Command,
    Outcome,
    Row,
    count,
    label,
    out_of_reach,
    outcomes_of,
    unsent,
    worth_repeating,
    written,
)
from b24app.bitrix24.rows import checked, rising, rows_of
from b24app.bitrix24.wire import PortalAccess, Wire
from b24app.errors import PortalBusy, PortalError

__all__ = ["BATCH_SIZE", "PAGE", "CallAnswer", "Command", "Outcome", "PortalClient"]

BATCH_SIZE = PAGE = 50


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """A good answer. `next`: the `start` of the following page, None on the last one and for `start=-1`."""

    result: Any
    total: int | None = None
    next: int | None = None


@dataclass(frozen=True, slots=True)
class PortalClient(PortalAccess):
    """A portal as one installation (or one person) sees it; cheap, made per job or request. Fields: see
    `PortalAccess`."""

    async def call(self, method: str, params: Mapping[str, Any] | None = None, *, write: bool = False) -> CallAnswer:
        """One method by itself, JSON types kept. Raises the PortalErrors; OutcomeUnknown only with `write`."""
        body = await self._send(method, params or {}, write)
        return CallAnswer(body.get("result"), count(body.get("total")), count(body.get("next")))

    async def batch(self, commands: Sequence[Command]) -> list[Outcome]:
        """Any number of commands, 50 a request, one request after the other; outcomes in the order of the commands.

        Never raises a PortalError: what keeps a whole request from succeeding stands in the outcome of each of its
        commands, and in those of the commands behind it, which are not sent any more.
        """
        outcomes: list[Outcome] = []
        for at in range(0, len(commands), BATCH_SIZE):
            done = await self._chunk(commands[at : at + BATCH_SIZE])
            outcomes += done
            if all(out_of_reach(outcome) for outcome in done):
                break
        return outcomes + unsent(outcomes, len(commands))

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
        Resume point: the last id of the last page. Raises the error of a page that fails twice at the same place, and
        what `rows.py` raises where a page cannot be believed: no such page is taken for the end.
        """
        last, pages = after, 1
        columns = list(dict.fromkeys([id_field, *select]))
        while True:
            wanted = _chained(method, checked(filter), columns, id_field, rows, last, pages, extra or {})
            failed: PortalError | None = None
            began = last
            for place, outcome in enumerate(await self._request(wanted)):
                if failed := outcome.error:
                    break
                found = rows_of(method, outcome.result, rows, id_field)
                if place and found and found[0][0] <= last:
                    break  # the page before was not referred to: an empty filter shows the list from its beginning
                rising(method, found, id_field, last)
                if found:
                    last = found[-1][0]
                    yield [row for _, row in found]
                if len(found) < PAGE:
                    return
            if failed and last == began:
                raise failed
            pages = min(pages * 10, BATCH_SIZE)

    async def _chunk(self, commands: Sequence[Command]) -> list[Outcome]:
        """Up to 50 commands; those that failed without having done anything are sent once more by themselves."""
        try:
            outcomes = await self._request(commands)
            again = [index for index, outcome in enumerate(outcomes) if worth_repeating(commands[index], outcome)]
            if again:
                if any(isinstance(outcomes[index].error, PortalBusy) for index in again):
                    await self.pace.pushed_up(self.portal_id, self.budget)
                second = await self._request([commands[index] for index in again])
                for index, outcome in zip(again, second, strict=True):
                    outcomes[index] = outcome
            return outcomes
        except PortalError as error:
            return [Outcome(error=error)] * len(commands)

    async def _request(self, commands: Sequence[Command]) -> list[Outcome]:
        """One batch request. Raises the PortalErrors of the request as a whole."""
        write = any(command.write for command in commands)
        body = await self._send("batch", {"halt": 0, "cmd": written(commands)}, write)
        return outcomes_of(body.get("result"), commands)

    async def _send(self, method: str, params: Mapping[str, Any], write: bool) -> dict[str, Any]:
        library = BitrixAsync(self.endpoint, verbose=False, client=self.session)
        library.srh = Wire(self, write=write)
        body: dict[str, Any] = await library.call(method, dict(params), raw=True)
        return body


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
    lasts = [str(after)] + [f"$result[{label(n)}]{path}[{PAGE - 1}][{id_field}]" for n in range(pages - 1)]
    order = {id_field: "ASC"}
    return [
        Command(
            method,
            {**extra, "order": order, "filter": {**filter, f">{id_field}": last}, "select": select, "start": -1},
        )
        for last in lasts
    ]
