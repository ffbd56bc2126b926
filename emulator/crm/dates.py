"""Dates in and out of the CRM: ISO 8601 with the portal's offset (api-reference/data-types.md)."""

from datetime import UTC, date, datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=3))
"""Offset of the portal and of every user in it."""

_LOCAL = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")


def parse_datetime(value: object) -> datetime | None:
    """An aware UTC moment from ISO text (without offset: portal time), the portal's local format, or a date."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    text = str(value).strip()
    moment = _parse_iso(text) or _parse_local(text)
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(UTC).replace(microsecond=0)


def parse_date(value: object) -> date | None:
    """A calendar day; the day of a moment is its day at the portal."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    moment = parse_datetime(value)
    return moment.astimezone(ZONE).date() if moment else None


def iso(moment: datetime) -> str:
    """2024-07-18T14:00:14+03:00."""
    return moment.astimezone(ZONE).replace(microsecond=0).isoformat()


def iso_date(day: date) -> str:
    """A date field prints as UTC midnight in the portal's zone: 2024-06-18T03:00:00+03:00."""
    return iso(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _parse_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _parse_local(text: str) -> datetime | None:
    for pattern in _LOCAL:
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is added by the caller
        except ValueError:
            continue
    return None
