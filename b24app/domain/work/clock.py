"""When a chore is due. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

SOON = timedelta(minutes=1)
LONGEST = timedelta(hours=1)


def night(now: datetime, hour: int) -> datetime:
    """The newest moment at which a night began: the last time it was `hour` o'clock where `now` is."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def next_turn(now: datetime, hour: int, spread: timedelta) -> datetime:
    """A portal's next turn of a night that begins at `hour` o'clock where `now` is, `spread` after its beginning."""
    tonight = night(now, hour) + spread
    return tonight if tonight > now else tonight + timedelta(days=1)


def try_again(tries: int, now: datetime, *, ours: bool) -> datetime:
    """After a failure: in a minute; after a fault of our own later and later, since a person has to mend it."""
    return now + (min(SOON * 2 ** min(max(tries - 1, 0), 6), LONGEST) if ours else SOON)
