"""The control door's second half: what people and administrators of a portal do that apps only see from outside.

POST /_control/plan     {portal, plan}    free | pro | enterprise
POST /_control/place    {portal, entity, stage, app, robot: code, properties?, timeout?}    a robot on a stage
POST /_control/place    {portal, entity, stage, app, trigger: code, backwards?}             an app's trigger
POST /_control/place    {portal, entity, stage, backwards?}      "Track incoming webhook" → {code}
POST /_control/run      {portal, app, robot, entity, id, properties?, timeout?}             a robot now → {event_token}
POST /_control/runs     {portal}          robots at work → {runs: [{event_token, robot, waiting, results, log}]}
POST /_control/calendar {portal, user, from, to, name?, accessibility?, whole_days?}        → {id}; ISO 8601
POST /_control/workday  {portal, user, act: open | pause | close}                           → {status}
POST /_control/seen     {portal, user, online}                   a sign of life, or gone
POST /_control/race     {portal, app, user?}   somebody else refreshed first: refresh tokens have rotated → {rotated}
POST /_control/grow     {portal, companies, contacts}    more records, no events → first, last id of each
POST /_control/connector {portal, app, id, name, url}             a channel in the contact centre → {id}
POST /_control/hire     {portal, name?, last_name?, email?}      somebody joins: ONUSERADD → {id}
POST /_control/kinds    {}                → {attacks, faults}: what /_control/forge and /_control/faults take
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from emulator import attacks
from emulator.crm.dates import parse_datetime
from emulator.crm.entities import Entity
from emulator.face.control_names import installation, person
from emulator.face.pages.contact_center import connect
from emulator.model import robots
from emulator.model.faults import Break
from emulator.model.people import hire
from emulator.model.plans import PLANS
from emulator.model.presence import Accessibility
from emulator.model.world import World
from emulator.seed.crowd import grow

Body = dict[str, Any]


async def _plan(world: World, body: Body) -> Body:
    if body["plan"] not in PLANS:
        raise ValueError(f"plans: {', '.join(PLANS)}")
    world.portal(body["portal"]).plan = body["plan"]
    return {"plan": body["plan"]}


async def _place(world: World, body: Body) -> Body:
    automation, entity, stage = world.portal(body["portal"]).automation, Entity(body["entity"]), str(body["stage"])
    backwards = bool(body.get("backwards"))
    if "robot" in body:
        app, given = installation(world, body["portal"], body["app"]), body.get("properties")
        automation.place_robot(app, body["robot"], entity, stage, given, int(body.get("timeout", 0)))
        return {"code": body["robot"]}
    if "trigger" in body:
        app = installation(world, body["portal"], body["app"])
        return {"code": automation.place_trigger(app, body["trigger"], entity, stage, backwards).code}
    return {"code": automation.place_webhook_trigger(entity, stage, backwards).code}


async def _run(world: World, body: Body) -> Body:
    app, document = installation(world, body["portal"], body["app"]), (Entity(body["entity"]), int(body["id"]))
    made = robots.run(app, body["robot"], document, body.get("properties"), int(body.get("timeout", 0)))
    return {"event_token": made.token}


async def _runs(world: World, body: Body) -> Body:
    now = world.now()
    return {
        "runs": [
            {
                "event_token": token,
                "robot": one.robot.code,
                "document": f"{one.document[0].upper()}_{one.document[1]}",
                "waiting": one.waiting(now),
                "results": one.results(now),
                "log": one.log,
            }
            for token, one in world.portal(body["portal"]).automation.runs.items()
        ]
    }


def _moment(given: Any) -> datetime:
    found = parse_datetime(given)
    if found is None:
        raise ValueError(f"no date: {given}")
    return found


async def _calendar(world: World, body: Body) -> Body:
    portal = world.portal(body["portal"])
    entry = portal.presence.plan(
        person(portal, body["user"]),
        str(body.get("name", "")),
        _moment(body["from"]),
        _moment(body["to"]),
        Accessibility(body.get("accessibility", "absent")),
        bool(body.get("whole_days", True)),
    )
    return {"id": entry.id}


async def _workday(world: World, body: Body) -> Body:
    portal = world.portal(body["portal"])
    user, presence = person(portal, body["user"]), portal.presence
    acts = {"open": presence.open_day, "pause": presence.pause_day, "close": presence.close_day}
    acts[body["act"]](user)
    return {"status": presence.workdays[user.id].status(world.now())}


async def _seen(world: World, body: Body) -> Body:
    portal = world.portal(body["portal"])
    portal.presence.seen(person(portal, body["user"]), bool(body["online"]))
    return {"ok": True}


async def _race(world: World, body: Body) -> Body:
    app, user = installation(world, body["portal"], body["app"]), body.get("user")
    held = [
        token
        for token, grant in world.auth.refresh.items()
        if grant.installation is app and user in (None, grant.user_id)
    ]
    for token in held:
        known = {"client_id": app.app.client_id, "client_secret": app.app.client_secret}
        world.auth.token(known | {"grant_type": "refresh_token", "refresh_token": token})
    return {"rotated": len(held)}


async def _connector(world: World, body: Body) -> Body:
    app = installation(world, body["portal"], body["app"])
    return {"id": connect(app, str(body["id"]), str(body["name"]), str(body["url"])).id}


async def _hire(world: World, body: Body) -> Body:
    portal = world.portal(body["portal"])
    first, last = ("Нина", "Новикова") if portal.lang == "ru" else ("Nina", "Newman")
    name, last_name = str(body.get("name", first)), str(body.get("last_name", last))
    email, home = str(body.get("email", "")), [min(portal.departments)]
    return {"id": hire(portal, portal.admin(), name=name, last_name=last_name, email=email, departments=home).id}


async def _grow(world: World, body: Body) -> Body:
    firms, people = grow(world.portal(body["portal"]), int(body["companies"]), int(body["contacts"]))
    return {"companies": [*firms[:1], *firms[-1:]], "contacts": [*people[:1], *people[-1:]]}


async def _kinds(world: World, body: Body) -> Body:
    return {"attacks": attacks.kinds(), "faults": list(Break)}


ACTIONS: dict[str, Callable[[World, Body], Awaitable[Body]]] = {
    "plan": _plan,
    "place": _place,
    "run": _run,
    "runs": _runs,
    "calendar": _calendar,
    "workday": _workday,
    "seen": _seen,
    "race": _race,
    "connector": _connector,
    "hire": _hire,
    "grow": _grow,
    "kinds": _kinds,
}
