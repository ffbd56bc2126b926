"""People look here: the installer, the app's page, the tabs in cards, and the calls these pages make."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from b24app.domain.cards.facts import Kind
from b24app.manifest import Manifest
from placements import card_tab, connection_check, files, frame, install, layout, main_page, opened, same_card, sweeps
from placements.render import STATIC, Render

OPENED = ["GET", "HEAD", "POST"]
CALLS = {
    "/frame/card": frame.card,
    "/frame/press": frame.press,
    "/frame/same-card": same_card.say,
    "/frame/status": frame.status,
    "/frame/repair": frame.repair,
    "/frame/mode": frame.mode,
    "/frame/compare": sweeps.compare,
    "/frame/client-apps": frame.create_client_app,
    "/frame/client-apps/key": frame.new_client_app_key,
    "/frame/client-apps/revoke": frame.revoke_client_app,
    "/frame/layout/preview": layout.preview,
    "/frame/layout/add": layout.add,
    "/frame/layout/take-back": layout.take_back,
    "/frame/connection-check": connection_check.begin,
    **files.CALLS,
}


class BuiltFiles(StaticFiles):
    """Files named by their content never change; the others are looked at again after a day."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        forever = path.startswith("frame.")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if forever else "public, max-age=86400"
        )
        return response


def routes(manifest: Manifest) -> list[BaseRoute]:
    render = Render.read(manifest)
    tabs = {one.path for one in manifest.placements.values()}
    pages = {"/app": main_page.page} | {
        f"/placements/{kind}-tab": partial(card_tab.page, kind) for kind in Kind if f"/placements/{kind}-tab" in tabs
    }
    return [
        Route("/", partial(opened.answer, render, main_page.page), methods=["GET", "HEAD"]),
        Route("/install", partial(install.install, render), methods=OPENED),
        *(Route(path, partial(opened.answer, render, page), methods=OPENED) for path, page in pages.items()),
        Route("/frame/token", partial(frame.token, render), methods=["POST"]),
        *(Route(path, partial(frame.answer, render, action), methods=["POST"]) for path, action in CALLS.items()),
        Mount("/static", BuiltFiles(directory=STATIC, check_dir=False)),
    ]
