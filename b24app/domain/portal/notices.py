"""When an employee hears of something by a notice of the portal, and when not. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

CALM = timedelta(minutes=10)
"""How long a notice waits that tells of less than the one before: nobody is called for what is over."""
LONGEST = 500  # characters of a text


@dataclass(frozen=True, slots=True)
class Notice:
    """What these people should know of one case; it replaces whatever they were told of it before.

    `key`: of the case, "verification.waiting:company:7"; `about`: what it tells of, each by a word of its own: a notice
    about the same is not sent twice, whatever its `text`; `page`: of the app, which its link opens.
    """

    key: str
    user_ids: tuple[int, ...]
    about: tuple[str, ...]
    text: str
    page: str


@dataclass(frozen=True, slots=True)
class Told:
    """A notice for one person: `about` is what they should know, `said` what stands under their bell; nothing of it:
    empty. `text` and `page` are there until it is sent."""

    key: str
    user_id: int
    about: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    text: str = ""
    page: str = ""

    @property
    def tag(self) -> str:
        """By which the portal replaces it: for each case and person another."""
        return f"{self.key}@{self.user_id}"

    @property
    def to_send(self) -> bool:
        return bool(self.about) and not same(self.about, self.said)

    @property
    def to_take_back(self) -> bool:
        return bool(self.said) and not self.about


def same(one: Collection[str], other: Collection[str]) -> bool:
    return set(one) == set(other)


def due(about: Collection[str], said: Collection[str], now: datetime) -> datetime:
    """When it is sent: what tells of something new now."""
    return now if not about or set(about) - set(said) else now + CALM


def quiet_until(there: datetime, from_hour: int, to_hour: int) -> datetime | None:
    """The end of the quiet hours where it is `there` o'clock, None outside of them. Equal hours: there are none."""
    hour, over_midnight = there.hour, from_hour > to_hour
    after, before = hour >= from_hour, hour < to_hour
    if from_hour == to_hour or not ((after or before) if over_midnight else (after and before)):
        return None
    morning = there.replace(hour=to_hour, minute=0, second=0, microsecond=0)
    return morning if morning > there else morning + timedelta(days=1)


def plain(text: str) -> str:
    """As it may stand in a notice: what a card holds is no markup of the portal's, and one line."""
    return " ".join(text.replace("[", "(").replace("]", ")").replace("#BR#", " ").split())[:LONGEST]
