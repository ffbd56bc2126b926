"""Field types that apps have registered (userfieldtype.add): placements USERFIELD_TYPE of their installations."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.model.portal import Portal


def app_types(portal: "Portal") -> list[tuple[str, str, str]]:
    """(full code, short code, title) of all apps: `rest_<installation id>_<code>` (widgets/user-field/index.md)."""
    bound = [(app, one) for app in portal.installations.values() for one in app.placements]
    codes = [(app, str(one.options["USER_TYPE_ID"]), one) for app, one in bound if "USER_TYPE_ID" in one.options]
    return [(f"rest_{app.id}_{code}", code, one.titled(portal.lang)) for app, code, one in codes]
