"""Who is there: calendars with absences, working days, the last sign of life. What people do is set by functions here.

Pages: api-reference/calendar/calendar-event/calendar-accessibility-get.md, api-reference/timeman/base/*,
api-reference/chats/users/im-user-get.md.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from emulator.crm.dates import ZONE

if TYPE_CHECKING:
    from emulator.model.people import User
    from emulator.model.portal import Portal


class Accessibility(StrEnum):
    """What an event in a calendar makes of its owner."""

    BUSY = "busy"
    ABSENT = "absent"
    QUEST = "quest"
    FREE = "free"


class DayStatus(StrEnum):
    """STATUS of timeman.status."""

    OPENED = "OPENED"
    CLOSED = "CLOSED"
    PAUSED = "PAUSED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """An event in somebody's calendar, aware times; `whole_days`: from the first midnight to the last day's end."""

    id: int
    user_id: int
    name: str
    start: datetime
    end: datetime
    accessibility: Accessibility = Accessibility.BUSY
    whole_days: bool = False
    importance: str = "normal"


@dataclass(slots=True)
class Workday:
    """The latest working day of an employee: `pauses` closed ones as a sum, `paused_at` of the running one."""

    opened: datetime
    closed: datetime | None = None
    paused_at: datetime | None = None
    pauses: timedelta = timedelta()

    def status(self, now: datetime) -> DayStatus:
        """EXPIRED: opened on an earlier day of the calendar and never closed."""
        if self.closed is not None:
            return DayStatus.CLOSED
        if self.opened.astimezone(ZONE).date() < now.astimezone(ZONE).date():
            return DayStatus.EXPIRED
        return DayStatus.PAUSED if self.paused_at else DayStatus.OPENED

    def leaks(self, now: datetime) -> timedelta:
        """All breaks, the running one included."""
        return self.pauses + (now - self.paused_at if self.paused_at else timedelta())


@dataclass(slots=True)
class Presence:
    """Calendars and working days of a portal. `tracking`: whether work time is recorded at all."""

    portal: "Portal"
    calendar: list[CalendarEntry] = field(default_factory=list)
    workdays: dict[int, Workday] = field(default_factory=dict)
    tracking: bool = True

    def plan(
        self,
        user: "User",
        name: str,
        start: datetime,
        end: datetime,
        accessibility: Accessibility = Accessibility.BUSY,
        whole_days: bool = False,
    ) -> CalendarEntry:
        """Put an event into an employee's calendar; apps hear of it. Raises ValueError for a wrong span."""
        if end < start:
            raise ValueError("ends before it starts")
        entry = CalendarEntry(
            self.portal.next_id("calendar"), user.id, name, start, end, accessibility, whole_days=whole_days
        )
        self.calendar.append(entry)
        self.portal.raise_event("ONCALENDARENTRYADD", {"id": entry.id}, user)
        return entry

    def away(self, user: "User", start: datetime, end: datetime, name: str = "") -> CalendarEntry:
        """A leave: whole days, absent."""
        return self.plan(user, name or "Vacation", start, end, Accessibility.ABSENT, whole_days=True)

    def cancel(self, entry: CalendarEntry, user: "User") -> None:
        """Take an event out of the calendar."""
        self.calendar.remove(entry)
        self.portal.raise_event("ONCALENDARENTRYDELETE", {"id": entry.id}, user)

    def absent_until(self, user_id: int, now: datetime) -> datetime | None:
        """End of the absence that goes on now."""
        running = [
            one.end
            for one in self.calendar
            if one.user_id == user_id and one.accessibility is Accessibility.ABSENT and one.start <= now < one.end
        ]
        return max(running, default=None)

    def between(self, user_id: int, start: datetime, end: datetime) -> list[CalendarEntry]:
        """Events that touch a span, in order of time."""
        found = [one for one in self.calendar if one.user_id == user_id and one.start < end and one.end > start]
        return sorted(found, key=lambda one: (one.start, one.id))

    def open_day(self, user: "User") -> None:
        """The employee starts, or comes back from a break."""
        now, day = self.portal.world.now(), self.workdays.get(user.id)
        if day is None or day.closed is not None or day.status(now) is DayStatus.EXPIRED:
            self.workdays[user.id] = Workday(now)
        elif day.paused_at is not None:
            day.pauses, day.paused_at = day.leaks(now), None

    def pause_day(self, user: "User") -> None:
        """The employee takes a break. Raises KeyError where no day was started."""
        self.workdays[user.id].paused_at = self.portal.world.now()

    def close_day(self, user: "User") -> None:
        """The employee goes home. Raises KeyError where no day was started."""
        day, now = self.workdays[user.id], self.portal.world.now()
        day.pauses, day.paused_at, day.closed = day.leaks(now), None, now

    def seen(self, user: "User", online: bool = True) -> None:
        """The employee did something just now, or is gone since now."""
        user.online, user.last_activity = online, self.portal.world.now()
