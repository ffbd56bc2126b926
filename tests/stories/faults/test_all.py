"""No switch of the emulator's control door without a story and a place in docs/what-goes-wrong.md."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module

from b24app.settings import ROOT
from emulator.face.control import ACTIONS
from tests import stories
from tests.stories.differences.switches import LIFE, PROVEN, TOOLS, every_difference, every_switch

PAGE = ROOT / "docs" / "what-goes-wrong.md"


def test_every_switch_has_a_story() -> None:
    for module in pkgutil.walk_packages(stories.__path__, f"{stories.__name__}."):
        import_module(module.name)
    assert every_switch() | every_difference() == PROVEN


def test_every_switch_is_explained_to_people() -> None:
    small = re.findall(r"<sub>(.*?)</sub>", " ".join(PAGE.read_text("utf-8").split()))
    named = [code for line in small for code in line.split(" · ")]
    differences = {code for code in named if code.startswith("differences ")}
    assert sorted(set(named)) == sorted(named)
    assert differences <= every_difference(), "most of them nobody sees"
    assert set(named) - differences == every_switch()


def test_every_action_of_the_door_is_a_switch_or_a_tool() -> None:
    switches = {code.partition(" ")[0] for code in LIFE}
    assert sorted([*switches, *TOOLS]) == sorted(ACTIONS)
