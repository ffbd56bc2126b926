"""The client API: a FastAPI app to be mounted at /api/v1. Its docs page uses files of ours only."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from b24app.resources import Resources
from handlers.api import idempotency, problems
from handlers.api.common import Problem, Routes, Texts
from handlers.api.delivery import deliveries, endpoints
from handlers.api.door import Cors, GetResources
from handlers.api.verification import me, memberships

DESCRIPTION = """What a client app (a mobile app, a personal account) may read and hear about the people of one Bitrix24
portal. Answers come from our own store and say how fresh they are (`as_of`, `stale`): Bitrix24 being away never turns a
client away. News is pushed as webhooks signed by the [Standard Webhooks](https://www.standardwebhooks.com)
specification.
"""
ERRORS = {status: {"model": Problem, "content": {problems.MEDIA_TYPE: {}}} for status in (401, 404, 409, 422)}

ROUTERS: tuple[Routes, ...] = (
    me.router,
    memberships.router,
    endpoints.router,
    deliveries.router,
)
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Client API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/vendor/swagger-ui/swagger-ui.css"></head>
<body><div id="api"></div><script src="/static/vendor/swagger-ui/swagger-ui-bundle.js"></script>
<script src="docs.js"></script></body></html>"""
_SCRIPT = """SwaggerUIBundle({url: new URL("openapi.json", document.baseURI).href, dom_id: "#api", deepLinking: true,
  defaultModelsExpandDepth: 0, persistAuthorization: false, validatorUrl: null});
"""


def problems_of(routers: Iterable[Routes]) -> Texts:
    """Code of each refusal → what people are told."""
    return problems.merged(problems.TEXTS, idempotency.PROBLEMS, *(routes.problems for routes in routers))


PROBLEMS = problems_of(ROUTERS)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def _of_the_lifespan(request: Request) -> Resources:
    found: Resources = request.state.resources
    return found


@cache
def build_api(get_resources: GetResources = _of_the_lifespan, routers: tuple[Routes, ...] = ROUTERS) -> FastAPI:
    """The app for one process. `get_resources` finds the process's resources for a request."""
    api = FastAPI(
        title="Client API",
        version="1",
        description=DESCRIPTION,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        openapi_tags=[{"name": routes.tag, "description": routes.about} for routes in routers],
        redirect_slashes=False,
        responses=ERRORS,  # type: ignore[arg-type]
    )
    api.state.get_resources = get_resources
    api.add_middleware(Cors, get_resources=get_resources)
    problems.add_handlers(api, problems_of(routers))
    for routes in routers:
        api.include_router(routes)
    api.add_api_route("/docs", _docs, include_in_schema=False)
    api.add_api_route("/docs.js", _script, include_in_schema=False)
    return api


async def _docs(request: Request) -> Response:
    return HTMLResponse(_PAGE, headers=_HEADERS)


async def _script(request: Request) -> Response:
    return Response(_SCRIPT, media_type="text/javascript")
