"""REST over HTTP: a request taken apart, limits and faults, the answer in the portal's JSON.

Pages: settings/how-to-call-rest-api/general-principles.md, data-encoding.md.
"""

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from emulator import php
from emulator.errors import RestError
from emulator.face import broken
from emulator.model.events import current_hit
from emulator.model.limits import Answered
from emulator.rest.calling import Asked, Caller, authorize, connector, find, perform

if TYPE_CHECKING:
    from emulator.model.portal import Portal
    from emulator.model.world import World

HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "origin, content-type, accept",
    "X-Content-Type-Options": "nosniff",
}
AUTH_NAMES = ("auth", "access_token", "auth_connector", "state")

log = logging.getLogger("emulator.rest")


class RestFront:
    """ASGI application for everything under `/rest/` of a portal; `world` and `portal` come in the request's state."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        world, portal = request.state.world, request.state.portal
        response = await answer(world, portal, request)
        await response(scope, receive, send)


async def answer(world: "World", portal: "Portal", request: Request) -> Response:
    """The response to one REST request, faults and limits included."""
    if request.method == "OPTIONS":
        return Response(headers=HEADERS)
    asked = await take_apart(request)
    address = request.client.host if request.client else ""
    world.meters.requests[portal.name, asked.method] += 1
    fault = world.faults.take(portal.host, asked.method)
    if fault is not None and (instead := await broken.before(fault)) is not None:
        return instead
    status, body, caller = await _guarded(world, portal, asked, address)
    user_id = caller.user.id if caller else 0
    client_id = caller.installation.app.client_id if caller and caller.installation else ""
    error = str(body.get("error", ""))
    world.journal.append(Answered(portal.name, asked.method, status, error, user_id, client_id, address, world.now()))
    response = json_response(body, status)
    return broken.after(fault, response) if fault is not None else response


def json_response(body: dict[str, Any], status: int = 200) -> Response:
    """The portal's JSON with its headers."""
    return Response(php.json_text(body), status, HEADERS, "application/json; charset=utf-8")


async def _guarded(
    world: "World", portal: "Portal", asked: Asked, address: str
) -> tuple[int, dict[str, Any], Caller | None]:
    caller: Caller | None = None
    try:
        bucket = world.meters.bucket(portal.name, portal.plan, address)
        if not bucket.admits(world.now().timestamp(), world.faults.enforce_limit):
            raise RestError(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        find(portal, asked.method)
        caller = replace(authorize(world, portal, asked), connector=connector(portal, asked))
        params = {name: value for name, value in asked.params.items() if name not in AUTH_NAMES}
        if (hit := current_hit.get()) is not None:
            client_id = caller.installation.app.client_id if caller.installation else ""
            hit.hops, hit.source = caller.hops, (client_id, caller.connector)
        return 200, perform(caller, asked.method, params), caller
    except RestError as error:
        return error.status, error.body, caller
    except Exception as error:
        log.exception("%s broke", asked.method)
        world.crashes.append(f"{asked.method}: {error!r}")
        return 500, {"error": "INTERNAL_SERVER_ERROR", "error_description": "Internal server error"}, caller


async def take_apart(request: Request) -> Asked:
    """Path, merged parameters (the body wins), token. Nothing here is refused yet."""
    method, webhook = _path(request.path_params["path"])
    params = php.parse_form(request.url.query)
    if request.method == "POST":
        params |= _body(await request.body(), request.headers.get("content-type", ""))
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else None
    return Asked(method, params, bearer, webhook, request.url.scheme == "https")


def _path(path: str) -> tuple[str, tuple[int, str] | None]:
    """Several slashes count as one, as for the web servers in front of portals."""
    parts = [part for part in path.split("/") if part] or [""]
    name = parts[-1].lower()
    name = name.removesuffix(".json")
    if len(parts) == 3 and parts[0].isdigit():
        return name, (int(parts[0]), parts[1])
    return name if len(parts) == 1 else "/".join(parts).lower(), None


def _body(raw: bytes, content_type: str) -> dict[str, Any]:
    text = raw.decode("utf-8", "replace").strip()
    if "json" not in content_type:
        return php.parse_form(text)
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    if isinstance(found, list):
        return {str(index): item for index, item in enumerate(found)}
    return found if isinstance(found, dict) else {}
