"""An event says that the app was removed: whether that is true, and what ends with it.

The event's application token proves nothing: it stands in the form that every employee's browser posts. What a real
removal does, and nobody else can, is end every token at once; so the auth server is asked about those we hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.installation import Verdict, Word, ask_again_at, verdict
from b24app.domain.portal.portal import Portal
from b24app.portal.journeys.tokens import StoredTokens
from b24app.portal.store import portals, retention, tokens, viewer_sessions
from b24app.portal.store.portals import Removal
from b24app.portal.store.tokens import Pair
from b24app.resources import Resources
from b24app.store.engine import open_engine
from b24app.work.store import inbox, index

PAUSE = timedelta(minutes=1)  # between two questions, however often somebody says it
NOT_YET = timedelta(days=1)  # between two looks whether it is time: how long data is kept may be changed meanwhile
HELD = timedelta(minutes=10)  # longer than the auth server can keep one who asks about every pair

log = structlog.get_logger()


async def say(resources: Resources, portal: Portal, *, clean: bool) -> None:
    """Note it; a chore asks, or the tick sends another."""
    async with resources.transaction() as db:
        await portals.say_removed(db, portal.id, clean, resources.now(), PAUSE)
    log.warning("removal_said", portal=portal.id, clean=clean)
    await resources.wake.chore(portals.PROVE_REMOVAL, portal.id)


async def prove_due(resources: Resources, portal: Portal, _: str = "") -> datetime | None:
    """Ask the auth server whether the app was removed, where that is due. Returns when to ask again."""
    await prove(resources, portal.id)
    async with resources.autocommit() as db:
        return await portals.removal_due(db, portal.id)


async def prove(resources: Resources, portal_id: int) -> Verdict | None:
    """Ask what is due, and do what follows; None where nothing is."""
    now = resources.now()
    async with resources.autocommit() as db:
        taken = await portals.take_removal(db, portal_id, now, now + HELD)
        portal = await portals.by_id(db, portal_id)
    if taken is None or portal is None:
        return None
    found = verdict(await _words(resources, portal, taken))
    async with resources.transaction() as db:
        match found:
            case Verdict.INSTALLED:
                await portals.settle_removal(db, portal_id, taken, **portals.NOT_SAID)
                log.warning("removal_refuted", portal=portal_id, clean=taken.clean)
            case Verdict.ASK_AGAIN:
                due_at = ask_again_at(taken.said_at, resources.now())
                await portals.settle_removal(db, portal_id, taken, removal_due_at=due_at)
                log.warning("removal_unasked", portal=portal_id, due_at=due_at.isoformat())
            case Verdict.UNPROVEN:
                await portals.settle_removal(db, portal_id, taken, removal_due_at=None)
                await _ask_erasing(db, resources, portal_id)
                log.warning("removal_unproven", portal=portal_id, said_at=taken.said_at.isoformat())
    if found is Verdict.REMOVED:
        await _end(resources, portal, taken)
    return found


async def _words(resources: Resources, portal: Portal, taken: Removal) -> list[Word]:
    """What is said of each pair that worked before the event, newest first, until one works."""
    async with resources.tenant(portal.id) as db:
        pairs = await tokens.every(db, portal.id)
    words = []
    for pair in pairs:
        word = await _word(resources, portal, pair, taken)
        words += [word] if word else []
        if word is Word.WORKS:
            break
    return words


async def _word(resources: Resources, portal: Portal, pair: Pair, taken: Removal) -> Word | None:
    """None of a pair that was dead before the event, or that no key of ours opens: it proves nothing."""
    if pair.alive:
        keeper = StoredTokens(resources, portal)
        return await keeper.word(pair) if keeper.can_open(pair) else None
    return Word.REFUSED if pair.refused_at and pair.refused_at >= taken.said_at else None


async def _end(resources: Resources, portal: Portal, taken: Removal) -> None:
    """Tokens and sessions go now, and client apps hear no more; the rows later, see `portals.erasable_ids`."""
    async with resources.tenant(portal.id) as db:
        left = await portals.leave(db, portal.id, taken, resources.now())
        if left:
            await tokens.erase(db, portal.id)
            await viewer_sessions.end_all(db, portal.id)
            await _ask_erasing(db, resources, portal.id)
    if not left:
        return
    async with resources.tenant(portal.id) as db:  # apart: a worker that settles these rows may wait for the portal's
        await inbox.forget_tokens(db, portal.id, before=resources.now() + timedelta(days=1))
    log.info("portal_removed", portal=portal.id, clean=taken.clean)


async def _ask_erasing(db: AsyncConnection, resources: Resources, portal_id: int) -> None:
    if due_at := await portals.erasable_at(db, portal_id, kept(resources)):
        await index.ask(db, portal_id, portals.ERASE, min(due_at, resources.now() + NOT_YET))


async def erase(resources: Resources, portal: Portal, _: str = "", *, tables: Sequence[Table]) -> datetime | None:
    """Removed, and kept as long as it had to be: every row of the portal goes, by the owner's role. `tables`: all there
    are. When to look again, where it is not time yet.

    In two transactions: whoever installs the app at the same moment waits for the first, a short one.
    """
    async with resources.transaction() as db:
        if not await portals.part(db, portal.id, resources.now(), kept(resources)):
            due_at, tomorrow = await portals.erasable_at(db, portal.id, kept(resources)), resources.now() + NOT_YET
            return min(due_at or tomorrow, tomorrow) if due_at or portal.removal_said_at else None
    resources.failpoint("portal.parted")
    engine = open_engine(resources.settings.database_owner_url)
    try:
        async with engine.begin() as db:
            rows = await retention.erase(db, portal.id, tables, resources.now())
    finally:
        await engine.dispose()
    log.info("portal_erased", portal=portal.id, rows=rows)
    return None


def kept(resources: Resources) -> timedelta:
    """How long the data of a portal is kept that removed the app without "delete data"."""
    return timedelta(days=resources.manifest.retention.removed_days)
