"""calendar.accessibility.get, timeman.status, timeman.settings, im.user.get: is a person there to answer.

Pages: api-reference/calendar/calendar-event/calendar-accessibility-get.md, timeman/base/timeman-status.md,
timeman/base/timeman-settings.md, chats/users/im-user-get.md; who sees whose working day as timeman/lib/rest.php.
"""

from datetime import datetime, timedelta
from typing import Any

from emulator.crm.dates import ZONE, iso, parse_date
from emulator.crm.entities import Record
from emulator.crm.values import to_int
from emulator.errors import RestError, access_denied
from emulator.model.people import User
from emulator.model.presence import CalendarEntry, DayStatus
from emulator.rest.crm_legacy import refuse
from emulator.rest.registry import Call, method

OFFSET = int(ZONE.utcoffset(None).total_seconds())
ZONE_NAME = "Europe/Moscow"
COLORS = ("#048bd0", "#29619b", "#4ba984", "#728f7a", "#8474c8", "#ab7761", "#c27c95", "#e8a441", "#f76187")
DAY_ENDS = timedelta(hours=18)


@method(
    "calendar.accessibility.get",
    scope="calendar",
    page="api-reference/calendar/calendar-event/calendar-accessibility-get.md",
    params=("users", "from", "to"),
)
def accessibility(call: Call) -> dict[str, list[Record]]:
    """Events by user id between the midnight of `from` and the end of `to`; a person nobody knows has none."""
    for name in ("from", "to", "users"):
        if not call.params.get(name):
            raise refuse(f'The required parameter "{name}" for the method "calendar.accessibility.get" is not set.')
    start, last = parse_date(call.params["from"]), parse_date(call.params["to"])
    users = call.params["users"]
    numbers = [to_int(one) for one in (users.values() if isinstance(users, dict) else users)]
    if start is None or last is None:
        return {str(number): [] for number in numbers}
    begin = datetime(start.year, start.month, start.day, tzinfo=ZONE)
    end = datetime(last.year, last.month, last.day, tzinfo=ZONE) + timedelta(days=1)
    between = call.portal.presence.between
    return {str(number): [_entry(call, one) for one in between(number, begin, end)] for number in numbers}


def _entry(call: Call, one: CalendarEntry) -> Record:
    shape = "%d.%m.%Y" if call.portal.lang == "ru" else "%m/%d/%Y"
    shape += "" if one.whole_days else (" %H:%M:%S" if call.portal.lang == "ru" else " %I:%M:%S %p")
    shown = one.end - timedelta(seconds=1) if one.whole_days else one.end
    row: Record = {"ID": str(one.id), "NAME": one.name, "DATE_FROM": one.start.astimezone(ZONE).strftime(shape)}
    row |= {"DATE_TO": shown.astimezone(ZONE).strftime(shape), "DATE_FROM_TS_UTC": str(int(one.start.timestamp()))}
    row |= {"DATE_TO_TS_UTC": str(int(one.end.timestamp())), "~USER_OFFSET_FROM": 0, "~USER_OFFSET_TO": 0}
    row |= {"DT_SKIP_TIME": "Y" if one.whole_days else "N", "TZ_FROM": ZONE_NAME, "TZ_TO": ZONE_NAME}
    return row | {"ACCESSIBILITY": one.accessibility.value, "IMPORTANCE": one.importance, "EVENT_TYPE": ""}


def _worker(call: Call) -> User:
    """The employee asked about; only administrators may ask about others."""
    number = to_int(call.params.get("USER_ID")) or call.user.id
    if number != call.user.id and not call.user.admin:
        raise access_denied("Access denied! User does not have access to managing other users work time")
    found = call.portal.users.get(number)
    if found is None:
        raise refuse("User not found")
    return found


@method("timeman.status", scope="timeman", page="api-reference/timeman/base/timeman-status.md", params=("USER_ID",))
def status(call: Call) -> Record:
    """The latest working day; somebody who never started one is just CLOSED."""
    presence, now = call.portal.presence, call.world.now()
    day = presence.workdays.get(_worker(call).id) if presence.tracking else None
    if day is None:
        return {"STATUS": DayStatus.CLOSED.value}
    state, worked = day.status(now), day.closed - day.opened - day.pauses if day.closed else timedelta()
    row: Record = {"STATUS": state.value, "TIME_START": iso(day.opened)}
    row |= {"TIME_FINISH": iso(day.closed) if day.closed else None, "DURATION": _clock(worked)}
    row |= {"TIME_LEAKS": _clock(day.pauses), "ACTIVE": True, "IP_OPEN": "", "IP_CLOSE": "" if day.closed else None}
    row |= {"LAT_OPEN": 0, "LON_OPEN": 0, "LAT_CLOSE": 0, "LON_CLOSE": 0, "TZ_OFFSET": OFFSET}
    if state is DayStatus.EXPIRED:
        midnight = day.opened.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        row["TIME_FINISH_DEFAULT"] = iso(midnight + DAY_ENDS)
    return row


def _clock(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@method("timeman.settings", scope="timeman", page="api-reference/timeman/base/timeman-settings.md", params=("USER_ID",))
def settings(call: Call) -> Record:
    """The rules of work time, one for all here; ADMIN only about oneself."""
    user = _worker(call)
    row: Record = {"UF_TIMEMAN": call.portal.presence.tracking, "UF_TM_FREE": False, "UF_TM_MAX_START": "09:15:00"}
    row |= {"UF_TM_MIN_FINISH": "17:45:00", "UF_TM_MIN_DURATION": "08:00:00", "UF_TM_ALLOWED_DELTA": "00:15:00"}
    return row | ({"ADMIN": call.user.admin} if user is call.user else {})


@method("im.user.get", scope="im", page="api-reference/chats/users/im-user-get.md", params=("ID", "AVATAR_HR"))
def im_user(call: Call) -> Record:
    """A person as the chat sees them."""
    number = to_int(call.params["ID"]) if "ID" in call.params else call.user.id
    if number <= 0:
        raise RestError(400, "ID_EMPTY", "User ID can't be empty")
    user = call.portal.users.get(number)
    if user is None:
        raise RestError(400, "USER_NOT_EXISTS", "User does not exist")
    until, now = call.portal.presence.absent_until(number, call.world.now()), call.world.now()
    row: Record = {"id": user.id, "active": user.active, "name": user.full_name, "first_name": user.name}
    row |= {"last_name": user.last_name, "work_position": user.work_position, "color": COLORS[number % len(COLORS)]}
    row |= {"avatar": "", "avatar_hr": "", "gender": user.gender or "M", "birthday": "", "website": ""}
    row |= dict.fromkeys(("extranet", "network", "bot", "connector"), False)
    row |= {"external_auth_id": "default", "status": "online", "idle": _since(user.idle_since)}
    row |= {"last_activity_date": _since(now if user.online else user.last_activity)}
    row |= {"mobile_last_date": False, "desktop_last_date": False, "absent": _since(until)}
    row |= {"departments": list(user.departments), "email": user.email, "bot_data": None, "type": "user"}
    return row | {"phones": {"personal_mobile": user.phone} if user.phone else False}


def _since(moment: datetime | None) -> Any:
    return iso(moment) if moment else False
