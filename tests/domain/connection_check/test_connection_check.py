"""What a check of the connection says, from what was found and when it came."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from b24app.domain.connection_check.portal_ways import Operating, Ways
from b24app.domain.connection_check.rules import (
    ASKING,
    LATE,
    LOST,
    PATIENCE,
    Answers,
    Backlog,
    CheckLine,
    CheckPart,
    CheckRun,
    Finding,
    Found,
    Light,
    Ping,
    PlanFeature,
    finished,
    judge,
    passed,
)

T0 = datetime(2026, 11, 25, 12, tzinfo=UTC)
MOMENT = timedelta(milliseconds=120)
WAYS = Ways(cards=True, ahead=0, operating=Operating.COUNTED)
ANSWERS = Answers("Анна Берг", True, (), "ru_ent250", False, (), (), True, ways=WAYS)
BACKLOG = Backlog(0, None, T0, True, T0)
PING = Ping("Сайт", "https://app.example/hooks", delivery="d")
TAKEN = CheckRun(T0, taken_at=T0 + MOMENT, backlog=BACKLOG)
ASKED = replace(TAKEN, found=Found(ANSWERS), sent_at=T0 + MOMENT)
WHOLE = replace(ASKED, heard_at=T0 + 2 * MOMENT, pings=(replace(PING, status=204, ms=80),))


def line(run: CheckRun, check: CheckPart, after: timedelta = MOMENT) -> CheckLine:
    return next(one for one in judge(run, T0 + after) if one.check is check)


def answering(**changed: object) -> CheckRun:
    return replace(WHOLE, found=Found(replace(ANSWERS, **changed)))  # type: ignore[arg-type]


def test_all_is_well() -> None:
    found = judge(WHOLE, T0 + MOMENT)
    assert [one.check for one in found] == list(CheckPart)
    assert {one.light for one in found} == {Light.GOOD}
    assert finished(found) and passed(found)
    assert line(WHOLE, CheckPart.WORKER).values["ms"] == line(WHOLE, CheckPart.EVENTS).values["ms"] == 120


@pytest.mark.parametrize("run", [CheckRun(T0), TAKEN, ASKED])
def test_what_has_not_come_yet_waits_and_later_does_not(run: CheckRun) -> None:
    assert not finished(judge(run, T0 + PATIENCE))
    assert finished(judge(run, T0 + ASKING + MOMENT))


@pytest.mark.parametrize(
    ("run", "after", "light", "finding"),
    [
        (CheckRun(T0), PATIENCE, Light.WAITING, Finding.WORKER_WAITS),
        (CheckRun(T0), PATIENCE + MOMENT, Light.BAD, Finding.WORKER_ABSENT),
        (CheckRun(T0, taken_at=T0 + PATIENCE + MOMENT), LOST, Light.BAD, Finding.WORKER_LATE),
    ],
)
def test_the_worker(run: CheckRun, after: timedelta, light: Light, finding: Finding) -> None:
    found = line(run, CheckPart.WORKER, after)
    assert (found.light, found.finding) == (light, finding)


@pytest.mark.parametrize(
    ("changed", "check", "light", "finding"),
    [
        ({"is_admin": False}, CheckPart.ACCESS, Light.BAD, Finding.ACCESS_WEAK),
        ({"scopes_missing": ("im",)}, CheckPart.SCOPES, Light.BAD, Finding.SCOPES_LACK),
        ({"features_missing": (PlanFeature.ROBOTS,)}, CheckPart.PLAN, Light.OFF, Finding.PLAN_PARTLY),
        (
            {"expired": True, "features_missing": (PlanFeature.ROBOTS,)},
            CheckPart.PLAN,
            Light.WARN,
            Finding.PLAN_EXPIRED,
        ),
        ({"lacking": ("events:ONAPPTEST",)}, CheckPart.SETUP, Light.BAD, Finding.SETUP_LACKS),
        ({"lacking": None}, CheckPart.SETUP, Light.OFF, Finding.SETUP_UNSEEN),
    ],
)
def test_what_the_portal_said(changed: dict[str, object], check: CheckPart, light: Light, finding: Finding) -> None:
    found = line(answering(**changed), check)
    assert (found.light, found.finding) == (light, finding)


def test_a_portal_that_does_not_answer_is_one_red_line() -> None:
    run = replace(TAKEN, found=Found(trouble=Finding.ACCESS_DOWN))
    bad = [one for one in judge(run, T0 + MOMENT) if one.light is Light.BAD]
    assert [(one.check, one.finding) for one in bad] == [(CheckPart.ACCESS, Finding.ACCESS_DOWN)]
    assert line(run, CheckPart.EVENTS).finding is Finding.NOT_ASKED


SENT = T0 + MOMENT


@pytest.mark.parametrize(
    ("run", "now", "light", "finding"),
    [
        (ASKED, SENT + PATIENCE, Light.WAITING, Finding.EVENT_WAITS),
        (ASKED, SENT + PATIENCE + MOMENT, Light.BAD, Finding.EVENT_LOST),
        (replace(ASKED, heard_at=SENT + PATIENCE), SENT + LOST, Light.GOOD, Finding.EVENT_BACK),
        (replace(ASKED, heard_at=SENT + PATIENCE + MOMENT), SENT + LOST, Light.WARN, Finding.EVENT_LATE),
        (replace(ASKED, found=Found(ANSWERS, refused=True)), SENT, Light.BAD, Finding.EVENT_REFUSED),
        (
            replace(ASKED, found=Found(replace(ANSWERS, listens=False)), sent_at=None),
            SENT,
            Light.BAD,
            Finding.EVENT_UNBOUND,
        ),
    ],
)
def test_the_event_there_and_back(run: CheckRun, now: datetime, light: Light, finding: Finding) -> None:
    found = line(run, CheckPart.EVENTS, now - T0)
    assert (found.light, found.finding) == (light, finding)


def test_clocks_that_differ_a_little_make_no_negative_time() -> None:
    assert line(replace(ASKED, heard_at=SENT - MOMENT), CheckPart.EVENTS).values["ms"] == 0


@pytest.mark.parametrize(
    ("pings", "after", "finding"),
    [
        ((), MOMENT, Finding.WEBHOOK_NONE),
        ((PING,), PATIENCE, Finding.WEBHOOK_WAITS),
        ((PING,), PATIENCE + 2 * MOMENT, Finding.WEBHOOK_SILENT),
        ((replace(PING, delivery=""),), MOMENT, Finding.WEBHOOK_OFF),
        ((replace(PING, status=500, failure="status", ms=3),), MOMENT, Finding.WEBHOOK_FAILED),
        ((replace(PING, failure="timeout", ms=15_000),), MOMENT, Finding.WEBHOOK_FAILED),
        ((replace(PING, status=204, ms=3),), MOMENT, Finding.WEBHOOK_GOOD),
    ],
)
def test_webhooks_out(pings: tuple[Ping, ...], after: timedelta, finding: Finding) -> None:
    assert line(replace(ASKED, pings=pings), CheckPart.WEBHOOKS, after).finding is finding


@pytest.mark.parametrize(
    ("age", "light"),
    [
        (None, Light.GOOD),
        (LATE, Light.GOOD),
        (LATE + MOMENT, Light.WARN),
        (LOST, Light.WARN),
        (LOST + MOMENT, Light.BAD),
    ],
)
def test_the_queue(age: timedelta | None, light: Light) -> None:
    since = None if age is None else T0 + MOMENT - age
    found = line(replace(TAKEN, backlog=replace(BACKLOG, waiting=3, waiting_since=since)), CheckPart.QUEUE, LOST)
    assert found.light is light


@pytest.mark.parametrize(
    ("backlog", "finding"),
    [
        (BACKLOG, Finding.COMPARED),
        (replace(BACKLOG, compared_at=T0 - timedelta(hours=1)), Finding.COMPARED_LONG_AGO),
        (replace(BACKLOG, compared=False), Finding.COMPARED_NOT),
        (replace(BACKLOG, compared_at=None), Finding.COMPARED_NOT),
    ],
)
def test_the_comparison(backlog: Backlog, finding: Finding) -> None:
    assert line(replace(TAKEN, backlog=backlog), CheckPart.COMPARED).finding is finding
