"""A client app's end of the line: takes webhooks, verifies each with the published library, remembers what it heard."""

from __future__ import annotations

import asyncio
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving import bound, serving

TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Heard:
    """One webhook whose signature was right."""

    id: str
    type: str
    data: dict[str, Any]
    body: dict[str, Any]
    sequence: int | None
    attempt: int


@dataclass(slots=True)
class Receiver:
    """`answers`: statuses to give next, then 204; `secret` is known once the endpoint is registered."""

    url: str
    now: Callable[[], datetime]
    secret: str = ""
    answers: list[int] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    tries: int = 0
    files: list[bytes] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)  # of the files
    meanwhile: Callable[[], Awaitable[object]] | None = None  # what happens, once, while a file is being received
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def events(self, type: str = "membership.verification_changed") -> list[Heard]:
        """What it heard, each event once, in the order it came."""
        return list({one.id: one for one in self.heard if one.type == type}.values())

    def _signed(self, body: bytes, headers: Headers) -> bool:
        """As the published library does it, by the world's clock instead of the machine's."""
        sent = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        right = Webhook(self.secret).sign(headers["webhook-id"], sent, body.decode())
        return right in headers["webhook-signature"].split() and abs(self.now() - sent) < TOLERANCE

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.tries += 1
        if self.answers:
            return Response(status_code=self.answers.pop(0))
        if self.secret and not self._signed(body, request.headers):
            return Response(status_code=401)
        told: Any = json.loads(body)
        sequence = request.headers.get("webhook-sequence")
        self.heard.append(
            Heard(
                id=request.headers["webhook-id"],
                type=told["type"],
                data=told["data"],
                body=told,
                sequence=int(sequence) if sequence else None,
                attempt=int(request.headers["webhook-attempt"]),
            )
        )
        self.came.set()
        return Response(status_code=204)

    async def keep(self, request: Request) -> Response:
        """A file, signed like a webhook; before the secret is known anything is taken."""
        body = await request.body()
        if self.answers:
            return Response(status_code=self.answers.pop(0))
        if self.secret and not _signed_file(self.secret, body, request.headers):
            return Response(status_code=401)
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        self.ids.append(request.headers["webhook-id"])
        self.files.append(body)
        return Response(status_code=204)


def _signed_file(secret: str, body: bytes, headers: Headers) -> bool:
    """By the rule itself: the library signs text only (standardwebhooks 1.0.0)."""
    key = b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return headers["webhook-signature"] == "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()


@asynccontextmanager
async def receiving(now: Callable[[], datetime], host: str = "127.0.0.5") -> AsyncIterator[Receiver]:
    socket, address = bound(host)
    receiver = Receiver(f"http://{address}/webhooks", now)
    files = Route("/files", receiver.keep, methods=["POST"])
    app = Starlette(routes=[Route("/webhooks", receiver.take, methods=["POST"]), files])
    async with serving(app, socket):
        yield receiver
