"""batch: settings/how-to-call-rest-api/batch.md, and the portal's own rest_provider.php where the page is silent."""

from urllib.parse import urlencode

from tests.emulator.aid import Caller, asked


async def test_named_commands_and_their_references(caller: Caller) -> None:
    cmd = {
        "me": "profile",
        "mine": "user.access?ACCESS[]=U$result[me][ID]",
        "set": "app.option.set?"
        + urlencode({"options[typed]": "$result[me][ADMIN]", "options[text]": "is $result[me][ID]"}),
    }
    answer = (await caller.call("batch", {"cmd": cmd, "halt": 0})).result
    assert answer["result"]["me"]["ID"] == "1"
    assert answer["result"]["mine"] is True
    assert caller.installation.options == {"typed": True, "text": "is 1"}
    assert set(answer["result_time"]) == {"me", "mine", "set"}
    assert (answer["result_error"], answer["result_total"], answer["result_next"]) == ([], [], [])


async def test_an_unresolvable_path_leaves_the_deepest_value(caller: Caller) -> None:
    cmd = {
        "me": "profile",
        "set": "app.option.set?"
        + urlencode({"options[deep]": "$result[me][NAME][more]", "options[none]": "$result[nobody][ID]"}),
    }
    await caller.call("batch", {"cmd": cmd})
    assert caller.installation.options["deep"] == "Anna"
    assert set(caller.installation.options["none"]) == {"me"}


async def test_numbered_commands_come_back_as_a_list(caller: Caller) -> None:
    as_map = (await caller.call("batch", {"cmd": {"0": "profile", "1": "user.admin"}})).result
    as_list = (await caller.call("batch", {"cmd": ["profile", "user.admin"]})).result
    assert isinstance(as_map["result"], list)
    assert as_map["result"] == as_list["result"]
    assert as_map["result"][1] is True


async def test_errors_stand_by_command_and_halt_stops(caller: Caller) -> None:
    caller.installation.scope = frozenset({"crm"})
    cmd = {"a": "placement.list", "b": "profile", "c": "no.such"}
    answer = await caller.call("batch", {"cmd": cmd})
    assert answer.status == 200
    assert answer.result["result_error"]["a"]["error"] == "insufficient_scope"
    assert answer.result["result_error"]["c"] == {
        "error": "ERROR_METHOD_NOT_FOUND",
        "error_description": "Method not found!",
    }
    assert set(answer.result["result_time"]) == {"b"}
    halted = (await caller.call("batch", {"cmd": cmd, "halt": 1})).result
    assert halted["result"] == []
    assert set(halted["result_error"]) == {"a"}


async def test_fifty_are_done_and_the_rest_refused_one_by_one(caller: Caller) -> None:
    cmd = {f"c{number}": "user.admin" for number in range(52)}
    answer = (await caller.call("batch", {"cmd": cmd})).result
    assert len(answer["result"]) == 50
    assert set(answer["result_error"]) == {"c50", "c51"}
    assert answer["result_error"]["c50"]["error"] == "ERROR_BATCH_LENGTH_EXCEEDED"


async def test_nested_batches_are_refused(caller: Caller) -> None:
    answer = (await caller.call("batch", {"cmd": {"in": "batch?cmd[a]=profile"}})).result
    assert answer["result_error"]["in"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


async def test_a_form_encoded_batch(caller: Caller) -> None:
    data = {"auth": caller.token(), "cmd[me]": "profile", "halt": "0"}
    answer = await asked(caller.session, "POST", f"{caller.portal.url}/rest/batch.json", data=data)
    assert answer.result["result"]["me"]["NAME"] == "Anna"


async def test_a_batch_is_one_request_for_the_bucket_and_many_for_operating(caller: Caller) -> None:
    meters = caller.emulator.world.meters
    caller.emulator.world.faults.operating_cost["profile"] = 100.0
    await caller.call("batch", {"cmd": {f"c{number}": "profile" for number in range(5)}})
    assert meters.requests == {("first", "batch"): 1}
    assert meters.commands["first", "profile"] == 5
    blocked = (await caller.call("batch", {"cmd": {"a": "profile", "b": "user.admin"}})).result
    assert blocked["result_error"]["a"]["error"] == "OPERATION_TIME_LIMIT"
    assert blocked["result"] == {"b": True}
