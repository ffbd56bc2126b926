"""Whether the people whom portal events name did act: asked of the auth server, by the tokens the events came with.

Asked only where a decision is about to name somebody whom the card's last editor does not bear out: one question for
each such decision, and for each token once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from b24app.domain.portal.portal import Portal
from b24app.errors import PortalError, Refused
from b24app.portal.journeys.tokens import is_ours
from b24app.resources import Resources
from b24app.work.store import inbox

AT_ONCE, WAITS = 8, 10.0  # questions; seconds for all of them: a name is no reason to keep a decision waiting


async def proven(resources: Resources, portal: Portal, rows: Collection[int]) -> frozenset[int]:
    """Those of the inbox rows whose token is of our app in this portal and of the user they name."""
    if not rows:
        return frozenset()
    async with resources.tenant(portal.id) as db:
        named = await inbox.tokens_of(db, portal.id, rows)
    opened = {row: (user, resources.vault.opened(sealed)) for row, (user, sealed) in named.items()}
    tokens = {row: (user, token) for row, (user, token) in opened.items() if token}
    turn, owners = asyncio.Semaphore(AT_ONCE), dict[str, int]()

    async def ask(token: str) -> None:
        async with turn:
            owners[token] = await _owner(resources, portal, token)

    asking = [asyncio.create_task(ask(token)) for token in {token for _, token in tokens.values()}]
    if asking:
        _, late = await asyncio.wait(asking, timeout=WAITS)
        for one in late:
            one.cancel()
    return frozenset(row for row, (user, token) in tokens.items() if owners.get(token) == user)


async def _owner(resources: Resources, portal: Portal, token: str) -> int:
    """0: nobody can say. The token may have run out, or the app been removed."""
    try:
        owner = await resources.auth.app_info(portal.auth_server, token)
    except (PortalError, Refused):
        return 0
    return owner.user_id if is_ours(resources, portal, owner) else 0
