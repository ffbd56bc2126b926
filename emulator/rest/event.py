"""Event subscriptions: api-reference/events/; checks in the order of the portal's rest/lib/api/event.php."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from emulator import php
from emulator.errors import RestError, access_denied, argument_error
from emulator.model.event_names import scope_of
from emulator.model.events import EventBinding
from emulator.rest.handlers import check_handler
from emulator.rest.registry import Call, method

BIND = ("EVENT", "HANDLER", "AUTH_TYPE", "EVENT_TYPE", "AUTH_CONNECTOR", "OPTIONS")
ONLINE, OFFLINE = "online", "offline"


@method("event.bind", scope="", page="api-reference/events/event-bind.md", params=BIND, app_context=True)
def event_bind(call: Call) -> bool:
    """Subscribe a handler, or the offline queue. Non-admins are bound to themselves."""
    event, user_id = str(call.params.get("EVENT") or "").upper(), _acting(call)
    if not event:
        raise argument_error("EVENT")
    offline = _kind(call) == OFFLINE
    handler = "" if offline else str(call.params.get("HANDLER") or "")
    if offline:
        _check_admin(call, "binding")
        user_id = 0
    elif not handler:
        raise argument_error("HANDLER")
    else:
        check_handler(handler)
    if scope_of(call.world.events.names, event) not in ("", *call.scopes):
        raise RestError(400, "ERROR_EVENT_NOT_FOUND", "Event not found")
    if offline and event == "ONOFFLINEEVENT":
        raise RestError(400, "ERROR_ARGUMENT", "Offline event cannot be registered for this event.")
    _add(call, EventBinding(0, event, handler, user_id, call.connector, _min_timeout(call, event)))
    return True


def _add(call: Call, wanted: EventBinding) -> None:
    def key(one: EventBinding) -> tuple[str, str, int, str]:
        return one.event, one.handler, one.user_id, one.connector

    bindings = call.app().bindings
    if any(key(one) == key(wanted) for one in bindings):
        raise RestError(400, "ERROR_CORE", "Unable to set event handler: Handler already binded")
    bindings.append(replace(wanted, id=call.portal.next_id("event_handler")))


def _min_timeout(call: Call, event: str) -> int:
    """OPTIONS.minTimeout; only ONOFFLINEEVENT knows it."""
    options = call.params.get("OPTIONS")
    given = options.get("minTimeout") if isinstance(options, dict) and event == "ONOFFLINEEVENT" else None
    return 1 if given is None else _number(given)


@method("event.unbind", scope="", page="api-reference/events/event-unbind.md", params=BIND[:5], app_context=True)
def event_unbind(call: Call) -> dict[str, int]:
    """Drop subscriptions of one event and handler; `{count}`."""
    event, handler = str(call.params.get("EVENT") or "").upper(), call.params.get("HANDLER")
    if not event:
        raise argument_error("EVENT")
    if _kind(call) == OFFLINE:
        _check_admin(call, "unbinding")
        return _drop(call, lambda one: (one.event, one.handler, one.connector) == (event, "", call.connector))
    if not handler:
        raise argument_error("HANDLER")
    user_id = _unbound_user(call)
    return _drop(call, lambda one: (one.event, one.handler) == (event, handler) and user_id in (None, one.user_id))


def _drop(call: Call, wanted: Callable[[EventBinding], bool]) -> dict[str, int]:
    installation = call.app()
    kept = [one for one in installation.bindings if not wanted(one)]
    count = len(installation.bindings) - len(kept)
    installation.bindings = kept
    return {"count": count}


@method("event.get", scope="", page="api-reference/events/event-get.md", params=(), app_context=True)
def event_get(call: Call) -> list[dict[str, Any]]:
    """Subscriptions of the app; for non-admins their own."""
    mine = [one for one in call.app().bindings if call.user.admin or one.user_id == call.user.id]
    return [_row(one) for one in mine]


def _row(one: EventBinding) -> dict[str, Any]:
    if not one.handler:
        return {"event": one.event, "connector_id": one.connector, "offline": 1}
    return {"event": one.event, "handler": one.handler, "auth_type": str(one.user_id), "offline": 0}


@method("events", scope="", page="api-reference/events/events.md", params=("SCOPE", "FULL"), app_context=True)
def events(call: Call) -> list[str]:
    """Names of events: of one scope, of all, or of the granted ones."""
    names, wanted = call.world.events.names, call.params.get("SCOPE")
    if wanted is not None:
        return [name for name, scope in names.items() if scope == wanted]
    if php.truthy(call.params.get("FULL")):
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


def _check_admin(call: Call, what: str) -> None:
    if not call.user.admin:
        raise access_denied(f"Access denied! Offline events {what} requires administrator access rights")


def _number(value: Any) -> int:
    return int(value) if str(value or "").strip().lstrip("-").isdigit() else 0
