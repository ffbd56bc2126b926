"""The check of a portal's connection: what was found, and what each finding means. Pure.

A worker looks at our own rows, sends pings, asks the portal once and lets it send a test event; what comes back is
noted when it comes. So the same facts, judged a second later, say more, until every line has its light.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from b24app.domain.connection_check.portal_ways import NEAR, Ways

PATIENCE = timedelta(seconds=30)
"""What has not come by then counts as lost; if it comes after all, the line says so."""
ASKING = timedelta(minutes=2)
"""How long a worker may be busy with a portal that answers slowly or not at all."""
LATE, LOST = timedelta(minutes=1), timedelta(minutes=10)
"""How long a change may wait before the queue counts as slow, and as standing still."""
COMPARED_WITHIN = timedelta(minutes=15)


class CheckPart(StrEnum):
    """What is checked, in the order shown."""

    WORKER = "worker"
    ACCESS = "access"
    SCOPES = "scopes"
    PLAN = "plan"
    SETUP = "setup"
    READING = "reading"
    CLOCK = "clock"
    EVENTS = "events"
    WEBHOOKS = "webhooks"
    QUEUE = "queue"
    HEARD = "heard"
    COMPARED = "compared"


class Light(StrEnum):
    """`off`: nothing to judge; `waiting`: not known yet."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    OFF = "off"
    WAITING = "waiting"


class Finding(StrEnum):
    """What a line says; each has its words for administrators and for operators."""

    WORKER_TOOK = "worker_took"
    WORKER_WAITS = "worker_waits"
    WORKER_LATE = "worker_late"
    WORKER_ABSENT = "worker_absent"
    ACCESS_GOOD = "access_good"
    ACCESS_WEAK = "access_weak"
    ACCESS_LOST = "access_lost"
    ACCESS_DOWN = "access_down"
    ACCESS_BUSY = "access_busy"
    ACCESS_UNPAID = "access_unpaid"
    ACCESS_REMOVED = "access_removed"
    ACCESS_REFUSED = "access_refused"
    SCOPES_ALL = "scopes_all"
    SCOPES_LACK = "scopes_lack"
    PLAN_WHOLE = "plan_whole"
    PLAN_PARTLY = "plan_partly"
    PLAN_EXPIRED = "plan_expired"
    SETUP_WHOLE = "setup_whole"
    SETUP_LACKS = "setup_lacks"
    SETUP_UNSEEN = "setup_unseen"
    SETUP_UNFINISHED = "setup_unfinished"
    SETUP_PLACELESS = "setup_placeless"
    READING_WHOLE = "reading_whole"
    READING_LACKS = "reading_lacks"
    READING_FAILS = "reading_fails"
    READING_ODD = "reading_odd"
    READING_NONE = "reading_none"
    CLOCK_EVEN = "clock_even"
    CLOCK_AHEAD = "clock_ahead"
    CLOCK_BEHIND = "clock_behind"
    CLOCK_UNSAID = "clock_unsaid"
    EVENT_BACK = "event_back"
    EVENT_WAITS = "event_waits"
    EVENT_LATE = "event_late"
    EVENT_LOST = "event_lost"
    EVENT_UNBOUND = "event_unbound"
    EVENT_REFUSED = "event_refused"
    WEBHOOK_GOOD = "webhook_good"
    WEBHOOK_WAITS = "webhook_waits"
    WEBHOOK_FAILED = "webhook_failed"
    WEBHOOK_SILENT = "webhook_silent"
    WEBHOOK_OFF = "webhook_off"
    WEBHOOK_NONE = "webhook_none"
    QUEUE_CLEAR = "queue_clear"
    QUEUE_LATE = "queue_late"
    HEARD = "heard"
    HEARD_NEVER = "heard_never"
    COMPARED = "compared"
    COMPARED_LONG_AGO = "compared_long_ago"
    COMPARED_NOT = "compared_not"
    NOT_YET = "not_yet"
    NOT_ASKED = "not_asked"


class PlanFeature(StrEnum):
    """What only some plans have."""

    OFFLINE = "offline"  # offline events are kept until they are confirmed
    ROBOTS = "robots"


TROUBLE = frozenset(one for one in Finding if one.startswith("access_")) - {Finding.ACCESS_GOOD, Finding.ACCESS_WEAK}
"""What may keep us from asking the portal at all."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the portal said. `who`: whose token we work with; `lacking`: what is not set up, each as "part:name", None
    where it could not be looked at; `listens`: test events are sent to us. `finished`: the portal says so of the
    installation; `placeless`: places of ours that it does not have, like `lacking`; `ways`: None like `lacking`."""

    who: str
    is_admin: bool
    scopes_missing: tuple[str, ...]
    license: str
    expired: bool
    features_missing: tuple[PlanFeature, ...]
    lacking: tuple[str, ...] | None
    listens: bool
    finished: bool = True
    placeless: tuple[str, ...] = ()
    ways: Ways | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How our own work for this portal stood. `compared`: whether cards are compared at all; `heard_at`: the newest
    portal event still kept."""

    waiting: int
    waiting_since: datetime | None
    heard_at: datetime | None
    compared: bool
    compared_at: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """What asking the portal came to. `trouble`: why there are no answers; `refused`: it sends no test event."""

    answers: Answers | None = None
    trouble: Finding | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Ping:
    """A ping to one endpoint. `delivery`: empty where the endpoint is switched off; `ms`: of the first attempt, None
    before it; `failure`: domain.delivery.Failure, where no good status came."""

    app: str
    url: str
    delivery: str = ""
    status: int | None = None
    failure: str = ""
    ms: int | None = None


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One check; what is None has not been done yet. A worker takes it, with `backlog` and `pings`, then asks the
    portal and lets it send the test event."""

    started_at: datetime
    taken_at: datetime | None = None
    backlog: Backlog | None = None
    pings: tuple[Ping, ...] = ()
    found: Found | None = None
    sent_at: datetime | None = None
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One line of the result. `names`: what is missing, by our codes; `at`: a moment to be shown."""

    check: CheckPart
    light: Light
    finding: Finding
    values: Mapping[str, str | int] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    at: datetime | None = None
    ping: Ping | None = None


def judge(run: CheckRun, now: datetime) -> tuple[CheckLine, ...]:
    """Every line as it stands at `now`."""
    if run.taken_at is None or run.backlog is None:
        quiet = _quiet(
            now - run.started_at <= PATIENCE, CheckPart.WEBHOOKS, CheckPart.QUEUE, CheckPart.HEARD, CheckPart.COMPARED
        )
        return _worker(run, now), *_portal(run, now), _event(run, now), *quiet
    own = _queue(run.backlog, run.taken_at), _heard(run.backlog), _compared(run.backlog, run.taken_at)
    return _worker(run, now), *_portal(run, now), _event(run, now), *_webhooks(run.pings, now - run.taken_at), *own


def finished(lines: Sequence[CheckLine]) -> bool:
    return all(line.light is not Light.WAITING for line in lines)


def passed(lines: Sequence[CheckLine]) -> bool:
    return not any(line.light in (Light.BAD, Light.WAITING) for line in lines)


def _worker(run: CheckRun, now: datetime) -> CheckLine:
    if run.taken_at is None:
        if now - run.started_at <= PATIENCE:
            return CheckLine(CheckPart.WORKER, Light.WAITING, Finding.WORKER_WAITS)
        return CheckLine(CheckPart.WORKER, Light.BAD, Finding.WORKER_ABSENT)
    took = run.taken_at - run.started_at
    if took > PATIENCE:
        return CheckLine(CheckPart.WORKER, Light.BAD, Finding.WORKER_LATE, {"seconds": _seconds(took)})
    return CheckLine(CheckPart.WORKER, Light.GOOD, Finding.WORKER_TOOK, {"ms": _ms(took)})


def _quiet(waits: bool, *checks: CheckPart) -> tuple[CheckLine, ...]:
    """Lines that have nothing to say yet, or never will."""
    light, finding = (Light.WAITING, Finding.NOT_YET) if waits else (Light.OFF, Finding.NOT_ASKED)
    return tuple(CheckLine(check, light, finding) for check in checks)


def _asking(run: CheckRun, now: datetime) -> bool:
    """Whether a worker may still be at it."""
    return now - run.started_at <= (PATIENCE if run.taken_at is None else ASKING)


def _portal(run: CheckRun, now: datetime) -> tuple[CheckLine, ...]:
    if run.found is None:
        return _quiet(_asking(run, now), CheckPart.ACCESS, *ASKED)
    said = run.found.answers
    if said is None:
        access = CheckLine(CheckPart.ACCESS, Light.BAD, run.found.trouble or Finding.ACCESS_REFUSED)
        return access, *_quiet(False, *ASKED)
    return _access(said), _scopes(said), _plan(said), _setup(said), _reading(said.ways), _clock(said.ways)


ASKED = (CheckPart.SCOPES, CheckPart.PLAN, CheckPart.SETUP, CheckPart.READING, CheckPart.CLOCK)
"""What there is to say of a portal that lets us in."""


def _access(said: Answers) -> CheckLine:
    if said.is_admin:
        return CheckLine(CheckPart.ACCESS, Light.GOOD, Finding.ACCESS_GOOD, {"who": said.who})
    return CheckLine(CheckPart.ACCESS, Light.BAD, Finding.ACCESS_WEAK, {"who": said.who})


def _scopes(said: Answers) -> CheckLine:
    if said.scopes_missing:
        return CheckLine(CheckPart.SCOPES, Light.BAD, Finding.SCOPES_LACK, names=said.scopes_missing)
    return CheckLine(CheckPart.SCOPES, Light.GOOD, Finding.SCOPES_ALL)


def _plan(said: Answers) -> CheckLine:
    """What a plan does not include is no fault: the control is switched off, and the line says which."""
    values, names = {"license": said.license}, tuple(said.features_missing)
    if said.expired:
        return CheckLine(CheckPart.PLAN, Light.WARN, Finding.PLAN_EXPIRED, values, names)
    if names:
        return CheckLine(CheckPart.PLAN, Light.OFF, Finding.PLAN_PARTLY, values, names)
    return CheckLine(CheckPart.PLAN, Light.GOOD, Finding.PLAN_WHOLE, values)


def _setup(said: Answers) -> CheckLine:
    if said.lacking is None:
        return CheckLine(CheckPart.SETUP, Light.OFF, Finding.SETUP_UNSEEN)
    if not said.finished:
        return CheckLine(CheckPart.SETUP, Light.BAD, Finding.SETUP_UNFINISHED)
    if lacking := tuple(one for one in said.lacking if one not in said.placeless):
        return CheckLine(CheckPart.SETUP, Light.BAD, Finding.SETUP_LACKS, names=lacking)
    if said.placeless:
        return CheckLine(CheckPart.SETUP, Light.WARN, Finding.SETUP_PLACELESS, names=said.placeless)
    return CheckLine(CheckPart.SETUP, Light.GOOD, Finding.SETUP_WHOLE)


def _reading(ways: Ways | None) -> CheckLine:
    """What the app lives with is no fault."""
    if ways is None:
        return CheckLine(CheckPart.READING, Light.OFF, Finding.NOT_ASKED)
    if ways.lacking:
        return CheckLine(CheckPart.READING, Light.BAD, Finding.READING_LACKS, names=ways.lacking)
    if ways.failed:
        return CheckLine(CheckPart.READING, Light.BAD, Finding.READING_FAILS, {"code": ways.failed})
    if not ways.cards:
        return CheckLine(CheckPart.READING, Light.OFF, Finding.READING_NONE)
    if ways.odd:
        return CheckLine(CheckPart.READING, Light.OFF, Finding.READING_ODD, names=tuple(ways.odd))
    return CheckLine(CheckPart.READING, Light.GOOD, Finding.READING_WHOLE)


def _clock(ways: Ways | None) -> CheckLine:
    if ways is None or ways.ahead is None:
        return CheckLine(CheckPart.CLOCK, Light.OFF, Finding.NOT_ASKED if ways is None else Finding.CLOCK_UNSAID)
    values: dict[str, str | int] = {"seconds": abs(ways.ahead), "operating": ways.operating or ""}
    if abs(ways.ahead) <= NEAR:
        return CheckLine(CheckPart.CLOCK, Light.GOOD, Finding.CLOCK_EVEN, values)
    return CheckLine(
        CheckPart.CLOCK, Light.WARN, Finding.CLOCK_AHEAD if ways.ahead > 0 else Finding.CLOCK_BEHIND, values
    )


def _event(run: CheckRun, now: datetime) -> CheckLine:
    found = run.found
    if found is None or found.answers is None or run.sent_at is None:
        if found and found.answers and not found.answers.listens:
            return CheckLine(CheckPart.EVENTS, Light.BAD, Finding.EVENT_UNBOUND)
        return _quiet(found is None and _asking(run, now), CheckPart.EVENTS)[0]
    if found.refused:
        return CheckLine(CheckPart.EVENTS, Light.BAD, Finding.EVENT_REFUSED)
    if run.heard_at is None:
        waits = now - run.sent_at <= PATIENCE
        light, finding = (Light.WAITING, Finding.EVENT_WAITS) if waits else (Light.BAD, Finding.EVENT_LOST)
        return CheckLine(CheckPart.EVENTS, light, finding)
    took = run.heard_at - run.sent_at
    if took > PATIENCE:
        return CheckLine(CheckPart.EVENTS, Light.WARN, Finding.EVENT_LATE, {"seconds": _seconds(took)})
    return CheckLine(CheckPart.EVENTS, Light.GOOD, Finding.EVENT_BACK, {"ms": _ms(took)})


def _webhooks(pings: Sequence[Ping], since: timedelta) -> tuple[CheckLine, ...]:
    if not pings:
        return (CheckLine(CheckPart.WEBHOOKS, Light.OFF, Finding.WEBHOOK_NONE),)
    return tuple(_webhook(ping, since <= PATIENCE) for ping in pings)


def _webhook(ping: Ping, waits: bool) -> CheckLine:
    if not ping.delivery:
        return CheckLine(CheckPart.WEBHOOKS, Light.OFF, Finding.WEBHOOK_OFF, ping=ping)
    if ping.ms is None:
        light, finding = (Light.WAITING, Finding.WEBHOOK_WAITS) if waits else (Light.BAD, Finding.WEBHOOK_SILENT)
        return CheckLine(CheckPart.WEBHOOKS, light, finding, ping=ping)
    values: dict[str, str | int] = {"ms": ping.ms, "status": ping.status or 0}
    if ping.failure:
        return CheckLine(CheckPart.WEBHOOKS, Light.BAD, Finding.WEBHOOK_FAILED, values, ping=ping)
    return CheckLine(CheckPart.WEBHOOKS, Light.GOOD, Finding.WEBHOOK_GOOD, values, ping=ping)


def _queue(work: Backlog, now: datetime) -> CheckLine:
    age = now - work.waiting_since if work.waiting_since else timedelta()
    if age <= LATE:
        return CheckLine(CheckPart.QUEUE, Light.GOOD, Finding.QUEUE_CLEAR, {"count": work.waiting})
    light = Light.WARN if age <= LOST else Light.BAD
    return CheckLine(CheckPart.QUEUE, light, Finding.QUEUE_LATE, {"count": work.waiting}, at=work.waiting_since)


def _heard(work: Backlog) -> CheckLine:
    if work.heard_at is None:
        return CheckLine(CheckPart.HEARD, Light.OFF, Finding.HEARD_NEVER)
    return CheckLine(CheckPart.HEARD, Light.GOOD, Finding.HEARD, at=work.heard_at)


def _compared(work: Backlog, now: datetime) -> CheckLine:
    if not work.compared or work.compared_at is None:
        return CheckLine(CheckPart.COMPARED, Light.OFF, Finding.COMPARED_NOT)
    if now - work.compared_at <= COMPARED_WITHIN:
        return CheckLine(CheckPart.COMPARED, Light.GOOD, Finding.COMPARED, at=work.compared_at)
    return CheckLine(CheckPart.COMPARED, Light.WARN, Finding.COMPARED_LONG_AGO, at=work.compared_at)


def _ms(span: timedelta) -> int:
    """Never negative: the clocks of two machines may differ a little."""
    return max(0, round(span / timedelta(milliseconds=1)))


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())
