"""A portal that answers from a script."""

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from b24app.bitrix24.client import PortalClient

Body = dict[str, Any] | list[Any] | bytes


@dataclass
class Script:
    """`answers`: (status, body, headers) in turn, the last one for ever. `asked`: the bodies that came in."""

    client: PortalClient
    answers: list[tuple[int, Body, dict[str, str]]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def say(self, *bodies: Body, status: int = 200, **headers: str) -> None:
        self.answers += [(status, body, headers) for body in bodies]

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        status, body, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return web.Response(status=status, body=raw, headers=headers)


def error(code: object, text: str = "") -> dict[str, Any]:
    return {"error": code, "error_description": text}


def batch(result: Any, failed: Any = (), next: Any = ()) -> Body:
    return {"result": {"result": result, "result_error": failed or [], "result_total": [], "result_next": next or []}}
