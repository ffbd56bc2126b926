"""Pure ASGI: no request body over 1 MiB or slower than a minute, whatever its headers say; a request id on every log
line and answer. A sender that hangs up in the middle of a body is told of in one line: nothing of ours failed."""

from __future__ import annotations

import asyncio
import json
import uuid

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 1024 * 1024
BODY_WITHIN = 60.0  # seconds
READ_AWAY = 5.0  # seconds
TOO_LARGE = (413, "body_too_large", "The body is larger than 1 MiB.")
TOO_SLOW = (408, "body_too_slow", "The body did not come within a minute.")

log = structlog.get_logger()


class CutShort(BaseException):
    """The body ended before its end. Like a cancellation nothing of ours: nobody between makes an answer of it."""


class Limits:
    """Answers 413 `body_too_large` or 408 `body_too_slow` before anything is stored.

    `within`: seconds for a body; `read_away`: seconds for what is left of one that nobody wants to read. A connection
    whose body did not end is closed.
    """

    def __init__(
        self,
        app: ASGIApp,
        largest: int = LARGEST_BODY,
        within: float = BODY_WITHIN,
        read_away: float = READ_AWAY,
    ) -> None:
        self.app, self.largest, self.within, self.read_away = app, largest, within, read_away

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = uuid.uuid4().hex[:16]
        structlog.contextvars.bind_contextvars(request_id=number)

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), (b"x-request-id", number.encode())]}
            await send(message)

        await _Exchange(self, scope, receive, numbered).run()


class _Exchange:
    """One request. `whole`: its body has ended; `gone`: its sender hung up before that."""

    def __init__(self, limits: Limits, scope: Scope, receive: Receive, send: Send) -> None:
        self.limits, self.scope, self.receive, self.send = limits, scope, receive, send
        self.length = dict(scope["headers"]).get(b"content-length", b"0")
        chunked = any(name == b"transfer-encoding" for name, _ in scope["headers"])
        self.whole = self.length == b"0" and not chunked
        self.seen, self.started, self.gone = 0, False, False
        self.until = asyncio.get_running_loop().time() + limits.within

    async def run(self) -> None:
        try:
            if not self.length.isdigit() or int(self.length) > self.limits.largest:
                raise CutShort(TOO_LARGE)
            await self.limits.app(self.scope, self.counted, self.noted)
        except CutShort as cut:
            if not self.gone and not self.started:
                await self.refuse(*cut.args[0])
        if self.gone:
            log.info("sender_hung_up", path=self.scope["path"], bytes=self.seen)

    async def counted(self) -> Message:
        """What the app receives. Raises `CutShort`."""
        if self.whole:
            return await self.receive()
        try:
            async with asyncio.timeout_at(self.until):
                message = await self.receive()
        except TimeoutError:
            raise CutShort(TOO_SLOW) from None
        self.gone = message["type"] != "http.request"
        if self.gone:
            raise CutShort
        self.seen += len(message.get("body", b""))
        if self.seen > self.limits.largest:
            raise CutShort(TOO_LARGE)
        self.whole = not message.get("more_body", False)
        return message

    async def noted(self, message: Message) -> None:
        """What the app sends; where nobody wanted the body, it is read away first."""
        if not self.started and not self.whole:
            await self.drain()
            message = self.last(message)
        self.started = True
        await self.send(message)

    async def refuse(self, status: int, code: str, detail: str) -> None:
        await self.drain()
        body = json.dumps({"code": code, "detail": detail}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await self.send(self.last({"type": "http.response.start", "status": status, "headers": headers}))
        await self.send({"type": "http.response.body", "body": body})

    async def drain(self) -> None:
        """Read a little more than we take: a sender who is still writing would otherwise never see the answer."""
        read = 0
        try:
            async with asyncio.timeout(self.limits.read_away):
                while not self.whole and not self.gone and read < self.limits.largest * 4:
                    message = await self.receive()
                    read += len(message.get("body", b""))
                    self.gone = message["type"] != "http.request"
                    self.whole = not message.get("more_body", False)
        except TimeoutError:
            return

    def last(self, start: Message) -> Message:
        """The answer's beginning; the connection's last, where the body has not ended."""
        return start if self.whole else {**start, "headers": [*start.get("headers", []), (b"connection", b"close")]}
