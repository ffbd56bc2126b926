"""The marketplace: catalogue, an app's page with its buttons, the app's own page in a frame, direct links."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from emulator import php
from emulator.face.pages import listing
from emulator.face.pages.frames import embedded, frame_view
from emulator.face.pages.render import message, page
from emulator.face.pages.visit import Visit
from emulator.face.pages.widgets import app_title, binding_by_id, installation_by_id, widget_title
from emulator.model.installs import Installation, MarketApp, Opening, install, opening, uninstall, update
from emulator.model.placements import options_for

SYSTEM_KEYS = frozenset({"_r", "sessid", "install_finished", "PLACEMENT_OPTIONS"})
"""Query parameters of an app page that are not meant for the app."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An app of the catalogue as this employee sees it. `state` names a phrase and a colour of a pill."""

    app: MarketApp
    title: str
    state: str
    pill: str
    installation: Installation | None
    card: listing.Card | None

    @property
    def newer(self) -> int:
        """The version an update would bring, 0 for none."""
        fresh = self.installation is not None and self.app.version > self.installation.version
        return self.app.version if fresh else 0

    @property
    def host(self) -> str:
        return urlsplit(self.app.app_url).netloc


def shown(visit: Visit, app: MarketApp) -> Shown:
    installation = visit.portal.installations.get(app.client_id)
    title = app.title.get(visit.lang) or app.title.get("en") or next(iter(app.title.values()), app.code)
    state, pill = "state_new", "pill_quiet"
    if installation is not None:
        state, pill = ("state_installed", "pill_ok") if installation.installed else ("state_waiting", "pill_warn")
    return Shown(app, title, state, pill, installation, listing.card(app, visit.lang))


def catalogue(visit: Visit) -> Response:
    return page(visit, "market.html", apps=[shown(visit, app) for app in visit.world.catalogue.values()])


def _by_code(visit: Visit) -> MarketApp | None:
    code = visit.request.path_params["code"]
    return next((app for app in visit.world.catalogue.values() if code in (app.code, app.client_id)), None)


def app_page(visit: Visit) -> Response:
    """/marketplace/detail/<code>/: what the app is and what can be done with it."""
    app = _by_code(visit)
    if app is None:
        return _missing(visit)
    view = shown(visit, app)
    author = visit.portal.users.get(view.installation.installed_by) if view.installation else None
    permissions = listing.permissions(visit, app)
    return page(visit, "market_app.html", app=view, author=author, permissions=permissions)


def app_picture(visit: Visit) -> Response:
    """/marketplace/detail/<code>/picture/<name>: the icon or a screenshot."""
    app = _by_code(visit)
    found = listing.picture(app, visit.request.path_params["name"]) if app else None
    return found or _missing(visit)


async def app_button(visit: Visit) -> Response:
    """POST action = install | update | uninstall (clean=1): the buttons of the app's page, for administrators."""
    app, form = _by_code(visit), await visit.request.form()
    if app is None:
        return _missing(visit)
    if not visit.user.admin:
        return message(visit, visit.t("no_access_title"), visit.t("admin_only"), status=403, icon="lock")
    installation = visit.portal.installations.get(app.client_id)
    match form.get("action"), installation:
        case "install", None:
            return _to_app(install(visit.portal, app, visit.user))
        case "update", Installation():
            update(installation, app, visit.user)
            return _to_app(installation)
        case "uninstall", Installation():
            uninstall(installation, visit.user, clean=form.get("clean") == "1")
    return RedirectResponse(f"/marketplace/detail/{app.code}/", 303)


def _to_app(installation: Installation) -> Response:
    return RedirectResponse(f"/marketplace/app/{installation.id}/", 303)


def main_page(visit: Visit) -> Response:
    """/marketplace/app/<id>/: the app's page or its installer, in a frame."""
    installation = installation_by_id(visit, visit.request.path_params["id"])
    if installation is None:
        return _missing(visit)
    return _guard(visit, installation) or _framed(
        visit, installation, frame_view(visit, installation, options=_options(visit))
    )


def placement_page(visit: Visit) -> Response:
    """/marketplace/placement/<binding id>/?…: a widget that opens by itself: toolbar, list menu, left menu."""
    found = binding_by_id(visit, int(visit.request.path_params["id"]))
    if found is None:
        return _missing(visit)
    installation, binding = found
    query = visit.request.query_params
    keys = {key: query[key] for key in query if key not in ("uri", "IFRAME", "IFRAME_TYPE")}
    options = options_for(binding.placement, query.get("uri", visit.uri), **keys)
    title = widget_title(visit, found)
    view = frame_view(visit, installation, binding.placement, options, binding.handler, title)
    return _guard(visit, installation) or _framed(visit, installation, view)


def direct_link(visit: Visit) -> Response:
    """/marketplace/view/<code>/?params[key]=value: placement REST_APP_URI (api-reference/widgets/universal/app-url.md).

    Keys outside `params` are lost; the portal's own URI does not replace one of the link.
    """
    installation = installation_by_id(visit, visit.request.path_params["code"])
    if installation is None or not installation.installed:
        return _no_link(visit)
    bound = next((one for one in installation.placements if one.placement == "REST_APP_URI"), None)
    if bound is None:
        return _no_link(visit)
    given = php.parse_form(visit.request.url.query).get("params", {})
    options = {"URI": visit.uri} | (given if isinstance(given, dict) else {})
    refused = _guard(visit, installation)
    return refused or _framed(
        visit, installation, frame_view(visit, installation, bound.placement, options, bound.handler)
    )


def _no_link(visit: Visit) -> Response:
    return message(visit, visit.t("no_link_title"), visit.t("no_link_note"), status=404)


def _options(visit: Visit) -> dict[str, Any]:
    """PLACEMENT_OPTIONS of the main page: what openApplication gave, else the extra parameters of the address."""
    given = visit.request.query_params.get("PLACEMENT_OPTIONS")
    if given:
        parsed = json.loads(given)
        return _texts(parsed) if isinstance(parsed, dict) else {}
    extra = php.parse_form(visit.request.url.query)
    return {key: value for key, value in extra.items() if key not in SYSTEM_KEYS}


def _texts(value: Any) -> Any:
    """The panel posts its parameters as a form: scalars become text."""
    if isinstance(value, dict):
        return {str(key): _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _guard(visit: Visit, installation: Installation) -> Response | None:
    """The portal's own page where the app may not be shown."""
    title = app_title(installation, visit.lang)
    if opening(installation, visit.user) is Opening.FORBIDDEN:
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    if opening(installation, visit.user) is Opening.BLOCKED:
        return message(visit, visit.t("not_finished_title"), visit.t("not_finished_note", title), icon="clock")
    if installation.payment_expired:
        return message(visit, visit.t("unpaid_title"), visit.t("unpaid_note", title), icon="lock")
    return None


def _framed(visit: Visit, installation: Installation, view: dict[str, Any]) -> Response:
    return page(visit, "app.html", frame=embedded(view), title=view["title"], code=installation.app.code)


def _missing(visit: Visit) -> Response:
    return message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404)
