"""People look here: the installer, the app's page, the tabs in cards, and the calls these pages make."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
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
from placements.part import Part
from placements.portal import card_layout, install, journal, set_up
from placements.portal import words as portal_words
from placements.render import STATIC, Render, SettingsPage
from placements.verification import card_tab, desk, launch, same_card
from placements.verification import words as verification_words
from placements.words import N_

OPENED = ["GET", "HEAD", "POST"]
SMALLER = [Middleware(GZipMiddleware)]
"""A page holds one secret, its token, which is another one with each opening: sizes give none away."""

PARTS = (
    Part(
        "verification",
        verification_words,
        settings=(
            SettingsPage(
                "verification",
                N_("Verification of clients"),
                N_("Who decides about access, and what the checkbox in cards does."),
                "verified",
                ("verification/launch_section.html", "verification/mode.html"),
            ),
        ),
        desk="verification/desk_row.html",
        pages=card_tab.PAGES,
        calls={
            **card_tab.CALLS,
            **desk.CALLS,
            **launch.CALLS,
            "/frame/same-card": same_card.say,
            "/frame/mode": mode.switch("verification"),
        },
    ),
    Part(
        "delivery",
        delivery_words,
        settings=(
            SettingsPage(
                "delivery",
                N_("Client apps"),
                N_("Your mobile app and personal account: their keys, and whether notifications reach them."),
                "app",
                ("delivery/client_apps.html", "delivery/test_receiver.html"),
            ),
        ),
        calls=client_apps.CALLS,
    ),
    Part(
        "cards",
        cards_words,
        settings=(
            SettingsPage(
                "cards",
                N_("CRM data"),
                N_("Contacts and companies as the app knows them, and whether they agree with Bitrix24."),
                "cards",
                ("cards/reading.html", "cards/comparison.html"),
            ),
        ),
        calls={"/frame/compare": sweep.compare},
    ),
    Part(
        "portal",
        portal_words,
        settings=(
            SettingsPage(
                "setup",
                N_("Installation"),
                N_("What the app has set up in your Bitrix24, and whether everything is still there."),
                "setup",
                ("portal/set_up.html", "portal/card_layout.html"),
            ),
            SettingsPage(
                "journal",
                N_("Journal"),
                N_("Who changed what in the settings, and when."),
                "journal",
                ("portal/journal.html",),
            ),
        ),
        pages={"/app": settings.page},
        calls={"/frame/repair": set_up.repair, "/frame/journal": journal.older, **card_layout.CALLS},
    ),
    Part(
        "connection_check",
        check_words,
        settings=(
            SettingsPage(
                "check",
                N_("Connection check"),
                N_("Tries the whole way: Bitrix24, the app, each client app."),
                "retry",
                ("connection_check/check.html",),
            ),
        ),
        calls={"/frame/connection-check": connection_check.begin},
    ),
    Part(
        "export",
        export_words,
        settings=(
            SettingsPage(
                "export",
                N_("Your data"),
                N_("Copies of everything the app has decided, and how to bring them back."),
                "export",
                ("export/files.html",),
            ),
        ),
        calls=files.CALLS,
    ),
)
"""In the order people see them in the navigation of the settings."""


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
    pages: dict[str, OpenedPage] = {}
    calls: dict[str, FrameCall] = {"/frame/page": settings.fresh, "/frame/status": settings.fresh}
    for part in parts:
        pages |= part.pages
        calls |= part.calls
    return [
        Route("/", partial(opened.answer, render, settings.page), methods=["GET", "HEAD"]),
        Route("/install", partial(install.install, render), methods=OPENED, middleware=SMALLER),
        *(
            Route(path, partial(opened.answer, render, page), methods=OPENED, middleware=SMALLER)
            for path, page in pages.items()
        ),
        Route("/frame/token", partial(frame.token, render), methods=["POST"]),
        *(
            Route(path, partial(frame.answer, render, action), methods=["POST"], middleware=SMALLER)
            for path, action in calls.items()
        ),
        Mount("/static", BuiltFiles(directory=STATIC, check_dir=False), middleware=SMALLER),
    ]
