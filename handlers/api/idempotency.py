"""A POST that is repeated is answered again and not done again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from b24app.delivery.journeys import once
from b24app.delivery.journeys.client_apps import Caller
from b24app.delivery.journeys.once import Keep
from b24app.resources import Resources
from handlers.api.common import Texts

T = TypeVar("T")
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Any unique text: a repeat within 12 hours gets the first answer."),
]
PROBLEMS: Texts = {
    "idempotency_key_wrong": (
        "Idempotency-Key must be 1 to {limit} characters long.",
        "Idempotency-Key — от 1 до {limit} символов.",
    ),
    "idempotency_key_reused": (
        "This Idempotency-Key was used for another body.",
        "Этот Idempotency-Key уже использован с другим телом запроса.",
    ),
    "idempotency_key_in_progress": (
        "The first request with this Idempotency-Key is still at work. Ask again shortly.",
        "Первый запрос с этим Idempotency-Key ещё выполняется. Повторите чуть позже.",
    ),
    "idempotency_answer_lost": (
        "This request was done, and its answer cannot be read any more. Read your endpoints or deliveries to see what "
        "it did; a secret you have not got is replaced by rotate-secret.",
        "Этот запрос выполнен, но его ответ больше не прочитать. Что он сделал, видно в ваших адресах и доставках; "
        "неполученный секрет заменяет rotate-secret.",
    ),
}


async def answer_once(
    request: Request,
    used: Resources,
    called: Caller,
    key: str | None,
    work: Callable[[Keep[T]], Awaitable[T]],
    status: int,
    body: Callable[[T], BaseModel],
) -> JSONResponse:
    """Do `work` and answer `body` of what it made, or the answer of the first request with this key."""
    asked = once.Request(
        called.portal.id, called.app.id, f"{request.method} {request.url.path}", key, await request.body()
    )
    done = await once.once(used, asked, work, lambda made: once.Response(status, body(made).model_dump(mode="json")))
    return JSONResponse(done.body, done.status, {"Idempotency-Replayed": "true"} if done.replayed else None)
