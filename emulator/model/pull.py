"""Live updates of an app's open pages: channels of the Push & Pull server, and what is sent over them.

Pages: settings/interactivity/push-and-pull/*. One shared channel for everybody who has the app open on a portal, one
private channel a person; best effort, nothing is kept for who is not listening.
"""

import asyncio
import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.model.portal import Portal

LIFE = timedelta(hours=12)
KEPT = 200
SHARED = 0


@dataclass(frozen=True, slots=True)
class Channel:
    """`user_id` 0 = the shared one of the app; `since`: number of the last message before it was given out."""

    id: str
    public_id: str
    client_id: str
    user_id: int
    start: datetime
    end: datetime
    since: int


@dataclass(frozen=True, slots=True)
class Message:
    id: int
    client_id: str
    user_id: int
    module: str
    command: str
    params: Any
    at: datetime


@dataclass(slots=True, eq=False)
class Pull:
    """Channels by id; the last messages; whoever waits for one."""

    portal: "Portal"
    channels: dict[str, Channel] = field(default_factory=dict)
    messages: deque[Message] = field(default_factory=lambda: deque(maxlen=KEPT))
    last: int = 0
    waiting: set[asyncio.Event] = field(default_factory=set)

    def channel(self, client_id: str, user_id: int) -> Channel:
        """The channel of an app and a person that lives now, a new one after its end."""
        now = self.portal.world.now()
        for one in self.channels.values():
            if (one.client_id, one.user_id) == (client_id, user_id) and one.end > now:
                return one
        made = Channel(secrets.token_hex(16), secrets.token_hex(16), client_id, user_id, now, now + LIFE, self.last)
        self.channels[made.id] = made
        return made

    def send(self, client_id: str, user_id: int, module: str, command: str, params: Any) -> None:
        """Put a message on one channel and wake who listens."""
        self.last += 1
        self.messages.append(Message(self.last, client_id, user_id, module, command, params, self.portal.world.now()))
        for event in self.waiting:
            event.set()

    def heard(self, ids: list[str], after: int | None) -> list[Message]:
        """Messages of these channels after a number, or since each was given out. Unknown and dead ones are mute."""
        now, found = self.portal.world.now(), []
        known = [one for id_ in ids if (one := self.channels.get(id_)) and one.end > now]
        for message in self.messages:
            for one in known:
                newer = message.id > (one.since if after is None else after)
                if newer and (message.client_id, message.user_id) == (one.client_id, one.user_id):
                    found.append(message)
        return found

    async def listen(self, ids: list[str], after: int | None, seconds: float) -> list[Message]:
        """As `heard`, but waits for the first one."""
        event = asyncio.Event()
        self.waiting.add(event)
        try:
            async with asyncio.timeout(seconds):
                while not (found := self.heard(ids, after)):
                    event.clear()
                    await event.wait()
                return found
        except TimeoutError:
            return []
        finally:
            self.waiting.discard(event)
