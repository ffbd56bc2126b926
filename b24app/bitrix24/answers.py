"""What an answer of the REST front or the auth server means: raw bytes → the body, or one of our errors.

Sources: _includes/system-errors.md, settings/oauth/error-codes.md, limits.md of the REST documentation. `error` may
be an upper- or lower-case code, empty, a number or a sentence, and may come with HTTP 200.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from json import JSONDecodeError
from math import isfinite
from typing import Any

from b24app.bitrix24.pace import WINDOW
from b24app.domain.delivery.schedule import retry_after
from b24app.errors import (
    AccessDenied,
    CallRefused,
    MethodParked,
    NeedsAdmin,
    NotFound,
    PortalBusy,
    PortalClosed,
    PortalDown,
    PortalError,
    PortalMoved,
    ScopeMissing,
)

REFRESHABLE = frozenset({"expired_token", "invalid_token"})
WRONG_USER = frozenset({"authorization_error", "user_access_error", "INVALID_CREDENTIALS", "NO_AUTH_FOUND"})
UNPAID = frozenset({"PAYMENT_REQUIRED"})
NOT_INSTALLED = frozenset({"NOT_INSTALLED", "APPLICATION_NOT_FOUND", "ERROR_OAUTH"})
NO_SCOPE = frozenset({"insufficient_scope", "invalid_scope"})
NOT_FOUND = frozenset({"NOT_FOUND", "ERROR_NOT_FOUND"})
SWITCHED_OFF = "OVERLOAD_LIMIT"
"""Not a moment's trouble: the vendor has blocked the portal's REST by hand, until its support is asked."""
BROKEN = frozenset({SWITCHED_OFF, "INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER", "CONNECTION_ERROR"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
LONGEST_NUMBER = 300  # digits
CODE, LONGEST_CODE = re.compile(r"[A-Za-z]+(?:_[A-Za-z0-9]{1,24})*|[0-9]+"), 64
NO_HEADERS: Mapping[str, str] = {}
UNSAID_PARK = timedelta(minutes=1)
"""How long a method is parked when the portal does not say: one of its ten one-minute baskets (limits.md)."""


class TokenRejected(PortalError):
    """The token of this attempt is no good. Never leaves this package: the caller tries once more with another
    token."""


def read(method: str, status: int, body: bytes, headers: Mapping[str, str] = NO_HEADERS) -> dict[str, Any]:
    """The JSON object of a good answer. Raises PortalMoved, PortalDown (HTML, cut JSON), or what `refusal` says."""
    if status in REDIRECTS:
        raise PortalMoved(method, headers.get("Location", ""), status)
    try:
        return _good(method, status, body)
    except PortalError as error:
        error.wait = retry_after(headers.get("Retry-After"), datetime.now(UTC)) or 0.0
        raise


def _good(method: str, status: int, body: bytes) -> dict[str, Any]:
    try:
        answer = _loaded(body)
    except (ValueError, RecursionError):
        raise PortalDown(method, status, "NOT_JSON") from None
    if not isinstance(answer, dict):
        raise PortalDown(method, status, "NOT_AN_OBJECT")
    if status >= 400 or ("error" in answer and ("result" not in answer or "error_description" in answer)):
        raise refusal(method, status, answer)
    return answer


def _loaded(body: bytes) -> Any:
    """Python refuses a whole number of thousands of digits, and all that stands beside it: such a one is no number."""
    try:
        return json.loads(body)
    except JSONDecodeError:
        raise
    except ValueError:
        return json.loads(body, parse_int=_whole)


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= LONGEST_NUMBER else None


def refusal(method: str, status: int, error: Mapping[str, Any]) -> PortalError:
    """The error for a body or a batch's sub-error `{error, error_description, time?}`; `status` 0 inside a batch."""
    said = _code(error.get("error", ""))
    code, text = _plain(said), str(error.get("error_description") or "")
    if code == "QUERY_LIMIT_EXCEEDED":
        return PortalBusy(method, status, code, text)
    if code == "OPERATION_TIME_LIMIT":
        return MethodParked(method, _until(error), status, code, text)
    if code in REFRESHABLE or code in WRONG_USER:
        return TokenRejected(method, status, code, text)
    if code == "invalid_grant":
        return NeedsAdmin(method, status, code, text)
    if reason := _closed(code, text):
        return PortalClosed(method, reason, status, code, text)
    if status >= 500 or code in BROKEN:
        return PortalDown(method, status, code, text)
    kind = _final(said, text)
    return kind(method, status, code, text if code == said else f"{said} {text}")


def is_token_expired(error: PortalError) -> bool:
    """Whether a refresh of the same pair can help; other rejected tokens belong to a user who may no longer enter."""
    return error.code in REFRESHABLE


def plain_code(error: PortalError) -> str:
    """What to call it in a log."""
    return error.code or type(error).__name__


def seconds_to_reset(time: Mapping[str, Any]) -> float | None:
    """From an answer's `time`: seconds until the oldest part of a method's operating time drops, by the portal's own
    clock; None where it does not say."""
    reset, finish = time.get("operating_reset_at"), time.get("finish")
    if not isinstance(reset, int | float):
        return None
    try:
        left = reset - float(finish if isinstance(finish, int | float) else datetime.now(UTC).timestamp())
    except OverflowError:  # an integer of hundreds of digits
        return None
    return min(max(left, 0.0), WINDOW) if isfinite(left) else None


def _plain(code: str) -> str:
    """The code as it may be kept: portals answer sentences there too, and those may quote a record."""
    return code if not code or (len(code) <= LONGEST_CODE and CODE.fullmatch(code)) else "UNREADABLE"


def _code(raw: object) -> str:
    """A code as text; REST 3 answers an object with its code inside."""
    return str(raw.get("code", "")) if isinstance(raw, dict) else str(raw)


def _closed(code: str, text: str) -> str:
    if code in UNPAID or "only on commercial plans" in text:
        return "unpaid"
    if code in NOT_INSTALLED:
        return "not_installed"
    return "deleted" if code == "PORTAL_DELETED" else ""


def _final(code: str, text: str) -> type[CallRefused]:
    """Old CRM methods say "Not found", "Contact is not found", "Access denied." with an empty code or 0, so the text
    counts where there is no code."""
    code = "" if code == "0" else code
    if code in NO_SCOPE:
        return ScopeMissing
    if code in NOT_FOUND or (not code and "not found" in text.casefold()):
        return NotFound
    if code == "ACCESS_DENIED" or (not code and text.casefold().startswith("access denied")):
        return AccessDenied
    return CallRefused


def _until(error: Mapping[str, Any]) -> datetime:
    time = error.get("time")
    left = seconds_to_reset(time) if isinstance(time, dict) else None
    return datetime.now(UTC) + (UNSAID_PARK if left is None else timedelta(seconds=left))
