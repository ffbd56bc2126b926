"""The pages about API and webhooks name every route, code, event type, state and header there is."""

from __future__ import annotations

import pytest

from b24app.delivery.webhooks import Message, headers
from b24app.domain import policy
from b24app.domain.delivery import schedule
from b24app.features import NEWS
from b24app.net.addresses import parsed
from b24app.settings import ROOT
from handlers.api import PROBLEMS, build_api, problems
from tests.outside import Clock

API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
WEBHOOKS = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")


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


@pytest.mark.parametrize("word", [*NEWS.types, *schedule.DeliveryState, *schedule.Failure])
def test_every_word_of_a_delivery_is_explained(word: str) -> None:
    assert f"`{word}`" in WEBHOOKS


@pytest.mark.parametrize("section", policy.Section)
def test_every_section_is_in_the_table(section: policy.Section) -> None:
    assert section in API


def test_every_header_is_explained() -> None:
    message = Message(parsed("https://x.example", dev_mode=False), "evt_1", b"{}", (b"key",), 1, 1)
    for name in headers(message, Clock()()):
        assert not name.startswith("webhook-") or f"`{name}`" in WEBHOOKS
