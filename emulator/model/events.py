"""Events of a portal on their way to the apps: queue and delivery.

Pages: api-reference/events/index.md, api-reference/events/events.md; merging and the loop guard as the portal's
rest/lib/event/buffer.php and session.php have them.
"""

import asyncio
import json
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

import aiohttp

from emulator import php
from emulator.model.event_auth import reduced_auth, user_auth
from emulator.model.event_names import catalogue, scope_of
from emulator.model.people import User

if TYPE_CHECKING:
    from emulator.model.installs import Installation
    from emulator.model.portal import Portal
    from emulator.model.world import World

MAX_HOPS = 7
KEPT_DELIVERIES = 1000
TIMEOUT = aiohttp.ClientTimeout(total=20)

NO_AUTH = frozenset({"ONAPPUNINSTALL", "ONAPPMETHODCONFIRM", "ONAPPPAYMENT"})
ROBOT = "(robot)"
WITH_REFRESH = frozenset(
    {"ONAPPINSTALL", "ONAPPUPDATE", "ONAPPTEST", "ONOFFLINEEVENT", "ONSUBSCRIPTIONRENEW", ROBOT},
)
NO_APPLICATION_TOKEN = frozenset({"ONAPPPAYMENT"})


@dataclass(frozen=True, slots=True)
class EventBinding:
    """One `event.bind`. `user_id` 0 = the event carries the acting user's tokens; an empty `handler` = offline, with
    its source key in `connector`; `min_timeout` seconds between two ONOFFLINEEVENT."""

    id: int
    event: str
    handler: str
    user_id: int = 0
    connector: str = ""
    min_timeout: int = 1


@dataclass(slots=True, eq=False)
class Hit:
    """One request to the portal: identical events inside it go out once; `hops` is the loop guard's count; `source` =
    (client_id, auth_connector) of the caller, whose own offline queue is spared."""

    seen: set[str] = field(default_factory=set)
    hops: int = 0
    source: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Queued:
    """An event for one handler. `user_id` 0 = nobody's tokens; `due` in the world's time; `body` stands instead of
    event name and data where the portal posts something else (robots)."""

    installation: "Installation"
    handler: str
    event: str
    binding_id: int
    data: dict[str, Any]
    user_id: int
    hops: int
    application_token: str
    due: datetime
    body: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST that was made. `status` 0 = no answer, with the reason in `error`."""

    handler: str
    event: str
    form: list[tuple[str, str]]
    status: int
    error: str
    at: datetime


current_hit: ContextVar[Hit | None] = ContextVar("current_hit", default=None)


@dataclass(slots=True, eq=False)
class EventQueue:
    """The portal's queue server: sends once, never again. `log` keeps the last deliveries; `under_way`: events that
    have left the queue and are not answered yet."""

    world: "World"
    names: dict[str, str] = field(default_factory=catalogue)
    queued: deque[Queued] = field(default_factory=deque)
    log: deque[Delivery] = field(default_factory=lambda: deque(maxlen=KEPT_DELIVERIES))
    lost: int = 0
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0

    def raise_event(self, portal: "Portal", name: str, data: dict[str, Any], actor: User | None) -> None:
        """Queue for every app of the portal. Raises ValueError for an event that no page knows."""
        if scope_of(self.names, name.upper()) is None:
            raise ValueError(f"unknown event {name}")
        for installation in list(portal.installations.values()):
            self.raise_for(installation, name, data, actor)

    def raise_for(self, installation: "Installation", name: str, data: dict[str, Any], actor: User | None) -> None:
        """Queue for the handlers of one app; dropped when it is not installed, unpaid or lost the scope."""
        event, hit = name.upper(), current_hit.get() or Hit()
        scope = scope_of(self.names, event)
        if not (installation.installed and installation.active) or installation.payment_expired:
            return
        if scope not in ("", *installation.scope) or hit.hops >= MAX_HOPS:
            return
        for binding in installation.bindings:
            if binding.event != event or binding.handler in installation.given_up:
                continue
            user_id = binding.user_id or (actor.id if actor else 0)
            if binding.handler:
                self._queue(installation, binding, data, user_id, hit)
            elif not binding.connector or hit.source != (installation.app.client_id, binding.connector):
                self._keep(installation, binding, data, user_id)
                self._ping(installation, user_id, hit)

    def _keep(self, installation: "Installation", binding: EventBinding, data: dict[str, Any], user_id: int) -> None:
        number, now = installation.portal.next_id("offline_event"), installation.portal.stored_now()
        installation.offline.put(number, binding.event, data, user_id, binding.connector, now)

    def _ping(self, installation: "Installation", user_id: int, hit: Hit) -> None:
        """Tell that the offline queue has grown, no oftener than each handler asked for."""
        now = self.world.now()
        for binding in [one for one in installation.bindings if one.event == "ONOFFLINEEVENT"]:
            if installation.offline.may_ping(binding.id, binding.min_timeout, now):
                self._queue(installation, binding, {}, binding.user_id or user_id, hit)

    def _queue(
        self, installation: "Installation", binding: EventBinding, data: dict[str, Any], user_id: int, hit: Hit
    ) -> None:
        mark = json.dumps([installation.app.client_id, binding.handler, binding.event, user_id, data], default=str)
        if mark in hit.seen:
            return
        hit.seen.add(mark)
        self.queued.append(
            Queued(
                installation,
                binding.handler,
                binding.event,
                binding.id,
                data,
                0 if binding.event in NO_AUTH else user_id,
                hit.hops + 1,
                installation.application_token,
                self.world.now() + timedelta(seconds=self.world.faults.events.delay),
            )
        )
        self.woken.set()

    def send_robot(self, installation: "Installation", handler: str, body: dict[str, Any], user_id: int) -> None:
        """Queue a robot's call; nothing merges here."""
        due = self.world.now() + timedelta(seconds=self.world.faults.events.delay)
        token = installation.application_token
        self.queued.append(Queued(installation, handler, ROBOT, 0, {}, user_id, 1, token, due, body))
        self.woken.set()

    async def deliver(self, abreast: int = 1) -> int:
        """Send what is due, and what the handlers cause by it, until nothing is; how many POSTs were made."""
        sent = 0
        while due := self._take_due():
            self.under_way += len(due)
            for start in range(0, len(due), abreast):
                await asyncio.gather(*map(self._send, due[start : start + abreast]))
            self.under_way -= len(due)
            sent += len(due)
        return sent

    async def pump(self) -> None:
        """Deliver for ever, as the real queue server does."""
        while True:
            await self.deliver(abreast=8)
            self.woken.clear()
            if not self.queued:
                await self.woken.wait()
            else:
                await asyncio.sleep(0.2)

    def _take_due(self) -> list[Queued]:
        now, faults = self.world.now(), self.world.faults
        due = [one for one in self.queued if one.due <= now]
        self.queued = deque(one for one in self.queued if one.due > now)
        kept: list[Queued] = []
        for one in due:
            if faults.lost():
                self.lost += 1
            else:
                kept += [one, one] if faults.doubled() else [one]
        if faults.events.reorder:
            faults.random.shuffle(kept)
        return kept

    async def _send(self, one: Queued) -> None:
        form, began = self.form(one), monotonic()
        status, error = await self.post(one.handler, form)
        differences = one.installation.portal.differences
        if differences.on("slow_handler_dropped") and monotonic() - began > differences.number("slow_handler_dropped"):
            one.installation.given_up.add(one.handler)
        self.log.append(Delivery(one.handler, one.event, form, status, error, self.world.now()))

    async def post(self, url: str, form: list[tuple[str, str]]) -> tuple[int, str]:
        """POST a form once: (status, "") or (0, reason)."""
        try:
            async with self.world.http.post(url, data=aiohttp.FormData(form), timeout=TIMEOUT) as answer:
                await answer.read()
                return answer.status, ""
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return 0, f"{type(error).__name__}: {error}"

    def form(self, one: Queued) -> list[tuple[str, str]]:
        """What the handler receives, flat and in PHP's strings."""
        body = {"event": one.event, "event_handler_id": one.binding_id, "data": one.data}
        if one.body is not None:
            body = one.body
        return php.form_pairs(body | {"ts": int(self.world.now().timestamp()), "auth": self._auth(one)})

    def _auth(self, one: Queued) -> dict[str, Any]:
        installation, user = one.installation, one.installation.portal.users.get(one.user_id)
        if user is None or not user.active or not installation.active:
            auth = reduced_auth(installation)
        else:
            refresh = one.event in WITH_REFRESH
            auth = user_auth(installation, self.world.auth.issue(installation, user, one.hops, refresh), refresh)
        if one.event not in NO_APPLICATION_TOKEN:
            auth["application_token"] = one.application_token
        return auth
