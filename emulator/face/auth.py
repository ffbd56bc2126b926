"""The auth server over HTTP, and the authorize address of a portal.

Pages: settings/oauth/index.md, settings/oauth/auto-renewal.md. The SDK's tests show that GET and POST both work.
"""

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from emulator import php
from emulator.errors import RestError
from emulator.face import broken
from emulator.face.pages.visit import user_of
from emulator.model.installs import Installation
from emulator.model.people import User


def auth_routes() -> list[Route]:
    """What the auth server's host answers; `world` comes in the request's state."""
    return [
        Route("/oauth/token/", token, methods=["GET", "POST"]),
        Route("/oauth/token", token, methods=["GET", "POST"]),
        Route("/rest/app.info", app_info, methods=["GET", "POST"]),
        Route("/rest/app.info/", app_info, methods=["GET", "POST"]),
        Route("/rest/app.info.json", app_info, methods=["GET", "POST"]),
    ]


async def token(request: Request) -> Response:
    """`/oauth/token/`: a pair for a code or for a refresh token."""
    world = request.state.world
    world.meters.requests["auth", "oauth/token"] += 1
    return await _answered(request, "oauth/token", world.auth.token)


async def app_info(request: Request) -> Response:
    """`/rest/app.info`: whose token this is."""
    world = request.state.world
    world.meters.requests["auth", "app.info"] += 1
    return await _answered(request, "app.info", lambda query: _info(request, query))


def _info(request: Request, query: dict[str, Any]) -> dict[str, Any]:
    header = request.headers.get("authorization", "")
    bearer = header[7:].strip() if header[:7].lower() == "bearer " else None
    given = bearer or query.get("auth") or query.get("access_token")
    if not given:
        raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")
    begun = time.time()
    return {"result": request.state.world.auth.app_info(str(given)), "time": _times(begun)}


def _times(begun: float) -> dict[str, Any]:
    done = time.time()
    stamps = {
        "date_start": datetime.fromtimestamp(begun, UTC).isoformat(timespec="seconds"),
        "date_finish": datetime.fromtimestamp(done, UTC).isoformat(timespec="seconds"),
    }
    return {"start": begun, "finish": done, "duration": done - begun, "processing": done - begun} | stamps


async def _answered(request: Request, name: str, work: Any) -> Response:
    world = request.state.world
    fault = world.faults.take(world.auth_host, name)
    if fault is not None and (instead := await broken.before(fault)) is not None:
        return instead
    try:
        response = _json(work(await _query(request)))
    except RestError as error:
        response = _json(error.body, error.status)
    return broken.after(fault, response) if fault is not None else response


async def _query(request: Request) -> dict[str, Any]:
    query = php.parse_form(request.url.query)
    if request.method != "POST":
        return query
    if "json" in request.headers.get("content-type", ""):
        body = await request.json()
        return query | (body if isinstance(body, dict) else {})
    return query | php.parse_form((await request.body()).decode("utf-8", "replace"))


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(php.json_text(body), status, media_type="application/json; charset=utf-8")


def authorize_route() -> Route:
    """`/oauth/authorize/` of a portal."""
    return Route("/oauth/authorize/", authorize, methods=["GET"])


async def authorize(request: Request) -> Response:
    """The full protocol's first step, for the employee chosen at the portal's door.

    A failed one stays on a portal page: nobody chosen, app unknown here, no access.
    """
    portal = request.state.portal
    user, client_id = user_of(portal, request), request.query_params.get("client_id", "")
    if user is None:
        return RedirectResponse("/?" + urlencode({"next": f"/oauth/authorize/?{request.url.query}"}), 303)
    installation = portal.installations.get(client_id)
    if installation is None:
        return PlainTextResponse("The application is not installed in this Bitrix24.", 404)
    if not user.admin and not installation.admits(user.id):
        return PlainTextResponse("You have no access to this application.", 403)
    return authorized(installation, user, request.query_params.get("state", ""))


def authorized(installation: Installation, user: User, state: str) -> RedirectResponse:
    """Back to the app after a login, with `code`, `state`, `domain`, `member_id`, `scope`, `server_domain`.

    The address is the one of the app's card, not a parameter; without one it is the app's own page.
    """
    portal = installation.portal
    query = {
        "code": portal.world.auth.code(installation, user),
        "state": state,
        "domain": portal.host,
        "member_id": portal.member_id,
        "scope": ",".join(installation.scopes()),
        "server_domain": portal.world.auth_host,
    }
    url = installation.app.redirect_url or installation.app.app_url
    return RedirectResponse(f"{url}{'&' if '?' in url else '?'}{urlencode(query)}", 302)
