"""Is a manager there: the pages of calendar.accessibility.get, timeman.*, im.user.get, user.get."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from emulator.crm.dates import ZONE
from emulator.model.presence import Accessibility
from tests.emulator.aid import Caller, Listener

NOON = datetime(2026, 12, 2, 12, tzinfo=ZONE)


@pytest.fixture
async def staff(caller: Caller) -> Caller:
    """It is noon of the 2nd of December 2026 at the portal."""
    world = caller.emulator.world
    world.advance(seconds=(NOON - world.now()).total_seconds())
    caller.installation.scope |= {"calendar", "timeman"}
    return caller


async def test_busy_hours_and_leave(staff: Caller) -> None:
    presence, boris = staff.portal.presence, staff.portal.users[2]
    presence.plan(boris, "Call", datetime(2026, 12, 2, 11, tzinfo=ZONE), NOON)
    presence.away(boris, datetime(2026, 12, 20, tzinfo=ZONE), datetime(2026, 12, 31, tzinfo=ZONE), "Отпуск")
    params = {"users": [1, 2, 34], "from": "2026-12-01", "to": "2026-12-20"}
    answer = (await staff.call("calendar.accessibility.get", params)).result
    assert (answer["1"], answer["34"]) == ([], [])
    call, leave = answer["2"]
    assert call == {
        "ID": "1",
        "NAME": "Call",
        "DATE_FROM": "02.12.2026 11:00:00",
        "DATE_TO": "02.12.2026 12:00:00",
        "DATE_FROM_TS_UTC": str(int(NOON.timestamp()) - 3600),
        "DATE_TO_TS_UTC": str(int(NOON.timestamp())),
        "~USER_OFFSET_FROM": 0,
        "~USER_OFFSET_TO": 0,
        "DT_SKIP_TIME": "N",
        "TZ_FROM": "Europe/Moscow",
        "TZ_TO": "Europe/Moscow",
        "ACCESSIBILITY": "busy",
        "IMPORTANCE": "normal",
        "EVENT_TYPE": "",
    }
    shown = {name: leave[name] for name in ("NAME", "DATE_FROM", "DATE_TO", "DT_SKIP_TIME", "ACCESSIBILITY")}
    assert shown == {
        "NAME": "Отпуск",
        "DATE_FROM": "20.12.2026",
        "DATE_TO": "30.12.2026",
        "DT_SKIP_TIME": "Y",
        "ACCESSIBILITY": "absent",
    }
    assert (await staff.call("calendar.accessibility.get", params | {"to": "2026-12-01"})).result["2"] == []


@pytest.mark.parametrize("missing", ["users", "from", "to"])
async def test_a_missing_parameter(staff: Caller, missing: str) -> None:
    params: dict[str, Any] = {"users": [1], "from": "2026-12-01", "to": "2026-12-20"}
    del params[missing]
    answer = await staff.call("calendar.accessibility.get", params)
    text = f'The required parameter "{missing}" for the method "calendar.accessibility.get" is not set.'
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), text)


async def test_the_working_day(staff: Caller) -> None:
    world, presence, boris = staff.emulator.world, staff.portal.presence, staff.portal.users[2]

    async def status() -> dict[str, Any]:
        return dict((await staff.call("timeman.status", {"USER_ID": 2})).result)

    assert await status() == {"STATUS": "CLOSED"}
    presence.open_day(boris)
    opened = await status()
    assert (opened["STATUS"], opened["TIME_START"]) == ("OPENED", "2026-12-02T12:00:00+03:00")
    assert (opened["TIME_FINISH"], opened["DURATION"], opened["TZ_OFFSET"]) == (None, "00:00:00", 10800)
    world.advance(hours=1)
    presence.pause_day(boris)
    assert (await status())["STATUS"] == "PAUSED"
    world.advance(minutes=30)
    presence.open_day(boris)
    assert [(await status())[name] for name in ("STATUS", "TIME_LEAKS")] == ["OPENED", "00:30:00"]
    world.advance(hours=2)
    presence.close_day(boris)
    closed = await status()
    assert [closed[name] for name in ("STATUS", "DURATION", "TIME_LEAKS")] == ["CLOSED", "03:00:00", "00:30:00"]
    assert closed["TIME_FINISH"] == "2026-12-02T15:30:00+03:00"


async def test_a_forgotten_day_expires(staff: Caller) -> None:
    staff.portal.presence.open_day(staff.user)
    staff.emulator.world.advance(days=1)
    answer = (await staff.call("timeman.status")).result
    assert (answer["STATUS"], answer["TIME_FINISH_DEFAULT"]) == ("EXPIRED", "2026-12-02T18:00:00+03:00")
    staff.portal.presence.open_day(staff.user)
    assert (await staff.call("timeman.status")).result["STATUS"] == "OPENED"


async def test_whose_day(staff: Caller) -> None:
    assert (await staff.as_user(2).call("timeman.status", {"USER_ID": 1})).refusal == (403, "ACCESS_DENIED")
    assert (await staff.call("timeman.status", {"USER_ID": 99})).refusal == (400, "")
    assert (await staff.as_user(2).call("timeman.settings")).result["ADMIN"] is False
    about_boris = (await staff.call("timeman.settings", {"USER_ID": 2})).result
    assert about_boris == {
        "UF_TIMEMAN": True,
        "UF_TM_FREE": False,
        "UF_TM_MAX_START": "09:15:00",
        "UF_TM_MIN_FINISH": "17:45:00",
        "UF_TM_MIN_DURATION": "08:00:00",
        "UF_TM_ALLOWED_DELTA": "00:15:00",
    }


async def test_the_chats_view_of_a_person(staff: Caller) -> None:
    presence, boris = staff.portal.presence, staff.portal.users[2]
    presence.away(boris, NOON - timedelta(days=1), NOON + timedelta(days=3))
    presence.plan(boris, "Maybe", NOON - timedelta(days=1), NOON + timedelta(days=9), Accessibility.QUEST)
    presence.seen(boris, online=False)
    staff.emulator.world.advance(hours=1)
    answer = (await staff.call("im.user.get", {"ID": 2})).result
    assert set(answer) == {
        *("id", "active", "name", "first_name", "last_name", "work_position", "color", "avatar", "avatar_hr"),
        *("gender", "birthday", "extranet", "network", "bot", "connector", "external_auth_id", "status", "idle"),
        *("last_activity_date", "mobile_last_date", "desktop_last_date", "absent", "departments", "phones"),
        *("website", "email", "bot_data", "type"),
    }
    assert (answer["name"], answer["absent"]) == ("Boris Dahl", "2026-12-05T12:00:00+03:00")
    assert (answer["last_activity_date"], answer["idle"]) == ("2026-12-02T12:00:00+03:00", False)
    staff.emulator.world.advance(days=4)
    assert (await staff.call("im.user.get", {"ID": 2})).result["absent"] is False
    assert (await staff.call("im.user.get")).result["id"] == 1


@pytest.mark.parametrize(("number", "code"), [(0, "ID_EMPTY"), (99, "USER_NOT_EXISTS")])
async def test_nobody(staff: Caller, number: int, code: str) -> None:
    assert (await staff.call("im.user.get", {"ID": number})).refusal == (400, code)


async def test_last_activity_is_found_by_but_not_shown_in_lists(staff: Caller) -> None:
    staff.portal.presence.seen(staff.portal.users[2], online=False)
    (row,) = (await staff.call("user.get", {"FILTER": {"IS_ONLINE": "N"}})).result
    assert (row["ID"], row["LAST_ACTIVITY_DATE"]) == ("2", {})
    boris = (await staff.as_user(2).call("user.current")).result
    assert boris["LAST_ACTIVITY_DATE"] == "2026-12-02 12:00:00"
    late = {"FILTER": {">LAST_ACTIVITY_DATE": "2026-12-02T12:30:00+03:00"}}
    assert (await staff.call("user.get", late)).result == []


async def test_apps_hear_of_calendars(staff: Caller, listener: Listener) -> None:
    for event in ("ONCALENDARENTRYADD", "ONCALENDARENTRYDELETE"):
        assert (await staff.call("event.bind", {"event": event, "handler": f"{listener.url}/e"})).result is True
    entry = staff.portal.presence.away(staff.user, NOON, NOON + timedelta(days=1))
    staff.portal.presence.cancel(entry, staff.user)
    await staff.emulator.world.deliver()
    assert [one["data"] for one in listener.events()] == [{"id": "1"}, {"id": "1"}]
    with pytest.raises(ValueError, match="before it starts"):
        staff.portal.presence.away(staff.user, NOON, NOON - timedelta(days=1))
