"""The contact centre, /contact_center/: tiles of apps and the settings of their connectors.

Pages: api-reference/widgets/contact-center.md, setting-connector.md. Connectors are put here by the control door
(`connector`); imconnector.register is not served.
"""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from emulator.face.pages.frames import embedded, frame_view
from emulator.face.pages.render import message, page
from emulator.face.pages.visit import Visit
from emulator.face.pages.widgets import Found, app_title, binding_by_id, widget_title, widgets
from emulator.model.installs import Installation
from emulator.model.placements import PlacementBinding, options_for

TILE, SETTING = "CONTACT_CENTER", "SETTING_CONNECTOR"
LINE = "1"


@dataclass(frozen=True, slots=True)
class Tile:
    title: str
    app: str
    href: str


def connect(installation: Installation, code: str, name: str, handler: str) -> PlacementBinding:
    """A connector of an app, as imconnector.register leaves it: codes lower-case, the same code again changes it."""
    code, held = code.lower(), installation.placements
    held[:] = [one for one in held if (one.placement, one.options.get("CONNECTOR")) != (SETTING, code)]
    made = PlacementBinding(
        installation.portal.next_id("placement"), SETTING, handler, title=name, options={"CONNECTOR": code}
    )
    held.append(made)
    return made


def centre(visit: Visit) -> Response:
    """The page; only administrators set connectors up."""
    tiles = [_tile(visit, one, f"/marketplace/placement/{one[1].id}/?ID={one[1].id}") for one in widgets(visit, TILE)]
    if visit.user.admin:
        tiles += [_tile(visit, one, f"/contact_center/connector/{one[1].id}/") for one in widgets(visit, SETTING)]
    return page(visit, "contact_center.html", tiles=tiles)


def _tile(visit: Visit, found: Found, href: str) -> Tile:
    return Tile(widget_title(visit, found), app_title(found[0], visit.lang), href)


def connector(visit: Visit) -> Response:
    """A connector's settings in the app's frame; the flags are JSON booleans."""
    found = binding_by_id(visit, int(visit.request.path_params["id"]))
    if found is None or found[1].placement != SETTING:
        return message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404)
    if not visit.user.admin:
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    installation, binding = found
    state: dict[str, Any] = dict.fromkeys(("STATUS", "ACTIVE_STATUS", "CONNECTION_STATUS"), False)
    state |= {"REGISTER_STATUS": True, "ERROR_STATUS": False}
    options = options_for(SETTING, visit.uri, CONNECTOR=binding.options["CONNECTOR"], LINE=LINE, **state)
    title = widget_title(visit, found)
    view = frame_view(visit, installation, SETTING, options, binding.handler, title)
    return page(visit, "app.html", frame=embedded(view), title=view["title"], code=installation.app.code)
