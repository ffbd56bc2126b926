"""What can go wrong, named by what can be done about it.

    AppError
    ├── Refused(code, status, params)     a door says it back to the caller; the text comes from i18n
    └── PortalError(method, status, code, description)
        ├── PortalBusy                    later: the request budget is used up; nothing was done
        ├── MethodParked(until)           later: the method has no operating time left; nothing was done
        ├── PortalDown                    later: 5xx, HTML, cut JSON, no connection, time-out, OVERLOAD_LIMIT
        ├── PortalMoved(location)         later: the portal answers from another host, to be adopted after proof
        ├── OutcomeUnknown                a write whose answer was lost: look before repeating
        ├── NeedsAdmin                    wait until an admin opens the app: no token works any more
        ├── NeedsFreshToken               say it back: a person's own token ran out, the frame has a new one
        ├── PortalClosed(reason)          wait or give up: unpaid | not_installed | deleted
        └── CallRefused                   a few times, then a person: the portal understood and refused; see .code
            ├── NotFound                  the record is gone
            ├── AccessDenied              this user may not
            ├── ScopeMissing              the app was not granted the scope
            ├── NotStored                 a write was answered with yes, and the record shows otherwise
            └── Unreadable                a value of the record cannot be understood

Codes and statuses: settings/oauth/error-codes.md and _includes/system-errors.md of the REST documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta


class AppError(Exception):
    """The root: whatever this app raises on purpose."""


class Refused(AppError):
    """What a door says back: a stable `code`, the HTTP `status`, values for the text. No personal data in `params`."""

    def __init__(self, code: str, status: int = 400, params: Mapping[str, str | int] | None = None) -> None:
        super().__init__(f"{status} {code}")
        self.code, self.status, self.params = code, status, dict(params or {})


class PortalError(AppError):
    """The portal or the auth server did not do what was asked.

    `status` is 0 where no HTTP answer came and for a command inside a batch. `description` is the portal's text: it may
    quote a record, so it is kept here and left out of the message. `field`: the one that an answer was unusable for.
    `wait`: seconds the answer asks to stay away.
    """

    wait = 0.0

    def __init__(self, method: str, status: int = 0, code: str = "", description: str = "", *, field: str = "") -> None:
        super().__init__(f"{method}: {status} {code} {field}".rstrip())
        self.method, self.status, self.code, self.description = method, status, code, description


class PortalBusy(PortalError):
    """503 QUERY_LIMIT_EXCEEDED, or our own pace would have to wait too long. Nothing was done."""


class MethodParked(PortalError):
    """429 OPERATION_TIME_LIMIT, or our gauge stands just below it. Nothing was done; free again at `until` (aware)."""

    def __init__(
        self, method: str, until: datetime, status: int = 429, code: str = "OPERATION_TIME_LIMIT", description: str = ""
    ) -> None:
        super().__init__(method, status, code, description)
        self.until = until


class PortalDown(PortalError):
    """No usable answer, and nothing was changed by asking."""


class PortalMoved(PortalError):
    """A redirect: `location` is the Location header. Never followed; its host is adopted after the auth server
    confirms."""

    def __init__(self, method: str, location: str, status: int = 302) -> None:
        super().__init__(method, status, "MOVED")
        self.location = location


class OutcomeUnknown(PortalError):
    """A write was sent and its answer lost: it may have been done. Never repeated blindly."""


class NeedsAdmin(PortalError):
    """No stored token is accepted any more (authorization_error, invalid_grant): the next admin who opens the app
    helps."""


class NeedsFreshToken(PortalError):
    """A person's own token ran out; we never refresh it, the frame's refreshAuth does."""


class PortalClosed(PortalError):
    """The app may not call this portal; `reason` is `unpaid`, `not_installed` or `deleted`."""

    def __init__(self, method: str, reason: str, status: int = 401, code: str = "", description: str = "") -> None:
        super().__init__(method, status, code, description)
        self.reason = reason

    @property
    def cause(self) -> str:
        """What people are told: `unpaid` · `plan_without_rest`, which no subscription of the app mends ·
        `not_installed` · `portal_deleted`."""
        if self.reason == "unpaid":
            return "plan_without_rest" if "commercial plans" in self.description else "unpaid"
        return "portal_deleted" if self.reason == "deleted" else "not_installed"


class CallRefused(PortalError):
    """The portal understood the call and refused it; repeating it in the same breath changes nothing. `code` may be
    empty or a number."""


class NotFound(CallRefused):
    """The record is gone or never was."""


class AccessDenied(CallRefused):
    """The user behind the token lacks the right."""


class ScopeMissing(CallRefused):
    """The installation was not granted the scope of the method."""


class NotStored(CallRefused):
    """The write was answered with success, and reading back shows that not all of it is there."""

    def __init__(self, method: str) -> None:
        super().__init__(method, 200, "NOT_STORED")


class Unreadable(CallRefused):
    """The record is there, and a value of it that decides something cannot be understood; `field` in the message."""

    def __init__(self, method: str, field: str) -> None:
        super().__init__(method, 200, "UNREADABLE", field=field)


class Overtaken(Exception):
    """Somebody else was there first: look again, it is no failure."""


@dataclass(frozen=True, slots=True)
class Later:
    """Try the same again at `at` (aware). Not `counted`: the try used up none of the patience."""

    at: datetime
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Park:
    """Keep the row until something changes outside (an admin opens, a payment, a person retries it)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing can ever come of it."""

    reason: str


Plan = Later | Park | Close

FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(hours=1)
PATIENCE, PATIENCE_WITH_REFUSALS, PATIENCE_WITH_OURSELVES = 30, 6, 6
"""Tries before a row is parked: about a day for an outage outside, about eight minutes for a refusal or a fault of the
program."""


def plan(error: Exception, tries: int, now: datetime) -> Plan:
    """What to do with a row whose `tries`-th try (from 1) ended in `error`. Pure.

    Busy and parked methods never use up the patience: nothing is wrong. A refusal is tried a few times as well: portals
    in trouble refuse with any code, or none. An exception that is none of ours is a fault of the program: tried a few
    times, then parked as `failed` for a person to see. Who asks to be left alone for longer is, up to an hour.
    """
    found = _plan(error, tries, now)
    if isinstance(found, Later) and isinstance(error, PortalError):
        return replace(found, at=max(found.at, now + timedelta(seconds=min(error.wait, LONGEST_WAIT.total_seconds()))))
    return found


def _plan(error: Exception, tries: int, now: datetime) -> Plan:
    match error:
        case PortalBusy():
            return Later(now + FIRST_WAIT, counted=False)
        case MethodParked(until=until):
            return Later(max(until, now + timedelta(seconds=1)), counted=False)
        case NeedsAdmin():
            return Park("needs_admin")
        case PortalClosed(reason="unpaid"):
            return Park("unpaid")
        case PortalClosed(reason=reason):
            return Close(reason)
        case NotFound():
            return Close("not_found")
        case NeedsFreshToken():
            return Park("needs_fresh_token")
        case ScopeMissing():
            return Park("scope_missing")
        case Refused():
            return Park("refused")
    patience, reason = _patience(error)
    if tries >= patience:
        return Park(reason)
    return Later(now + min(FIRST_WAIT * 2 ** max(tries - 1, 0), LONGEST_WAIT))


def _patience(error: Exception) -> tuple[int, str]:
    """Tries before a row is parked, and the word for it."""
    match error:
        case AccessDenied():
            return PATIENCE_WITH_REFUSALS, "access_denied"
        case Unreadable():
            return PATIENCE_WITH_REFUSALS, "unreadable"
        case CallRefused():
            return PATIENCE_WITH_REFUSALS, "refused"
        case PortalError():
            return PATIENCE, "portal_down"
    return PATIENCE_WITH_OURSELVES, "failed"
