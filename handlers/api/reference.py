"""The document that describes the client API: what FastAPI knows, and what it does not: webhooks, examples of every
answer, and the codes that each route may refuse with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from b24app.delivery.webhooks import Message, headers
from b24app.domain.delivery.news import News, event
from b24app.net.addresses import parsed
from handlers.api.common import CODES, Problem, Texts
from handlers.api.problems import MEDIA_TYPE, TITLES, body_of

PORTAL, RANDOMNESS = "p_7hT2k9", bytes.fromhex("9f1c3a5e7b8d4f60a2b4c6d8e0f1a3b5")
SAMPLE = {"limit": "N", "type": "order.paid", "known": "membership.moved", "until": "2026-11-23T10:30:00+00:00"}
"""What the texts of refusals are filled with."""
OF_A_KEY = {409: ("idempotency_key_in_progress", "idempotency_answer_lost"), 422: ("idempotency_key_reused",)}
JSON = "application/json"
_FASTAPIS = ("HTTPValidationError", "ValidationError")
WEBHOOKS = "Webhooks"
ABOUT_WEBHOOKS = """What we POST to your endpoint. Check the signature before you read the body, drop what you have seen
by `webhook-id`, store, answer any 2xx within 15 seconds, then work. Ten attempts over three days; 410 switches the
endpoint off."""
EXPLAINED: Mapping[str, str] = {
    "webhook-id": "The event's id, the same at every endpoint and in every attempt: deduplicate by it.",
    "webhook-timestamp": "Unix seconds of this attempt; refuse what is more than 5 minutes away.",
    "webhook-signature": "`v1,` and base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`; during a rotation two.",
    "webhook-sequence": "Your endpoint's own number, without gaps; pings have none.",
    "webhook-attempt": "1, 2, 3 …",
}


def document(api: FastAPI, texts: Texts, news: Mapping[str, type[News]]) -> dict[str, Any]:
    """OpenAPI 3.1. `texts`: of all refusals; `news`: types of webhooks by name."""
    made = get_openapi(
        title=api.title,
        version=api.version,
        description=api.description,
        routes=api.routes,
        tags=[*(api.openapi_tags or ()), {"name": WEBHOOKS, "description": ABOUT_WEBHOOKS}],
    )
    schemas = made["components"]["schemas"]
    for name in _FASTAPIS:
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {Problem.__name__: problem}
    for schema in schemas.values():
        if examples := schema.get("examples"):
            schema["examples"] = [_whole(one, schema, schemas) for one in examples]
    for path, methods in made["paths"].items():
        for operation in methods.values():
            _operation(operation, path, schemas, texts)
    made["webhooks"] = {name: {"post": _webhook(one)} for name, one in news.items()}
    told: dict[str, Any] = _plain(made)
    return told


def _operation(operation: dict[str, Any], path: str, schemas: Mapping[str, Any], texts: Texts) -> None:
    codes: dict[int, list[str]] = {401: ["key_missing_or_wrong"], 403: ["origin_not_allowed"]}
    for status, more in _usual(operation, path):
        codes.setdefault(status, []).extend(more)
    answers = operation["responses"]
    for status in [one for one in answers if CODES in answers[one]]:
        codes.setdefault(int(status), []).extend(answers[status][CODES])
    for status in [one for one in answers if int(one) >= 400]:
        del answers[status]  # FastAPI's own 422, and ours without their bodies
    for status, found in sorted(codes.items()):
        answers[str(status)] = _refusal(status, found, texts)
    for place in (operation.get("requestBody"), *(answers[one] for one in answers if int(one) < 300)):
        if place and JSON in place.get("content", {}):
            _example(place["content"][JSON], schemas)


def _usual(operation: Mapping[str, Any], path: str) -> Iterator[tuple[int, Sequence[str]]]:
    """What any route with such parameters may say."""
    names = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    if "{" in path:
        yield 404, ["not_found"]
    if "requestBody" in operation:
        yield 422, ["fields_wrong", "body_not_json"]
    elif names:
        yield 422, ["fields_wrong"]
    if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ())):
        yield from OF_A_KEY.items()
    yield 503, ["not_now"]


def _refusal(status: int, codes: Sequence[str], texts: Texts) -> dict[str, Any]:
    examples = {code: {"summary": texts[code][0], "value": body_of(code, status, texts, SAMPLE)} for code in codes}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
    return {
        "description": f"{TITLES[status][0]}: {', '.join(f'`{code}`' for code in codes)}",
        "content": {MEDIA_TYPE: content},
    }


def _example(content: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    name = content["schema"].get("$ref", "").rpartition("/")[2]
    if examples := schemas.get(name, {}).get("examples"):
        content["example"] = examples[0]


def _whole(value: Any, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """An example with its nulls, which FastAPI leaves out."""
    if value is None:
        return None
    options = [one for one in schema.get("anyOf", [schema]) if one != {"type": "null"}]
    named = options[0].get("$ref", "").rpartition("/")[2]
    meant = schemas[named] if named else options[0]
    if isinstance(value, list):
        return [_whole(one, meant["items"], schemas) for one in value]
    if not isinstance(value, dict) or "properties" not in meant:
        return value
    there = {*value, *meant.get("required", ())}
    return {name: _whole(value.get(name), one, schemas) for name, one in meant["properties"].items() if name in there}


def _webhook(news: type[News]) -> dict[str, Any]:
    sample = event(news.example(), portal=PORTAL, randomness=RANDOMNESS)
    body = json.loads(sample.body)
    sequence = None if news.UNASKED else 128
    message = Message(
        parsed("https://cabinet.example.com", dev_mode=False), sample.id, sample.body, (b"key",), sequence, 1
    )
    sent = {name: value for name, value in headers(message, sample.occurred_at).items() if name in EXPLAINED}
    return {
        "tags": [WEBHOOKS],
        "operationId": news.TYPE,
        "summary": news.SENTENCE.en,
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": EXPLAINED[name],
                "schema": {"type": "string"},
                "example": value,
            }
            for name, value in sent.items()
        ],
        "requestBody": {"required": True, "content": {JSON: {"schema": _body(news), "example": body}}},
        "responses": {
            "2XX": {"description": "You have it. Whatever stands behind the status is not read."},
            "410": {"description": "You want no more: the endpoint is switched off at once."},
            "default": {"description": "Tried again later, ten times over three days."},
        },
    }


def _body(news: type[News]) -> dict[str, Any]:
    kind = {"type": "string", "const": news.OBJECT}
    return {
        "type": "object",
        "properties": {
            "type": {"type": "string", "const": news.TYPE},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "portal": {"type": "string", "description": "As in `/me`."},
            "object": {"type": "object", "properties": {"kind": kind, "id": {"type": "string", "format": "uuid"}}},
            "object_version": {"type": "integer", "description": "Grows by one with each change of the object."},
            "previous_version": {"type": ["integer", "null"], "description": "The one you should have heard before."},
            "data": dict(news.SCHEMA),
        },
        "required": ["type", "timestamp", "portal", "object", "object_version", "previous_version", "data"],
    }


def _plain(node: Any) -> Any:
    """`integer or null` is one type with two names, and a parameter that may be left out is never null."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    node = {name: _plain(one) for name, one in node.items()}
    if node.get("in") in ("query", "header"):
        node["schema"] = _never_null(node["schema"])
    options = node.get("anyOf", [])
    kinds = [one for one in options if one != {"type": "null"}]
    if len(options) == 2 and len(kinds) == 1 and isinstance(kinds[0].get("type"), str):
        del node["anyOf"]
        return {**kinds[0], **node, "type": [kinds[0]["type"], "null"]}
    return node


def _never_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(kinds) == 1:
        return {**{name: value for name, value in schema.items() if name != "anyOf"}, **kinds[0]}
    return {**schema, "type": schema["type"][0]} if isinstance(schema.get("type"), list) else schema
