"""The table of contents of the pages."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from emulator.face.pages import (
    acts,
    automation,
    card,
    contact_center,
    door,
    frames,
    kanban,
    layout_page,
    lists,
    market,
    merge,
    pulse,
    records,
    recycle,
    switches,
)
from emulator.face.pages.visit import Page, signed_in
from emulator.model.world import World

STATIC = Path(__file__).parent / "static"
CARD = "/crm/{entity}/details/{id:int}/"

GET: tuple[tuple[str, Page], ...] = (
    ("/marketplace/", market.catalogue),
    ("/marketplace/detail/{code}/", market.app_page),
    ("/marketplace/detail/{code}/picture/{name}", market.app_picture),
    ("/marketplace/app/{id}/", market.main_page),
    ("/marketplace/placement/{id:int}/", market.placement_page),
    ("/marketplace/view/{code}/", market.direct_link),
    ("/crm/{entity}/list/", lists.listing),
    ("/crm/{entity}/kanban/", kanban.kanban),
    ("/crm/{entity}/automation/", automation.board),
    ("/crm/{entity}/merge/", merge.compare),
    ("/crm/recyclebin/", recycle.contents),
    (CARD, card.card),
    (CARD + "layout/", layout_page.settings),
    ("/company/personal/user/{id:int}/", door.profile),
    ("/contact_center/", contact_center.centre),
    ("/contact_center/connector/{id:int}/", contact_center.connector),
    ("/notifications/", door.notices),
    ("/_pulse/", pulse.pulse),
    ("/_control/", switches.board),
)
POST: tuple[tuple[str, Page], ...] = (
    ("/marketplace/detail/{code}/", market.app_button),
    ("/marketplace/open/", frames.open_placement),
    ("/marketplace/frame/", frames.frame_action),
    ("/crm/{entity}/list/", lists.create),
    ("/crm/{entity}/columns/", lists.choose_columns),
    ("/crm/{entity}/automation/", automation.change),
    ("/crm/{entity}/merge/", merge.join),
    ("/crm/recyclebin/", recycle.restore),
    (CARD + "save/", card.save),
    (CARD + "robot/", card.robot),
    (CARD + "comment/", acts.comment),
    (CARD + "press/", acts.press),
    (CARD + "complete/", acts.complete),
    (CARD + "postpone/", acts.postpone),
    (CARD + "drop/", acts.drop),
    (CARD + "pin/", acts.pin),
    (CARD + "delete/", card.delete),
    (CARD + "layout/", layout_page.save),
    ("/notifications/", door.notices),
    ("/_pick/", records.pick),
)


def routes(world: World) -> list[BaseRoute]:
    """Routes of every portal host of this world."""

    def open_page(handler: Callable[[Request, World], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await handler(request, world)

        return endpoint

    return [
        Route("/", open_page(door.who), methods=["GET"]),
        Route("/", open_page(door.enter), methods=["POST"]),
        Route("/_lang/", open_page(door.choose_lang), methods=["POST"]),
        *(Route(path, signed_in(world, page), methods=["POST"]) for path, page in POST),
        *(Route(path, signed_in(world, page), methods=["GET"]) for path, page in GET),
        Mount("/_static", StaticFiles(directory=STATIC)),
    ]
