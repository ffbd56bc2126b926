"""fast_bitrix24's request handler with our own single request: permit, token, one POST, meaning of the answer, retries.

As it comes the library overruns the budget, loops on 401, hides error codes and repeats writes; every public method of
it goes through `single_request`, so replacing that one coroutine mends all of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from time import monotonic
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from fast_bitrix24.srh import ServerRequestHandler

from b24app.bitrix24 import answers
from b24app.bitrix24.pace import WINDOW, Budget, Pace, PaceGauge
from b24app.bitrix24.tokens import TokenKeeper
from b24app.errors import (
    MethodParked,
    NeedsAdmin,
    OutcomeUnknown,
    PortalBusy,
    PortalClosed,
    PortalDown,
    PortalError,
    PortalMoved,
)
from b24app.lanes import Lane
from b24app.net.guard import GuardedResolver, NotPublic, public_https_only

# The library sets its own logger to DEBUG on import and would write whole answers, personal data included.
logging.getLogger("fast_bitrix24").setLevel(logging.WARNING)

TIMEOUT = aiohttp.ClientTimeout(total=90, connect=10, sock_connect=5, sock_read=65)
"""A portal cuts a request at 60 s (limits.md); the rest is for a long answer, and no portal holds us longer by drips of
it. `connect` counts the name server, and the wait for a free connection to that portal."""
BIGGEST_ANSWER = 64 * 1024 * 1024
BUSY_TRIES, DOWN_TRIES, ADMINS = 4, 3, 3


class CallOutcome(StrEnum):
    """What became of one HTTP attempt, coarsely enough to be counted."""

    OK = "ok"
    BUSY = "busy"  # the portal's bucket was full
    PARKED = "parked"  # the method has no operating time left
    REJECTED = "rejected"  # the token: expired, or of somebody who may not enter
    REFUSED = "refused"
    CLOSED = "closed"  # unpaid, not installed, deleted, or at another address
    DOWN = "down"  # no answer, or none that could be understood
    CANCELLED = "cancelled"  # our own side hung up


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One HTTP attempt, for the `portal_calls` log and the metrics: no parameters, no bodies.

    `method`: of a batch with its commands' methods, each once: `batch crm.item.list crm.contact.update`. `status` 0: no
    answer came. `code`: the error code, of a batch each code its commands were refused with; empty when all went well.
    `ms`: from sending to the last byte.
    """

    portal_id: int
    method: str
    outcome: CallOutcome
    code: str
    status: int
    ms: int
    lane: Lane


@dataclass(frozen=True, slots=True)
class PortalAccess:
    """All a request needs to know about its portal. `endpoint`: REST root, e.g. `https://some.bitrix24.ru/rest/`.

    `pause`: seconds before a silent portal is asked a second time; doubled before the third.
    """

    session: aiohttp.ClientSession
    pace: Pace
    portal_id: int
    endpoint: str
    keeper: TokenKeeper
    lane: Lane = Lane.BULK
    budget: Budget = field(default_factory=Budget)
    on_call: Callable[[CallRecord], None] | None = None
    pause: float = 0.5


def open_session(names: AbstractResolver | None = None) -> aiohttp.ClientSession:
    """The one session of an event loop: no cookies shared between portals, connections kept a little while.

    `names`: who resolves names outside DEV_MODE. Then only https is spoken, and nothing private is called: a portal's
    address is a tenant's word. None, in DEV_MODE and tests: anything goes.
    """
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(
            limit=0,  # all together: portals that keep us waiting must not take the connections of the others
            limit_per_host=20,
            resolver=GuardedResolver(names) if names else None,
        ),
        timeout=TIMEOUT,
        middlewares=(public_https_only,) if names else (),
    )


class Wire(ServerRequestHandler):  # type: ignore[misc]
    """One call's handler: made for the call and thrown away, so that nothing is left over between calls."""

    def __init__(self, line: PortalAccess, *, write: bool) -> None:
        super().__init__(line.endpoint, None, True, 50, 2.0, 480, line.session)
        self.line, self.write = line, write

    async def single_request(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The body of a good answer. Raises the errors of `b24app.errors`, PortalError and below.

        A dead token is replaced by each other admin's in turn, each refreshed once at most; a busy portal is asked
        again (it did nothing), and one that is down, which for a write means that nothing was done either; one whose
        REST was switched off is not. Every attempt waits for its own permit.
        """
        body, methods = dict(params or {}), _methods(method, params or {})
        token, mended, busy, down = await self.line.keeper.current(), list[bool](), 0, 0
        while True:
            await self.line.pace.permit(self.line.portal_id, self.line.budget, self.line.lane, methods)
            try:
                return await self._attempt(method, body, token)
            except answers.TokenRejected as error:
                token = await self._other_token(error, token, mended)
            except PortalBusy:
                await self.line.pace.pushed_up(self.line.portal_id, self.line.budget)
                busy += 1
                if busy == BUSY_TRIES:
                    raise
            except PortalDown as error:
                pause = self.line.pause * 2**down
                down += 1
                if down == DOWN_TRIES or error.wait > pause or error.code == answers.SWITCHED_OFF:
                    raise
                await asyncio.sleep(pause)

    async def _attempt(self, method: str, params: Mapping[str, Any], token: str) -> dict[str, Any]:
        """One POST. The answer is read to its end before anything is judged; what it tells of operating time is kept,
        so that no other process asks for a method which has just been blocked."""
        began, status = monotonic(), 0
        outcome, code = CallOutcome.CANCELLED, ""
        gauges: Mapping[str, PaceGauge] = {}
        try:
            status, body, headers = await self._post(method, {**params, "auth": token})
            answer = answers.read(method, status, body, headers)
            outcome, code = CallOutcome.OK, _refused_inside(answer)
            gauges = _gauges(method, params, answer, self.line.budget)
            return answer
        except PortalError as error:
            outcome, code, status = _outcome(error), answers.plain_code(error), max(error.status, 0)
            if isinstance(error, MethodParked):
                gauges = {method: _blocked(error, self.line.budget)}
            raise self._doubt(error) from None
        finally:
            self._tell(" ".join(_methods(method, params)), outcome, code, status, monotonic() - began)
            await self.line.pace.record(self.line.portal_id, gauges)

    async def _post(self, method: str, body: Mapping[str, Any]) -> tuple[int, bytes, Mapping[str, str]]:
        """(status, body, headers). Raises PortalDown; `status` -1 there means that nothing was sent."""
        url = self.webhook + method
        try:
            async with self.line.session.post(url, json=body, allow_redirects=False, timeout=TIMEOUT) as response:
                return response.status, await bounded(response, BIGGEST_ANSWER), response.headers
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, NotPublic):
            raise PortalDown(method, -1, "NO_CONNECTION") from None
        except TimeoutError:
            raise PortalDown(method, 0, "TIMEOUT") from None
        except (aiohttp.ClientError, OSError):
            raise PortalDown(method, 0, "CONNECTION_LOST") from None

    def _doubt(self, error: PortalError) -> PortalError:
        """An outage during a write: unknown, unless nothing was sent or the portal refused before doing anything."""
        if not isinstance(error, PortalDown):
            return error
        not_done = error.status == -1 or 400 <= error.status < 500 or error.code == answers.SWITCHED_OFF
        kind = PortalDown if not_done or not self.write else OutcomeUnknown
        doubted = kind(error.method, max(error.status, 0), error.code, error.description)
        doubted.wait = error.wait
        return doubted

    async def _other_token(self, error: answers.TokenRejected, token: str, mended: list[bool]) -> str:
        """Another token, by refresh or from another admin. Raises NeedsAdmin when neither helps any more.

        `mended`: what was done about earlier rejections of this call, True for a refresh.
        """
        expired = answers.is_token_expired(error)
        if mended.count(False) == ADMINS or (expired and mended[-1:] == [True]):
            raise NeedsAdmin(error.method, error.status, error.code, error.description) from None
        mended.append(expired)
        keeper = self.line.keeper
        return await (keeper.refreshed(token) if expired else keeper.replaced(token))

    def _tell(self, method: str, outcome: CallOutcome, code: str, status: int, seconds: float) -> None:
        if self.line.on_call:
            ms = round(seconds * 1000)
            self.line.on_call(CallRecord(self.line.portal_id, method, outcome, code, status, ms, self.line.lane))


async def bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The whole body. Raises PortalDown when it is longer than `limit` bytes."""
    parts, size = [], 0
    async for part in response.content.iter_chunked(65536):
        size += len(part)
        if size > limit:
            raise PortalDown("read", response.status, "ANSWER_TOO_LONG")
        parts.append(part)
    return b"".join(parts)


def _methods(method: str, params: Mapping[str, Any]) -> tuple[str, ...]:
    """The methods whose operating time a request uses: itself and, for a batch, its commands', each once."""
    inner = (command.partition("?")[0] for command in params.get("cmd", {}).values()) if method == "batch" else ()
    return tuple(dict.fromkeys((method, *inner)))


def _gauges(method: str, params: Mapping[str, Any], answer: Mapping[str, Any], budget: Budget) -> dict[str, PaceGauge]:
    """What an answer tells of operating time: beside the result, and for a batch in `result_time` of each command; a
    command that was blocked has used up all of it."""
    told = {method: answer.get("time")}
    for label, time in _part(answer, "result_time").items():
        told[_inner(params, label)] = time
    found = {name: gauge for name, time in told.items() if (gauge := _gauge(time))}
    for label, refused in _part(answer, "result_error").items():
        error = answers.refusal(_inner(params, label), 0, refused if isinstance(refused, dict) else {})
        if isinstance(error, MethodParked):
            found[error.method] = _blocked(error, budget)
    return found


def _gauge(time: object) -> PaceGauge | None:
    if not isinstance(time, dict):
        return None
    operating, left = time.get("operating"), answers.seconds_to_reset(time)
    if not isinstance(operating, int | float) or operating != operating or left is None:
        return None
    return PaceGauge(max(0.0, min(operating, WINDOW)), left)


def _blocked(error: MethodParked, budget: Budget) -> PaceGauge:
    return PaceGauge(budget.operating, (error.until - datetime.now(UTC)).total_seconds())


def _inner(params: Mapping[str, Any], label: str) -> str:
    """The method of a batch's command."""
    return str(params.get("cmd", {}).get(label, "")).partition("?")[0]


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A map of a batch's answer, by label; PHP prints an empty one as a list."""
    result = answer.get("result")
    part = result.get(name) if isinstance(result, dict) else None
    return part if isinstance(part, dict) else {}


def _refused_inside(answer: Mapping[str, Any]) -> str:
    """The codes that commands of a batch were refused with, each once, at most three."""
    errors = (answers.refusal("", 0, one) for one in _part(answer, "result_error").values() if isinstance(one, dict))
    return " ".join(list(dict.fromkeys(answers.plain_code(error) for error in errors))[:3])


def _outcome(error: PortalError) -> CallOutcome:
    match error:
        case PortalBusy():
            return CallOutcome.BUSY
        case MethodParked():
            return CallOutcome.PARKED
        case answers.TokenRejected():
            return CallOutcome.REJECTED
        case PortalClosed() | PortalMoved():
            return CallOutcome.CLOSED
        case PortalDown():
            return CallOutcome.DOWN
    return CallOutcome.REFUSED
