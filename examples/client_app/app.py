"""The account's pages and its webhook door."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from standardwebhooks import WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from examples.client_app.account import HOOK_PATH, SHOWN, Account, Config
from examples.client_app.api import ApiAway, ApiRefused
from examples.client_app.notebook import Notebook
from examples.client_app.words import Words, initials, language

HERE = Path(__file__).parent
LISTED, LONGEST_BODY = 40, 64 * 1024


@dataclass(frozen=True, slots=True)
class View:
    """Everything a page prints."""

    words: Words
    connected: bool
    version: int
    away: bool
    stale: bool
    endpoint: Mapping[str, Any]
    endpoint_state: str
    people: list[dict[str, Any]]
    hidden: int
    total: int
    query: str
    chosen: Mapping[str, Any] | None
    heard: list[Mapping[str, Any]]
    names: Mapping[str, Mapping[str, Any]]
    problem: str = ""


def build_app(config: Config) -> Starlette:
    """One account, for the life of the process."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http:
            account = Account(config, http, Notebook(config.data))
            watching = asyncio.create_task(account.watch())
            try:
                yield {"account": account, "templates": _templates()}
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    return Starlette(
        routes=[
            Route("/", _page),
            Route("/live", _live),
            Route("/changed", _changed),
            Route("/connect", _connect, methods=["POST"]),
            Route(HOOK_PATH, _webhook, methods=["POST"]),
            Route("/heard.json", _heard),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        lifespan=lifespan,
    )


def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    found.filters["initials"] = initials
    return found


def _account(request: Request) -> Account:
    found: Account = request.state.account
    return found


def _render(request: Request, name: str, view: View, status: int = 200) -> Response:
    templates: Environment = request.state.templates
    return HTMLResponse(templates.get_template(name).render(view=view, t=view.words), status)


async def _page(request: Request) -> Response:
    return _render(request, "page.html", _view(request))


async def _live(request: Request) -> Response:
    """The part of the page that changes by itself."""
    return _render(request, "live.html", _view(request))


async def _changed(request: Request) -> Response:
    """Grows when there is something new to show."""
    return JSONResponse({"version": _account(request).version})


async def _connect(request: Request) -> Response:
    """A key is pasted. Shows the API's own words where it is refused."""
    form = await request.form()
    key = str(form.get("key", "")).strip()
    try:
        await _account(request).connect(key)
    except ApiRefused as refused:
        words = _view(request).words
        problem = words("connect.wrong") if refused.status == 401 else refused.detail
        return _render(request, "page.html", _view(request, problem=problem), 422)
    except ApiAway:
        view = _view(request)
        return _render(request, "page.html", _view(request, problem=view.words("connect.away")), 502)
    return RedirectResponse("/", 303)


async def _webhook(request: Request) -> Response:
    """204 for what was heard, now or before; 401 for a wrong signature; 503 while we cannot know."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_BODY:
            return Response(status_code=413)
    try:
        await _account(request).take(bytes(body), request.headers)
    except WebhookVerificationError:
        return Response(status_code=401)
    except ApiAway:
        return Response(status_code=503)
    return Response(status_code=204)


async def _heard(request: Request) -> Response:
    """For scripts: what was heard, newest first, and how our endpoint stands."""
    account = _account(request)
    return JSONResponse(
        {
            "endpoint": account.endpoint,
            "away": account.away,
            "heard": account.heard[::-1][:SHOWN],
            "memberships": list(account.people.values()),
        }
    )


def _view(request: Request, problem: str = "") -> View:
    account, query = _account(request), request.query_params
    words = Words(language(query.get("lang"), request.headers.get("accept-language", "")))
    asked = query.get("q", "").strip()
    people = [one for one in account.people.values() if _matches(words, one, asked)]
    people.sort(key=lambda one: (one["state"] != "pending", _backwards(one["updated_at"]), one["id"]))
    chosen = account.people.get(query.get("who", "")) or _last_told(account) or (people[0] if people else None)
    return View(
        words=words,
        connected=account.api is not None,
        version=account.version,
        away=account.away,
        stale=bool(account.fresh.get("stale")),
        endpoint=account.endpoint,
        endpoint_state=account.endpoint.get("state", "none"),
        people=people[:LISTED],
        hidden=max(0, len(people) - LISTED),
        total=len(account.people),
        query=asked,
        chosen=chosen,
        heard=list(account.heard[::-1][:50]),
        names=account.people,
        problem=problem,
    )


def _last_told(account: Account) -> Mapping[str, Any] | None:
    """Whom the newest news is about."""
    about = (one["object"]["id"] for one in reversed(account.heard))
    return next((account.people[id_] for id_ in about if id_ in account.people), None)


def _matches(words: Words, one: Mapping[str, Any], asked: str) -> bool:
    return asked.casefold() in f"{words.person(one)} {words.company(one)}".casefold()


def _backwards(moment: str) -> tuple[int, ...]:
    """Sorts later moments first."""
    return tuple(-ord(letter) for letter in moment)
