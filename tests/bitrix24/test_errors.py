"""What becomes of a row that failed."""

from datetime import UTC, datetime, timedelta

import pytest

from b24app.bitrix24.answers import refusal
from b24app.errors import (
    AccessDenied,
    CallRefused,
    Close,
    Later,
    MethodParked,
    NeedsAdmin,
    NeedsFreshToken,
    NotFound,
    OutcomeUnknown,
    Park,
    PortalBusy,
    PortalClosed,
    PortalDown,
    PortalMoved,
    Refused,
    ScopeMissing,
    plan,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "tries", "expected"),
    [
        (PortalBusy("m"), 500, Later(NOW + timedelta(seconds=15), counted=False)),
        (MethodParked("m", NOW + timedelta(minutes=3)), 99, Later(NOW + timedelta(minutes=3), counted=False)),
        (MethodParked("m", NOW - timedelta(minutes=3)), 1, Later(NOW + timedelta(seconds=1), counted=False)),
        (PortalDown("m"), 1, Later(NOW + timedelta(seconds=15))),
        (PortalDown("m"), 3, Later(NOW + timedelta(seconds=60))),
        (PortalDown("m"), 29, Later(NOW + timedelta(hours=1))),
        (PortalDown("m"), 30, Park("portal_down")),
        (OutcomeUnknown("m"), 2, Later(NOW + timedelta(seconds=30))),
        (PortalMoved("m", "https://other.example/rest/"), 1, Later(NOW + timedelta(seconds=15))),
        (NeedsAdmin("m"), 1, Park("needs_admin")),
        (NeedsFreshToken("m"), 1, Park("needs_fresh_token")),
        (PortalClosed("m", "unpaid"), 1, Park("unpaid")),
        (PortalClosed("m", "not_installed"), 1, Close("not_installed")),
        (PortalClosed("m", "deleted"), 1, Close("deleted")),
        (NotFound("m"), 1, Close("not_found")),
        (AccessDenied("m"), 1, Later(NOW + timedelta(seconds=15))),
        (AccessDenied("m"), 6, Park("access_denied")),
        (ScopeMissing("m"), 1, Park("scope_missing")),
        (CallRefused("m", 400, "ERROR_CORE"), 5, Later(NOW + timedelta(minutes=4))),
        (CallRefused("m", 400, "ERROR_CORE"), 6, Park("refused")),
        (Refused("bad_form"), 1, Park("refused")),
        (ZeroDivisionError(), 1, Later(NOW + timedelta(seconds=15))),
        (ZeroDivisionError(), 6, Park("failed")),
    ],
)
def test_plan(error: Exception, tries: int, expected: object) -> None:
    assert plan(error, tries, NOW) == expected


@pytest.mark.parametrize(("wait", "seconds"), [(0, 15), (10, 15), (120, 120), (1e9, 3600), (1e14, 3600)])
def test_who_asks_to_be_left_alone_is(wait: float, seconds: int) -> None:
    error = PortalDown("m", 503, "NOT_JSON")
    error.wait = wait
    assert plan(error, 1, NOW) == Later(NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("said", ["Контакт Иван Петров +79991234567 уже есть", "Contact Ivan Petrov already exists."])
def test_a_sentence_in_place_of_a_code_is_kept_out_of_logs_and_rows(said: str) -> None:
    """It may quote a record; code and text of an error go where no personal data may."""
    error = refusal("crm.contact.update", 400, {"error": said, "error_description": "x"})
    assert (error.code, error.description) == ("UNREADABLE", f"{said} x")
    assert said not in f"{error} {error!r}"
