"""Pages for whoever comes with a browser, outside any portal: privacy, licence, support, and that there is no page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from placements.render import Render
from placements.words import ABOUT

PAGES = tuple(ABOUT)


async def page(render: Render, name: str, request: Request) -> Response:
    """`?lang=` or the browser's language. A text of law is a template of its own for each language."""
    lang = render.words(reads(request)).lang
    return render.page(f"about/{name}.{lang}.html", lang, frame=None, page={}, here=name)


async def nothing_here(
    render: Render, machines: Callable[[Request, Exception], Awaitable[Response]], request: Request, error: Exception
) -> Response:
    """A page in words for a browser; anything else reads what `machines` are told."""
    answer = await machines(request, error)
    if answer.status_code not in (404, 405) or "text/html" not in request.headers.get("accept", ""):
        return answer
    return render.saying("nothing_here", reads(request), frame=None, status=answer.status_code)


def reads(request: Request) -> str:
    """The language a browser asks for; a portal names it in capitals."""
    asked = request.query_params.get("lang") or request.query_params.get("LANG")
    return (asked or request.headers.get("accept-language", ""))[:2].lower()
