"""crm.timeline.layout.blocks.* and crm.activity.layout.blocks.*: what an app adds to other people's timeline records.

Pages: api-reference/crm/timeline/layout-blocks/*, activities/layout-blocks/*. One set per app and record: `set`
overwrites, each app sees its own only.
"""

from typing import Any

from emulator.crm import card_rules
from emulator.crm.entities import Record
from emulator.crm.timeline import CONFIGURABLE, BlocksKey, Owner
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.rest.crm_item import needed
from emulator.rest.crm_timeline import editable, owner_numbered, readable
from emulator.rest.registry import Call, Method


def _client(call: Call) -> str:
    if call.installation is None:
        text = "Method call is only possible in the context of a REST application"
        raise RestError(400, "ERROR_WRONG_CONTEXT", text)
    return call.installation.app.client_id


def _not_found() -> RestError:
    return RestError(400, "NOT_FOUND", "Not found.")


def _timeline(call: Call, changing: bool) -> BlocksKey:
    """A record that is no activity. Log records of apps take no blocks."""
    client = _client(call)
    owner, number = _owner(call), to_int(needed(call, "timelineId"))
    _allowed(call, owner, changing)
    comment, log = call.portal.crm.timeline.comments.get(number), call.portal.crm.timeline.logs.get(number)
    if log is not None and log.owner == owner and changing:
        raise RestError(400, "UNSUITABLE_TIMELINE_ITEM", "The timeline record takes no content blocks")
    if comment is None or owner not in comment.owners:
        raise _not_found()
    return client, "timeline", number


def _activity(call: Call, changing: bool) -> BlocksKey:
    client = _client(call)
    owner, row = _owner(call), call.portal.crm.timeline.activities.get(to_int(needed(call, "activityId")))
    _allowed(call, owner, changing)
    if row is None or owner not in row.owners:
        raise _not_found()
    if row.provider == CONFIGURABLE and changing:
        raise RestError(400, "UNSUITABLE_ACTIVITY_TYPE_ERROR", "The activity takes no content blocks")
    return client, "activity", row.id


def _owner(call: Call) -> Owner:
    return owner_numbered(call, needed(call, "entityTypeId"), needed(call, "entityId"))


def _allowed(call: Call, owner: Owner, changing: bool) -> None:
    if changing:
        editable(call, owner)
    elif not readable(call, owner):
        raise RestError(400, "ACCESS_DENIED", "Access denied")


def _set(call: Call, key: BlocksKey) -> Record:
    layout = needed(call, "layout")
    try:
        card_rules.check_blocks(layout)
    except card_rules.CardError as error:
        raise RestError(400, error.code, error.text) from error
    call.portal.crm.timeline.blocks[key] = layout
    return {"success": True}


def _get(call: Call, key: BlocksKey) -> Record:
    return {"layout": call.portal.crm.timeline.blocks.get(key)}


def _delete(call: Call, key: BlocksKey) -> Record:
    if call.portal.crm.timeline.blocks.pop(key, None) is None:
        raise _not_found()
    return {"success": True}


def _methods() -> list[Method]:
    made = []
    for what, folder, subject in (("timeline", "", _timeline), ("activity", "activities/", _activity)):
        for name, act in (("set", _set), ("get", _get), ("delete", _delete)):
            params = ("entityTypeId", "entityId", f"{what}Id", *(("layout",) if name == "set" else ()))
            page = f"api-reference/crm/timeline/{folder}layout-blocks/crm-{what}-layout-blocks-{name}.md"

            def run(call: Call, act: Any = act, subject: Any = subject, changing: bool = name != "get") -> Record:
                return dict(act(call, subject(call, changing)))

            made.append(Method(f"crm.{what}.layout.blocks.{name}", "crm", page, params, run, case="camel"))
    return made


METHODS = tuple(_methods())
