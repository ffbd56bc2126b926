"""Cards changed lately, as a portal with any understanding of dates shows them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from b24app.bitrix24.cards import FieldMap, UserField
from b24app.bitrix24.recent import End, FilterEffect, Recent
from b24app.domain.cards.facts import Kind, Odd, Topic
from tests.bitrix24.scripted import Script, batch

FIELDS = FieldMap(
    {Kind.COMPANY: {"check": UserField("UF_CRM_CHECK", "boolean"), "status": UserField("UF_CRM_STATUS", "enumeration")}}
)
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=10)


def row(id: int, minutes: float | None, **more: Any) -> dict[str, Any]:
    """A company changed so many minutes ago."""
    changed = None if minutes is None else (NOW - timedelta(minutes=minutes)).isoformat()
    plain = {"title": "", "assignedById": 1, "updatedBy": 1, "contactIds": [], "ufCrmCheck": "N", "ufCrmStatus": ""}
    return {"id": id, "updatedTime": changed, **plain, **more}


def full(first: int, minutes: float) -> list[dict[str, Any]]:
    return [row(first + n, minutes) for n in range(50)]


def shows(*pages: Sequence[Any]) -> Any:
    return batch({f"c{n:04}": {"items": list(page)} for n, page in enumerate(pages)})


async def look(script: Script) -> tuple[list[Topic], Recent]:
    recent = Recent(script.client, Kind.COMPANY, FIELDS, SINCE, NOW)
    return [one.subject for page in [page async for page in recent.pages()] for one in page], recent


def asked(script: Script, request: int = 0) -> list[str]:
    return [unquote(command) for command in script.asked[request]["cmd"].values()]


async def test_a_quiet_look_is_one_command_that_counts_nothing(script: Script) -> None:
    script.say(shows([row(3, 2), row(9, 11), *full(20, 60)[:40]]))
    found, recent = await look(script)
    assert [one.id for one in found] == [3]
    assert (recent.newest, recent.end, recent.filter) == (NOW - timedelta(minutes=2), End.REACHED, FilterEffect.WORKS)
    (command,) = asked(script)
    assert "order[updatedTime]=DESC" in command
    assert "filter[>=updatedTime]=2026-11-29T11:50:00+00:00" in command  # a day more than any zone is off
    assert "start=-1" in command
    assert "useOriginalUfNames" not in command


async def test_it_goes_on_to_the_row_that_is_old_enough(script: Script) -> None:
    """The last page is asked for once more: rows move up where one before them was deleted meanwhile."""
    script.say(shows(full(1, 1)), shows(full(2, 1), [*full(51, 3)[1:], row(200, 11)], full(300, 60)))
    found, recent = await look(script)
    assert [one.id for one in found] == list(range(1, 101))
    assert recent.end is End.REACHED
    assert [command.rpartition("start=")[2] for command in asked(script, 1)] == [str(50 * n) for n in range(10)]


async def test_nothing_is_asked_again_without_a_date(script: Script) -> None:
    script.say(shows([]), shows([row(3, 2), row(4, 3000)]))
    found, recent = await look(script)
    assert [one.id for one in found] == [3]
    assert (recent.filter, recent.end) == (FilterEffect.NOTHING, End.REACHED)
    assert "updatedTime]=2026" not in asked(script, 1)[0]


async def test_an_empty_portal_is_asked_twice_and_no_more(script: Script) -> None:
    script.say(shows([]))
    found, recent = await look(script)
    assert (found, recent.end, recent.newest, len(script.asked)) == ([], End.REACHED, None, 2)


async def test_everything_is_noticed_and_not_read(script: Script) -> None:
    script.say(shows([row(3, 2), *full(20, 5000)[1:]]))
    found, recent = await look(script)
    assert [one.id for one in found] == [3]
    assert (recent.filter, recent.end, len(script.asked)) == (FilterEffect.EVERYTHING, End.REACHED, 1)


async def test_another_order_ends_the_look_unknown(script: Script) -> None:
    script.say(shows([row(1, 500), row(2, 2)]))
    found, recent = await look(script)
    assert [one.id for one in found] == [2]
    assert recent.end is End.UNORDERED


async def test_a_row_without_a_date_is_compared_and_tells_nothing(script: Script) -> None:
    script.say(shows([row(1, None), row(2, 2), row(3, None), row(4, 1000)]))
    found, recent = await look(script)
    assert [one.id for one in found] == [1, 2, 3]
    assert (recent.newest, recent.end) == (NOW - timedelta(minutes=2), End.REACHED)


async def test_a_date_in_the_future_is_no_clock(script: Script) -> None:
    script.say(shows([row(1, -5000), row(2, 2), row(4, 1000)]))
    found, recent = await look(script)
    assert [one.id for one in found] == [1, 2]
    assert recent.newest == NOW - timedelta(minutes=2)


async def test_a_card_nobody_can_understand_comes_as_one(script: Script) -> None:
    script.say(shows([row(1, 2, ufCrmCheck="maybe"), row(2, 3), row(3, 1000, ufCrmCheck="maybe")]))
    recent = Recent(script.client, Kind.COMPANY, FIELDS, SINCE, NOW)
    (page,) = [page async for page in recent.pages()]
    assert [(one.subject.id, isinstance(one, Odd)) for one in page] == [(1, True), (2, False)]
