"""A client that keeps what a portal answered as it came, before anybody reads it: for the check of the connection and
the record of a portal. It lives as long as one of these; values go no further than shapes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from b24app.bitrix24.answers import plain_code, refusal
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.forms import parse_php_form
from b24app.bitrix24.wire import CallRecord
from b24app.errors import PortalError

Row = Mapping[str, Any]
UNSAID: Any = object()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One method, alone or a command of a batch. `params`: of a command as its form says them, lists as maps of digits;
    `status`: HTTP, of a command the batch's; `code`: of a refusal; `total`, `time`: UNSAID where the answer has none.
    """

    method: str
    params: Row
    status: int
    code: str = ""
    result: Any = UNSAID
    total: Any = UNSAID
    time: Any = UNSAID


@dataclass(frozen=True, slots=True)
class Listening(PortalClient):
    """A `PortalClient` with everything it `heard`, in its order."""

    heard: list[Exchange] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    async def _send(self, method: str, params: Mapping[str, Any], write: bool) -> dict[str, Any]:
        try:
            body = await PortalClient._send(self, method, params, write)
        except PortalError as error:
            self.heard.append(Exchange(method, params, max(error.status, 0), plain_code(error)))
            raise
        status = self.statuses[-1] if self.statuses else 200
        if method == "batch":
            self.heard.extend(_commands(params, body, status))
        else:
            said = {name: body.get(name, UNSAID) for name in ("result", "total", "time")}
            self.heard.append(Exchange(method, params, status, **said))
        return body


def listening(client: PortalClient) -> Listening:
    """The same client, all ears."""
    statuses: list[int] = []
    told = client.on_call

    def note(record: CallRecord) -> None:
        statuses.append(record.status)
        if told:
            told(record)

    given = {one.name: getattr(client, one.name) for one in fields(PortalClient)}
    return replace(Listening(**given, statuses=statuses), on_call=note)


def _commands(params: Row, body: Row, status: int) -> Iterator[Exchange]:
    """Each command of a batch; what has neither result nor error has no answer."""
    parts = body.get("result")
    part = {name: _part(parts, f"result{name}") for name in ("", "_error", "_total", "_time")}
    for label, command in params["cmd"].items():
        method, _, query = str(command).partition("?")
        asked = parse_php_form(query.encode())
        error = part["_error"].get(label)
        code = "NO_ANSWER" if label not in part[""] else ""
        if error is not None:
            code = plain_code(refusal(method, 0, error if isinstance(error, dict) else {"error": error}))
        said = {name: part[f"_{name}"].get(label, UNSAID) for name in ("total", "time")}
        yield Exchange(method, asked, status, code, UNSAID if code else part[""][label], **said)


def _part(parts: object, name: str) -> Row:
    found = parts.get(name) if isinstance(parts, dict) else None
    return found if isinstance(found, dict) else {}


def rows(one: Exchange) -> list[Any]:
    """The rows of a list method's answer, whatever they are."""
    found = one.result.get("items") if isinstance(one.result, dict) else one.result
    return found if isinstance(found, list) else []
