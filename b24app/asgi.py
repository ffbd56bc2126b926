"""The table of contents: every path of the app, its middleware, and what lives as long as the process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypedDict

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route

from b24app.assembly import open_resources
from b24app.hosts import KnownHosts
from b24app.limits import Limits
from b24app.logs import set_up_logs
from b24app.manifest import Manifest, read_manifest
from b24app.portal.journeys.reception import Reception
from b24app.resources import Resources
from b24app.settings import Settings, read_settings
from b24app.store.schema import refuse_strong_role
from handlers import events, health, metrics, problems, receiver
from handlers.api import ROUTERS, build_api
from handlers.api.common import Routes
from placements import PARTS
from placements import routes as placement_routes
from placements.part import Part


class AppState(TypedDict):
    """What the lifespan hands to every request."""

    resources: Resources
    reception: Reception


def _resources(request: Request) -> Resources:
    found: Resources = request.state.resources
    return found


@dataclass(frozen=True, slots=True)
class Doors:
    """What features add to the doors: routes of the client API, parts of pages."""

    routers: tuple[Routes, ...] = ROUTERS
    parts: tuple[Part, ...] = PARTS


OURS = Doors()


def routes(manifest: Manifest, doors: Doors = OURS) -> list[BaseRoute]:
    return [
        Route("/bitrix/events", events.receive, methods=["POST"]),  # the busiest first: routes are tried in turn
        *placement_routes(manifest, doors.parts),
        Route("/test-receiver/{id:uuid}", receiver.receive, methods=["POST"]),
        Route("/healthz", health.alive, methods=["GET"]),
        Route("/readyz", health.ready, methods=["GET"]),
        Route("/metrics", metrics.metrics, methods=["GET"]),
        Mount("/api/v1", build_api(_resources, doors.routers)),
    ]


def build_app(
    settings: Settings, manifest: Manifest, resources: Resources | None = None, doors: Doors = OURS
) -> Starlette:
    """The app. Tests and the bench hand in resources of their own; otherwise the lifespan opens them."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[AppState]:
        if resources is not None:
            yield {"resources": resources, "reception": Reception(resources)}
            return
        await refuse_strong_role(settings.database_url)
        async with open_resources(settings, manifest) as opened:
            yield {"resources": opened, "reception": Reception(opened)}

    app = Starlette(
        routes=routes(manifest, doors),
        middleware=[Middleware(Limits), Middleware(KnownHosts, settings)],
        exception_handlers=problems.HANDLERS,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect would send the body on, with tokens, and to http behind TLS
    return app


def create_app() -> Starlette:
    """uvicorn's factory: everything from the environment."""
    set_up_logs()
    settings = read_settings(os.environ)
    return build_app(settings, read_manifest(settings.manifest))
