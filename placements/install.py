"""`/install`: the installer, as a page in the portal's frame, or called by the portal itself (recognised by `event`).

Pages: settings/app-installation/installation-finish.md, settings/app-installation/mass-market-apps/
installation-callback.md. It may be opened again and again: what is there already is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from b24app.bitrix24.forms import parse_php_form
from b24app.bitrix24.payloads import OpenRequest, portal_event
from b24app.errors import AccessDenied, Refused
from b24app.export.journeys.files_view import files_view
from b24app.features import SECTIONS
from b24app.portal.journeys import lifecycle, opening
from b24app.portal.journeys.installation import Report, SetupStep
from b24app.resources import Resources
from placements.opened import answer, frame_of, set_up
from placements.render import Render


@dataclass(frozen=True, slots=True)
class InstallerStep:
    """One line of the installer: `part` of app.yaml, `state`: done | failed | waiting; `missing`: what could not be
    had."""

    part: str
    state: str
    added: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InstallerView:
    """What the installer shows. `ok`: the script tells the portal that it is finished; else it can be tried again."""

    steps: tuple[InstallerStep, ...]
    ok: bool
    came_back: bool = False  # its data was deleted once: there may be an export to restore

    @classmethod
    def of(cls, report: Report, *, came_back: bool = False) -> InstallerView:
        return cls(tuple(_step(one) for one in report.steps), report.ok, came_back)


def _step(one: SetupStep) -> InstallerStep:
    return InstallerStep(one.part, "done" if one.ok else "failed", one.added, one.missing)


async def install(render: Render, request: Request) -> Response:
    if request.method == "POST" and _is_event(await request.body()):
        resources: Resources = request.state.resources
        await lifecycle.installed(resources, portal_event(await request.body()))
        return JSONResponse({"status": "ok"})
    return await answer(render, _page, request)


async def _page(render: Render, resources: Resources, opened: OpenRequest) -> HTMLResponse:
    proven = await opening.prove_open(resources, opened, installing=True)
    person = await opening.who(resources, proven)
    if not person.is_admin:
        raise Refused("install_admins_only", 403)
    try:
        portal, report = await set_up(resources, proven)
    except AccessDenied:
        raise Refused("install_admins_only", 403) from None
    async with resources.tenant(portal.id, durable=False) as db:
        _, token = await opening.open_session(db, resources, proven, portal, person)
        files = await files_view(db, resources, portal, SECTIONS)
    page = {"kind": "installer", "token": token, "body": {"page": "installer"}}
    view = InstallerView.of(report, came_back=files.offered)
    return render.page("installer.html", opened.lang, frame=frame_of(opened), page=page, view=view)


def _is_event(body: bytes) -> bool:
    try:
        return b"event" in body and bool(parse_php_form(body).get("event"))
    except Refused:
        return False
