"""`/frame/…`: calls of our own pages. The page token in `X-Page-Token` says who; JSON in, JSON out, no cookies.

A custom header cannot be sent from a foreign origin without our leave, which nobody gets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from b24app.bitrix24.values import number
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.portal.viewer import Viewer
from b24app.errors import PortalError, Refused
from b24app.portal.journeys import sessions
from b24app.resources import Resources
from b24app.store.engine import away
from placements.opened import spoken
from placements.render import Render

TOKEN_HEADER = "x-page-token"  # noqa: S105 - a header's name
UNSTORABLE = re.compile("[\0\ud800-\udfff]")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who asks, with their own portal token, and what they sent."""

    render: Render
    resources: Resources
    viewer: Viewer
    token: str
    body: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Raises Refused `bad_parameter`, also for what no text column takes: NUL and halves of surrogate pairs."""
        value = self.body.get(name, "")
        if not isinstance(value, str) or UNSTORABLE.search(value):
            raise Refused("bad_parameter", 422, {"name": name})
        return value

    def subject(self) -> Subject:
        kind, _, record = self.text("subject").partition(":")
        found = number(record)
        if kind not in self.resources.rules.acted_on or not found:
            raise Refused("bad_parameter", 422, {"name": "subject"})
        return Subject(Kind(kind), found)

    def id(self, name: str) -> UUID:
        try:
            return UUID(self.text(name))
        except ValueError:
            raise Refused("not_found", 404) from None

    def ids(self, name: str) -> list[UUID]:
        """One or several, each once. Raises Refused `not_found`."""
        value = self.body.get(name, [])
        try:
            return list(dict.fromkeys(UUID(str(one)) for one in (value if isinstance(value, list) else [value])))
        except ValueError:
            raise Refused("not_found", 404) from None


FrameCall = Callable[[Call], Awaitable[dict[str, Any] | Response]]


async def answer(render: Render, action: FrameCall, request: Request) -> Response:
    """Run one action for a proven viewer; whatever stands in the way is said in words."""
    resources: Resources = request.state.resources
    lang = request.headers.get("accept-language", "")[:2]
    try:
        viewer, token = await sessions.viewer_of(resources, request.headers.get(TOKEN_HEADER, ""))
        lang = viewer.lang
        call = Call(render, resources, viewer, token, _json(await request.body()))
        found = await action(call)
        return found if isinstance(found, Response) else JSONResponse(found, headers={"Cache-Control": "no-store"})
    except (Refused, PortalError) as error:
        return _refusal(render, error, lang)
    except Exception as error:
        log.error("frame_call_failed", path=request.scope["path"], error=repr(error), exc_info=not away(error))
        return JSONResponse(render.error("internal", lang, 500), 500)


async def token(render: Render, request: Request) -> Response:
    """A fresh token of the frame's refreshAuth, proven again: the page goes on."""
    resources: Resources = request.state.resources
    try:
        fresh = _json(await request.body()).get("access_token")
        if not isinstance(fresh, str) or not fresh:
            raise Refused("token_expired", 403)
        _, signed = await sessions.renew(resources, request.headers.get(TOKEN_HEADER, ""), fresh)
    except (Refused, PortalError) as error:
        return _refusal(render, error, request.headers.get("accept-language", "")[:2])
    return JSONResponse({"token": signed}, headers={"Cache-Control": "no-store"})


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise Refused("bad_json", 400) from None
    if not isinstance(found, dict):
        raise Refused("bad_json", 400)
    return found


def _refusal(render: Render, error: Refused | PortalError, lang: str) -> Response:
    code, http = spoken(error)
    if code == "crm_refused":
        log.warning("frame_call_refused", code=error.code)
    return JSONResponse(render.error(code, lang, http), http, headers={"Cache-Control": "no-store"})
