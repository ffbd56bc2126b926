"""A page of ours as a browser holds it: its token, and the calls it makes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from emulator.model.people import User
from tests.world import Page, World

TABS = {"contact": "CRM_CONTACT_DETAIL_TAB", "company": "CRM_COMPANY_DETAIL_TAB"}


@dataclass(slots=True)
class Frame:
    """An opened page. `block`: what our script is told; `said`: what calls of the page say of it; `refreshed`: where
    its fresh contents are had."""

    world: World
    page: Page
    block: dict[str, Any]
    said: dict[str, Any]
    refreshed: str

    @property
    def html(self) -> str:
        return self.page.text

    async def call(self, path: str, **body: Any) -> Page:
        headers = {"X-Page-Token": self.block["token"]}
        async with self.world.http.post(
            self.world.app_url + path, json={**self.said, **body}, headers=headers
        ) as answer:
            return Page(answer.status, await answer.text(), dict(answer.headers))

    async def press(self, action: str, membership: str, note: str = "") -> Page:
        return await self.call("/frame/press", action=action, membership=membership, note=note)

    async def content(self) -> str:
        """The page's contents as they are now."""
        answer = await self.call(self.refreshed)
        assert answer.status == 200, answer.text
        return str(answer.json()["html"])


def frame(world: World, page: Page) -> Frame:
    assert page.status == 200, page.text
    found = re.search(r'<script type="application/json" id="page">(.*?)</script>', page.text, re.S)
    assert found
    content = re.search(r"""<main id="content"[^>]*?hx-vals='([^']*)'""", page.text)
    refreshed = re.search(r'data-refresh="([^"]*)"', page.text)
    said = json.loads(unescape(content[1])) if content else {}
    return Frame(world, page, json.loads(found[1]), said, refreshed[1] if refreshed else "")


async def tab(world: World, kind: str, id: int, user: User | None = None) -> Frame:
    """The tab in a card, opened by a manager unless said otherwise."""
    installation = world.portal.installations[world.market_app.client_id]
    return frame(world, await world.open(installation, user or world.manager(), TABS[kind], ID=id))


async def main(world: World, user: User, page: str = "") -> Frame:
    """The app's own page. `page`: of the settings, as links name it; none: the work list."""
    options = {"page": f"settings/{page}"} if page else {}
    return frame(world, await world.open(world.portal.installations[world.market_app.client_id], user, **options))


def members(html: str) -> list[str]:
    """Ids of the memberships that have a button, in the order shown."""
    return re.findall(r'name="membership" value="([0-9a-f-]{36})"', html)
