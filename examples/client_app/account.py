"""What the account knows: its connection, the people, the webhooks heard. All of it comes through the public API.

Webhooks are hints with numbers: verified, taken once, and followed by reading the membership as it is now. After an
outage the account asks for what it missed by number and needs nobody's help.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from standardwebhooks import Webhook

from examples.client_app.api import ApiAway, ApiRefused, ClientApi
from examples.client_app.notebook import Notebook

HOOK_PATH = "/webhooks"
QUICK, CALM = 0.5, 10.0  # seconds between looks at our endpoint: while it is being checked, and later
REREAD = 6  # every so many calm looks, read all memberships again
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Config:
    """Our own origin, the API's address, a key (may be empty) and a folder."""

    url: str
    api: str
    key: str
    data: Path


@dataclass(slots=True)
class Account:
    """The whole state of this program; `version` grows with every change a page would show."""

    config: Config
    http: aiohttp.ClientSession
    notebook: Notebook
    api: ClientApi | None = None
    me: dict[str, Any] = field(default_factory=dict)
    endpoint: dict[str, Any] = field(default_factory=dict)
    secret: str = ""
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    fresh: dict[str, Any] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    looking: set[asyncio.Task[None]] = field(default_factory=set)
    away: bool = False
    version: int = 1
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def connect(self, key: str) -> None:
        """Register our endpoint, or find it again, and read everybody. Raises `ApiRefused`, `ApiAway`."""
        async with self.lock:
            api = ClientApi(self.http, self.config.api, key)
            me = await api.me()
            kept = self.notebook.connection()
            if kept.get("key") != key:
                self.notebook.forget()
                kept = {}
            endpoint, secret = await self._endpoint(api, kept)
            self.notebook.keep_connection({"key": key, "endpoint": endpoint["id"], "secret": secret})
            self.heard = self.notebook.heard()
            self.seen = {one["id"] for one in self.heard}
            self.api, self.me, self.endpoint, self.secret = api, me, endpoint, secret
        await self.reread()
        await self._catch_up()
        self._tell()

    async def _endpoint(self, api: ClientApi, kept: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Ours with its secret. A secret is shown once: where we lost it, it is rotated."""
        url = self.config.url + HOOK_PATH
        found = next((one for one in await api.endpoints() if one["url"] == url), None)
        if found is None:
            found = await api.register(url, "Sample client app")
            return found, found["secret"]
        if found["state"] == "disabled":
            found = await api.enable(found["id"])
        if kept.get("endpoint") == found["id"] and kept.get("secret"):
            return found, kept["secret"]
        return found, (await api.rotate_secret(found["id"]))["secret"]

    async def take(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """A webhook. False: heard before. Raises `WebhookVerificationError` where the signature is wrong."""
        async with self.lock:  # the ping may overtake the answer that holds our secret
            if not self.secret:
                raise ApiAway
            told: dict[str, Any] = Webhook(self.secret).verify(body, dict(headers))
        sequence = headers.get("webhook-sequence")
        return await self._hear(headers["webhook-id"], int(sequence) if sequence else None, told)

    async def _hear(self, id_: str, sequence: int | None, told: dict[str, Any]) -> bool:
        if id_ in self.seen:
            return False
        self.seen.add(id_)
        event = {"id": id_, "sequence": sequence, "received_at": datetime.now(UTC).isoformat(), **told}
        self.notebook.keep_heard(event)
        self.heard.append(event)
        if told["type"] == "membership.verification_changed":
            looking = asyncio.create_task(self._look(told["object"]["id"]))  # the sender need not wait for that
            self.looking.add(looking)
            looking.add_done_callback(self.looking.discard)
        self._tell()
        return True

    async def _look(self, membership: str) -> None:
        """Read it as it is now: news may have overtaken news, the row has the last word."""
        if self.api is None:
            return
        try:
            self.people[membership] = await self.api.membership(membership)
        except ApiAway:
            self.away = True
        except ApiRefused:
            self.people.pop(membership, None)
        self._tell()

    async def _catch_up(self) -> None:
        """What was sent while we were away."""
        if self.api is None:
            return
        last = max((one["sequence"] or 0 for one in self.heard), default=0)
        for one in await self.api.missed(self.endpoint["id"], last):
            await self._hear(one["webhook_id"], one["sequence"], one["event"])

    async def reread(self) -> None:
        """Everybody as they are now: people are added without news when the portal is first read."""
        if self.api is None:
            return
        found, self.fresh = await self.api.memberships()
        people = {one["id"]: one for one in found}
        if people != self.people:
            self.people = people
            self._tell()

    async def watch(self) -> None:
        """For the life of the program: connect where a key is known, follow our endpoint, read again now and then."""
        looks = 0
        while True:
            try:
                if self.api is None and (key := self.config.key or self.notebook.connection().get("key")):
                    await self.connect(key)
                elif self.api is not None:
                    await self._follow(looks)
                self._back(away=False)
            except ApiAway:
                self._back(away=True)
            except ApiRefused as refused:
                self._back(away=refused.status >= 500)
            looks += 1
            await asyncio.sleep(CALM if self.endpoint.get("state") in ("active", "disabled") else QUICK)

    async def _follow(self, looks: int) -> None:
        assert self.api
        endpoint = await self.api.endpoint(self.endpoint["id"])
        if endpoint != self.endpoint:
            self.endpoint = endpoint
            self._tell()
        if looks % REREAD == 0 or not self.people:
            await self.reread()

    def _back(self, *, away: bool) -> None:
        if away != self.away:
            self.away = away
            self._tell()

    def _tell(self) -> None:
        self.version += 1
