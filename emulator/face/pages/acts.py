"""What people do in a card's timeline: comments, things done or put off, buttons of apps' own cards, pins.

Pages: api-reference/crm/timeline/activities/configurable/structure/{action,footer,content-block}.md.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from starlette.responses import JSONResponse, Response

from emulator.crm import rights
from emulator.crm.dates import parse_datetime
from emulator.crm.timeline import Activity, Owner
from emulator.crm.values import to_int
from emulator.face.pages.app_cards import action_at
from emulator.face.pages.card import opened
from emulator.face.pages.visit import Visit

PINS = 7
"""Pinned records of one card at most (crm/lib/timeline/entity/timelinebindingtable)."""
POSTPONED = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
Body = dict[str, Any]


async def comment(visit: Visit) -> Response:
    """POST {text}: a comment in the timeline."""
    found = opened(visit)
    if isinstance(found, Response) or not rights.can_write(visit.user, found[1]):
        return _refused(visit, "no_access_note", 403)
    text = str((await visit.request.json()).get("text", "")).strip()
    if text:
        visit.portal.crm.timeline.comment((found[0], found[1]["ID"]), text, visit.user, [])
    return _done()


async def press(visit: Visit) -> Response:
    """POST {activity, where}: a button of an app's card. Whoever may read the record may press, as in the portal
    (crm/lib/controller/activity/configurable.php)."""
    return await _with_activity(visit, _press, writing=False)


async def complete(visit: Visit) -> Response:
    """POST {activity}: a planned thing is done."""
    return await _with_activity(visit, _complete)


async def postpone(visit: Visit) -> Response:
    """POST {activity, by: hour | day | week} or {activity, deadline}: another deadline."""
    return await _with_activity(visit, _postpone)


async def drop(visit: Visit) -> Response:
    """POST {activity}: the activity is deleted for good."""
    return await _with_activity(visit, _drop)


async def pin(visit: Visit) -> Response:
    """POST {activity}: fasten a finished one above the history, or let it go. The app hears nothing of it."""
    return await _with_activity(visit, _pin)


Deed = Callable[[Visit, Owner, Activity, Body], Response]


async def _with_activity(visit: Visit, deed: Deed, *, writing: bool = True) -> Response:
    """The activity of this card, for somebody who may do that."""
    found = opened(visit)
    if isinstance(found, Response) or (writing and not rights.can_write(visit.user, found[1])):
        return _refused(visit, "no_access_note", 403)
    owner, body = (found[0], int(found[1]["ID"])), await visit.request.json()
    number = to_int(body.get("activity"))
    rows = (row for row in visit.portal.crm.timeline.of(*owner) if isinstance(row, Activity))
    row = next((row for row in rows if row.id == number), None)
    return deed(visit, owner, row, body) if row else _refused(visit, "missing_note", 404)


def _refused(visit: Visit, why: str, status: int) -> Response:
    return JSONResponse({"error": visit.t(why)}, status)


def _done() -> Response:
    return JSONResponse({"result": True})


def _press(visit: Visit, owner: Owner, row: Activity, body: Body) -> Response:
    action = action_at(row, str(body.get("where", "")))
    if action is None or not visit.portal.crm.timeline.press(row.id, str(action["id"]), owner, visit.user, action):
        return _refused(visit, "missing_note", 404)
    return _done()


def _complete(visit: Visit, owner: Owner, row: Activity, body: Body) -> Response:
    visit.portal.crm.timeline.touch_activity(row.id, visit.user, completed=True)
    return _done()


def _postpone(visit: Visit, owner: Owner, row: Activity, body: Body) -> Response:
    step = POSTPONED.get(str(body.get("by")))
    moment = row.deadline + step if step and row.deadline else parse_datetime(body.get("deadline"))
    if moment is None or row.completed:
        return _refused(visit, "missing_note", 400)
    visit.portal.crm.timeline.touch_activity(row.id, visit.user, deadline=moment)
    return _done()


def _drop(visit: Visit, owner: Owner, row: Activity, body: Body) -> Response:
    visit.portal.crm.timeline.drop_activity(row.id, visit.user)
    return _done()


def _pin(visit: Visit, owner: Owner, row: Activity, body: Body) -> Response:
    held = [one for one in visit.portal.crm.timeline.of(*owner) if isinstance(one, Activity)]
    pinned = not row.extra.get("pinned")
    if pinned and sum(bool(one.extra.get("pinned")) for one in held) >= PINS:
        return _refused(visit, "pin_limit", 400)
    row.extra["pinned"] = pinned
    return _done()
