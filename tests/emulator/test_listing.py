"""An app's card in the Market: how what its vendor entered is read, and which files it shows."""

from dataclasses import replace
from pathlib import Path

from b24app.demo.parties import VENDOR, listing
from b24app.manifest import Manifest
from emulator.face.pages.listing import Block, blocks, card, picture, text
from emulator.model.installs import Listing
from tests.emulator.aid import market_app


def test_a_description_is_headings_lists_and_paragraphs() -> None:
    assert blocks("For rental companies.\n\n## How\n1. Tick.\n2. Save.\n- free\n- open\n") == [
        Block("paragraph", ["For rental companies."]),
        Block("heading", ["How"]),
        Block("steps", ["Tick.", "Save."]),
        Block("points", ["free", "open"]),
    ]


def test_a_reader_of_another_language_reads_english() -> None:
    assert [text({"ru": "Цена", "en": "Price"}, lang) for lang in ("ru", "en", "de")] == ["Цена", "Price", "Price"]
    assert text({"ru": "Цена"}, "en") == "Цена"


def test_only_screenshots_of_the_readers_language_are_shown_and_no_other_file_is_given_out(tmp_path: Path) -> None:
    for name in ("ru-1.png", "ru-2.png", "en-1.png", "secret.txt"):
        (tmp_path / name).write_bytes(b"x")
    made = Listing({}, {}, {}, {}, {}, {}, screenshots=str(tmp_path))
    app = replace(market_app("http://app.example"), listing=made)
    shown = card(app, "ru")
    assert shown and [one.rpartition("/")[2] for one in shown.screenshots] == ["ru-1.png", "ru-2.png"]
    assert picture(app, "ru-1.png") and not picture(app, "secret.txt") and not picture(app, "icon")
    assert not picture(app, "../ru-1.png")
    away = card(replace(app, listing=replace(made, screenshots=str(tmp_path / "nothing"))), "ru")
    assert away and away.screenshots == []


def test_our_own_card_is_whole_in_each_language_and_gives_each_scope_its_reason(manifest: Manifest) -> None:
    ours = listing("https://app.example.com", VENDOR)
    entered = Listing(**ours)  # type: ignore[arg-type]
    assert set(entered.scopes) == set(manifest.scopes)
    texts = [entered.short, entered.description, entered.installation, entered.support, entered.price, entered.vendor]
    for one in (*texts, *entered.scopes.values()):
        assert set(one) == set(manifest.languages) and all(one.values())
    assert Path(entered.icon).exists()
