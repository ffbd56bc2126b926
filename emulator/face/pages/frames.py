"""App frames on portal pages: what the page's script needs to open one, and what the frame bus asks the server for.

Pages: api-reference/widgets/index.md, sdk/bx24-js-sdk/index.md; the parent's own part as the portal's page has it
(bitrix:app.layout).
"""

import json
from typing import Any

from starlette.responses import JSONResponse, Response

from emulator.errors import RestError
from emulator.face.pages.render import fragment
from emulator.face.pages.visit import Visit
from emulator.face.pages.widgets import app_title, binding_by_id, installation_by_id, widget_title
from emulator.model import placements
from emulator.model.installs import Installation, Opening, finish, opening
from emulator.opening import DEFAULT, open_form


def frame_view(
    visit: Visit,
    installation: Installation,
    placement: str = DEFAULT,
    options: dict[str, Any] | None = None,
    handler: str | None = None,
    title: str = "",
) -> dict[str, Any]:
    """What parent.js draws a frame from: the hidden form, the frame's name, and the answer to getInitData."""
    form = open_form(installation, visit.user, placement, options, handler=handler, lang=visit.lang)
    fields = dict(form.fields)
    return {
        "id": installation.id,
        "sid": form.sid,
        "name": form.frame,
        "action": form.action,
        "fields": fields,
        "placement": placement,
        "title": title or app_title(installation, visit.lang),
        "init": _init_data(visit, installation, placement, options or {}, fields),
    }


def _init_data(
    visit: Visit, installation: Installation, placement: str, options: dict[str, Any], fields: dict[str, str]
) -> dict[str, Any]:
    return {
        "LANG": visit.lang,
        "DOMAIN": visit.portal.host,
        "PROTOCOL": 1 if visit.portal.scheme == "https" else 0,
        "PATH": "/rest",
        "AUTH_ID": fields["AUTH_ID"],
        "AUTH_EXPIRES": fields["AUTH_EXPIRES"],
        "REFRESH_ID": fields["REFRESH_ID"],
        "MEMBER_ID": visit.portal.member_id,
        "FIRST_RUN": visit.user.id not in installation.seen_by,
        "IS_ADMIN": visit.user.admin,
        "INSTALL": not installation.installed,
        "USER_OPTIONS": installation.user_options.get(visit.user.id, {}),
        "APP_OPTIONS": installation.options,
        "PLACEMENT": placement,
        "PLACEMENT_OPTIONS": options,
    }


async def open_placement(visit: Visit) -> Response:
    """POST {binding, options, uri}: the frame of one placement, or {html} with the portal's own words instead."""
    body = await visit.request.json()
    found = binding_by_id(visit, int(body["binding"]))
    if found is None:
        return _words(visit, "no_access_title", "no_access_note")
    installation, binding = found
    if installation.payment_expired:
        return _words(visit, "unpaid_title", "unpaid_note", app_title(installation, visit.lang))
    options = placements.options_for(binding.placement, body.get("uri", ""), **body.get("options", {}))
    view = frame_view(visit, installation, binding.placement, options, binding.handler, widget_title(visit, found))
    return JSONResponse(view)


def _words(visit: Visit, title: str, note: str, value: str = "") -> Response:
    html = fragment(visit, "message_body.html", title=visit.t(title), note=visit.t(note, value), mark="lock", back="")
    return JSONResponse({"html": html})


async def frame_action(visit: Visit) -> Response:
    """POST {id, action, …}: the frame bus at work for the employee in whose page it runs."""
    body = await visit.request.json()
    installation = installation_by_id(visit, body.get("id"))
    if installation is None or opening(installation, visit.user) is Opening.FORBIDDEN:
        return JSONResponse({"error": "access_denied"}, 403)
    match body.get("action"):
        case "access_refresh":
            return _refreshed(visit, installation)
        case "set_user_option":
            options = installation.user_options.setdefault(visit.user.id, {})
            options[str(body["name"])] = body.get("value")
            return JSONResponse(options)
        case "set_option":
            return _app_option(visit, installation, body)
        case "set_first_run":
            (installation.seen_by.add if body.get("install") else installation.seen_by.discard)(visit.user.id)
            return JSONResponse({"result": True})
        case "set_installed":
            return _installed(visit, installation, body)
    return JSONResponse({"error": "unknown_action"}, 400)


def _refreshed(visit: Visit, installation: Installation) -> Response:
    fields = dict(open_form(installation, visit.user).fields)
    if installation.payment_expired or not fields["AUTH_ID"]:
        return JSONResponse({"error": "access_denied"}, 403)
    pair = {"access_token": fields["AUTH_ID"], "refresh_token": fields["REFRESH_ID"]}
    return JSONResponse(pair | {"expires_in": fields["AUTH_EXPIRES"]})


def _app_option(visit: Visit, installation: Installation, body: dict[str, Any]) -> Response:
    if not visit.user.admin:
        return JSONResponse({"error": "access_denied"}, 403)
    installation.options[str(body["name"])] = body.get("value")
    return JSONResponse(installation.options)


def _installed(visit: Visit, installation: Installation, body: dict[str, Any]) -> Response:
    try:
        if body.get("value") == "N":
            _reopen_installer(visit, installation)
        else:
            finish(installation, visit.user)
    except RestError:
        return JSONResponse({"error": "access_denied"}, 403)
    return JSONResponse({"result": True})


def _reopen_installer(visit: Visit, installation: Installation) -> None:
    if not visit.user.admin:
        raise RestError(403, "access_denied", "Access denied!")
    installation.installed = False


def embedded(view: dict[str, Any]) -> str:
    """A frame view for a data attribute."""
    return json.dumps(view, ensure_ascii=False)
