"""Answers of a portal that is down, slow or out of its mind."""

import asyncio

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from emulator import php
from emulator.model.faults import Break, Fault

BODIES: dict[Break, tuple[int, dict[str, object]]] = {
    Break.BUSY: (503, {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}),
    Break.OVERLOAD: (503, {"error": "OVERLOAD_LIMIT", "error_description": "REST API is blocked due to overload."}),
    Break.OPERATING: (
        429,
        {"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked due to operation time limit."},
    ),
    Break.ERROR_500: (500, {"error": "INTERNAL_SERVER_ERROR", "error_description": "Internal server error"}),
    Break.ERROR_AFTER: (500, {"error": "INTERNAL_SERVER_ERROR", "error_description": "Internal server error"}),
    Break.ERROR_200: (200, {"error": "ERROR_CORE", "error_description": "Something went wrong"}),
    Break.DELETED: (403, {"error": "PORTAL_DELETED", "error_description": "Portal was deleted"}),
    Break.PLAN: (
        403,
        {"error": "ACCESS_DENIED", "error_description": "REST is available only on commercial plans."},
    ),
    Break.CONFIRM: (401, {"error": "METHOD_CONFIRM_WAITING", "error_description": "Waiting for confirmation"}),
    Break.EMPTY_ERROR: (400, {"error": "", "error_description": "Access denied."}),
    Break.NUMERIC_ERROR: (400, {"error": 200040300010, "error_description": "Access Denied"}),
}
PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
AFTER = (Break.LOST_AFTER, Break.ERROR_AFTER)


class Dropped(Response):
    """No answer at all: the connection is cut. `transport` stands in the request's state (see `app.Dispatch`)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["transport"].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


async def before(fault: Fault) -> Response | None:
    """What is sent instead of doing the work; None when the work is done (slow ones wait here first)."""
    if fault.kind is Break.SLOW:
        fault.waiting += 1
        await asyncio.sleep(fault.seconds)
        fault.waiting -= 1
    if fault.kind is Break.SLOW or fault.kind in AFTER:
        return None
    if fault.kind is Break.CLOSE:
        return Dropped()
    if fault.kind is Break.HTML:
        return HTMLResponse(PAGE, 502)
    if fault.kind is Break.CUT:
        return Response('{"result":{"ID":"1","TITLE":"Unfin', media_type="application/json")
    return _told(fault.kind)


def after(fault: Fault, response: Response) -> Response:
    """What is sent once the work is done."""
    if fault.kind is Break.LOST_AFTER:
        return Dropped()
    return _told(fault.kind) if fault.kind is Break.ERROR_AFTER else response


def _told(kind: Break) -> Response:
    status, body = BODIES[kind]
    return Response(php.json_text(body), status, media_type="application/json; charset=utf-8")
