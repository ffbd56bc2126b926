"""Do a request once: the same `Idempotency-Key` brings the first answer back, for 12 hours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.store import idempotency
from b24app.errors import Refused
from b24app.resources import Resources

AT_WORK = timedelta(seconds=60)  # a first request that has no answer by then is taken for dead
KEY_LIMIT = 255

T = TypeVar("T")
Keep = Callable[[AsyncConnection, T], Awaitable[None]]
"""The work calls it with its result, last in its transaction. It raises `Refused` to undo the work."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may come again. One of the same `digest` is a repeat, and has to have the same `body`."""

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
    """An answer. `body` is JSON data; `replayed`: it is the answer of an earlier request."""

    status: int
    body: Any
    replayed: bool = False


async def unkept(db: AsyncConnection, result: object) -> None:
    """A `Keep` of requests without a key."""


async def once(
    resources: Resources,
    request: Request,
    work: Callable[[Keep[T]], Awaitable[T]],
    answer: Callable[[T], Response],
) -> Response:
    """Do `work` unless it was done before. Raises `Refused`: `idempotency_key_wrong`, `_reused`, `_in_progress`;
    `idempotency_answer_lost` if it was done and no key of ours opens the answer: to do it again would do it twice.

    Work and answer are stored in one transaction. A process killed between them has done neither, and a request that
    was taken for dead meanwhile does nothing.
    """
    if request.key is None:
        return answer(await work(unkept))
    if not 1 <= len(request.key) <= KEY_LIMIT:
        raise Refused("idempotency_key_wrong", 422, {"limit": KEY_LIMIT})
    started = resources.now()
    if earlier := await _earlier_answer(resources, request, started):
        return earlier

    async def keep(db: AsyncConnection, result: T) -> None:
        await _store(db, resources, request, started, answer(result))

    try:
        result = await work(keep)
    except Refused:
        async with resources.tenant(request.portal_id) as db:
            await idempotency.forget(db, request.portal_id, request.digest, started)
        raise
    resources.failpoint("once.done")
    return answer(result)


async def _store(
    db: AsyncConnection, resources: Resources, request: Request, started: datetime, response: Response
) -> None:
    sealed = resources.vault.seal(json.dumps(response.body))
    if not await idempotency.keep(db, request.portal_id, request.digest, started, response.status, sealed):
        raise Refused("idempotency_key_in_progress", 409)


async def _earlier_answer(resources: Resources, request: Request, now: datetime) -> Response | None:
    asked = hashlib.sha256(request.body).digest()
    async with resources.tenant(request.portal_id) as db:
        kept = await idempotency.start(db, request.portal_id, request.digest, asked, now)
        if kept is None:
            return None
        if kept.request != asked:
            raise Refused("idempotency_key_reused", 422)
        if kept.status is not None and kept.response is not None:
            return Response(kept.status, _opened(resources, kept.response), replayed=True)
        died = now - kept.created_at > AT_WORK
        if died and await idempotency.take_over(db, request.portal_id, request.digest, kept.created_at, now):
            return None
    raise Refused("idempotency_key_in_progress", 409)


def _opened(resources: Resources, sealed: bytes) -> Any:
    answer = resources.vault.opened(sealed)
    if answer is None:
        raise Refused("idempotency_answer_lost", 409)
    return json.loads(answer)
