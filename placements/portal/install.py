"""`/install`: the installer, as a page in the portal's frame, or called by the portal itself (recognised by `event`).

Pages: settings/app-installation/installation-finish.md, settings/app-installation/mass-market-apps/
installation-callback.md. It may be opened again and again: what is there already is left alone.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qsl

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from b24app.bitrix24.forms import parse_php_form
from b24app.bitrix24.payloads import OpenRequest, portal_event
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.errors import AccessDenied, PortalClosed, PortalError, Refused
from b24app.export.journeys.files_view import files_view
from b24app.plug import product_of
from b24app.portal.journeys import lifecycle, opening, sessions
from b24app.resources import Resources
from b24app.verification.journeys import launch
from placements.opened import answer, frame_of, spoken
from placements.portal import installing
from placements.render import Render

CLOSED = frozenset({"unpaid", "plan_without_rest", "portal_deleted"})
AGAIN = 15  # seconds after which the open is sent again by itself

log = structlog.get_logger()


async def install(render: Render, request: Request) -> Response:
    if request.method == "POST" and _is_event(await request.body()):
        resources: Resources = request.state.resources
        await lifecycle.installed(resources, portal_event(await request.body()))
        return JSONResponse({"status": "ok"})
    return await answer(render, partial(_page_or_again, request), request)


async def _page_or_again(request: Request, render: Render, resources: Resources, opened: OpenRequest) -> HTMLResponse:
    """Where Bitrix24 does not answer, or lets nobody in until somebody pays, a page from which the same open is sent
    again: by hand, and where only time helps by itself."""
    try:
        return await _page(render, resources, opened)
    except (Refused, PortalError) as error:
        code, status = (error.cause, 403) if isinstance(error, PortalClosed) else spoken(error)
        if status < 500 and code not in CLOSED:
            raise
    number = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    log.info("installer_waits", code=code, member_id=opened.member_id)
    return render.page(
        "portal/installer_away.html",
        opened.lang,
        frame=frame_of(opened),
        status=status,
        page={},
        said=render.refused[code],
        address=f"{request.url.path}?{request.url.query}",
        fields=parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True),
        again=AGAIN if status >= 500 else 0,
        number=number,
    )


async def _page(render: Render, resources: Resources, opened: OpenRequest) -> HTMLResponse:
    proven = await opening.prove_open(resources, opened, installing=True)
    person = await opening.who(resources, proven)
    if not person.is_admin:
        raise Refused("install_admins_only", 403)
    try:
        portal, report = await opening.set_up(resources, proven)
    except AccessDenied:
        raise Refused("install_admins_only", 403) from None
    if report.ok:
        await launch.begin(resources, portal)
    async with resources.tenant(portal.id, durable=False) as db:
        viewer, token = await sessions.open_session(db, resources, proven, portal, person)
        files = await files_view(db, resources, portal, product_of(resources).sections)
        asked = await launch.launch_view(db, resources, portal)
    came_back = files.offered and not _was_kept(proven.portal)
    page = {"token": token}
    return render.page(
        "portal/installer.html",
        opened.lang,
        frame=frame_of(opened),
        page=page,
        report=report,
        launch=asked,
        finish=installing.finishes(report, asked),
        viewer=viewer,
        came_back=came_back,
    )


def _was_kept(portal: Portal | None) -> bool:
    """It comes back to what it left here."""
    if portal is None or portal.installed_at is None:
        return False
    return portal.state in (PortalState.REMOVED, PortalState.INSTALLING)


def _is_event(body: bytes) -> bool:
    try:
        return b"event" in body and bool(parse_php_form(body).get("event"))
    except Refused:
        return False
