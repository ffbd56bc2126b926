"""Methods about the caller, the app and the portal itself: api-reference/common/."""

from datetime import UTC
from typing import Any

from emulator import php
from emulator.errors import RestError, access_denied
from emulator.model import plans
from emulator.model.installs import Installation
from emulator.rest.registry import Call, Method, method

SCOPES = (
    *("ai_admin", "appform", "baas", "biconnector", "bizproc", "booking", "calendar", "calendarmobile", "call"),
    *("cashbox", "catalog", "catalogmobile", "configuration.import", "contact_center", "crm"),
    *("crm.documentgenerator", "delivery", "department", "disk", "documentgenerator", "entity", "forum"),
    *("humanresources.hcmlink", "iblock", "im", "im.import", "imbot", "imconnector", "imopenlines", "intranet"),
    *("landing", "landing_cloud", "lists", "log", "mailservice", "main", "messageservice", "mobile"),
    *("notifications", "pay_system", "placement", "pull", "pull_channel", "rating", "rest", "rpa", "sale"),
    *("salescenter", "sign.b2e", "smile", "socialnetwork", "sonet_group", "task", "tasks", "tasks_extended"),
    *("tasksmobile", "telephony", "timeman", "user", "user.userfield", "user_basic", "user_brief"),
    *("userconsent", "userfieldconfig", "vote"),
)
"""What `scope` with FULL answers: api-reference/scopes/permissions.md, and what the vendor's own suite wants there
(b24pysdk, tests/integration/scopes/test_scope.py)."""

LICENSES = {"free": "project", "pro": "basic", "enterprise": "ent10000"}


@method("scope", scope="", page="api-reference/common/system/scope.md", params=("FULL",))
def scope(call: Call) -> list[str]:
    """Scopes granted, or with FULL all that the portal knows, whatever the emulator serves of them."""
    if php.truthy(call.params.get("FULL")):
        return list(SCOPES)
    return _scopes(call)


def _scopes(call: Call) -> list[str]:
    return call.installation.scopes() if call.installation else sorted(call.scopes)


@method("methods", scope="", page="api-reference/common/system/methods.md", params=("SCOPE", "FULL"))
def methods(call: Call) -> list[str]:
    """Names of methods: of one scope, of all, or of the granted ones and basic."""
    wanted = call.params.get("SCOPE")
    table = [known for known in call.world.methods.values() if _served(call, known)]
    if wanted is not None:
        return [known.name for known in table if known.scope == (wanted or "")]
    if php.truthy(call.params.get("FULL")):
        return [known.name for known in table]
    return [known.name for known in table if known.scope in ("", *call.scopes)]


@method("method.get", scope="", page="api-reference/common/system/method-get.md", params=("name",), case="camel")
def method_get(call: Call) -> dict[str, bool]:
    """Whether a method exists and whether the caller's scopes allow it; a name in other letters than small ones does
    not exist."""
    name = str(call.params.get("name") or "")
    found = call.world.methods.get(name) if name == name.lower() else None
    existing = found is not None and _served(call, found)
    available = existing and found is not None and found.scope in ("", *call.scopes)
    return {"isExisting": existing, "isAvailable": available}


def _served(call: Call, known: Method) -> bool:
    missing = call.portal.differences.named("methods_missing", known.name)
    return not missing and (not known.feature or plans.has(call.portal, known.feature))


@method("feature.get", scope="", page="api-reference/common/system/feature-get.md", params=("CODE",))
def feature_get(call: Call) -> dict[str, str]:
    """`{value: Y|N}` of a plan feature; a box that knows no plans names its licence instead."""
    code = call.params.get("CODE")
    if not code:
        raise RestError(400, "CODE_EMPTY", "CODE can't be empty")
    if call.portal.old:
        return {"value": f"{call.portal.lang}_selfhosted"}
    return {"value": "Y" if plans.has(call.portal, str(code)) else "N"}


@method("server.time", scope="", page="api-reference/common/system/server-time.md", params=())
def server_time(call: Call) -> str:
    """The portal's clock, ISO 8601."""
    return call.portal.now().astimezone(UTC).isoformat(timespec="seconds")


@method("profile", scope="", page="api-reference/common/users/profile.md", params=())
def profile(call: Call) -> dict[str, Any]:
    """The user behind the token; no scope needed."""
    user = call.user
    return {
        "ID": user.id if call.portal.differences.on("user_ids_numbers") else str(user.id),
        "ADMIN": user.admin,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "PERSONAL_GENDER": user.gender,
        "TIME_ZONE": user.time_zone,
    }


@method("user.admin", scope="", page="api-reference/common/users/user-admin.md", params=())
def user_admin(call: Call) -> bool:
    """Whether the user may manage app settings."""
    return call.user.admin


@method("user.access", scope="", page="api-reference/common/users/user-access.md", params=("ACCESS",))
def user_access(call: Call) -> bool:
    """Whether the user holds one of the access codes (`U1`, `AU`); always true for admins."""
    given = call.require("ACCESS")
    wanted = set(given if isinstance(given, list) else [given])
    return call.user.admin or bool(wanted & {f"U{call.user.id}", "AU", "G2"})


@method("app.info", scope="", page="api-reference/common/system/app-info.md", params=())
def app_info(call: Call) -> dict[str, Any]:
    """The installation as the portal sees it; an incoming webhook is told its scopes and the licence."""
    family = LICENSES.get(call.portal.plan, "basic")
    license_name = f"{call.portal.lang}_selfhosted" if call.portal.old else f"{call.portal.lang}_{family}"
    if call.installation is None:
        return {"SCOPE": _scopes(call), "LICENSE": license_name}
    return _app(call.installation) | _license(call, license_name, family)


def _app(installation: Installation) -> dict[str, Any]:
    return {
        "ID": installation.id,
        "CODE": installation.app.code,
        "VERSION": installation.version,
        "STATUS": installation.status,
        "INSTALLED": installation.installed,
        "PAYMENT_EXPIRED": "Y" if installation.payment_expired else "N",
        "DAYS": installation.days,
        "LANGUAGE_ID": installation.portal.lang,
    }


def _license(call: Call, name: str, family: str) -> dict[str, str]:
    if call.portal.old:
        return {"LICENSE": name}
    return {"LICENSE": name, "LICENSE_TYPE": family, "LICENSE_FAMILY": family.rstrip("0123456789")}


@method("app.option.get", scope="", page="api-reference/common/settings/app-option-get.md", params=("option",))
def app_option_get(call: Call) -> Any:
    """One option, null when unset, or all of them."""
    return _option(_application(call).options, call)


@method("app.option.set", scope="", page="api-reference/common/settings/app-option-set.md", params=None)
def app_option_set(call: Call) -> bool:
    """Merge options, admins only; without `options` every parameter is one."""
    installation = _application(call)
    if not call.user.admin:
        raise access_denied("Access denied! Administrator authorization required")
    installation.options |= _given_options(call)
    return True


@method("user.option.get", scope="", page="api-reference/common/settings/user-option-get.md", params=("option",))
def user_option_get(call: Call) -> Any:
    """The app's options of this user."""
    return _option(_application(call).user_options.get(call.user.id, {}), call)


@method("user.option.set", scope="", page="api-reference/common/settings/user-option-set.md", params=None)
def user_option_set(call: Call) -> bool:
    """Merge the app's options of this user."""
    _application(call).user_options.setdefault(call.user.id, {}).update(_given_options(call))
    return True


def _application(call: Call) -> Installation:
    if call.installation is None:
        raise access_denied("Access denied! Application context required")
    return call.installation


def _option(options: dict[str, Any], call: Call) -> Any:
    name = call.params.get("option")
    return dict(options) if name is None else options.get(str(name))


def _given_options(call: Call) -> dict[str, Any]:
    given = call.params.get("options", call.params)
    if not isinstance(given, dict) or not given:
        raise RestError(400, "ArgumentNullException", "options is empty")
    return given
