"""Pure ASGI: no request body over 1 MiB, whatever its length header says; a request id on every log line."""

from __future__ import annotations

import json
import uuid

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 1024 * 1024


class TooLarge(Exception):
    """The body outgrew the limit while it was being read."""


class Limits:
    """Answers 413 `body_too_large` before anything is stored."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST_BODY) -> None:
        self.app, self.largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self.largest:
            await _read_away(receive, self.largest * 4)
            return await _refuse(send)
        seen, started = 0, False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.largest:
                raise TooLarge
            return message

        async def noted(message: Message) -> None:
            """FastAPI makes a 400 of `TooLarge`: whatever answer is made of a body cut short is not sent."""
            nonlocal started
            if started or seen <= self.largest:
                started = True
                await send(message)

        structlog.contextvars.bind_contextvars(request_id=uuid.uuid4().hex[:16])
        try:
            await self.app(scope, counted, noted)
        except Exception:
            if seen <= self.largest:
                raise
        if seen > self.largest and not started:
            await _read_away(receive, self.largest * 4)
            await _refuse(send)
        return None


async def _read_away(receive: Receive, most: int) -> None:
    """Read a little more than we take: a sender who is still writing would otherwise never see the answer."""
    read, more = 0, True
    while more and read < most:
        message = await receive()
        read += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)


async def _refuse(send: Send) -> None:
    body = json.dumps({"code": "body_too_large", "detail": "The body is larger than 1 MiB."}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
