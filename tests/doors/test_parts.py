"""Doors mirror rooms: each thing of app.yaml has one owner, each part a feature, each place a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pkgutil import iter_modules

import pytest

import b24app
from b24app.features import PRODUCT
from b24app.manifest import Manifest, read_manifest
from b24app.plug import Feature, Product
from b24app.settings import ROOT
from placements import PARTS, mode
from placements.part import Part
from placements.words import REFUSED
from tests.stamp import product as stamped
from tests.stamp.doors import DOORS


@dataclass(frozen=True, slots=True)
class Built:
    """The app, by itself or with the sample feature of the tests."""

    product: Product
    parts: tuple[Part, ...]
    manifest: Manifest

    @property
    def names(self) -> list[str]:
        return [feature.name for feature in self.product.features]


OURS = Built(PRODUCT, PARTS, read_manifest(ROOT / "app.yaml"))
EACH = pytest.mark.parametrize(
    "built", [OURS, Built(stamped.PRODUCT, DOORS.parts, stamped.manifest())], ids=["ours", "with the sample"]
)


def once(codes: Iterable[str]) -> set[str]:
    counted = Counter(codes)
    assert set(counted.values()) <= {1}, counted
    return set(counted)


def test_each_room_hands_in_its_feature() -> None:
    packages = [one.name for one in iter_modules(b24app.__path__) if one.ispkg]
    rooms = {name for name in packages if (ROOT / "b24app" / name / "feature.py").exists()}
    assert rooms == once(OURS.names)
    with_journeys = {name for name in packages if (ROOT / "b24app" / name / "journeys").is_dir()}
    assert with_journeys == rooms, "a room with journeys has a feature"


@EACH
@pytest.mark.parametrize("what", ["fields", "placements", "scopes", "modes", "events"])
def test_each_thing_of_the_manifest_is_owned_by_one_feature(built: Built, what: str) -> None:
    manifest = built.manifest
    wanted = set(manifest.events.values() if what == "events" else getattr(manifest, what))
    assert once(code for feature in built.product.features for code in owned(feature, manifest, what)) == wanted


def owned(feature: Feature, manifest: Manifest, what: str) -> Iterable[str]:
    """A mode is owned by the feature of its name."""
    return [feature.name] if what == "modes" and feature.name in manifest.modes else getattr(feature, what, ())


@EACH
def test_each_place_in_the_portal_has_a_page_of_its_owner(built: Built) -> None:
    paths = {code: place.path for code, place in built.manifest.placements.items()}
    for feature in built.product.features:
        pages = [path for part in built.parts if part.name == feature.name for path in part.pages]
        assert once(pages) == {paths[code] for code in feature.placements}


@EACH
def test_each_part_is_of_a_feature_and_stands_where_its_folders_do(built: Built) -> None:
    assert once(part.name for part in built.parts) <= set(built.names)
    for part in built.parts:
        assert part.words is None or part.words.__name__ in (
            f"placements.{part.name}.words",
            f"tests.{part.name}.words",
        )
        pages = [template for page in part.settings for template in (*page.sections, *page.folded)]
        for template in (*pages, part.desk, part.card):
            assert not template or template.startswith(f"{part.name}/")
            assert ((part.templates or ROOT / "templates") / template).exists()


@EACH
def test_what_a_feature_shows_has_a_section_in_the_settings_and_lines_in_the_card_tab(built: Built) -> None:
    features = built.product.features
    assert {part.name for part in built.parts if part.settings} == {one.name for one in features if one.settings_view}
    assert {part.name for part in built.parts if part.card} == {one.name for one in features if one.card_view}
    assert {part.name for part in built.parts if part.desk} == {one.name for one in features if one.desk}
    once(page.slug for part in built.parts for page in part.settings)


@EACH
def test_each_switch_has_its_line_in_the_journal(built: Built) -> None:
    features = {name for part in built.parts for call in part.calls.values() if (name := switched_by(call))}
    assert features == {part.name for part in built.parts if "mode_changed" in getattr(part.words, "JOURNAL", {})}


def switched_by(call: object) -> str:
    """The feature whose mode it switches, or nothing."""
    switch = mode.switch("any")
    assert isinstance(switch, partial)
    return call.args[0] if isinstance(call, partial) and call.func is switch.func else ""


@EACH
def test_no_call_and_no_refusal_is_given_twice(built: Built) -> None:
    once(path for part in built.parts for path in part.calls)
    once([*REFUSED, *(code for part in built.parts for code in getattr(part.words, "REFUSED", {}))])
