"""Apps and their widgets as one employee sees them."""

from dataclasses import dataclass

from emulator.face.pages.visit import Visit
from emulator.model.installs import Installation, Opening, opening
from emulator.model.placements import PlacementBinding

Found = tuple[Installation, PlacementBinding]


@dataclass(frozen=True, slots=True)
class MenuItem:
    title: str
    href: str


def app_title(installation: Installation, lang: str) -> str:
    """The app's name in a language, else in English, else the first given, else its code."""
    titles = installation.app.title
    return titles.get(lang) or titles.get("en") or next(iter(titles.values()), installation.app.code)


def widgets(visit: Visit, code: str) -> list[Found]:
    """Bindings of a placement that this employee sees: app installed, access given, binding for all or for them."""
    return [
        (installation, binding)
        for installation in visit.portal.installations.values()
        if opening(installation, visit.user) is Opening.APP
        for binding in installation.placements
        if binding.placement == code and binding.user_id in (0, visit.user.id)
    ]


def widget_title(visit: Visit, found: Found) -> str:
    """The binding's title, else the app's name."""
    installation, binding = found
    return binding.titled(visit.lang) or app_title(installation, visit.lang)


def installation_by_id(visit: Visit, number: object) -> Installation | None:
    """An installation by its row id, client id or code, as the portal's own addresses allow."""
    for installation in visit.portal.installations.values():
        if str(number) in (str(installation.id), installation.app.client_id, installation.app.code):
            return installation
    return None


def binding_by_id(visit: Visit, number: int) -> Found | None:
    """A placement binding this employee may open."""
    for installation in visit.portal.installations.values():
        for binding in installation.placements:
            visible = binding.user_id in (0, visit.user.id) and opening(installation, visit.user) is Opening.APP
            if binding.id == number and visible:
                return installation, binding
    return None


def menu(visit: Visit) -> list[MenuItem]:
    """What apps add to the left menu: their own page, and LEFT_MENU bindings (api-reference/widgets/left-menu.md)."""
    own = [
        MenuItem(app_title(one, visit.lang), f"/marketplace/app/{one.id}/")
        for one in visit.portal.installations.values()
        if one.app.menu and opening(one, visit.user) is not Opening.FORBIDDEN
    ]
    bound = widgets(visit, "LEFT_MENU")
    return own + [MenuItem(widget_title(visit, one), f"/marketplace/placement/{one[1].id}/") for one in bound]
