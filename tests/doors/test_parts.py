"""Doors mirror rooms: each thing of app.yaml has one owner, each part a feature, each place a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pkgutil import iter_modules

import pytest

import b24app
from b24app.features import PRODUCT
from b24app.manifest import Manifest
from b24app.plug import Feature
from b24app.settings import ROOT
from placements import PARTS
from placements.part import Area
from placements.words import REFUSED

NAMES = [feature.name for feature in PRODUCT.features]


def once(codes: Iterable[str]) -> set[str]:
    counted = Counter(codes)
    assert set(counted.values()) <= {1}, counted
    return set(counted)


def test_each_room_hands_in_its_feature() -> None:
    packages = [one.name for one in iter_modules(b24app.__path__) if one.ispkg]
    rooms = {name for name in packages if (ROOT / "b24app" / name / "feature.py").exists()}
    assert rooms == once(NAMES)
    with_journeys = {name for name in packages if (ROOT / "b24app" / name / "journeys").is_dir()}
    assert with_journeys == rooms, "a room with journeys has a feature"


@pytest.mark.parametrize("what", ["fields", "placements", "scopes", "modes", "events"])
def test_each_thing_of_the_manifest_is_owned_by_one_feature(manifest: Manifest, what: str) -> None:
    wanted = set(manifest.events.values() if what == "events" else getattr(manifest, what))
    assert once(code for feature in PRODUCT.features for code in owned(feature, manifest, what)) == wanted


def owned(feature: Feature, manifest: Manifest, what: str) -> Iterable[str]:
    """A mode is owned by the feature of its name."""
    return [feature.name] if what == "modes" and feature.name in manifest.modes else getattr(feature, what, ())


def test_each_place_in_the_portal_has_a_page_of_its_owner(manifest: Manifest) -> None:
    paths = {code: place.path for code, place in manifest.placements.items()}
    for feature in PRODUCT.features:
        pages = [path for part in PARTS if part.name == feature.name for path in part.pages]
        assert once(pages) == {paths[code] for code in feature.placements}


def test_each_part_is_of_a_feature_and_stands_where_its_folders_do() -> None:
    assert once(part.name for part in PARTS) <= set(NAMES)
    for part in PARTS:
        assert part.words is None or part.words.__name__ == f"placements.{part.name}.words"
        for template in (*(template for _, template in part.settings), part.headline):
            assert not template or template.startswith(f"{part.name}/")
            assert (ROOT / "templates" / template).exists()


def test_what_a_feature_shows_in_the_settings_has_a_section_there() -> None:
    shown = {feature.name for feature in PRODUCT.features if feature.settings_view}
    assert {part.name for part in PARTS if part.settings} == shown
    page = (ROOT / "templates" / "main_content.html").read_text()
    assert all(f"sections('{area}')" in page for area in Area)


def test_no_call_and_no_refusal_is_given_twice() -> None:
    once(path for part in PARTS for path in part.calls)
    once([*REFUSED, *(code for part in PARTS for code in getattr(part.words, "REFUSED", {}))])
