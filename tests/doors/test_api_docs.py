"""The pages about API and webhooks name every route, code, event type, state and header, and show each body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from b24app.delivery.webhooks import Message, headers
from b24app.domain import policy
from b24app.domain.delivery import schedule
from b24app.domain.delivery.news import News, event
from b24app.domain.verification.membership import State
from b24app.features import PRODUCT
from b24app.net.addresses import parsed
from b24app.settings import ROOT
from handlers.api import PROBLEMS, ROUTERS, build_api, problems
from tests.outside import Clock
from tests.stamp.product import PRODUCT as STAMPED

API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
WEBHOOKS = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([a-z_.]+)`\n(.*?)(?=^##)", WEBHOOKS, flags=re.MULTILINE | re.DOTALL))
"""What the page says of each event type."""
EXAMPLE = re.compile(r"^```json\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
EVERY_TYPE = pytest.mark.parametrize("news", PRODUCT.news.types.values(), ids=list(PRODUCT.news.types))
KINDS = {"string": str, "integer": int, "object": dict, "null": type(None)}


def test_every_file_of_routes_is_handed_in() -> None:
    files = (ROOT / "handlers" / "api").glob("*/[!_]*.py")
    modules = [import_module(f"handlers.api.{file.parent.name}.{file.stem}") for file in files]
    assert {module.router.tag for module in modules} == {routes.tag for routes in ROUTERS}


@pytest.mark.parametrize("path", sorted(build_api().openapi()["paths"]))
def test_every_route_is_described(path: str) -> None:
    assert path.removesuffix("/events").removesuffix("/deliveries") in API
    assert path.rpartition("/")[2] in API


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_code_is_listed(code: str) -> None:
    assert f"`{code}`" in (WEBHOOKS if code.startswith("url_") else API)


def test_every_code_speaks_both_languages() -> None:
    for english, russian in PROBLEMS.values():
        assert english.isascii() or "“" in english
        assert any("а" <= letter <= "я" for letter in russian)


def test_two_texts_for_one_code_are_refused() -> None:
    with pytest.raises(ValueError, match="not_found"):
        problems.merged(problems.TEXTS, {"not_found": ("Gone.", "Пропало.")})


@pytest.mark.parametrize("word", [*PRODUCT.news.types, *schedule.DeliveryState, *schedule.Failure])
def test_every_word_of_a_delivery_is_explained(word: str) -> None:
    assert f"`{word}`" in WEBHOOKS


def test_the_page_has_a_section_for_each_type_there_is() -> None:
    assert set(SECTIONS) == set(PRODUCT.news.types)


@EVERY_TYPE
def test_the_page_shows_the_example(news: type[News]) -> None:
    (shown,) = EXAMPLE.findall(SECTIONS[news.TYPE])
    body = event(news.example(), portal="p_7hT2k9", randomness=bytes(16)).body
    assert json.loads(shown, object_pairs_hook=list) == json.loads(body, object_pairs_hook=list)


@EVERY_TYPE
def test_the_page_says_what_happened_and_explains_what_the_schema_names(news: type[News]) -> None:
    page = EXAMPLE.sub("", SECTIONS[news.TYPE])
    assert news.SENTENCE.en in page
    assert not [name for name in named(news.SCHEMA) if f"`{name}`" not in page and f'"{name}"' not in page]
    assert any("а" <= letter <= "я" for letter in news.SENTENCE.ru)


@pytest.mark.parametrize("news", STAMPED.news.types.values(), ids=list(STAMPED.news.types))
def test_the_example_is_as_the_schema_says(news: type[News]) -> None:
    assert list(wrong(news.SCHEMA, news.example().data(), "data")) == []


def named(schema: Any) -> Iterator[str]:
    """Every field and value that is known."""
    yield from schema.get("x-known-values", ())
    for name, field in schema.get("properties", {}).items():
        yield from (name, *named(field))


def wrong(schema: Any, value: Any, place: str) -> Iterator[str]:
    """Where a value is not as the schema says."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if type(value) not in [KINDS[kind] for kind in kinds]:
        yield f"{place} is no {kinds}"
    if isinstance(value, dict):
        if list(value) != schema["required"] or list(value) != list(schema["properties"]):
            yield f"{place} has other fields"
        for name, field in value.items():
            yield from wrong(schema["properties"][name], field, f"{place}.{name}")
    elif value is not None and value not in schema.get("x-known-values", [value]):
        yield f"{place} is not known"


@pytest.mark.parametrize("state", State)
def test_the_table_says_what_each_state_opens(state: State) -> None:
    (row,) = [line for line in API.splitlines() if line.startswith("|") and f"`{state}`" in line.split("|")[1]]
    assert [cell.strip() for cell in row.split("|")[2:-1]] == list(PRODUCT.policy.sections(state).values())


@pytest.mark.parametrize("section", policy.Section)
def test_every_section_is_in_the_table(section: policy.Section) -> None:
    assert section in API


def test_every_header_is_explained() -> None:
    message = Message(parsed("https://x.example", dev_mode=False), "evt_1", b"{}", (b"key",), 1, 1)
    for name in headers(message, Clock()()):
        assert not name.startswith("webhook-") or f"`{name}`" in WEBHOOKS
