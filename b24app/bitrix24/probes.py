"""Whether a portal answers our own select and filters as its documentation says, asked without changing anything.

Pages: api-reference/crm/universal/crm-item-list.md, crm-requisite-list.md, widgets/placement-list.md,
settings/how-to-call-rest-api/data-types.md. Live portals differ: a date filter whose offset is not heeded
(bitrix-tools/b24-rest-docs#215), lists without system fields (#263, #368), conditions passed over when their value is
empty, answers without `time` (bitrix24/b24jssdk#456, #459).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from typing import Any

from b24app.bitrix24.cards import FieldMap, import_cards, item_name
from b24app.bitrix24.client import Command, PortalClient
from b24app.bitrix24.listening import UNSAID, Exchange, Listening, Row, rows
from b24app.bitrix24.payloads import number
from b24app.domain.facts import Kind
from b24app.domain.selftest import DateFilter, Operating
from b24app.errors import CallRefused

MINUTE, FAR = timedelta(minutes=1), timedelta(days=2)
"""Near a card's moment of change, and farther from it than any two zones are apart."""
NO_SUCH = "b24appNoSuchField"


async def first_page(pages: AsyncIterator[Any]) -> None:
    """Ask for no more than the first page. What it holds is heard, also where it cannot be understood: that somebody
    has deleted a field of ours is no reason to stop."""
    with suppress(CallRefused, StopAsyncIteration, LookupError, TypeError, ValueError):
        async with aclosing(pages) as asked:  # type: ignore[type-var]
            await anext(asked)


async def place_codes(client: PortalClient) -> tuple[str, ...]:
    """Which places for pages of apps this portal has. Raises the PortalErrors."""
    found = (await client.call("placement.list")).result
    return tuple(str(one) for one in found) if isinstance(found, list) else ()


async def date_filter(line: Listening, kind: Kind, fields: FieldMap, row: Row) -> DateFilter:
    """What our filter by the moment of change makes of a card that we know: just before its moment and after it, and
    farther from it than zones are apart. Four requests. Raises the PortalErrors."""
    card, moment = number(row.get("id")), moment_of(row)
    if card is None or moment is None:
        return DateFilter.UNSEEN
    seen = []
    for span in (-FAR, -MINUTE, MINUTE, FAR):
        began = len(line.heard)
        await first_page(import_cards(line, kind, fields, card - 1, moment + span))
        seen.append(any(number(one.get("id")) == card for one in maps(line.heard[began:])))
    match seen:
        case [True, True, False, False]:
            return DateFilter.KEPT
        case [False, *_]:
            return DateFilter.NOTHING
        case [*_, True]:
            return DateFilter.EVERYTHING
    return DateFilter.DIGITS


async def again(line: Listening, asked: Exchange, **changes: Any) -> Exchange:
    """The same question once more, with something changed. A refusal is an answer too."""
    began = len(line.heard)
    (outcome,) = await line.batch([Command(asked.method, {**asked.params, **changes})])
    if outcome.error is not None and not isinstance(outcome.error, CallRefused):
        raise outcome.error
    return line.heard[began]


async def drops_empty(line: Listening, asked: Exchange, id_field: str = "id") -> bool | None:
    """Whether a condition with an empty value is passed over, tried on cards named by their ids, so that no more than
    those can come. None where nothing came at all. `asked`: a list by ids."""
    if not rows(asked):
        return None
    without = await again(line, asked, filter={**asked.params["filter"], f"={id_field}": ""})
    return bool(rows(without))


def lacking(line: Sequence[Exchange]) -> tuple[str, ...]:
    """Fields of our select that some row came without, by their name in the portal; rows that are no maps lack all."""
    found: dict[str, None] = {}
    for one in line:
        asked = values(one.params.get("select"))
        for row in rows(one):
            found |= dict.fromkeys(name for name in asked if not _came(name, row))
    spelled = {item_name(name): name for name in found if name.startswith("UF_")}
    return tuple(name for name in found if name not in spelled)


def _came(name: str, row: object) -> bool:
    """A field of ours is asked for under both of its names; one of them is enough."""
    if not isinstance(row, Mapping):
        return False
    if name in row:
        return True
    return _spelled(name) in {_spelled(str(key)) for key in row} if name.upper().startswith("UF") else False


def _spelled(name: str) -> str:
    """`UF_CRM_B24APP_CHECK` and `ufCrm_B24APP_CHECK` alike."""
    return name.replace("_", "").casefold()


def unheeded(one: Exchange) -> Iterator[str]:
    """Conditions by id that the rows of an answer do not meet: `@id`, `>id`."""
    for name, wanted in (one.params.get("filter") or one.params.get("FILTER") or {}).items():
        operation, field = str(name)[:-2], str(name)[-2:]
        if field.casefold() != "id" or operation not in ("", "@", ">"):
            continue
        allowed = {number(value) for value in values(wanted)}
        for row in maps([one]):
            found = number(row.get(field)) or 0
            if (operation == ">" and found <= max(filter(None, allowed), default=0)) or (
                operation != ">" and found not in allowed
            ):
                yield str(name)
                break


def values(raw: object) -> list[str]:
    """A parameter that is one value or a list of them, as a form says it."""
    if isinstance(raw, Mapping):
        return [str(one) for one in raw.values()]
    return [str(one) for one in raw] if isinstance(raw, list | tuple) else [str(raw)] if raw is not None else []


def maps(heard: Sequence[Exchange]) -> list[Row]:
    return [row for one in heard for row in rows(one) if isinstance(row, Mapping)]


def moment_of(row: Row) -> datetime | None:
    """When a card was changed; None for what is no moment with a zone."""
    try:
        found = datetime.fromisoformat(str(row.get("updatedTime")))
    except ValueError:
        return None
    return found if found.tzinfo else None


def clock(heard: Sequence[Exchange]) -> datetime | None:
    """The portal's clock as its last answer tells it, to the second."""
    for one in reversed(heard):
        told = one.time.get("date_finish") if isinstance(one.time, Mapping) else None
        with suppress(ValueError):
            found = datetime.fromisoformat(str(told))
            if found.tzinfo:
                return found
    return None


def operating(heard: Sequence[Exchange]) -> Operating:
    """Whether the portal counts the time a method takes."""
    times = [one.time for one in heard if isinstance(one.time, Mapping)]
    told = [time["operating"] for time in times if "operating" in time]
    if not told:
        return Operating.ABSENT
    return Operating.COUNTED if any(told) else Operating.ZERO


def timeless(heard: Sequence[Exchange]) -> tuple[str, ...]:
    """Methods that answered without `time`."""
    good = [one for one in heard if one.result is not UNSAID]
    return tuple(sorted({one.method for one in good if not isinstance(one.time, Mapping)}))
