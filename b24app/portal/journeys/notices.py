"""Notices in the portal: another room says inside its own transaction what somebody should know, a worker sends it.

One notice for each case and person, which replaces itself; what is over before it was sent is never sent, what is over
afterwards is taken back. In the quiet hours they wait, and only the newest of a case is left of them in the morning. A
portal that lacks notices, or never agreed to them, is asked again once a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24 import notices as wording
from b24app.bitrix24.batches import out_of_reach
from b24app.bitrix24.client import Command, Outcome
from b24app.domain.portal.notices import Notice, Told, due, plain, quiet_until
from b24app.domain.portal.portal import Portal
from b24app.errors import ScopeMissing
from b24app.i18n import N_, words_of
from b24app.lanes import Lane
from b24app.portal.journeys.tokens import admin_client
from b24app.portal.store import notices
from b24app.resources import Resources
from b24app.work.store import index
from b24app.work.store.index import Claim, ClaimLost

PART = "notice"
ONCE_A_DAY = timedelta(days=1)
QUIET, UNABLE = "quiet_hours", "scope_missing"
OPEN = N_("Open")

log = structlog.get_logger()


async def tell(db: AsyncConnection, portal_id: int, notice: Notice, now: datetime) -> None:
    """These people and nobody else should know this of the case from now on; last of a transaction but for the work
    index. A worker finds it by the tick, within a second."""
    known = {one.user_id: one for one in await notices.of_case(db, portal_id, notice.key)}
    wanted = [
        replace(
            known.get(user_id, Told(notice.key, user_id)),
            about=tuple(sorted(set(notice.about))),
            text=plain(notice.text),
            page=notice.page,
        )
        for user_id in dict.fromkeys(notice.user_ids)
    ]
    others = known.keys() - set(notice.user_ids)
    wanted += [replace(known[user_id], about=(), text="") for user_id in sorted(others)]
    await _want(db, portal_id, known, wanted, now)


async def withdraw(db: AsyncConnection, portal_id: int, key: str, now: datetime) -> None:
    """Nobody need know anything of the case any more; as `tell`."""
    known = {one.user_id: one for one in await notices.of_case(db, portal_id, key)}
    await _want(db, portal_id, known, [replace(one, about=(), text="") for one in known.values()], now)


async def _want(
    db: AsyncConnection, portal_id: int, known: dict[int, Told], wanted: Sequence[Told], now: datetime
) -> None:
    """What is wanted already, and was sent or is on its way, is left alone."""
    before = {one.user_id: known.get(one.user_id, Told(one.key, one.user_id)) for one in wanted}
    changed = [
        one for one in wanted if one.about != before[one.user_id].about or (one.to_send and one != before[one.user_id])
    ]
    await notices.want(db, portal_id, changed, now)
    for at in sorted({due(one.about, one.said, now) for one in changed}):
        tags = [one.tag for one in changed if due(one.about, one.said, now) == at]
        await index.arrive(db, portal_id, PART, tags, Lane.BULK, at)


@dataclass(frozen=True, slots=True)
class UnsentNotice:
    """One that the portal refused while it took the others."""

    claim: Claim
    error: Exception


@dataclass(slots=True)
class _Sent:
    """What a slice came to: `sent` and `taken_back` stand in the portal as they are wanted, `held` waits for a moment,
    with the reason; `failed` was refused."""

    sent: list[Told] = field(default_factory=list)
    taken_back: list[Told] = field(default_factory=list)
    held: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    failed: list[UnsentNotice] = field(default_factory=list)


async def handle(resources: Resources, portal: Portal, claims: Sequence[Claim], lane: Lane) -> list[UnsentNotice]:
    """Send and take back what these claims are about, as it is wanted now. Raises the PortalErrors and `ClaimLost`."""
    async with resources.tenant(portal.id) as db:
        known = await notices.load(db, portal.id, [parse(claim.key) for claim in claims])
    resources.failpoint("notices.loaded")
    done = _Sent()
    commands = {
        claim: command for claim in claims if (command := _asked(resources, portal, done, known.get(claim.key)))
    }
    outcomes = await admin_client(resources, portal, lane).batch(list(commands.values())) if commands else []
    if outcomes and all(map(out_of_reach, outcomes)) and outcomes[0].error:
        raise outcomes[0].error
    resources.failpoint("notices.sent")
    for claim, outcome in zip(commands, outcomes, strict=True):
        _judge(done, claim, known[claim.key], outcome, resources.now() + ONCE_A_DAY)
    await _settle(resources, portal, claims, done, list(known.values()))
    return done.failed


def _asked(resources: Resources, portal: Portal, done: _Sent, told: Told | None) -> Command | None:
    """What is asked of the portal; nothing where the notice has to wait, or is as it should be."""
    if told and told.to_send:
        if held := _held(resources, portal):
            done.held[told.tag] = held
            return None
        return _send(resources, portal, told)
    if told and told.to_take_back:
        if wording.SCOPE in portal.scopes:
            return wording.take_back(told.tag)
        done.taken_back.append(told)
    return None


async def give_up(resources: Resources, portal: Portal, claim: Claim, reason: str) -> None:
    """What cannot be said counts as said. Raises `ClaimLost`."""
    key, user_id = parse(claim.key)
    async with resources.tenant(portal.id) as db:
        known = await notices.load(db, portal.id, [(key, user_id)])
        await notices.say(db, portal.id, list(known.values()))
        await notices.forget(db, portal.id, list(known.values()))
        if not await index.finish(db, PART, [claim], resources.now()):
            raise ClaimLost
    log.warning("notice_given_up", portal=portal.id, key=key, user=user_id, reason=reason)


def parse(tag: str) -> tuple[str, int]:
    """Case and person of a tag."""
    key, _, user_id = tag.rpartition("@")
    return key, int(user_id)


def _held(resources: Resources, portal: Portal) -> tuple[datetime, str] | None:
    """Until when nothing is sent, and why."""
    if wording.SCOPE not in portal.scopes:
        return resources.now() + ONCE_A_DAY, UNABLE
    quiet = resources.manifest.quiet
    morning = quiet_until(there(resources, resources.now()), quiet.from_hour, quiet.to_hour)
    return (morning, QUIET) if morning else None


def there(resources: Resources, moment: datetime) -> datetime:
    """By the clock that app.yaml takes portals to go by."""
    return moment.astimezone(timezone(timedelta(hours=resources.manifest.sweep.utc_offset)))


def _send(resources: Resources, portal: Portal, told: Told) -> Command:
    label = words_of(portal.lang, resources.manifest.languages).text(OPEN)
    path, scheme = wording.link(resources.manifest.code, told.page), urlsplit(portal.endpoint).scheme
    return wording.send(told.user_id, told.text, told.tag, label, path, f"{scheme}://{portal.domain}")


def _judge(done: _Sent, claim: Claim, told: Told, outcome: Outcome, tomorrow: datetime) -> None:
    error = outcome.error
    if isinstance(error, ScopeMissing) or (error and error.code == wording.NO_METHOD):
        done.held[claim.key] = (tomorrow, UNABLE)
    elif error:
        done.failed.append(UnsentNotice(claim, error))
    elif told.to_send:
        done.sent.append(told)
    else:
        done.taken_back.append(told)


async def _settle(
    resources: Resources, portal: Portal, claims: Sequence[Claim], done: _Sent, known: Sequence[Told]
) -> None:
    now, failed = resources.now(), {one.claim.key for one in done.failed}
    over = [claim for claim in claims if claim.key not in done.held and claim.key not in failed]
    async with resources.tenant(portal.id) as db:
        await notices.say(db, portal.id, [*done.sent, *done.taken_back])
        await notices.forget(db, portal.id, known)
        for at, reason in sorted(set(done.held.values())):
            waiting = [claim for claim in claims if done.held.get(claim.key) == (at, reason)]
            await index.postpone(db, PART, waiting, at, reason, counted=False)
        if await index.finish(db, PART, over, now) != {claim.key for claim in over}:
            raise ClaimLost
    if done.sent or done.taken_back:
        log.info("notices_sent", portal=portal.id, sent=len(done.sent), taken_back=len(done.taken_back))
