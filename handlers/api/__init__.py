"""The client API: a FastAPI app to be mounted at /api/v1. Its docs page uses files of ours only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from b24app.features import PRODUCT
from b24app.resources import Resources
from b24app.settings import ROOT
from handlers.api import idempotency, problems, reference
from handlers.api.common import Routes, Texts
from handlers.api.delivery import deliveries, endpoints
from handlers.api.door import Cors, GetResources
from handlers.api.verification import me, memberships

DESCRIPTION = """What a client app (a mobile app, a personal account) may read and hear about the people of one Bitrix24
portal. Answers come from our own store and say how fresh they are (`as_of`, `stale`): Bitrix24 being away never turns a
client away. News is pushed as webhooks signed by the [Standard Webhooks](https://www.standardwebhooks.com)
specification.

"""
HERE = Path(__file__).parent
FIRST_WEBHOOK = ROOT / "docs" / "first-webhook.md"
ROUTERS: tuple[Routes, ...] = (
    me.router,
    memberships.router,
    endpoints.router,
    deliveries.router,
)
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Client API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/vendor/swagger-ui/swagger-ui.css">
<link rel="stylesheet" href="docs.css"></head>
<body><main id="api"></main><script src="/static/vendor/swagger-ui/swagger-ui-bundle.js"></script>
<script src="docs.js"></script></body></html>"""


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
        description=DESCRIPTION + _start(),
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        openapi_tags=[{"name": routes.tag, "description": routes.about} for routes in routers],
        redirect_slashes=False,
    )
    api.state.get_resources = get_resources
    api.add_middleware(Cors, get_resources=get_resources)
    problems.add_handlers(api, problems_of(routers))
    for routes in routers:
        api.include_router(routes)
    api.openapi = cache(partial(reference.document, api, problems_of(routers), PRODUCT.news.types))  # type: ignore[method-assign]
    api.add_api_route("/docs", _docs, include_in_schema=False)
    for name, media_type in (("docs.js", "text/javascript"), ("docs.css", "text/css")):
        api.add_api_route(f"/{name}", partial(_file, name, media_type), include_in_schema=False)
    return api


def _start() -> str:
    """How to begin, folded; without links to files that are not served."""
    title, text = FIRST_WEBHOOK.read_text(encoding="utf-8").removeprefix("# ").split("\n", 1)
    steps = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text).strip()
    return f"<details><summary>{title}</summary>\n\n{steps}\n\n</details>\n"


async def _docs(request: Request) -> Response:
    return HTMLResponse(_PAGE, headers=_HEADERS)


async def _file(name: str, media_type: str, request: Request) -> Response:
    return FileResponse(HERE / name, media_type=media_type)
