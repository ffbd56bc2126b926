"""Who calls the client API: a key in the Authorization header, and for web pages an origin the key was made for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from b24app.delivery.journeys import client_apps
from b24app.delivery.journeys.client_apps import KEY_PREFIX, Caller
from b24app.errors import Refused
from b24app.resources import Resources

GetResources = Callable[[Request], Resources]
_bearer = HTTPBearer(
    auto_error=False, scheme_name="Client app key", description="A key `b24_…`, made in the app's settings in Bitrix24."
)


def resources(request: Request) -> Resources:
    """Those of the process, through the app's own state."""
    get: GetResources = request.app.state.get_resources
    return get(request)


async def caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Raise `Refused` 401 `key_missing_or_wrong`, the same for unknown and revoked, or 403 `origin_not_allowed`."""
    key = credentials.credentials if credentials else ""
    found = await client_apps.caller(resources(request), key) if key.startswith(KEY_PREFIX) else None
    if found is None:
        raise Refused("key_missing_or_wrong", 401)
    origin = request.headers.get("origin")
    if origin is not None:
        if origin not in found.origins:
            raise Refused("origin_not_allowed", 403)
        request.state.allowed_origin = origin
    return found


Called = Annotated[Caller, Depends(caller)]
Used = Annotated[Resources, Depends(resources)]


class Cors:
    """A preflight carries no key: origins of any client app pass. The call is checked by its own key."""

    def __init__(self, app: ASGIApp, get_resources: GetResources) -> None:
        self.app, self.get_resources = app, get_resources

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers({})
        origin = headers.get("origin")
        if origin is None:
            return await self.app(scope, receive, send)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            known = await client_apps.origin_known(self.get_resources(Request(scope)), origin)
            return await _preflight(origin, known)(scope, receive, send)
        state = scope.setdefault("state", {})

        async def with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                found.add_vary_header("Origin")
                if allowed := state.get("allowed_origin"):
                    found["Access-Control-Allow-Origin"] = allowed
                    found["Access-Control-Expose-Headers"] = "Idempotency-Replayed, X-Request-Id"
            await send(message)

        return await self.app(scope, receive, with_origin)


def _preflight(origin: str, known: bool) -> Response:
    if not known:
        return Response(status_code=403, headers={"Vary": "Origin"})
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
            "Access-Control-Allow-Headers": "Authorization, Content-Type, Accept-Language, Idempotency-Key",
            "Access-Control-Max-Age": "600",
            "Vary": "Origin",
        },
    )
