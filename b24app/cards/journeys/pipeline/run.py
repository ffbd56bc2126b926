"""The door of the pipeline: claims of changed cards of one portal and lane, carried to their end."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from b24app.card_rules import RuleContext
from b24app.cards.journeys.odd import Unread
from b24app.cards.journeys.pipeline import deciding
from b24app.cards.journeys.pipeline.deciding import decide
from b24app.cards.journeys.pipeline.reading import read
from b24app.cards.journeys.pipeline.settling import settle
from b24app.cards.journeys.pipeline.slices import CardCase
from b24app.cards.journeys.pipeline.writing import publish, write
from b24app.cards.store import failures
from b24app.domain.delivery.news import News
from b24app.domain.portal.portal import Mode, Portal
from b24app.lanes import Lane
from b24app.portal.journeys.tokens import StoredTokens, admin_client
from b24app.resources import Resources
from b24app.work.store import inbox, index
from b24app.work.store.index import Claim, ClaimLost, WorkKind

log = structlog.get_logger()


async def handle(resources: Resources, portal: Portal, claims: Sequence[Claim], lane: Lane) -> list[CardCase | Unread]:
    """Carry a slice to its end. Returns the cards that could not be written or understood, each with its error.

    Raises the PortalErrors of the read, `Overtaken` and `ClaimLost`: then nothing was settled.
    """
    kinds = resources.rules.kinds(portal)
    skipped = [claim for claim in claims if inbox.parse(claim.key).kind not in kinds]
    await _skip(resources, portal, skipped)
    wanted = [claim for claim in claims if claim not in skipped]
    if not wanted:
        return []
    keeper = StoredTokens(resources, portal)
    client = admin_client(resources, portal, lane, keeper)
    slice_, cases, unread = await read(resources, portal, wanted, resources.rules.active(portal), client, keeper)
    await decide(slice_, cases)
    cases = await _without_conflicts(resources, cases)
    resources.failpoint("cards.read")
    await write(slice_, cases, lane)
    waits, again = await settle(slice_, cases, lane)
    resources.failpoint("cards.settled")
    if waits:
        await resources.wake.outbox(portal.id, waits)
    if again:
        await resources.wake.inbox(portal.id, lane)
    return [*(case for case in cases if case.error), *unread]


async def give_up(resources: Resources, portal: Portal, claim: Claim, reason: str) -> None:
    """A card that is not tried again, by any rule. Its inbox rows are kept as failed; what was decided is told all the
    same."""
    now, subject, told = resources.now(), inbox.parse(claim.key), list[News]()
    async with resources.tenant(portal.id) as db:
        context = RuleContext(portal, resources.policy, now)
        for rule in resources.rules.active(portal):
            if subject.kind in rule.kinds:
                ours = await deciding.give_up(db, context, rule, subject, reason)
                told += ours if resources.rules.mode(portal, rule.name) is Mode.ON else ()
        await failures.clear(db, portal.id, [(subject, rule.name) for rule in resources.rules.all])
        waiting = await inbox.waiting(db, portal.id, [subject])
        await inbox.failed(db, portal.id, [row for rows in waiting.values() for row in rows.ids], reason, now)
        if not await index.finish(db, WorkKind.RECORD, [claim], now):
            raise ClaimLost
        waits = await publish(db, portal, told, now)
    log.warning("subject_given_up", portal=portal.id, subject=claim.key, reason=reason)
    if waits:
        await resources.wake.outbox(portal.id, waits)


async def _skip(resources: Resources, portal: Portal, claims: Sequence[Claim]) -> None:
    """Cards that no rule acts on: what came is closed unread."""
    if not claims:
        return
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        waiting = await inbox.waiting(db, portal.id, [inbox.parse(claim.key) for claim in claims])
        await inbox.handled(db, portal.id, [row for rows in waiting.values() for row in rows.ids], now)
        await index.finish(db, WorkKind.RECORD, claims, now)


async def _without_conflicts(resources: Resources, cases: Sequence[CardCase]) -> list[CardCase]:
    """Cards that can be settled together: of two that write the same rows the second looks again afterwards."""
    taken: set[object] = set()
    together: list[CardCase] = []
    later: list[CardCase] = []
    for case in cases:
        touched = set[object]().union(*(case.decisions[name].touched for name in case.decided))
        touched |= {("taken over", known.subject) for known in case.facts.predecessors}
        (later if touched & taken else together).append(case)
        taken |= touched
    if later:
        async with resources.autocommit() as db:
            for case in later:  # with its error: by that the failures of its rules are found again
                claim = case.claim
                await index.postpone(db, WorkKind.RECORD, [claim], resources.now(), claim.error, counted=False)
    return together
