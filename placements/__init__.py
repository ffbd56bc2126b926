"""People look here: the installer, the app's page, the tabs in cards, and the calls these pages make."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from b24app.manifest import Manifest
from placements import frame, mode, opened, settings
from placements.cards import sweep
from placements.cards import words as cards_words
from placements.connection_check import connection_check
from placements.connection_check import words as check_words
from placements.delivery import client_apps
from placements.delivery import words as delivery_words
from placements.export import files
from placements.export import words as export_words
from placements.frame import FrameCall
from placements.opened import OpenedPage
from placements.part import Area, Part
from placements.portal import card_layout, install, set_up
from placements.portal import words as portal_words
from placements.render import STATIC, Render
from placements.verification import card_tab, same_card
from placements.verification import words as verification_words

OPENED = ["GET", "HEAD", "POST"]

PARTS = (
    Part(
        "verification",
        verification_words,
        settings=((Area.LEFT, "verification/mode.html"),),
        headline="verification/headline.html",
        pages=card_tab.PAGES,
        calls={**card_tab.CALLS, "/frame/same-card": same_card.say, "/frame/mode": mode.switch("verification")},
    ),
    Part(
        "delivery",
        delivery_words,
        settings=((Area.LEFT, "delivery/client_apps.html"),),
        calls=client_apps.CALLS,
    ),
    Part(
        "cards",
        cards_words,
        settings=((Area.RIGHT, "cards/first_read.html"), (Area.LOWER_RIGHT, "cards/comparison.html")),
        calls={"/frame/compare": sweep.compare},
    ),
    Part(
        "portal",
        portal_words,
        settings=(
            (Area.TOP, "portal/state.html"),
            (Area.RIGHT, "portal/set_up.html"),
            (Area.RIGHT, "portal/card_layout.html"),
        ),
        pages={"/placements/link": settings.page},
        calls={"/frame/repair": set_up.repair, **card_layout.CALLS},
    ),
    Part(
        "connection_check",
        check_words,
        settings=((Area.WIDE, "connection_check/check.html"),),
        calls={"/frame/connection-check": connection_check.begin},
    ),
    Part(
        "export",
        export_words,
        settings=((Area.LOWER_LEFT, "export/files.html"),),
        calls=files.CALLS,
    ),
)
"""In the order people see them: of each area of the settings page, from top to bottom."""


class BuiltFiles(StaticFiles):
    """Files named by their content never change; the others are looked at again after a day."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        forever = path.startswith("frame.")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if forever else "public, max-age=86400"
        )
        return response


def routes(manifest: Manifest, parts: Sequence[Part] = PARTS) -> list[BaseRoute]:
    render = Render.read(manifest, parts)
    pages: dict[str, OpenedPage] = {"/app": settings.page}
    calls: dict[str, FrameCall] = {"/frame/status": settings.status}
    for part in parts:
        pages |= part.pages
        calls |= part.calls
    return [
        Route("/", partial(opened.answer, render, settings.page), methods=["GET", "HEAD"]),
        Route("/install", partial(install.install, render), methods=OPENED),
        *(Route(path, partial(opened.answer, render, page), methods=OPENED) for path, page in pages.items()),
        Route("/frame/token", partial(frame.token, render), methods=["POST"]),
        *(Route(path, partial(frame.answer, render, action), methods=["POST"]) for path, action in calls.items()),
        Mount("/static", BuiltFiles(directory=STATIC, check_dir=False)),
    ]
