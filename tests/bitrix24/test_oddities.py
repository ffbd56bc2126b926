"""Answers that documentation or captures show and the emulator does not give: a portal that reads from a script."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from b24app.bitrix24.cards import FieldMap, UserField, read_cards
from b24app.bitrix24.client import Command
from b24app.bitrix24.wire import CallOutcome, CallRecord
from b24app.domain.cards.facts import Kind, Subject
from b24app.errors import (
    AccessDenied,
    CallRefused,
    Later,
    MethodParked,
    NeedsAdmin,
    NeedsFreshToken,
    NotFound,
    OutcomeUnknown,
    PortalClosed,
    PortalDown,
    PortalError,
    PortalMoved,
    ScopeMissing,
    plan,
)
from tests.bitrix24.scripted import Body, Script, batch, error


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, error("", "Not found"), NotFound),
        (400, error("", "Company is not found"), NotFound),
        (400, error("", "Access denied."), AccessDenied),
        (400, error("", "Parameter 'fields' must be array."), CallRefused),
        (400, error(0, "wrong"), CallRefused),
        (400, error(200040300010, "wrong"), CallRefused),
        (200, error("", "wrong"), CallRefused),
        (200, error("CONNECTOR_ID_EMPTY", "wrong"), CallRefused),
        (200, error("ERROR_CORE", "wrong") | {"result": []}, CallRefused),
        (404, error("ERROR_METHOD_NOT_FOUND", "Method not found!"), CallRefused),
        (403, error("insufficient_scope"), ScopeMissing),
        (403, error("ACCESS_DENIED", "Access denied!"), AccessDenied),
        (403, error("ACCESS_DENIED", "REST is available only on commercial plans."), PortalClosed),
        (401, error("PAYMENT_REQUIRED"), PortalClosed),
        (401, error("ERROR_OAUTH", "Application not installed"), PortalClosed),
        (500, error("PORTAL_DELETED"), PortalClosed),
        (410, error("PORTAL_DELETED"), PortalClosed),
        (401, error("METHOD_CONFIRM_WAITING"), CallRefused),
        (401, error("expired_token"), NeedsFreshToken),
        (403, error("user_access_error"), AccessDenied),
        (400, {"error": {"code": "BITRIX_REST_V3_EXCEPTION_X", "message": "m"}}, CallRefused),
        (503, error("OVERLOAD_LIMIT"), PortalDown),
        (404, b"<html>no such portal</html>", PortalDown),
        (200, b"", PortalDown),
        (200, b"\xff\xfe", PortalDown),
        (200, [], PortalDown),
        (200, b"[" * 100_000, PortalDown),
    ],
)
async def test_what_an_error_body_means(script: Script, status: int, body: Body, kind: type[PortalError]) -> None:
    script.say(body, status=status)
    with pytest.raises(PortalError) as caught:
        await script.client.call("some.method")
    assert type(caught.value) is kind


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_never_followed(script: Script, status: int) -> None:
    script.say(b"", status=status, Location="http://127.0.0.3:1/rest/")
    with pytest.raises(PortalMoved) as caught:
        await script.client.call("some.method", write=True)
    assert caught.value.location == "http://127.0.0.3:1/rest/"
    assert len(script.asked) == 1


async def test_who_asks_to_be_left_alone_is_not_asked_twice(script: Script) -> None:
    """A proxy before the portal says how long."""
    script.say(b"<html>maintenance</html>", status=503, **{"Retry-After": "120"})
    with pytest.raises(PortalDown) as caught:
        await script.client.call("some.method")
    assert caught.value.wait == 120
    assert len(script.asked) == 1


async def test_who_asks_for_a_million_years_is_left_alone_for_an_hour(script: Script) -> None:
    script.say(b"<html>maintenance</html>", status=503, **{"Retry-After": "100000000000000"})
    with pytest.raises(PortalDown) as caught:
        await script.client.call("some.method")
    now = datetime.now(UTC)
    assert plan(caught.value, 1, now) == Later(now + timedelta(hours=1))


async def test_the_token_travels_in_the_body(script: Script) -> None:
    script.say({"result": True})
    await script.client.call("some.method", {"flag": True, "none": None, "list": []})
    assert script.asked == [{"flag": True, "none": None, "list": [], "auth": "token"}]


async def test_commands_refused_for_lack_of_room_are_sent_once_more_alone(script: Script) -> None:
    busy = error("QUERY_LIMIT_EXCEEDED")
    script.say(batch({"c0000": 1, "c0002": 3}, {"c0001": busy, "c0003": busy}), batch({"c0000": 2}, {"c0001": busy}))
    commands = [Command("m", {"n": n}, write=True) for n in range(4)]
    outcomes = await script.client.batch(commands)
    assert [outcome.result for outcome in outcomes] == [1, 2, 3, None]
    assert [list(ask["cmd"].values()) for ask in script.asked][1] == ["m?n=1", "m?n=3"]
    assert len(script.asked) == 2


async def test_a_single_command_refused_for_lack_of_room_too(script: Script) -> None:
    script.say(batch([], {"c0000": error("QUERY_LIMIT_EXCEEDED")}), batch({"c0000": 1}))
    assert [outcome.result for outcome in await script.client.batch([Command("m")])] == [1]


async def test_broken_commands_reads_again_and_writes_unknown(script: Script) -> None:
    broken = error("INTERNAL_SERVER_ERROR")
    script.say(batch([], {"c0000": broken, "c0001": broken}), batch({"c0000": "second"}))
    read, write = await script.client.batch([Command("get"), Command("add", write=True)])
    assert read.result == "second"
    assert isinstance(write.error, OutcomeUnknown)
    assert list(script.asked[1]["cmd"].values()) == ["get"]


@pytest.mark.parametrize(
    ("body", "results"),
    [
        (batch(["a", "b"]), ["a", "b"]),
        (batch({"c0001": "b", "c0000": "a"}), ["a", "b"]),
        (batch({"c0000": [], "c0001": False}), [[], False]),
    ],
)
async def test_shapes_of_results(script: Script, body: Body, results: list[object]) -> None:
    script.say(body)
    assert [outcome.value() for outcome in await script.client.batch([Command("m"), Command("n")])] == results


@pytest.mark.parametrize("body", [{"result": []}, {"result": None}, {"result": {"result": []}}])
async def test_commands_without_an_answer(script: Script, body: Body) -> None:
    script.say(body)
    read, write = await script.client.batch([Command("m"), Command("n", write=True)])
    assert (type(read.error), type(write.error)) == (PortalDown, OutcomeUnknown)


async def test_errors_of_commands_by_name(script: Script) -> None:
    told = {"c0000": error("expired_token"), "c0001": error("OPERATION_TIME_LIMIT"), "c0002": "only text"}
    script.say(batch([], told))
    outcomes = await script.client.batch([Command(f"m{n}") for n in range(3)])
    assert [type(outcome.error) for outcome in outcomes] == [NeedsAdmin, MethodParked, CallRefused]


@pytest.mark.parametrize(
    ("time", "left"),
    [
        ({"operating": 450, "operating_reset_at": 1_000_120, "finish": 1_000_000.5}, 120),  # a clock years behind ours
        ({"operating": 450, "operating_reset_at": 5_000_000_120, "finish": 5_000_000_000}, 120),
        ({"operating": 1e300, "operating_reset_at": 1e300, "finish": 0}, 600),
        ({"operating": 450, "operating_reset_at": 0, "finish": 1e300}, 0),
    ],
)
async def test_operating_time_by_the_portals_own_clock(script: Script, time: dict[str, float], left: float) -> None:
    script.say({"result": True, "time": time})
    await script.client.call("some.method")
    assert left - 2 < (await script.client.pace.gauges(1))["some.method"].reset_in < left + 1


async def test_operating_time_that_is_no_number(script: Script) -> None:
    script.say(
        b'{"result": true, "time": {"operating": NaN, "operating_reset_at": NaN}}',
        {"result": True, "time": {"operating": "1", "operating_reset_at": None}},
        {"result": True, "time": {"operating": 1, "operating_reset_at": 10**400}},
        batch({"c0000": 1}, {"c0001": {"error": "OPERATION_TIME_LIMIT", "time": {"operating_reset_at": float("inf")}}}),
    )
    for _ in range(3):
        assert (await script.client.call("some.method")).result is True
    first, second = await script.client.batch([Command("m"), Command("n")])
    assert first.result == 1
    assert isinstance(second.error, MethodParked)


@pytest.mark.parametrize("empty", [None, "", [], ()])
async def test_an_empty_filter_is_never_sent(script: Script, empty: object) -> None:
    """Portals drop a filter whose value is empty, and show the whole base."""
    with pytest.raises(ValueError, match="empty filter =TYPE"):
        await anext(script.client.chain("some.list", filter={"=TYPE": empty}, select=["NAME"]))
    assert script.asked == []
    script.say(batch({"c0000": []}))
    assert [page async for page in script.client.chain("some.list", filter={"=TYPE": 0}, select=["NAME"])] == []


@pytest.mark.parametrize("total", [10**300, "9" * 30, -1, True, "٧", None, [], "many"])
async def test_a_total_that_no_column_holds_is_none(script: Script, total: object) -> None:
    script.say({"result": [], "total": total, "next": total})
    answer = await script.client.call("some.list")
    assert (answer.total, answer.next) == (None, None)


async def test_a_number_of_thousands_of_digits_spoils_nothing_beside_it(script: Script) -> None:
    """Python refuses to read one, and the whole answer with it."""
    script.say(b'{"result": [{"ID": "3", "N": 7, "HUGE": ' + b"9" * 5000 + b"}]}")
    assert (await script.client.call("some.method")).result == [{"ID": "3", "N": 7, "HUGE": None}]


async def test_next_may_be_a_text(script: Script) -> None:
    script.say(batch({"c0000": []}, next={"c0000": "50"}))
    assert [outcome.next for outcome in await script.client.batch([Command("m")])] == [50]


def rows(first: int, count: int = 50) -> list[dict[str, Any]]:
    return [{"ID": str(number)} for number in range(first, first + count)]


async def ids(script: Script) -> list[int]:
    pages = script.client.chain("some.list", filter={"=TYPE": "x"}, select=["NAME"])
    return [int(row["ID"]) for page in [page async for page in pages] for row in page]


async def test_a_chain_asks_by_number_where_the_portal_begins_again(script: Script) -> None:
    """An unresolvable `$result` reference leaves the filter empty: the list restarts from its first row; it goes on."""
    restarted = batch({"c0000": rows(51), "c0001": rows(1), "c0002": rows(51)})
    script.say(batch({"c0000": rows(1)}), restarted, batch({"c0000": rows(101, 3)}))
    assert await ids(script) == list(range(1, 104))
    first, second, third = (unquote(ask["cmd"]["c0000"]) for ask in script.asked)
    assert "filter[=TYPE]=x" in first
    assert "filter[>ID]=0" in first
    assert "select[0]=ID&select[1]=NAME" in first
    assert "start=-1" in first
    assert "filter[>ID]=50" in second
    assert "filter[>ID]=$result[c0000][49][ID]" in unquote(script.asked[1]["cmd"]["c0001"])
    assert "filter[>ID]=100" in third


async def test_a_cursor_that_does_not_move_is_an_error_and_no_end(script: Script) -> None:
    """A filter by id that is passed over shows the first page for ever (bitrix24/b24jssdk 113)."""
    script.say(batch({"c0000": rows(1)}), batch({"c0000": rows(1)}))
    with pytest.raises(PortalDown, match="CURSOR_STUCK ID"):
        await ids(script)


ODD_ROWS: dict[str, tuple[Any, str]] = {
    "no map": ([[], []], "ROW_WITHOUT_ID ID"),
    "no id": ([{"ID": "1"}, {"NAME": "Ada"}], "ROW_WITHOUT_ID ID"),
    "null for an id": ([{"ID": None}], "ROW_WITHOUT_ID ID"),
    "a negative id": ([{"ID": "-3"}], "ROW_WITHOUT_ID ID"),
    "an id of hundreds of digits": ([{"ID": 10**300}], "ROW_WITHOUT_ID ID"),
    "the same id twice": ([{"ID": "3"}, {"ID": "3"}], "CURSOR_STUCK ID"),
    "no list": (None, "NOT_A_LIST"),
    "a word": ("nothing", "NOT_A_LIST"),
}


@pytest.mark.parametrize("odd", ODD_ROWS)
async def test_a_page_that_cannot_be_believed_is_no_end_of_the_list(script: Script, odd: str) -> None:
    """A row with nothing left is printed as `[]` (bitrix-tools/b24-rest-docs 263)."""
    page, said = ODD_ROWS[odd]
    script.say(batch({"c0000": page}))
    with pytest.raises(PortalDown) as caught:
        await ids(script)
    assert str(caught.value) == f"some.list: 200 {said}"


async def test_a_chain_goes_on_behind_a_failed_page(script: Script) -> None:
    broken = error("INTERNAL_SERVER_ERROR")
    script.say(batch({"c0000": rows(1)}), batch({"c0000": rows(51)}, {"c0001": broken}), batch({"c0000": rows(101, 3)}))
    assert await ids(script) == list(range(1, 104))


async def test_a_chain_that_gets_nowhere_raises(script: Script) -> None:
    script.say(batch({"c0000": rows(1)}), batch([], {"c0000": error("INTERNAL_SERVER_ERROR")}))
    with pytest.raises(PortalDown):
        await ids(script)


async def test_a_card_whose_main_company_is_not_the_first_by_sort(script: Script) -> None:
    """crm-item-list.md: ids of any type, links by sort, and a boolean as Y or 1."""
    row: dict[str, Any] = {
        "id": "3",
        "name": "Ada",
        "lastName": None,
        "assignedById": "1",
        "updatedBy": 1,
        "companyId": "7",
    }
    row |= {"companyIds": ["5", "7"], "updatedTime": "2026-11-22T10:00:00+03:00", "UF_CHECK": "1", "UF_STATUS": "41"}
    script.say(batch({"c0000": {"items": [row]}}))
    ours = {
        "check": UserField("UF_CHECK", "boolean"),
        "status": UserField("UF_STATUS", "enumeration", options={"pending": 41}),
    }
    fields = FieldMap({Kind.CONTACT: ours})
    (card,) = (await read_cards(script.client, [Subject(Kind.CONTACT, 3)], fields)).found.values()
    assert (card.title, card.links) == ("Ada", (7, 5))
    assert (card.values["check"], card.values["status"]) == (True, "pending")
    assert (card.assigned_by, card.modified_at.astimezone(UTC).hour) == (1, 7)


async def test_an_answer_without_end_is_cut_off(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("b24app.bitrix24.wire.BIGGEST_ANSWER", 1000)
    script.say(b'{"result": "' + b"x" * 2000 + b'"}')
    with pytest.raises(PortalDown) as caught:
        await script.client.call("some.method")
    assert caught.value.code == "ANSWER_TOO_LONG"


async def test_a_batch_is_logged_with_its_methods_and_the_codes_inside(script: Script) -> None:
    calls: list[CallRecord] = []
    client = replace(script.client, on_call=calls.append)
    secret = {"c0001": error("ERROR_CORE", "Ada"), "c0002": error("", "not found"), "c0003": error("Ada has no rights")}
    script.say(batch({"c0000": 1}, secret), batch({"c0000": 1}), b"<html>Ada</html>")
    commands = [Command("crm.item.get", {"id": 1, "name": "Ada"})] * 2 + [Command("crm.contact.get", {"id": 2})] * 2
    await client.batch(commands)
    await client.batch(commands[:1])
    await client.batch([Command("crm.contact.update", {"fields": {"NAME": "Ada"}}, write=True)])
    assert [(call.method, call.outcome, call.code) for call in calls] == [
        ("batch crm.item.get crm.contact.get", CallOutcome.OK, "ERROR_CORE NotFound UNREADABLE"),
        ("batch crm.item.get", CallOutcome.OK, ""),
        ("batch crm.contact.update", CallOutcome.DOWN, "NOT_JSON"),
    ]
    assert "Ada" not in repr(calls)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        (503, error("QUERY_LIMIT_EXCEEDED"), CallOutcome.BUSY, "QUERY_LIMIT_EXCEEDED"),
        (429, error("OPERATION_TIME_LIMIT"), CallOutcome.PARKED, "OPERATION_TIME_LIMIT"),
        (401, error("expired_token"), CallOutcome.REJECTED, "expired_token"),
        (400, error("", "Access denied."), CallOutcome.REFUSED, "AccessDenied"),
        (400, error(200040300010), CallOutcome.REFUSED, "200040300010"),
        (400, error("d3649b60006f1a2b", "a token"), CallOutcome.REFUSED, "UNREADABLE"),
        (400, error("X" * 65), CallOutcome.REFUSED, "UNREADABLE"),
        (401, error("PAYMENT_REQUIRED"), CallOutcome.CLOSED, "PAYMENT_REQUIRED"),
        (302, b"", CallOutcome.CLOSED, "MOVED"),
        (500, error("INTERNAL_SERVER_ERROR"), CallOutcome.DOWN, "INTERNAL_SERVER_ERROR"),
    ],
)
async def test_what_is_logged_of_a_call(
    script: Script, status: int, body: Body, outcome: CallOutcome, code: str
) -> None:
    calls: list[CallRecord] = []
    script.say(body, status=status)
    with pytest.raises(PortalError):
        await replace(script.client, on_call=calls.append).call("some.method")
    assert (calls[0].method, calls[0].outcome, calls[0].code, calls[0].status) == ("some.method", outcome, code, status)
