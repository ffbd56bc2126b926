"""The weekly export: made by itself and sent where an administrator chose, signed like a webhook.

Each step leaves its trace in the target's row: what was tried last, what came of it, when it is tried again.
"""

from __future__ import annotations

import os
from datetime import datetime
from functools import partial
from uuid import uuid4

import structlog

from b24app.delivery import webhooks
from b24app.delivery.journeys import registering
from b24app.delivery.journeys.registering import Wanted
from b24app.delivery.webhooks import Upload
from b24app.domain.delivery.schedule import Answer, Failure
from b24app.domain.export.weekly import next_try, next_week
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.export.journeys import exporting
from b24app.export.journeys.sections import Sections
from b24app.export.store import exports
from b24app.export.store.exports import Export, WeeklyTarget
from b24app.net import addresses
from b24app.portal.store import journal
from b24app.portal.store.journal import Changed
from b24app.resources import Resources
from b24app.work.store import index
from b24app.work.store.index import WorkKind

CHORE = "weekly"

log = structlog.get_logger()


async def set_target(resources: Resources, portal_id: int, url: str, by: Viewer | None = None) -> str:
    """Send it to this address from now on, the first one at once. The secret that signs it, shown once.

    `by`: who does it, for the journal; None: whoever runs the app.

    Raises Refused 422 `url_<reason>` as for endpoints (`b24app.net.guard`).
    """
    await registering.validate(resources, portal_id, Wanted(url=url))
    secret, now = webhooks.new_secret(os.urandom(webhooks.SECRET_BYTES)), resources.now()
    async with resources.tenant(portal_id) as db:
        await exports.drop(db, portal_id, exports.WEEKLY)
        await exports.set_target(db, portal_id, url, resources.vault.seal(secret), now)
        await index.ask(db, portal_id, CHORE, now)
        await journal.write(db, portal_id, by, _changed("weekly_set", url), now)
    await resources.wake.chore(CHORE, portal_id)
    return secret


async def send_now(resources: Resources, portal_id: int) -> None:
    """One more, fresh, whatever became of the last."""
    now = resources.now()
    async with resources.tenant(portal_id) as db:
        target = await exports.target(db, portal_id)
        if target is None:
            return
        await exports.drop(db, portal_id, exports.WEEKLY)
        await exports.change_target(db, portal_id, target.url, target.next_at, {"next_at": now, "tries": 0})
        await index.ask(db, portal_id, CHORE, now)
    await resources.wake.chore(CHORE, portal_id)


async def stop(resources: Resources, portal_id: int, by: Viewer) -> None:
    async with resources.tenant(portal_id) as db:
        target = await exports.target(db, portal_id)
        if target is None:
            return
        await journal.write(db, portal_id, by, _changed("weekly_stopped", target.url), resources.now())
        await exports.drop(db, portal_id, exports.WEEKLY)
        await exports.drop_target(db, portal_id)
        await index.drop(db, portal_id, WorkKind.CHORE, [CHORE])


def _changed(action: str, url: str) -> Changed:
    return Changed(feature="export", action=action, about=addresses.without_query(url))


async def carry(resources: Resources, portal: Portal, _: str = "", *, sections: Sections) -> datetime | None:
    """Make it, send it, or wait. When to go on; None where no address is left."""
    async with resources.tenant(portal.id) as db:
        target = await exports.target(db, portal.id)
        if target is None:
            return None
        if target.next_at > resources.now():
            return target.next_at
        export = await exports.newest(db, portal.id, exports.WEEKLY)
        if export is None:
            await exports.begin(db, portal.id, uuid4(), exports.WEEKLY, resources.now())
            return resources.now()
    if export.state == exports.MAKING:
        await exporting.carry(resources, portal, str(export.id), sections=sections)
        return resources.now()
    return await _send(resources, portal, target, export)


async def _send(resources: Resources, portal: Portal, target: WeeklyTarget, export: Export) -> datetime | None:
    made = await _uploaded(resources, portal, target, export)
    resources.failpoint("weekly.sent")
    log.info("weekly_export", portal=portal.id, ok=made.ok, failure=made.failure, status=made.status)
    over, noted = _noted(made, target, resources.manifest.delivery.schedule, resources.now())
    async with resources.tenant(portal.id) as db:
        mine = await exports.change_target(db, portal.id, target.url, target.next_at, noted)
        if mine and over:
            await exports.drop(db, portal.id, exports.WEEKLY)
        now_wanted = await exports.target(db, portal.id)
    return now_wanted.next_at if now_wanted else None


async def _uploaded(resources: Resources, portal: Portal, target: WeeklyTarget, export: Export) -> Answer:
    key = webhooks.opened_key(resources.vault, target.secret)
    if key is None:
        return Answer(None, Failure.UNSIGNED)
    address = addresses.known(target.url, dev_mode=resources.settings.dev_mode)
    if address is None:
        return Answer(None, Failure.REFUSED_ADDRESS)
    parts = partial(exporting.stream, resources, portal.id, export)
    file = Upload(address, f"exp_{export.id.hex}", parts, export.bytes, key, target.tries + 1)
    return (await webhooks.upload(resources.outward_http, file, resources.now())).answer


def _noted(
    made: Answer, target: WeeklyTarget, waits: tuple[float, ...], now: datetime
) -> tuple[bool, dict[str, datetime | int | str]]:
    """Whether this week's file is done with, and what the target's row says from now on."""
    tries = target.tries + 1
    again = None if made.ok else next_try(tries, waits, target.created_at, now)
    return again is None, {
        "tried_at": now,
        "tries": tries if again else 0,
        "next_at": again or next_week(target.created_at, now),
        "error": made.failure.value if made.failure else "",
        **({"sent_at": now} if made.ok else {}),
    }
