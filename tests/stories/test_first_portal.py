"""The record of a portal: nothing where it is as documented, each known difference by name, and no value of anybody."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import pytest

from b24app.domain import portal_record
from b24app.journeys import recording
from emulator.crm.entities import Entity
from emulator.crm.layouts import COMMON, Variant
from tests.stories.scene import COMPANY, CONTACT
from tests.world import World

VIEW = [{"name": "main", "title": "Главное", "type": "section", "elements": [{"name": "NAME", "optionFlags": 1}]}]
REWRITE = "B24APP_REWRITE_SHAPES"


async def lived_in(world: World) -> None:
    """A portal with what records have to have seen: full and empty, linked and alone, decided and not."""
    company, empty = world.add_company(), world.add_company("7717")
    world.add_contact(company, empty)
    person = world.add_contact(company, name="Вера")
    world.add_contact(name="Пётр", last_name="")
    filled = world.add_requisite(COMPANY, company, RQ_KPP="771701001")
    world.add_requisite(CONTACT, person, inn="")
    await world.install()
    world.tick(CONTACT, person)
    await world.settle()
    world.tick_by_robot(COMPANY, empty)
    await world.settle()
    world.portal.crm.requisites.update(filled, {"RQ_KPP": "771701002"}, world.admin())
    world.portal.crm.layouts.set(Variant(3), COMMON, world.admin().id, VIEW)
    await world.settle()
    world.pass_time(days=1)
    world.add_requisite(COMPANY, empty, inn="BY 1234-X", RQ_KPP="none", ACTIVE="N")
    for entity in (Entity.DEAL, Entity.LEAD):
        world.portal.crm.add(entity, {"TITLE": "Аренда"}, world.admin())


async def recorded(world: World) -> Mapping[str, Any]:
    said = await recording.record(world.resources, await world.row())
    json.dumps(said)
    return said


async def test_a_portal_as_documented_has_no_difference_and_is_the_reference(world: World) -> None:
    await lived_in(world)
    said = await recorded(world)
    if os.environ.get(REWRITE):
        recording.REFERENCE.write_text(one_line_each(said["calls"]), "utf-8")
        recording.reference.cache_clear()
    known = portal_record.calls_as_json(recording.reference())
    assert said["calls"] == known, f"the emulator answers otherwise now: run once with {REWRITE}=1"
    assert said["differences"] == [] and "broken" not in said


def one_line_each(calls: Mapping[str, Mapping[str, Any]]) -> str:
    """A method a line, so that a change of one is read as one."""
    steps = []
    for step, methods in calls.items():
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in methods.items())
        steps.append(f" {json.dumps(step)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(steps) + "\n}\n"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"date_filter_zone": "digits"}, {"date_filter_zone = digits"}),
        ({"date_filter_zone": "nothing"}, {"date_filter_zone = nothing"}),
        ({"date_filter_zone": "everything"}, {"date_filter_zone = everything"}),
        ({"filter_drops_empty": True}, {"filter_drops_empty"}),
        ({"cursor_ignored": True}, {"cursor_ignored"}),
        ({"original_names_drop_system": True}, {"original_names_drop_system"}),
        ({"install_unfinished": True}, {"install_unfinished"}),
        ({"operating": "absent"}, {"operating = absent"}),
        ({"operating": "zero"}, {"operating = zero"}),
        ({"time_absent": True}, {"time_absent"}),
        ({"methods_missing": ["feature.get"]}, {"methods_missing = [feature.get]"}),
        ({"user_filter_flat": True}, {"user_filter_flat"}),
        ({"user_ids_numbers": True}, {"user_ids_numbers"}),
        ({"clock_shift": -420}, {"clock_shift = -420"}),
        ({"rows_empty": ["*"]}, {"rows_empty"}),
        ({"date_modified_null": ["*"]}, {"date_modified_null"}),
        ({"date_modified_blank": ["*"]}, {"date_modified_blank"}),
        ({"box_true": ["*"]}, {"box_true"}),
        ({"text_nul": ["*"]}, {"text_nul"}),
        ({"text_half_letter": ["*"]}, {"text_half_letter"}),
    ],
    ids=lambda given: "-".join(map(str, given)) if isinstance(given, dict) else "",
)
async def test_exactly_the_differences_that_are_on_are_named(
    world: World, given: Mapping[str, Any], told: set[str]
) -> None:
    await lived_in(world)
    world.portal.differences.change(given)
    world.installation().installed = "install_unfinished" not in given
    said = await recorded(world)
    assert {one.switch for one in recording.differences_of(said)} == told
    world.emulator.world.warnings.clear()  # an empty condition is sent on purpose
