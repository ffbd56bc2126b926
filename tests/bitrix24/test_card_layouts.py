"""Saved views of cards as the portal tells and takes them, each funnel and kind of lead with its own."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.bitrix24 import card_layouts
from b24app.bitrix24.setup import Entity
from b24app.bitrix24.tokens import FixedToken
from b24app.domain.portal.card_layout import CardLayout, Element, LayoutKey, LayoutSection
from b24app.errors import AccessDenied, CallRefused
from emulator.crm.layouts import Variant
from tests.bitrix24.conftest import Rig

COMPANY = LayoutKey("company")
PHONE = Element("PHONE", 0, (("defaultCountry", "RU"),))
LAYOUT: CardLayout = (LayoutSection("main", "Main", (Element("TITLE", 1), PHONE)), LayoutSection("more", "More", ()))


@pytest.mark.parametrize("raw", [None, [], {}, False, ""])
def test_nothing_saved_is_told_in_many_ways(raw: object) -> None:
    assert card_layouts.parse(raw) == ()


def test_lists_with_gaps_come_as_maps() -> None:
    section = {"name": "main", "title": "Main", "type": "section", "elements": {"0": {"name": "A"}, "2": {"name": "B"}}}
    assert card_layouts.parse({"1": section}) == (LayoutSection("main", "Main", (Element("A"), Element("B"))),)


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "included_area"},
        {"title": None},
        {"name": ""},
        {"elements": [{"optionFlags": "1"}]},
        {"elements": [{"name": "A", "options": {"deep": {"er": 1}}}]},
    ],
)
def test_what_could_not_be_written_back_whole_is_marked(odd: dict[str, Any]) -> None:
    (section,) = card_layouts.parse([{"name": "main", "title": "Main", "type": "section", "elements": [], **odd}])
    assert not section.plain


def test_a_caption_is_read_and_never_written() -> None:
    element = {"name": "TITLE", "title": "Имя", "optionFlags": "1", "options": {"isPayButtonVisible": True}}
    (section,) = card_layouts.parse([{"name": "main", "title": "Main", "elements": [element]}])
    assert section.elements[0].caption == "Имя"
    (written,) = card_layouts.as_json((section,))[0]["elements"]
    assert written == {"name": "TITLE", "optionFlags": 1, "options": {"isPayButtonVisible": "true"}}


async def test_what_is_written_is_read_back(rig: Rig) -> None:
    await card_layouts.write(rig.client, COMPANY, LAYOUT)
    found = await card_layouts.read(rig.client, COMPANY)
    assert (found.common, found.personal) == (LAYOUT, ())
    assert found.captions["TITLE"] and "COMMENTS" in found.captions
    await card_layouts.reset(rig.client, COMPANY)
    assert await card_layouts.common(rig.client, [COMPANY]) == {COMPANY: ()}


async def test_every_funnel_and_kind_of_lead_has_its_own_view(rig: Rig) -> None:
    views = await card_layouts.layout_keys(rig.client, [Entity.DEAL, Entity.LEAD, Entity.COMPANY])
    funnels = [one.variant for one in views if one.entity == "deal"]
    assert sorted(funnels) == sorted(rig.portal.crm.books.categories)
    assert views[len(funnels) :] == [LayoutKey("lead", 1), LayoutKey("lead", 2), COMPANY]

    for view in (LayoutKey("deal", max(funnels)), LayoutKey("lead", 2)):
        await card_layouts.write(rig.client, view, LAYOUT)
    found = await card_layouts.common(rig.client, views)
    assert {view for view, layout in found.items() if layout} == {LayoutKey("deal", max(funnels)), LayoutKey("lead", 2)}
    assert rig.portal.crm.layouts.get(Variant(2, max(funnels)), "C", 0)


async def test_only_administrators_write_and_nobody_writes_nothing(rig: Rig) -> None:
    grant = rig.world.auth.issue(rig.installation, rig.portal.users[2])
    employee = rig.with_(keeper=FixedToken(grant.access_token))
    with pytest.raises(AccessDenied):
        await card_layouts.write(employee, COMPANY, LAYOUT)
    with pytest.raises(AccessDenied):
        await card_layouts.reset(employee, COMPANY)
    with pytest.raises(CallRefused):
        await card_layouts.write(rig.client, COMPANY, ())
