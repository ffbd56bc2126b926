"""When a webhook is tried, tried again and given up. Pure: the time, the schedule and the chance are handed in.

Rules: Standard Webhooks 1.0.0 ("Deliverability and reliability"), and the wait rule of docs/webhooks.md:
wait = max(60 s after 429 or a timeout, Retry-After clamped to base … 2·base, base) + added jitter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

GONE, TOO_MANY, BAD_GATEWAY, GATEWAY_TIMEOUT = 410, 429, 502, 504
ORDER_BOUND = timedelta(seconds=60)


class EndpointState(StrEnum):
    """`checking`: news waits until a ping is answered; `disabled`: news is skipped; `deleted`: nothing is sent."""

    CHECKING = "checking"
    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"


class DeliveryState(StrEnum):
    """`skipped`: the endpoint was disabled; `closed`: the endpoint or the portal is gone. Catching up reads both."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    SKIPPED = "skipped"
    CLOSED = "closed"


class Trigger(StrEnum):
    """Why an attempt was made. Only `scheduled` and `ping` are followed by another; a `test` is made once."""

    SCHEDULED = "scheduled"
    INSTANT = "instant"
    MANUAL = "manual"
    PING = "ping"
    TEST = "test"


class Failure(StrEnum):
    """Why an attempt failed. All are tried again; only the status 410 is final.

    `unsigned`: no key of ours opens the secret, and nothing was sent.
    """

    STATUS = "status"
    REDIRECT = "redirect"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    DNS = "dns"
    TLS = "tls"
    PROTOCOL = "protocol"
    REFUSED_ADDRESS = "refused_address"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Schedule:
    """`waits` after each failed try, in seconds; `jitter`: the share added at most; `slow`: after 429 or timeout."""

    waits: tuple[float, ...]
    jitter: float
    slow: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The receiver's answer to one attempt. `status` None: it did not answer. `failure` None: it answered 2xx.

    `retry_after`: seconds that it asked for, unclamped.
    """

    status: int | None
    failure: Failure | None = None
    retry_after: float | None = None

    @property
    def ok(self) -> bool:
        return self.failure is None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The delivery has ended well."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again at `at`."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The schedule is used up; a person may still resend. `gone`: the endpoint answered 410 and is switched off."""

    gone: bool = False


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A manual attempt failed: what was planned before stays planned."""

    gone: bool = False


Outcome = Delivered | Retry | Exhausted | Unchanged


def answer(status: int, retry_after: float | None = None) -> Answer:
    """Success is 200 to 299 and nothing else; a redirect is a failure and is never followed."""
    if 200 <= status < 300:
        return Answer(status)
    return Answer(status, Failure.REDIRECT if 300 <= status < 400 else Failure.STATUS, retry_after)


def after(made: Answer, trigger: Trigger, tries: int, schedule: Schedule, now: datetime, chance: float) -> Outcome:
    """The outcome of an attempt. `tries`: counted tries with this one (manual ones are not); `chance` in [0, 1)."""
    gone = made.status == GONE
    if made.ok:
        return Delivered()
    if trigger is Trigger.MANUAL:
        return Unchanged(gone)
    if gone or trigger is Trigger.TEST or tries > len(schedule.waits):
        return Exhausted(gone)
    return Retry(now + timedelta(seconds=wait(made, schedule.waits[tries - 1], schedule, chance)))


def wait(made: Answer, base: float, schedule: Schedule, chance: float) -> float:
    """Seconds before the next try: `base` at least; at most twice that, or `slow` if it is more; and jitter."""
    asked = 0.0 if made.retry_after is None else min(max(made.retry_after, base), 2 * base)
    slow = schedule.slow if made.status == TOO_MANY or made.failure is Failure.TIMEOUT else 0.0
    seconds = max(slow, asked, base)
    return seconds + seconds * schedule.jitter * chance


def instantly_again(made: Answer, seconds: float, limit: float) -> bool:
    """Whether an uncounted attempt follows at once: a connection failed quickly, often a kept one that was stale."""
    return made.failure is Failure.CONNECTION and seconds < limit


def slows_endpoint(made: Answer) -> bool:
    """Whether the whole endpoint gets a rest, not only this delivery."""
    return made.status in (TOO_MANY, BAD_GATEWAY, GATEWAY_TIMEOUT) or made.failure is Failure.TIMEOUT


def hold_until(created_at: datetime, earlier_next_at: datetime, now: datetime) -> datetime | None:
    """Until when news waits behind earlier news of the same object, or None to send it now.

    It waits until `ORDER_BOUND` after its creation at most; then `object_version` lets the receiver drop the older one.
    """
    bound = created_at + ORDER_BOUND
    if now >= bound:
        return None
    return min(max(earlier_next_at, now + timedelta(seconds=1)), bound)


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds asked for by `Retry-After`: a number, fractions too, or an HTTP date. None if absent or senseless."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except (ValueError, OverflowError):  # the latter for a year or a zone of twenty digits
            return None
        seconds = (moment - now).total_seconds() if moment.tzinfo else -1.0
    return seconds if 0 <= seconds < float("inf") else None
