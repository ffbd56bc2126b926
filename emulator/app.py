"""One ASGI application for all origins, told apart by the Host header."""

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.face.auth import auth_routes, authorize_route
from emulator.face.control import control_routes
from emulator.face.pages import routes as page_routes
from emulator.face.pull import pull_route
from emulator.face.rest import RestFront
from emulator.model.events import Hit, current_hit
from emulator.model.world import World


class Dispatch:
    """Portal hosts → REST, control door, pages; auth host → auth server; a left host → 302 to the new one.

    Every request gets `world` and `portal` in its state and is a hit of its own: identical events inside it merge.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.portal_app: ASGIApp = Router(portal_routes(world))
        self.auth_app: ASGIApp = Router([*auth_routes(), *control_routes()])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        current_hit.set(Hit())
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        portal = self.world.portals.get(host)
        transport = getattr(getattr(send, "__self__", None), "transport", None)  # uvicorn's, to cut connections
        scope.setdefault("state", {}).update(world=self.world, portal=portal, transport=transport)
        await self._chosen(host, scope)(scope, receive, send)

    def _chosen(self, host: str, scope: Scope) -> ASGIApp:
        if host in self.world.portals:
            return self.portal_app
        if host == self.world.auth_host:
            return self.auth_app
        if moved := self.world.moved.get(host):
            query = scope["query_string"].decode("latin-1")
            url = f"{self.world.scheme}://{moved}{scope['path']}"
            return RedirectResponse(f"{url}?{query}" if query else url, 302)
        return PlainTextResponse("No such portal here.", 404)


def portal_routes(world: World) -> list[BaseRoute]:
    """Everything a portal's own host serves."""
    return [
        Mount("/rest", routes=rest_routes()),
        *control_routes(),
        authorize_route(),
        pull_route(),
        *page_routes(world),
    ]


def rest_routes() -> list[BaseRoute]:
    """`/rest/…` in both URL forms."""
    return [Route("/{path:path}", RestFront(), methods=["GET", "POST", "HEAD", "OPTIONS"])]


def build_app(world: World) -> ASGIApp:
    """The application of a world."""
    return Dispatch(world)
