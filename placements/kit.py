"""`/kit`: every part that pages are made of, in all its states, in both languages. Of a developer's deployment only."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from b24app.resources import Resources
from placements.about import reads
from placements.render import Render


async def page(render: Render, request: Request) -> Response:
    resources: Resources = request.state.resources
    lang = render.words(reads(request)).lang
    if not resources.settings.dev_mode:
        return render.saying("nothing_here", lang, frame=None, status=404)
    return render.page("kit.html", lang, frame=None, page={}, now=resources.now())
