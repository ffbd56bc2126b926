"""Whether a portal answers our own select and filters as its documentation says, asked without changing anything.

Pages: api-reference/crm/universal/crm-item-list.md, crm-requisite-list.md, widgets/placement-list.md,
settings/how-to-call-rest-api/data-types.md. Live portals differ: a date filter whose offset is not heeded
(bitrix-tools/b24-rest-docs#215), lists without system fields (#263, #368), conditions passed over when their value is
empty, answers without `time` (bitrix24/b24jssdk#456, #459).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from b24app.bitrix24 import values
from b24app.bitrix24.cards import spellings
from b24app.bitrix24.client import Command, PortalClient
from b24app.bitrix24.probing.listening import UNSAID, Exchange, Row, rows
from b24app.domain.connection_check.portal_ways import DateFilter, Operating

MINUTE, FAR = timedelta(minutes=1), timedelta(days=2)
"""Near a card's moment of change, and farther from it than any two zones are apart."""


async def first_page(pages: AsyncIterator[Any]) -> None:
    """Ask for no more than the first page. Raises as reading on would; what came is heard either way."""
    async with aclosing(pages) as asked:  # type: ignore[type-var]
        with suppress(StopAsyncIteration):
            await anext(asked)


async def place_codes(client: PortalClient) -> tuple[str, ...]:
    """Which places for pages of apps this portal has. Raises the PortalErrors."""
    found = (await client.call("placement.list")).result
    return tuple(str(one) for one in found) if isinstance(found, list) else ()


async def again(client: PortalClient, asked: Exchange, changes: Sequence[Row]) -> list[list[Row]]:
    """The same question again with other parameters, in one request: the rows of each answer. Raises the PortalErrors.

    `asked`: what the app itself has asked of a list, so that nothing here has a select of its own.
    """
    commands = [Command(asked.method, {**asked.params, **change}) for change in changes]
    outcomes = await client.batch(commands)
    return [maps([Exchange(asked.method, {}, 200, result=one.value())]) for one in outcomes]


async def date_filter(client: PortalClient, asked: Exchange, card: Row) -> DateFilter:
    """What the filter of the app's own look for changes makes of a card that we know: just before its moment of change
    and after it, and farther from it than zones are apart. `asked`: that look. Raises the PortalErrors.

    The moments are sent in UTC: at a portal that compares digits they are off by its zone.
    """
    wanted, moment = values.ident(card.get("id")), values.moment(card.get("updatedTime"))
    if wanted is None or moment is None:
        return DateFilter.UNSEEN
    moments = [(moment.astimezone(UTC) + span).isoformat(timespec="seconds") for span in (-FAR, -MINUTE, MINUTE, FAR)]
    filters = [{"filter": {">=updatedTime": one, "@id": [wanted]}} for one in moments]
    seen = [
        any(values.ident(row.get("id")) == wanted for row in found) for found in await again(client, asked, filters)
    ]
    match seen:
        case [True, True, False, False]:
            return DateFilter.KEPT
        case [False, *_]:
            return DateFilter.NOTHING
        case [*_, True]:
            return DateFilter.EVERYTHING
    return DateFilter.DIGITS


async def drops_empty(client: PortalClient, asked: Exchange) -> bool:
    """Whether a condition with an empty value is passed over, tried on cards named by their ids, so that no more than
    those can come. `asked`: a list by ids that brought rows. Raises the PortalErrors."""
    (found,) = await again(client, asked, [{"filter": {**asked.params["filter"], "=id": ""}}])
    return bool(found)


async def keeps_original_names(client: PortalClient, asked: Exchange) -> bool:
    """Whether rows have system fields where original names of user fields are asked for, which the app does not do.
    `asked`: a list by ids that brought rows. Raises the PortalErrors."""
    (found,) = await again(client, asked, [{"useOriginalUfNames": "Y"}])
    return all("id" in row for row in found) and bool(found)


def lacking(heard: Sequence[Exchange]) -> tuple[str, ...]:
    """Fields of our select that no row came with, by their name in the portal; a row that is no map has none."""
    found: dict[str, bool] = {}
    for one in heard:
        asked = many(one.params.get("select"))
        ours = {name: spellings(name) for name in asked if name.startswith("UF_")}
        others = {spelt for names in ours.values() for spelt in names} - set(ours)
        for row in rows(one):
            keys = set(row) if isinstance(row, Mapping) else set()
            for name in asked:
                if name not in others:
                    found[name] = found.get(name, False) or bool(keys & {name, *ours.get(name, ())})
    return tuple(name for name, came in found.items() if not came)


def unheeded(one: Exchange) -> Iterator[str]:
    """Conditions by id that rows of an answer do not meet: `@id`, `>id`."""
    for name, wanted in (one.params.get("filter") or one.params.get("FILTER") or {}).items():
        operation, field = str(name)[:-2], str(name)[-2:]
        if field.casefold() != "id" or operation not in ("", "@", ">"):
            continue
        allowed = {found for value in many(wanted) if (found := values.number(value)) is not None}
        ids = [found for row in maps([one]) if (found := values.ident(row.get(field))) is not None]
        if any(found <= max(allowed, default=0) if operation == ">" else found not in allowed for found in ids):
            yield str(name)


def many(raw: object) -> list[str]:
    """A parameter that is one value or a list of them, also as a form says it."""
    if isinstance(raw, Mapping):
        return [str(one) for one in raw.values()]
    return [str(one) for one in raw] if isinstance(raw, list | tuple) else [str(raw)] if raw is not None else []


def maps(heard: Sequence[Exchange]) -> list[Row]:
    return [row for one in heard for row in rows(one) if isinstance(row, Mapping)]


def clock(heard: Sequence[Exchange]) -> datetime | None:
    """The portal's clock as its last answer tells it, to the second."""
    for one in reversed(heard):
        told = one.time.get("date_finish") if isinstance(one.time, Mapping) else None
        with suppress(ValueError):
            found = datetime.fromisoformat(str(told))
            if found.tzinfo:
                return found
    return None


def operating(heard: Sequence[Exchange]) -> Operating | None:
    """Whether the portal counts the time a method takes; None where it tells no times at all."""
    times = [one.time for one in heard if isinstance(one.time, Mapping)]
    if not times:
        return None
    told = [time["operating"] for time in times if "operating" in time]
    if not told:
        return Operating.ABSENT
    return Operating.COUNTED if any(told) else Operating.ZERO


def timeless(heard: Sequence[Exchange]) -> tuple[str, ...]:
    """Methods that answered without `time`."""
    good = [one for one in heard if one.result is not UNSAID]
    return tuple(sorted({one.method for one in good if not isinstance(one.time, Mapping)}))
