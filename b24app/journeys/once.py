"""Do a request once: the same `Idempotency-Key` brings the first answer back, for 12 hours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from b24app.errors import Refused
from b24app.resources import Resources
from b24app.store import idempotency

AT_WORK = timedelta(seconds=60)  # a first request without an answer after this is taken for dead
KEY_LIMIT = 255


@dataclass(frozen=True, slots=True)
class Request:
    """What makes two requests the same: who, where and with which key; and whether they ask for the same."""

    portal_id: int
    client_app_id: UUID
    route: str
    key: str | None
    body: bytes

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(f"{self.client_app_id} {self.route} {self.key}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Response:
    """`body` is JSON data; `replayed`: it was given before."""

    status: int
    body: Any
    replayed: bool = False


async def once(resources: Resources, request: Request, work: Callable[[], Awaitable[Response]]) -> Response:
    """Do `work` unless it was done before. `Refused`: `idempotency_key_wrong`, `_reused`, `_in_progress`."""
    if request.key is None:
        return await work()
    if not 1 <= len(request.key) <= KEY_LIMIT:
        raise Refused("idempotency_key_wrong", 422, {"limit": KEY_LIMIT})
    if before := await _before(resources, request):
        return before
    try:
        done = await work()
    except Refused:
        async with resources.tenant(request.portal_id) as db:
            await idempotency.forget(db, request.portal_id, request.digest)
        raise
    sealed = resources.vault.seal(json.dumps(done.body))
    async with resources.tenant(request.portal_id) as db:
        await idempotency.keep(db, request.portal_id, request.digest, done.status, sealed)
    return done


async def _before(resources: Resources, request: Request) -> Response | None:
    asked, now = hashlib.sha256(request.body).digest(), resources.now()
    async with resources.tenant(request.portal_id) as db:
        kept = await idempotency.start(db, request.portal_id, request.digest, asked, now)
        if kept is None:
            return None
        if kept.request != asked:
            raise Refused("idempotency_key_reused", 422)
        if kept.status is not None and kept.response is not None:
            return Response(kept.status, json.loads(resources.vault.open(kept.response)), replayed=True)
        died = now - kept.created_at > AT_WORK
        if died and await idempotency.take_over(db, request.portal_id, request.digest, kept.created_at, now):
            return None
    raise Refused("idempotency_key_in_progress", 409)
