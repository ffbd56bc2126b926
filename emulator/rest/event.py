"""Event subscriptions: api-reference/events/; checks in the order of the portal's rest/lib/api/event.php."""

from typing import Any

from emulator.errors import RestError, access_denied, argument_error
from emulator.event_names import scope_of
from emulator.events import EventBinding
from emulator.rest.handlers import check_handler
from emulator.rest.registry import Call, method

BIND = ("EVENT", "HANDLER", "AUTH_TYPE", "EVENT_TYPE", "AUTH_CONNECTOR", "OPTIONS")
ONLINE, OFFLINE = "online", "offline"


@method("event.bind", scope="", page="api-reference/events/event-bind.md", params=BIND, app_context=True)
def event_bind(call: Call) -> bool:
    """Subscribe a handler. Non-admins are bound to themselves; offline events are not part of this portal's plan."""
    event, user_id = str(call.params.get("EVENT") or "").upper(), _acting(call)
    if not event:
        raise argument_error("EVENT")
    if _kind(call) == OFFLINE:
        _refuse_offline(call, "binding")
    handler = call.params.get("HANDLER")
    if not handler:
        raise argument_error("HANDLER")
    check_handler(str(handler))
    if scope_of(call.world.events.names, event) not in ("", *call.scopes):
        raise RestError(400, "ERROR_EVENT_NOT_FOUND", "Event not found")
    installation = call.app()
    if any((one.event, one.handler, one.user_id) == (event, handler, user_id) for one in installation.bindings):
        raise RestError(400, "ERROR_CORE", "Unable to set event handler: Handler already binded")
    number = call.portal.next_id("event_handler")
    installation.bindings.append(EventBinding(number, event, str(handler), user_id))
    return True


@method("event.unbind", scope="", page="api-reference/events/event-unbind.md", params=BIND[:5], app_context=True)
def event_unbind(call: Call) -> dict[str, int]:
    """Drop subscriptions of one event and handler; `{count}`."""
    event, handler = str(call.params.get("EVENT") or "").upper(), call.params.get("HANDLER")
    if not event:
        raise argument_error("EVENT")
    if _kind(call) == OFFLINE:
        _refuse_offline(call, "unbinding")
    if not handler:
        raise argument_error("HANDLER")
    user_id = _unbound_user(call)
    installation = call.app()
    gone = [
        one
        for one in installation.bindings
        if (one.event, one.handler) == (event, handler) and user_id in (None, one.user_id)
    ]
    installation.bindings = [one for one in installation.bindings if one not in gone]
    return {"count": len(gone)}


@method("event.get", scope="", page="api-reference/events/event-get.md", params=(), app_context=True)
def event_get(call: Call) -> list[dict[str, Any]]:
    """Subscriptions of the app; for non-admins their own."""
    mine = [one for one in call.app().bindings if call.user.admin or one.user_id == call.user.id]
    return [{"event": one.event, "handler": one.handler, "auth_type": str(one.user_id), "offline": 0} for one in mine]


@method("events", scope="", page="api-reference/events/events.md", params=("SCOPE", "FULL"), app_context=True)
def events(call: Call) -> list[str]:
    """Names of events: of one scope, of all, or of the granted ones."""
    names, wanted = call.world.events.names, call.params.get("SCOPE")
    if wanted is not None:
        return [name for name, scope in names.items() if scope == wanted]
    if call.params.get("FULL"):
        return list(names)
    return [name for name, scope in names.items() if scope in ("", *call.scopes)]


@method("event.test", scope="", page="api-reference/events/test-handler.md", params=None, app_context=True)
def event_test(call: Call) -> int:
    """ONAPPTEST with the given parameters in `data[QUERY]`."""
    data = {"QUERY": call.params, "LANGUAGE_ID": call.portal.lang}
    call.world.events.raise_for(call.app(), "ONAPPTEST", data, call.user)
    return 1


def _acting(call: Call) -> int:
    user_id = _number(call.params.get("AUTH_TYPE"))
    if user_id > 0:
        if not call.user.admin and user_id != call.user.id:
            raise access_denied("Access denied! Event binding with AUTH_TYPE requires administrator access rights")
        return user_id
    return 0 if call.user.admin else call.user.id


def _unbound_user(call: Call) -> int | None:
    if "AUTH_TYPE" not in call.params:
        return None if call.user.admin else call.user.id
    user_id = _number(call.params["AUTH_TYPE"])
    if not call.user.admin and user_id != call.user.id:
        raise access_denied("Access denied! Event unbinding with AUTH_TYPE requires administrator access rights")
    return user_id


def _kind(call: Call) -> str:
    kind = str(call.params.get("EVENT_TYPE") or ONLINE).lower()
    if kind not in (ONLINE, OFFLINE):
        raise argument_error("EVENT_TYPE", "Value must be one of {online|offline}")
    return kind


def _refuse_offline(call: Call, what: str) -> None:
    if not call.user.admin:
        raise access_denied(f"Access denied! Offline events {what} requires administrator access rights")
    raise access_denied("Access denied! Offline events are not available on this plan")


def _number(value: Any) -> int:
    return int(value) if str(value or "").strip().lstrip("-").isdigit() else 0
