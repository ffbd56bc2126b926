"""The work list: what waits for people. Each row is there for those to whom the portal shows its cards.

Later pages of the list begin after the last row seen, so that nothing is missed while others work on it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.desk import Looking
from b24app.domain.portal.portal import Portal
from b24app.errors import PortalError
from b24app.plug import Desk, DeskRow, product_of
from b24app.portal.journeys.names import names_of
from b24app.portal.journeys.readable import readable
from placements.frame import Call
from placements.pages import WORK, standing_of

SHOWN = 25
ROUNDS = 4  # reads of a page for somebody who may not see all of it
MOST = 1000  # counted
OLD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows of one room. `count`: how many wait for those who look, None where only the portal knows; `more`: what the
    next page is asked for with, empty at the end."""

    part: str
    rows: Sequence[DeskRow]
    count: int | None
    more: str


async def view_of(call: Call, portal: Portal) -> dict[str, Any]:
    """What the page prints. `unproven`: the portal does not answer, so that nothing can be shown to this person."""
    looking = _looking(call)
    unproven = False
    async with call.resources.tenant(portal.id) as db:
        standing = await standing_of(db, call.resources, portal) if call.viewer.is_admin else None
        counts = await _counts(db, call, portal, looking)
    lists = []
    for name, desk in _desks(call).items():
        try:
            rows, more = await _rows(call, portal, desk, looking, _after(call, name))
        except PortalError:
            rows, more, unproven = [], "", True
        lists.append(Listed(name, rows, counts[name], more))
    responsible = {row.responsible for one in lists for row in one.rows if row.responsible}
    return {
        "address": WORK,
        "lists": [one for one in lists if one.rows or len(lists) == 1],
        "names": await names_of(call.resources, portal, call.token, responsible),
        "looking": looking,
        "old": bool(looking.before),
        "standing": standing,
        "unproven": unproven,
        "viewer": call.viewer,
        "portal": portal,
    }


def _looking(call: Call) -> Looking:
    """Employees see their own clients first, administrators everybody's."""
    whose = call.text("whose") or ("all" if call.viewer.is_admin else "mine")
    before = call.resources.now() - OLD if call.text("old") else None
    return Looking(call.viewer.user_id, mine=whose == "mine", before=before, text=call.text("search"))


def _desks(call: Call) -> Mapping[str, Desk]:
    return {one.name: one.desk for one in product_of(call.resources).features if one.desk}


async def _counts(db: AsyncConnection, call: Call, portal: Portal, looking: Looking) -> Mapping[str, int | None]:
    """Of what is not one's own only administrators are told a number: some of it others may not see."""
    if not (looking.mine or call.viewer.is_admin):
        return dict.fromkeys(_desks(call))
    whole = replace(looking, text="", before=None)
    return {name: await desk.count(db, portal.id, whole, MOST) for name, desk in _desks(call).items()}


async def _rows(
    call: Call, portal: Portal, desk: Desk, looking: Looking, after: tuple[datetime, str] | None
) -> tuple[list[DeskRow], str]:
    """A page of rows whose cards the viewer may read."""
    shown: list[DeskRow] = []
    for _ in range(ROUNDS):
        async with call.resources.tenant(portal.id) as db:
            found = list(await desk.rows(db, portal.id, looking, after, SHOWN + 1))
        page, rest = found[:SHOWN], len(found) > SHOWN
        allowed = await readable(
            call.resources, portal, call.viewer, call.token, {subject for row in page for subject in row.subjects}
        )
        shown += [row for row in page if allowed.issuperset(row.subjects)]
        if not rest:
            return shown, ""
        after = (page[-1].since, page[-1].key)
        if len(shown) >= SHOWN:
            break
    return shown, f"{after[0].isoformat()} {after[1]}" if after else ""


def _after(call: Call, name: str) -> tuple[datetime, str] | None:
    since, _, key = call.text(f"after-{name}").partition(" ")
    try:
        return (datetime.fromisoformat(since), key) if key else None
    except ValueError:
        return None
