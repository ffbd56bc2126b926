"""im.notify.* against api-reference/chats/notifications/*."""

from typing import Any

import pytest

from tests.emulator.aid import Caller


async def test_a_notice_lies_under_the_bell(caller: Caller) -> None:
    """im-notify-personal-add.md, im-notify-system-add.md."""
    params = {"USER_ID": 2, "MESSAGE": " Check [b]this[/b] ", "TAG": "check:1", "ATTACH": {"BLOCKS": []}}
    personal = (await caller.call("im.notify.personal.add", params)).result
    system = (await caller.call("im.notify.system.add", {"USER_ID": 2, "MESSAGE": "Quiet"})).result
    first, second = caller.portal.notifications
    assert (first.id, first.user_id, first.message, first.author_id) == (personal, 2, "Check [b]this[/b]", 1)
    assert (second.id, second.author_id, second.client_id) == (system, 0, caller.installation.app.client_id)


async def test_an_equal_tag_replaces(caller: Caller) -> None:
    for text in ("One", "Two"):
        await caller.call("im.notify", {"USER_ID": 2, "MESSAGE": text, "TAG": "same", "TYPE": "SYSTEM"})
    assert [note.message for note in caller.portal.notifications] == ["Two"]
    assert (await caller.call("im.notify.delete", {"TAG": "same"})).result is True
    assert caller.portal.notifications == []
    assert (await caller.call("im.notify.delete", {"TAG": "same"})).result is False


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"MESSAGE": "x"}, "USER_ID_EMPTY"),
        ({"USER_ID": -1, "MESSAGE": "x"}, "USER_ID_EMPTY"),
        ({"USER_ID": 2, "MESSAGE": "  "}, "MESSAGE_EMPTY"),
        ({"USER_ID": 2, "MESSAGE": "x", "ATTACH": "x" * 60_001}, "ATTACH_OVERSIZE"),
        ({"USER_ID": 2, "MESSAGE": "x", "ATTACH": "{"}, "ATTACH_ERROR"),
    ],
)
async def test_refusals(caller: Caller, params: dict[str, Any], code: str) -> None:
    assert (await caller.call("im.notify.system.add", params)).refusal == (400, code)


async def test_nobody_there_is_false(caller: Caller) -> None:
    assert (await caller.call("im.notify.system.add", {"USER_ID": 99, "MESSAGE": "x"})).result is False


async def test_deleting_wants_a_key(caller: Caller) -> None:
    assert (await caller.call("im.notify.delete", {})).refusal == (400, "PARAMS_ERROR")
