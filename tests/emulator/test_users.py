"""user.*, department.get against api-reference/user/*, departments/department-get.md."""

from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.model.people import Department, User
from tests.emulator.aid import Caller


@pytest.fixture
async def staff(caller: Caller) -> Caller:
    caller.portal.departments[2] = Department(2, "Moscow", parent=1, head=3)
    caller.portal.users[3] = User(3, "Clara", "Ek", departments=[2], work_position="Head", online=False)
    caller.portal.users[4] = User(4, "Dan", "Frost", departments=[2], active=False, phone="+7 900")
    return caller


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["1", "2", "3", "4"]),
        ({"FILTER": {"ACTIVE": True}}, ["1", "2", "3"]),
        ({"filter": {"ACTIVE": "Y", "UF_DEPARTMENT": 2}}, ["3"]),
        ({"FILTER": {"ID": [3, 4]}}, ["3", "4"]),
        ({"FILTER": {"@ID": [4]}}, ["4"]),
        ({"FILTER": {"NAME": "clara"}}, ["3"]),
        ({"FILTER": {"%LAST_NAME": "ro"}}, ["4"]),
        ({"FILTER": {"IS_ONLINE": "N"}}, ["3"]),
        ({"FILTER": {"NAME_SEARCH": "head"}}, ["3"]),
        ({"FILTER": {"USER_TYPE": "extranet"}}, []),
        ({"ID": 2}, ["2"]),
        ({"sort": "NAME", "order": "DESC"}, ["4", "3", "2", "1"]),
    ],
)
async def test_people_are_found(staff: Caller, params: dict[str, Any], found: list[str]) -> None:
    answer = await staff.call("user.get", params)
    assert [row["ID"] for row in answer.result] == found
    assert answer.body["total"] == len(found)


async def test_search_looks_everywhere(staff: Caller) -> None:
    """user-search.md, FIND."""
    answer = await staff.call("user.search", {"FILTER": {"FIND": "mosc"}})
    assert [row["ID"] for row in answer.result] == ["3", "4"]


async def test_a_person(staff: Caller) -> None:
    row = (await staff.call("user.get", {"FILTER": {"ID": 3}})).result[0]
    assert (row["ID"], row["ACTIVE"], row["UF_DEPARTMENT"], row["USER_TYPE"]) == ("3", True, [2], "employee")
    assert (row["SECOND_NAME"], row["WORK_POSITION"]) == ("", "Head")
    current = (await staff.as_user(2).call("user.current")).result
    assert (current["ID"], current["NAME"], current["EMAIL"]) == ("2", "Boris", "boris@example.com")
    selected = (await staff.call("user.get", {"FILTER": {"ID": 3}, "select": ["ID", "UF_*", "NOPE"]})).result[0]
    assert set(selected) == {"ID", "UF_DEPARTMENT", "UF_EMPLOYMENT_DATE"}


@pytest.mark.parametrize(("scope", "shown"), [("user_brief", False), ("user_basic", True), ("user", True)])
async def test_scopes_decide_what_is_seen(staff: Caller, scope: str, shown: bool) -> None:
    """user-scope.md: EMAIL is not in user_brief."""
    staff.installation.scope = frozenset({scope})
    assert ("EMAIL" in (await staff.call("user.current")).result) is shown


async def test_no_user_scope_no_people(staff: Caller) -> None:
    staff.installation.scope = frozenset({"crm"})
    assert (await staff.call("user.get")).refusal == (401, "insufficient_scope")


async def test_departments(staff: Caller) -> None:
    assert (await staff.call("department.get")).refusal == (401, "insufficient_scope")
    staff.installation.scope |= {"department"}
    answer = await staff.call("department.get", {"sort": "ID"})
    first, second = answer.result
    assert (first["ID"], first["SORT"], "PARENT" in first) == ("1", 500, False)
    assert second == {"ID": "2", "NAME": "Moscow", "SORT": 500, "PARENT": "1", "UF_HEAD": "3"}
    assert answer.body["total"] == 2
    for filter_ in ({"PARENT": 1}, {"NAME": "Moscow"}, {"UF_HEAD": 3}):
        assert [row["ID"] for row in (await staff.call("department.get", filter_)).result] == ["2"]
    assert (await staff.call("department.get", {"SORT": 7})).result == []


async def test_the_root_of_the_company_has_the_parent_0(staff: Caller) -> None:
    staff.installation.scope |= {"department"}
    for nothing in (0, "0"):
        assert [row["ID"] for row in (await staff.call("department.get", {"PARENT": nothing})).result] == ["1"]


async def test_departments_are_paged_by_start_in_any_letters(staff: Caller) -> None:
    """department-get.md writes START, list-methods-pecularities.md start."""
    staff.installation.scope |= {"department"}
    staff.portal.departments |= {number: Department(number, f"D{number}", parent=1) for number in range(3, 60)}
    for name in ("START", "start"):
        answer = await staff.call("department.get", {"sort": "ID", name: 50})
        assert [row["ID"] for row in answer.result] == [str(number) for number in range(51, 60)]
    assert staff.emulator.world.warnings == []


async def test_dates_that_php_keeps_as_objects_print_empty_in_lists(staff: Caller) -> None:
    """user-get.md, example: `"TIMESTAMP_X": {}`, `"LAST_ACTIVITY_DATE": {}`; user-current.md shows a text."""
    staff.user.registered = staff.user.last_activity = datetime(2024, 7, 23, 5, 8, 50, tzinfo=UTC)
    text = (await staff.call("user.get", {"ID": 1})).text
    assert '"TIMESTAMP_X":{}' in text
    assert '"LAST_ACTIVITY_DATE":{}' in text
    for name in ("TIMESTAMP_X", "LAST_ACTIVITY_DATE"):
        late = {"FILTER": {f">{name}": "2024-07-23T00:00:00+03:00"}, "sort": name, "order": "DESC"}
        assert [row["ID"] for row in (await staff.call("user.get", late)).result] == ["1"]
        assert len((await staff.call("user.get", {"sort": name})).result) == 4
    current = (await staff.call("user.current")).result
    assert current["LAST_ACTIVITY_DATE"] == "2024-07-23 08:08:50"
    assert current["TIMESTAMP_X"] == "23.07.2024 08:08:50"
