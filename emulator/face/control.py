"""The control door: breaking things on purpose, from outside. JSON in, JSON out, on every host of the emulator.

GET  /_control/state                      portals, installations, queue, counters, last requests and deliveries
POST /_control/clock    {advance: s}      move the world's clock
POST /_control/deliver  {}                send queued events now → {sent}
POST /_control/faults   {kind, times?, portal?, host?, method?, seconds?}   kinds of `faults.Break`; times -1 = for ever
POST /_control/faults   {events: {delay|lose_next|lose_rate|duplicate_next|duplicate_rate|reorder: …}}
POST /_control/faults   {enforce_limit: bool} | {operating_cost: {method: s}} | {clear: true}
POST /_control/differences {portal?, profile?, name: value, …}   known differences; false, 0, null or [] = as documented
POST /_control/expire   {portal?, user?}  access tokens have expired → {expired}
POST /_control/revoke   {portal, app, user?}                          refresh tokens are worthless
POST /_control/payment  {portal, app, expired, status?, days?}        paid period ends or is renewed
POST /_control/install | /finish | /uninstall {portal, app, user?, clean?} | /update {portal, app, version?, user?}
POST /_control/access   {portal, app, users: [id] | null}             who may open the app
POST /_control/user     {portal, user, active?, admin?, crm_access?}  dismiss, promote, restrict
POST /_control/rename   {portal, host}    new address; the old one answers 302 → {host}
POST /_control/event    {portal, name, data, user?}                   raise a portal event (no user = a robot's)
POST /_control/robot    {url, form}       one POST as the queue server sends it (robots, activities)
POST /_control/forge    {kind, portal, app, url, other_portal?, other_app?}   post an attack (`attacks`) → {status, why}
POST /_control/app      {code, client_id, client_secret, title: {}, app_url, …}   put an app into the catalogue
POST /_control/open     {portal, app, user?, placement?, options?, handler?}   the form of an open → {action, fields}
POST /_control/webhook  {portal, user, scope: […]}                    incoming webhook → {url}
POST /_control/reset    {}                counters, journal, deliveries and faults anew

What people and administrators do (robots on stages, absences, working days, plans): `control_life`.
Errors: 400 `{"error": text}`; portals go by name, apps by code.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator import php
from emulator.attacks import attack
from emulator.errors import RestError
from emulator.face import control_life
from emulator.face.control_names import installation, market_app, person
from emulator.model import installs
from emulator.model.faults import Break, EventFaults
from emulator.model.installs import MarketApp
from emulator.model.people import CrmAccess
from emulator.model.portal import Portal, Webhook
from emulator.model.world import World
from emulator.opening import DEFAULT, open_form

Body = dict[str, Any]


def control_routes() -> list[Route]:
    """Routes of the door; `world` comes in the request's state."""
    return [
        Route("/_control/state", _state, methods=["GET"]),
        Route("/_control/{action}", _act, methods=["POST"]),
    ]


async def _state(request: Request) -> Response:
    return JSONResponse(state(request.state.world))


async def _act(request: Request) -> Response:
    action = ACTIONS.get(request.path_params["action"])
    if action is None:
        return JSONResponse({"error": f"actions: {', '.join(ACTIONS)}"}, 404)
    try:
        body = await request.json() if await request.body() else {}
        return JSONResponse(await action(request.state.world, body))
    except (KeyError, ValueError, TypeError, RestError) as error:
        return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)


def state(world: World) -> Body:
    """What the world looks like from above; no tokens."""
    return {
        "now": world.now().isoformat(),
        "restored": world.restored,
        "portals": [_portal_state(portal) for portal in world.portals.values()],
        "queued": len(world.events.queued),
        "lost": world.events.lost,
        "deliveries": [
            {"event": one.event, "handler": one.handler, "status": one.status, "error": one.error}
            for one in list(world.events.log)[-50:]
        ],
        "requests": {f"{portal} {method}": count for (portal, method), count in world.meters.requests.items()},
        "commands": {f"{portal} {method}": count for (portal, method), count in world.meters.commands.items()},
        "crashes": world.crashes,
        "warnings": world.warnings,
    }


def _portal_state(portal: Portal) -> Body:
    return {
        "name": portal.name,
        "host": portal.host,
        "member_id": portal.member_id,
        "differences": dict(portal.differences),
        "peak": portal.world.meters.peak(portal.name),
        "users": [{"id": one.id, "name": one.full_name, "admin": one.admin} for one in portal.users.values()][:50],
        "apps": [
            {
                "code": one.app.code,
                "installed": one.installed,
                "version": one.version,
                "events": [f"{bound.event} {bound.handler}" for bound in one.bindings],
                "placements": [f"{bound.placement} {bound.handler}" for bound in one.placements],
            }
            for one in portal.installations.values()
        ],
    }


async def _clock(world: World, body: Body) -> Body:
    world.advance(seconds=float(body["advance"]))
    return {"now": world.now().isoformat()}


async def _deliver(world: World, body: Body) -> Body:
    return {"sent": await world.deliver()}


async def _faults(world: World, body: Body) -> Body:
    if body.get("clear"):
        world.faults.clear()
    for name, value in body.get("events", {}).items():
        usual = getattr(EventFaults(), name, None)
        if usual is None:
            raise ValueError(f"no event fault {name}")
        setattr(world.faults.events, name, type(usual)(value))
    world.faults.enforce_limit = bool(body.get("enforce_limit", world.faults.enforce_limit))
    world.faults.operating_cost |= body.get("operating_cost", {})
    if "kind" in body:
        wanted = {name: body[name] for name in ("times", "host", "method", "seconds") if name in body}
        if "portal" in body:
            wanted["host"] = world.portal(body["portal"]).host
        world.faults.add(Break(body["kind"]), **wanted)
    return {"ok": True}


async def _differences(world: World, body: Body) -> Body:
    """A profile goes first: it turns off what it does not name."""
    given = {name: value for name, value in body.items() if name not in ("portal", "profile")}
    portals = [world.portal(body["portal"])] if "portal" in body else list(world.portals.values())
    for portal in portals:
        if "profile" in body:
            portal.differences.become(body["profile"])
        portal.differences.change(given)
    return {portal.name: dict(portal.differences) for portal in portals}


async def _expire(world: World, body: Body) -> Body:
    portals = [world.portal(body["portal"])] if "portal" in body else list(world.portals.values())
    found = [one for portal in portals for one in portal.installations.values()]
    return {"expired": sum(world.auth.expire_access(one, body.get("user")) for one in found)}


async def _revoke(world: World, body: Body) -> Body:
    world.auth.revoke_refresh(installation(world, body["portal"], body["app"]), body.get("user"))
    return {"ok": True}


async def _payment(world: World, body: Body) -> Body:
    held = installation(world, body["portal"], body["app"])
    installs.pay(held, bool(body["expired"]), body.get("status", "S"), body.get("days"))
    return {"ok": True}


async def _install(world: World, body: Body) -> Body:
    portal = world.portal(body["portal"])
    made = installs.install(portal, market_app(world, body["app"]), person(portal, body.get("user")))
    return {"id": made.id, "installed": made.installed}


async def _finish(world: World, body: Body) -> Body:
    held = installation(world, body["portal"], body["app"])
    return {"changed": installs.finish(held, person(held.portal, body.get("user")))}


async def _uninstall(world: World, body: Body) -> Body:
    held = installation(world, body["portal"], body["app"])
    installs.uninstall(held, person(held.portal, body.get("user")), bool(body.get("clean")))
    return {"ok": True}


async def _update(world: World, body: Body) -> Body:
    held = installation(world, body["portal"], body["app"])
    app = installs.next_version(held.app, body.get("version"))
    world.catalogue[app.client_id] = app
    installs.update(held, app, person(held.portal, body.get("user")))
    return {"version": app.version}


async def _market_app(world: World, body: Body) -> Body:
    app = MarketApp.entered(body)
    world.catalogue[app.client_id] = app
    return {"code": app.code}


async def _open(world: World, body: Body) -> Body:
    held = installation(world, body["portal"], body["app"])
    user, placement = person(held.portal, body.get("user")), body.get("placement", DEFAULT)
    bound = next((one for one in held.placements if one.placement == placement), None)
    handler = body.get("handler") or (bound.handler if bound else None)
    if placement != DEFAULT and handler is None:
        raise ValueError(f"{placement} is not bound")
    form = open_form(held, user, placement, body.get("options"), handler=handler)
    return {"action": form.action, "fields": form.fields, "frame": form.frame}


async def _access(world: World, body: Body) -> Body:
    users = body["users"]
    installation(world, body["portal"], body["app"]).access = None if users is None else set(users)
    return {"ok": True}


async def _person(world: World, body: Body) -> Body:
    user = world.portal(body["portal"]).users[body["user"]]
    user.active, user.admin = bool(body.get("active", user.active)), bool(body.get("admin", user.admin))
    user.crm_access = CrmAccess(body.get("crm_access", user.crm_access))
    return {"ok": True}


async def _rename(world: World, body: Body) -> Body:
    portal = world.portal(body["portal"])
    await world.rename(portal, body["host"])
    return {"host": portal.host}


async def _event(world: World, body: Body) -> Body:
    portal = world.portal(body["portal"])
    actor = portal.users[body["user"]] if body.get("user") else None
    portal.raise_event(body["name"], body.get("data", {}), actor)
    return {"queued": len(world.events.queued)}


async def _robot(world: World, body: Body) -> Body:
    status, error = await world.events.post(body["url"], php.form_pairs(body["form"]))
    return {"status": status, "error": error}


async def _forge(world: World, body: Body) -> Body:
    victim = installation(world, body["portal"], body["app"])
    other = None
    if "other_portal" in body:
        other = installation(world, body["other_portal"], str(body.get("other_app", body["app"])))
    forged = attack(body["kind"], victim, body["url"], other)
    status, error = await world.events.post(forged.url, forged.form)
    return {"status": status, "error": error, "why": forged.why}


async def _webhook(world: World, body: Body) -> Body:
    portal = world.portal(body["portal"])
    hook = Webhook(int(body["user"]), secrets.token_hex(8), frozenset(body["scope"]))
    portal.webhooks[hook.user_id, hook.secret] = hook
    return {"url": f"{portal.url}/rest/{hook.user_id}/{hook.secret}/"}


async def _reset(world: World, body: Body) -> Body:
    world.faults.clear()
    world.meters.clear()
    for kept in (world.journal, world.events.log, world.crashes, world.warnings):
        kept.clear()
    return {"ok": True}


ACTIONS: dict[str, Callable[[World, Body], Awaitable[Body]]] = {
    "clock": _clock,
    "deliver": _deliver,
    "faults": _faults,
    "differences": _differences,
    "expire": _expire,
    "revoke": _revoke,
    "payment": _payment,
    "install": _install,
    "finish": _finish,
    "uninstall": _uninstall,
    "update": _update,
    "app": _market_app,
    "open": _open,
    "access": _access,
    "user": _person,
    "rename": _rename,
    "event": _event,
    "robot": _robot,
    "forge": _forge,
    "webhook": _webhook,
    "reset": _reset,
    **control_life.ACTIONS,
}
