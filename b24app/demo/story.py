"""The demo's story without a person: every step is an HTTP request that a browser would make."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from b24app.domain.portal.installation import PortalState
from b24app.portal.store import portals
from b24app.resources import Resources

PATIENCE, POLL = 30.0, 0.05
LIVES = ("installed", "gone on with", "installed again")
CHECK = "UF_CRM_B24APP_CHECK"
FRAME = re.compile(r'data-frame="([^"]*)"')
MEMBERSHIP = re.compile(r'name="membership" value="([0-9a-f-]{36})"')
JSON_BLOCK = re.compile(r'<script type="application/json"[^>]*>(.*?)</script>', re.DOTALL)


class StoryStep(Exception):
    """The story ends here: the text says which step did not hold."""


@dataclass(slots=True)
class Story:
    """`portal`, `client_app`: origins. One browser, whose cookies are the portal's own."""

    resources: Resources
    http: aiohttp.ClientSession
    portal: str
    client_app: str
    admin: int = 0
    manager: int = 0
    frame: Mapping[str, Any] = field(default_factory=dict)

    async def tell(self, life: str) -> None:
        """One of `LIVES`. Raise `StoryStep` at the first step that does not hold."""
        print(f"The demo, {life}:", flush=True)
        await self._people()
        await self._enter(self.admin)
        if life == LIVES[1]:
            await self._until(self._knows_the_first, "the sample client app has forgotten what it heard")
            self._say("portals, app and sample client app are as they were left")
        else:
            await self._install()
            self._say("the installer set everything up and the app's own page opened")
        await self._until(self._imported, "the first read of the portal did not end")
        self._say("companies and contacts were read")
        await self._until(self._connected, "the sample client app's endpoint did not answer its ping")
        self._say("the sample client app registered its endpoint and answered the ping")
        await self._verify(contact=1 + LIVES.index(life))
        if life != LIVES[0]:
            await self._enter(self.admin)
            await self._uninstall()
            self._say("the app was removed from the portal; its tokens are gone, its data goes in a day")

    async def _verify(self, contact: int) -> None:
        await self._enter(self.manager)
        seconds = await self._tick(contact)
        self._say(f"a manager ticked the box; the client app heard “pending” after {seconds:.2f} s")
        tab = await self._tab(contact)
        if 'class="told"' not in tab:
            raise StoryStep("the card tab does not show what client apps were told")
        self._say("the card tab shows the delivery")
        seconds = await self._confirm(contact, tab)
        self._say(f"the manager pressed “confirm” in the tab; the client app heard “confirmed” after {seconds:.2f} s")
        seconds = await self._merge()
        self._say(f"two people decided by button were merged; the client app heard of one card after {seconds:.2f} s")

    def _say(self, step: str) -> None:
        print(f"✓ {step}", flush=True)

    async def _people(self) -> None:
        state = await self._json("GET", f"{self.portal}/_control/state")
        people = next(one for one in state["portals"] if self.portal.endswith(one["host"]))["users"]
        self.admin = next(one["id"] for one in people if one["admin"])
        self.manager = next(one["id"] for one in people if not one["admin"])

    async def _enter(self, user: int) -> None:
        async with self.http.post(
            f"{self.portal}/?switch=1", data={"user": str(user), "next": "/crm/contact/list/"}
        ) as page:
            page.raise_for_status()

    async def _install(self) -> None:
        url = f"{self.portal}/marketplace/detail/{self.resources.manifest.code}/"
        async with self.http.post(url, data={"action": "install"}) as page:
            installer = await self._open_frame(_frame_in(await page.text()))
        if not JSON_BLOCK.search(installer):
            raise StoryStep("the installer's page is not ours")
        body = {"id": self.frame["id"], "action": "set_installed", "value": "Y"}
        await self._json("POST", f"{self.portal}/marketplace/frame/", body)
        async with self.http.get(f"{self.portal}/marketplace/app/{self.frame['id']}/") as page:
            await self._open_frame(_frame_in(await page.text()))

    async def _open_frame(self, frame: Mapping[str, Any]) -> str:
        """What the browser does with the portal's hidden form."""
        self.frame = frame
        async with self.http.post(frame["action"], data=frame["fields"]) as page:
            text = await page.text()
            if page.status != 200:
                raise StoryStep(f"our page answered {page.status} to the portal's form")
        return text

    async def _imported(self) -> bool:
        async with self.resources.autocommit() as db:
            found = await portals.by_domain(db, self.portal.removeprefix("http://"))
        return bool(found and found.imported)

    async def _knows_the_first(self) -> bool:
        return any(one["data"].get("contact_id") == 1 for one in (await self._heard())["heard"])

    async def _connected(self) -> bool:
        return bool((await self._heard()).get("endpoint", {}).get("state") == "active")

    async def _heard(self) -> dict[str, Any]:
        found: dict[str, Any] = await self._json("GET", f"{self.client_app}/heard.json")
        return found

    async def _tick(self, contact: int) -> float:
        async def save() -> None:
            body = {"fields": {CHECK: "1"}}
            await self._json("POST", f"{self.portal}/crm/contact/details/{contact}/save/", body)

        return await self._hears(save, contact, "pending")

    async def _tab(self, contact: int) -> str:
        async with self.http.get(f"{self.portal}/crm/contact/details/{contact}/") as page:
            found = re.search(r'data-binding="(\d+)"', await page.text())
        if not found:
            raise StoryStep("the contact's card has no tab of ours")
        body = {"binding": int(found[1]), "options": {"ID": str(contact)}, "uri": f"/crm/contact/details/{contact}/"}
        return await self._open_frame(await self._json("POST", f"{self.portal}/marketplace/open/", body))

    async def _confirm(self, contact: int, tab: str) -> float:
        return await self._press(contact, tab, "confirm", "confirmed")

    async def _press(self, contact: int, tab: str, action: str, state: str) -> float:
        page = json.loads(html.unescape(JSON_BLOCK.findall(tab)[-1]))
        membership = MEMBERSHIP.search(tab)
        if not membership:
            raise StoryStep(f"the card tab has no button to {action} with")

        async def press() -> None:
            body = {"subject": f"contact:{contact}", "membership": membership[1], "action": action, "note": ""}
            origin = self.resources.settings.public_url
            await self._json("POST", f"{origin}/frame/press", body, {"X-Page-Token": page["token"]})

        return await self._hears(press, contact, state)

    async def _merge(self) -> float:
        """Two cards of one person in one company, the commonest duplicate, each decided about by button."""
        kept, gone = [await self._add_contact(company=1) for _ in range(2)]
        for one in (kept, gone):
            await self._press(one, await self._tab(one), "recheck", "pending")

        async def merge() -> None:
            pair = {"winner": str(kept), "loser": str(gone)}
            async with self.http.post(f"{self.portal}/crm/contact/merge/", data=pair) as page:
                page.raise_for_status()

        seconds = await self._hears(merge, gone, "left")
        told = [one["data"] for one in (await self._heard())["heard"] if one["data"].get("contact_id") == gone]
        if {one["reason"] for one in told if one["new_state"] in ("left", "suspended")} != {"merged"}:
            raise StoryStep("the client app was not told of the merge as one")
        return seconds

    async def _add_contact(self, company: int) -> int:
        """Through the list's dialog and the card. The number of a contact whose tab shows the company."""
        person = {"NAME": "Марина", "LAST_NAME": "Белова"}
        async with self.http.post(f"{self.portal}/crm/contact/list/", data=person) as card:
            card.raise_for_status()
            contact = int(card.url.parts[4])  # /crm/contact/details/<id>/
        body = {"fields": {"COMPANY": [company]}}
        await self._json("POST", f"{self.portal}/crm/contact/details/{contact}/save/", body)

        async def shown() -> bool:
            return f'data-path="/crm/company/details/{company}/"' in await self._tab(contact)

        await self._until(shown, "the card tab does not show the new contact's company")
        return contact

    async def _uninstall(self) -> None:
        url = f"{self.portal}/marketplace/detail/{self.resources.manifest.code}/"
        async with self.http.post(url, data={"action": "uninstall", "clean": "1"}) as page:
            page.raise_for_status()
        await self._until(self._gone, "the app does not believe that it was removed")

    async def _gone(self) -> bool:
        async with self.resources.autocommit() as db:
            found = await portals.by_domain(db, self.portal.removeprefix("http://"))
        return found is None or found.state is PortalState.REMOVED

    async def _hears(self, act: Callable[[], Awaitable[None]], contact: int, state: str) -> float:
        """Seconds from the act until the client app has heard the news."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        await act()

        async def heard() -> bool:
            told = (await self._heard())["heard"]
            return any(
                one["type"] == "membership.verification_changed"
                and one["data"]["contact_id"] == contact
                and one["data"]["new_state"] == state
                for one in told
            )

        await self._until(heard, f"the client app did not hear “{state}”")
        return loop.time() - started

    async def _until(self, true: Callable[[], Awaitable[bool]], broken: str) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while not await true():
            if loop.time() > deadline:
                raise StoryStep(broken)
            await asyncio.sleep(POLL)

    async def _json(self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        async with self.http.request(method, url, json=body, headers=headers) as answer:
            if answer.status >= 400:
                raise StoryStep(f"{method} {url} answered {answer.status}: {(await answer.text())[:200]}")
            return await answer.json()


def _frame_in(page: str) -> Mapping[str, Any]:
    """The frame that a portal page is about to open: its hidden form, for the portal's own script."""
    found = FRAME.search(page)
    if not found:
        raise StoryStep("the portal's page opens no frame")
    frame: dict[str, Any] = json.loads(html.unescape(found[1]))
    return frame
