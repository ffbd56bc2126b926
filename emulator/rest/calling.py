"""One REST call: who calls, which method, the answer in the portal's envelope.

Pages: settings/how-to-call-rest-api/general-principles.md, authorization.md; error table _includes/system-errors.md,
statuses as the portal's rest/classes/general/rest.php and its SDK tests show them.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from emulator.errors import RestError, access_denied
from emulator.model import plans, releases
from emulator.model.limits import OPERATING_LIMIT, Operating
from emulator.rest.registry import Call, Method, Reply

if TYPE_CHECKING:
    from emulator.model.installs import Installation
    from emulator.model.people import User
    from emulator.model.portal import Portal
    from emulator.model.world import World

TECHNICAL = ("bx24_", "__")  # what official SDKs and clients add of their own; the portal ignores it


@dataclass(frozen=True, slots=True)
class Asked:
    """A request taken apart. `webhook` = (user id, secret) for `/rest/<uid>/<secret>/<method>`."""

    method: str
    params: dict[str, Any]
    bearer: str | None
    webhook: tuple[int, str] | None
    secure: bool


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `key` names the app or webhook for the operating meter."""

    world: "World"
    portal: "Portal"
    user: "User"
    installation: "Installation | None"
    scopes: frozenset[str]
    key: str
    hops: int = 0
    connector: str = ""


def connector(portal: "Portal", asked: Asked) -> str:
    """The source key of a call. Raises 403 WRONG_LICENSE where the plan knows none."""
    key = str(asked.params.get("auth_connector") or "")
    if key:
        plans.require(portal, plans.Feature.AUTH_CONNECTOR, "auth_connector")
    return key


def find(portal: "Portal", name: str) -> Method:
    """The method of a name in any letters, or 404 ERROR_METHOD_NOT_FOUND."""
    found = portal.world.methods.get(name.casefold())
    unknown = found is None or (portal.old and not releases.known(found.name)) or _missing(portal, found.name)
    if found is None or unknown or (found.feature and not plans.has(portal, found.feature)):
        raise RestError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    return found


def _missing(portal: "Portal", name: str) -> bool:
    return portal.differences.named("methods_missing", name)


def authorize(world: "World", portal: "Portal", asked: Asked) -> Caller:
    """Who calls, by webhook, Bearer, `auth` or `access_token`. Raises the 401 errors of the system table."""
    if asked.webhook is not None:
        return _webhook_caller(world, portal, asked.webhook, asked.secure)
    token = asked.bearer or next(
        (asked.params[name] for name in ("auth", "access_token") if isinstance(asked.params.get(name), str)), None
    )
    if not token:
        raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")
    grant = world.auth.check(portal, token)
    user, installation = portal.users.get(grant.user_id), grant.installation
    if user is None or not user.active:
        raise RestError(401, "authorization_error", "Unable to authorize user")
    if not user.admin and not installation.admits(user.id):
        raise RestError(403, "user_access_error", "The user does not have access to the application.")
    key = f"app {installation.app.client_id}"
    return Caller(world, portal, user, installation, installation.scope, key, grant.hops)


def _webhook_caller(world: "World", portal: "Portal", given: tuple[int, str], secure: bool) -> Caller:
    if not secure and not world.config.webhooks_over_http:
        raise RestError(400, "INVALID_REQUEST", "Https required")
    webhook = portal.webhooks.get(given)
    if webhook is None:
        raise RestError(401, "INVALID_CREDENTIALS", "Invalid request credentials")
    user = portal.users.get(webhook.user_id)
    if user is None or not user.active:
        raise RestError(401, "authorization_error", "Unable to authorize user")
    return Caller(world, portal, user, None, webhook.scope, f"webhook {webhook.secret}")


def perform(caller: Caller, name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Run one method and wrap its answer; a batch does this for each command. Raises RestError."""
    method = find(caller.portal, name)
    if method.scope and method.scope not in caller.scopes:
        text = "The request requires higher privileges than provided by the access token"
        raise RestError(401, "insufficient_scope", text)
    begun, meter = time.time(), _meter(caller, method)
    now = caller.world.now().timestamp()
    if meter.total(now) > OPERATING_LIMIT:
        raise RestError(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")
    caller.world.meters.commands[caller.portal.name, method.name] += 1
    processing = time.time()
    result = method.run(_call(caller, method, params))
    spent = time.time() - processing
    if method.name != "batch":
        meter.add(now, spent + caller.world.faults.operating_cost.get(method.name, 0.0))
    return envelope(result, _times(caller, begun, spent, meter))


def _call(caller: Caller, method: Method, params: dict[str, Any]) -> Call:
    if method.app_context and caller.installation is None:
        text = "Current authorization type is denied for this method Application context required"
        raise RestError(403, "WRONG_AUTH_TYPE", text)
    if method.admin and not caller.user.admin:
        raise access_denied()
    given = {key: value for key, value in params.items() if not key.startswith(TECHNICAL)}
    start = _start(given.pop(method.starts_with(given), 0))
    installation, named, scopes = caller.installation, method.named(given), caller.scopes
    unknown = (f"{caller.portal.name}: unknown parameter {name} of {method.name}" for name in method.unknown(given))
    caller.world.warnings.extend(unknown)
    if caller.portal.old:
        named = releases.as_understood(method.name, named)
    return Call(
        caller.world, caller.portal, caller.user, installation, named, start, scopes, caller.key, caller.connector
    )


def _start(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def envelope(result: Any, times: dict[str, Any]) -> dict[str, Any]:
    """`{result, next?, total?, time?}`; an answer with both `error` and `error_description` is sent bare."""
    if isinstance(result, dict) and result.get("error") and result.get("error_description"):
        return result
    reply = result if isinstance(result, Reply) else Reply(result)
    body: dict[str, Any] = {"result": reply.result}
    if reply.next is not None:
        body["next"] = reply.next
    if reply.total is not None:
        body["total"] = reply.total
    return body | ({"time": times} if times else {})


def _meter(caller: Caller, method: Method) -> Operating:
    return caller.world.meters.operating.setdefault((caller.portal.name, caller.key, method.name), Operating())


def _times(caller: Caller, begun: float, spent: float, meter: Operating) -> dict[str, Any]:
    differences = caller.portal.differences
    if differences.on("time_absent"):
        return {}
    offset = caller.world.offset.total_seconds() + differences.number("clock_shift")
    start, finish = begun + offset, time.time() + offset
    times: dict[str, Any] = {
        "start": start,
        "finish": finish,
        "duration": finish - start,
        "processing": spent,
        "date_start": datetime.fromtimestamp(start, UTC).isoformat(timespec="seconds"),
        "date_finish": datetime.fromtimestamp(finish, UTC).isoformat(timespec="seconds"),
    }
    operating, now = differences.word("operating"), caller.world.now().timestamp()
    if caller.portal.old or operating == "absent":
        return times
    reset_at = meter.reset_at(now) + int(differences.number("clock_shift"))
    return times | {"operating_reset_at": reset_at, "operating": 0 if operating == "zero" else meter.total(now)}


def caller_of(call: Call) -> Caller:
    """The caller behind a call, for methods that perform other methods."""
    scopes = call.scopes
    return Caller(call.world, call.portal, call.user, call.installation, scopes, call.key, connector=call.connector)
