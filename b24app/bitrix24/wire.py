"""fast_bitrix24's request handler with our own single request: permit, token, one POST, meaning of the answer, retries.

As it comes the library overruns the budget, loops on 401, hides error codes and repeats writes; every public method of
it goes through `single_request`, so replacing that one coroutine mends all of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from fast_bitrix24.srh import ServerRequestHandler

from b24app.bitrix24 import answers
from b24app.bitrix24.pace import Budget, Gauge, Lane, Pace
from b24app.bitrix24.tokens import TokenKeeper
from b24app.errors import NeedsAdmin, OutcomeUnknown, PortalBusy, PortalDown, PortalError
from b24app.guard import GuardedResolver, NotPublic, public_https_only

# The library sets its own logger to DEBUG on import and would write whole answers, personal data included.
logging.getLogger("fast_bitrix24").setLevel(logging.WARNING)

TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=65)
"""A portal cuts a request at 60 s (limits.md). No total: it would count the wait for a permit."""
BIGGEST_ANSWER = 64 * 1024 * 1024
BUSY_TRIES, DOWN_TRIES, ADMINS = 4, 3, 3


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One HTTP attempt, for the `portal_calls` log and the metrics: no parameters, no bodies.

    `status` 0: no answer came. `code`: the error code, empty when all went well. `ms`: from sending to the last byte.
    """

    portal_id: int
    method: str
    code: str
    status: int
    ms: int
    lane: Lane


@dataclass(frozen=True, slots=True)
class Line:
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
            limit=200, limit_per_host=20, resolver=GuardedResolver(names) if names else None
        ),
        timeout=TIMEOUT,
        middlewares=(public_https_only,) if names else (),
    )


class Wire(ServerRequestHandler):  # type: ignore[misc]
    """One call's handler: made for the call and thrown away, so that nothing is left over between calls."""

    def __init__(self, line: Line, *, write: bool) -> None:
        super().__init__(line.endpoint, None, True, 50, 2.0, 480, line.session)
        self.line, self.write = line, write

    async def single_request(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The body of a good answer. Raises the errors of `b24app.errors`, PortalError and below.

        A dead token is replaced by each other admin's in turn, each refreshed once at most; a busy portal is asked
        again (it did nothing), and one that is down, which for a write means that nothing was done either. Every
        attempt waits for its own permit.
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
            except PortalDown:
                down += 1
                if down == DOWN_TRIES:
                    raise
                await asyncio.sleep(self.line.pause * 2 ** (down - 1))

    async def _attempt(self, method: str, params: Mapping[str, Any], token: str) -> dict[str, Any]:
        """One POST. The answer is read to its end before anything is judged."""
        began, code, status = monotonic(), "", 0
        try:
            status, body, location = await self._post(method, {**params, "auth": token})
            answer = answers.read(method, status, body, location)
        except PortalDown as error:
            code, status = error.code, error.status
            raise self._doubt(error) from None
        except PortalError as error:
            code = error.code
            raise
        finally:
            self._tell(method, code, status, monotonic() - began)
        await self.line.pace.record(self.line.portal_id, _gauges(method, params, answer))
        return answer

    async def _post(self, method: str, body: Mapping[str, Any]) -> tuple[int, bytes, str]:
        """(status, body, Location). Raises PortalDown; `status` -1 there means that nothing was sent."""
        url = self.webhook + method
        try:
            async with self.line.session.post(url, json=body, allow_redirects=False, timeout=TIMEOUT) as response:
                return response.status, await bounded(response, BIGGEST_ANSWER), response.headers.get("Location", "")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, NotPublic):
            raise PortalDown(method, -1, "NO_CONNECTION") from None
        except TimeoutError:
            raise PortalDown(method, 0, "TIMEOUT") from None
        except (aiohttp.ClientError, OSError):
            raise PortalDown(method, 0, "CONNECTION_LOST") from None

    def _doubt(self, error: PortalDown) -> PortalError:
        """For a write: unknown, unless nothing was sent or the portal refused before doing anything."""
        not_done = error.status == -1 or 400 <= error.status < 500 or error.code == "OVERLOAD_LIMIT"
        kind = PortalDown if not_done or not self.write else OutcomeUnknown
        return kind(error.method, max(error.status, 0), error.code, error.description)

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

    def _tell(self, method: str, code: str, status: int, seconds: float) -> None:
        if self.line.on_call:
            ms = round(seconds * 1000)
            self.line.on_call(CallRecord(self.line.portal_id, method, code, max(status, 0), ms, self.line.lane))


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


def _gauges(method: str, params: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Gauge]:
    """What an answer tells of operating time: beside the result, and for a batch in `result_time` of each command."""
    told = {method: answer.get("time")}
    if method == "batch" and isinstance(result := answer.get("result"), dict):
        times = result.get("result_time")
        for label, time in times.items() if isinstance(times, dict) else ():
            told[params["cmd"].get(label, "").partition("?")[0]] = time
    return {name: gauge for name, time in told.items() if (gauge := _gauge(time))}


def _gauge(time: object) -> Gauge | None:
    if not isinstance(time, dict):
        return None
    operating, reset_at = time.get("operating"), time.get("operating_reset_at")
    if isinstance(operating, int | float) and isinstance(reset_at, int | float):
        return Gauge(operating, reset_at)
    return None
