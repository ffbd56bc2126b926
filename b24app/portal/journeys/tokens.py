"""Tokens of a portal's admins: kept sealed, refreshed by one process at a time, the next admin's tried when one dies.

A refresh claims the row, commits, calls the auth server and saves the new pair before anybody uses it: the old refresh
token is dead by then. Others poll the row meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24.auth_server import WRONG_APP, TokenOwner, TokenPair, check_endpoint
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.setup import budget_of
from b24app.domain.portal.installation import PortalState, Word
from b24app.domain.portal.portal import Portal
from b24app.errors import NeedsAdmin, NeedsFreshToken, PortalClosed, PortalDown, PortalError, Refused
from b24app.lanes import Lane
from b24app.portal.store import portals, tokens
from b24app.portal.store.tokens import Pair
from b24app.resources import Resources
from b24app.work.store import index

POLL, POLLS = 0.25, 300  # look at a foreign refresh four times a second, until its claim is stale
LOOK, UNPAID_EVERY = "look_at_portal", timedelta(hours=1)  # whether one that has not paid has paid since
CLOSED_STATES = {"unpaid": PortalState.UNPAID}

log = structlog.get_logger()


async def remember(
    db: AsyncConnection, resources: Resources, portal_id: int, user_id: int, access: str, refresh: str, expires_in: int
) -> None:
    """Keep a proven admin's fresh pair as the newest of the portal. Raises Refused `portal_unknown` where the app was
    removed meanwhile.

    The refresh token is the browser's word; whose it is the auth server says when it is used.
    """
    now, vault = resources.now(), resources.vault
    await still_here(db, portal_id)
    expires_at = now + timedelta(seconds=expires_in)
    await tokens.save(db, portal_id, user_id, vault.seal(access), vault.seal(refresh), expires_at, now)


def admin_client(resources: Resources, portal: Portal, lane: Lane, keeper: StoredTokens | None = None) -> PortalClient:
    """The portal as the installation sees it, with an admin's token."""
    return PortalClient(
        session=resources.portal_http,
        pace=resources.pace,
        portal_id=portal.id,
        endpoint=portal.endpoint,
        keeper=keeper or StoredTokens(resources, portal),
        lane=lane,
        budget=budget_of(portal.license),
        on_call=resources.calls.note,
    )


async def still_here(db: AsyncConnection, portal_id: int) -> None:
    """First in a transaction that stores anything for the portal. Raises Refused `portal_unknown` where the app was
    removed; while it runs, a removal waits."""
    if not await portals.enter(db, portal_id):
        raise Refused("portal_unknown", 403)


async def confirmed(resources: Resources, portal: Portal) -> TokenOwner:
    """The auth server's word about the installation, by a stored token. Raises Refused and the PortalErrors."""
    keeper = StoredTokens(resources, portal)
    token = await keeper.current()
    try:
        return await resources.auth.app_info(portal.auth_server, token)
    except NeedsFreshToken:
        return await resources.auth.app_info(portal.auth_server, await keeper.refreshed(token))


async def adopt_address(resources: Resources, portal: Portal) -> bool:
    """The portal answers from another host: believe the auth server about it, not the redirect. Whether it moved."""
    owner = await confirmed(resources, portal)
    return is_ours(resources, portal, owner) and await settle_at(resources, portal, owner)


def is_ours(resources: Resources, portal: Portal, owner: TokenOwner) -> bool:
    """Whether a token is one of our app in this portal."""
    return (owner.client_id, owner.member_id) == (resources.settings.client_id, portal.member_id)


async def settle_at(resources: Resources, portal: Portal, owner: TokenOwner) -> bool:
    """Know the portal by the address the auth server names. Whether it is another. Raises Refused `wrong_endpoint`."""
    if (owner.domain, owner.client_endpoint) == (portal.domain, portal.endpoint):
        return False
    check_endpoint(owner, resources.settings.dev_mode)
    async with resources.autocommit() as db:
        await portals.change(db, portal.id, domain=owner.domain, endpoint=owner.client_endpoint)
    log.info("portal_moved", portal=portal.id, was=portal.domain, now=owner.domain)
    return True


async def demote(client: PortalClient) -> None:
    """The admin whose token this work is done with no longer sees everything: go on with the next.

    Raises NeedsAdmin where there is none. Whoever finds the same admin out at the same time buries nobody else.
    """
    await client.keeper.replaced(await client.keeper.current())


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """The `TokenKeeper` over the store. Made for one piece of work, which reads the token once."""

    resources: Resources
    portal: Portal
    _read: list[str] = field(default_factory=list)

    def known(self, pairs: Sequence[Pair]) -> None:
        """What somebody has just read of the store, newest first: spares the first look where it is good."""
        newest = next((one for one in pairs if one.alive and self.can_open(one)), None)
        if newest and newest.expires_at > self.resources.now():
            self._read[:] = [self._access(newest)]

    async def current(self) -> str:
        """The newest living admin's access token, refreshed where its hour is over. Raises NeedsAdmin where none is
        left."""
        if not self._read:
            self._read.append(await self._fresh(""))
        return self._read[-1]

    async def refreshed(self, rejected: str) -> str:
        """A token other than the rejected one: somebody's refresh, or ours."""
        self._read[:] = [await self._fresh(rejected)]
        return self._read[-1]

    async def _fresh(self, rejected: str) -> str:
        for _ in range(POLLS):
            pair = await self._newest()
            if self._access(pair) != rejected and pair.expires_at > self.resources.now():
                return self._access(pair)
            fresh = await self._refresh(pair)
            if fresh:
                return fresh
            await asyncio.sleep(POLL)
        raise PortalDown("oauth.token", code="REFRESH_STUCK")

    async def replaced(self, rejected: str) -> str:
        """The next admin's token; the rejected one is buried. Raises NeedsAdmin and marks the portal so at the end."""
        pair = await self._newest()
        if self._access(pair) == rejected:
            await self._bury(pair, "authorization_error")
        return await self.refreshed(rejected)

    async def word(self, pair: Pair) -> Word:
        """What the auth server says of this pair now. Its hour may be over: then by refreshing it, which keeps it."""
        try:
            if pair.expires_at > self.resources.now():
                owner = await self.resources.auth.app_info(self.portal.auth_server, self._access(pair))
                return Word.WORKS if is_ours(self.resources, self.portal, owner) else Word.REFUSED
        except NeedsFreshToken:
            pass
        except (PortalError, Refused) as error:
            return _word_of(error)
        try:
            if await self._refresh(pair):
                return Word.WORKS
        except (PortalError, Refused) as error:
            if error.code in WRONG_APP and await self.resources.auth.knows_us(self.portal.auth_server):
                return Word.REFUSED  # "The application may not be installed" (settings/oauth/error-codes.md)
            return _word_of(error)
        async with self.resources.tenant(self.portal.id) as db:
            now = {one.user_id: one for one in await tokens.every(db, self.portal.id)}.get(pair.user_id)
        return Word.REFUSED if now and now.refused_at else Word.SILENT

    def can_open(self, pair: Pair) -> bool:
        """Whether a key fits the pair: one that was dropped too early takes it out of use as long as it is away."""
        return self.resources.vault.opened(pair.refresh) is not None

    async def _newest(self) -> Pair:
        async with self.resources.tenant(self.portal.id) as db:
            living = await tokens.living(db, self.portal.id)
            pairs = [one for one in living if self.can_open(one)]
            if len(pairs) < len(living):
                log.warning("tokens_sealed_away", portal=self.portal.id, pairs=len(living) - len(pairs))
            if not pairs:
                await self._portal_state(db, PortalState.NEEDS_ADMIN)
        if not pairs:
            raise NeedsAdmin("oauth.token", code="NO_TOKEN")
        return pairs[0]

    async def _refresh(self, pair: Pair) -> str | None:
        """The new access token, or none where somebody else is at it or this admin's pair is dead."""
        claim, now = uuid4(), self.resources.now()
        async with self.resources.tenant(self.portal.id) as db:
            if not await tokens.claim_refresh(db, self.portal.id, pair, claim, now):
                return None
        try:
            fresh = await self.resources.auth.refresh(self.portal.auth_server, self.resources.vault.open(pair.refresh))
        except PortalDown:
            async with self.resources.tenant(self.portal.id) as db:
                await tokens.release(db, self.portal.id, pair.user_id, claim)
            raise
        except NeedsAdmin as error:
            lost = pair.claimed_at is not None  # whoever claimed it before may have spent it: no word about the app
            await self._bury(pair, error.code, None if lost else self.resources.now())
            return None
        except PortalClosed as error:
            async with self.resources.tenant(self.portal.id) as db:
                closed = await self._portal_state(db, CLOSED_STATES.get(error.reason, PortalState.NEEDS_ADMIN))
                if closed and error.reason == "unpaid":
                    await index.ask(db, self.portal.id, LOOK, self.resources.now() + UNPAID_EVERY)
                await tokens.release(db, self.portal.id, pair.user_id, claim)
                if error.reason == "not_installed":
                    await portals.suspect_removal(db, self.portal.id, self.resources.now())
            raise
        if (fresh.member_id, fresh.user_id or pair.user_id) != (self.portal.member_id, pair.user_id):
            await self._bury(pair, "foreign_token")  # what the browser of an open sent with its access token
            return None
        self.resources.failpoint("tokens.refreshed")
        return await self._store_pair(pair, fresh)

    async def _store_pair(self, spent: Pair, fresh: TokenPair) -> str | None:
        """The new access token once it is stored; none where an administrator has brought a newer pair meanwhile."""
        now, vault = self.resources.now(), self.resources.vault
        access, refresh = vault.seal(fresh.access_token), vault.seal(fresh.refresh_token)
        expires_at = now + timedelta(seconds=fresh.expires_in)
        async with self.resources.tenant(self.portal.id) as db:
            await portals.enter(db, self.portal.id)  # where it was removed no pair is left to be replaced
            kept = await tokens.replace(db, self.portal.id, spent, access, refresh, expires_at, now)
            if kept:  # whoever took our claim over in vain may have found no other pair
                await portals.move(db, self.portal.id, PortalState.ACTIVE, only_from=[PortalState.NEEDS_ADMIN])
        log.info("token_refreshed", portal=self.portal.id, user=spent.user_id, kept=kept)
        return fresh.access_token if kept else None

    async def _bury(self, pair: Pair, reason: str, refused_at: datetime | None = None) -> None:
        log.warning("token_dead", portal=self.portal.id, user=pair.user_id, reason=reason)
        async with self.resources.tenant(self.portal.id) as db:
            await tokens.bury(db, self.portal.id, pair.user_id, pair.access, refused_at)

    async def _portal_state(self, db: AsyncConnection, state: PortalState) -> bool:
        """Whether it was active until now."""
        moved = await portals.move(db, self.portal.id, state, only_from=[PortalState.ACTIVE])
        if moved:
            log.warning("portal_state", portal=self.portal.id, state=state)
        return moved

    def _access(self, pair: Pair) -> str:
        return self.resources.vault.open(pair.access)


def _word_of(error: PortalError | Refused) -> Word:
    """An unpaid app is installed; an auth server that is away, not on our list any more, or answers with a page that is
    not there, says nothing."""
    match error:
        case PortalClosed(reason="unpaid"):
            return Word.WORKS
        case PortalClosed(code="") if error.status == 404:
            return Word.SILENT
        case PortalClosed() | NeedsAdmin():
            return Word.REFUSED
    return Word.SILENT
