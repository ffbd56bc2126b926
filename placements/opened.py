"""What every page opened inside a portal shares: the form of an open, and words for whatever goes wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from b24app.bitrix24.payloads import OpenRequest, open_request
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.errors import (
    AccessDenied,
    MethodParked,
    NeedsAdmin,
    NeedsFreshToken,
    NotFound,
    OutcomeUnknown,
    PortalBusy,
    PortalClosed,
    PortalDown,
    PortalError,
    PortalMoved,
    Refused,
)
from b24app.portal.journeys.opening import Proven
from b24app.resources import Resources
from b24app.store.engine import away
from placements import words
from placements.about import reads
from placements.render import Again, Render

OpenedPage = Callable[[Render, Resources, OpenRequest], Awaitable[HTMLResponse]]

log = structlog.get_logger()


async def answer(render: Render, page: OpenedPage, request: Request) -> Response:
    """GET and HEAD: a short friendly page (the vendor's cabinet probes addresses by HEAD). POST: the page itself."""
    lang = reads(request)
    if request.method != "POST":
        return render.saying("not_genuine", lang, frame=None, status=200)
    body = await request.body()
    try:
        opened = open_request(request.scope["query_string"], body)
    except Refused as refused:
        log.warning("open_refused", code=refused.code)
        return render.saying("not_genuine", lang, frame=None, status=refused.status)
    again = _again(request, body)
    try:
        return await page(render, request.state.resources, opened)
    except (Refused, PortalError) as error:
        code, status = spoken(error)
        log.info("open_answered_in_words", code=code, member_id=opened.member_id, placement=opened.placement)
        return render.saying(code, opened.lang, frame=frame_of(opened), status=status, again=again)
    except Exception as error:
        log.error("page_failed", path=request.scope["path"], error=repr(error), exc_info=not away(error))
        return render.saying("internal", opened.lang, frame=frame_of(opened), status=500, again=again)


def _again(request: Request, body: bytes) -> Again:
    """The same request. What it holds stays with its sender: nobody keeps the page, and only its portal frames it."""
    address = request.url
    return Again(
        action=f"{address.path}?{address.query}",
        fields=parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True),
        framed=request.headers.get("sec-fetch-dest") == "iframe",
    )


def frame_of(opened: OpenRequest) -> str:
    """The origin of the portal that shows us. Where nothing was proven it frames a page that holds nothing."""
    return f"{'https' if opened.secure else 'http'}://{opened.domain}"


def regained(proven: Proven, portal: Portal) -> str:
    """What the administrator is told whose open ended the wait for one; else nothing."""
    waited = proven.portal is not None and proven.portal.state is PortalState.NEEDS_ADMIN
    return words.REGAINED if waited and portal.state is PortalState.ACTIVE else ""


def spoken(error: Refused | PortalError) -> tuple[str, int]:
    """The code of our words for it, and the HTTP status. 401 makes our script bring a fresh token."""
    match error:
        case Refused():
            return error.code, error.status
        case AccessDenied():
            return "card_closed", 403
        case NotFound():
            return "card_gone", 404
        case NeedsFreshToken():
            return "token_expired", 401
        case PortalBusy() | MethodParked():
            return "portal_busy", 503
        case OutcomeUnknown():
            return "outcome_unknown", 502
        case NeedsAdmin():
            return "needs_admin", 409
        case PortalClosed():
            return error.cause, 403
        case PortalDown() | PortalMoved():
            return "portal_down", 503
    return "crm_refused", 409
