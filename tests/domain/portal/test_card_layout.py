"""Our section in a card's saved view: added without moving anything, taken back without undoing anybody's work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from b24app.domain.portal.card_layout import (
    ALWAYS,
    SECTION,
    CardLayout,
    Element,
    FieldsShown,
    LayoutKey,
    LayoutSection,
    LayoutState,
    Undone,
    added,
    layout_state,
    mark,
    remembered,
    renamed,
    taken_back,
)

CHECK, STATUS = "UF_CRM_B24APP_CHECK", "UF_CRM_B24APP_STATUS"
OURS = (CHECK, STATUS)
MAIN = LayoutSection("main", "О компании", (Element("TITLE", ALWAYS), Element("PHONE", options=(("a", "RU"),))))
MORE = LayoutSection("additional", "Дополнительно", (Element("COMMENTS"),))
BOTH = LayoutSection(SECTION, "Клиентский кабинет", (Element(CHECK, ALWAYS), Element(STATUS, ALWAYS)))
AREA = LayoutSection("area", "Область", (), plain=False)


def having(section: LayoutSection, *fields: str) -> LayoutSection:
    return replace(section, elements=section.elements + tuple(Element(one) for one in fields))


@pytest.mark.parametrize(
    ("layout", "shown", "missing"),
    [
        ((), FieldsShown.BY_ITSELF, ()),
        ((MAIN, MORE), FieldsShown.HIDDEN, OURS),
        ((MAIN, having(MORE, CHECK)), FieldsShown.HIDDEN, (STATUS,)),
        ((MAIN, having(MORE, STATUS, CHECK)), FieldsShown.PLACED, ()),
        ((MAIN, BOTH), FieldsShown.OURS, ()),
        ((having(MAIN, STATUS), replace(BOTH, elements=BOTH.elements[:1])), FieldsShown.OURS, ()),
        ((having(MAIN, *OURS), replace(BOTH, elements=(Element("WEB"),))), FieldsShown.PLACED, ()),
        ((MAIN, replace(BOTH, elements=BOTH.elements[:1])), FieldsShown.HIDDEN, (STATUS,)),
        ((MAIN, AREA), FieldsShown.LOCKED, OURS),
        ((having(MAIN, *OURS), AREA), FieldsShown.PLACED, ()),
    ],
)
def test_how_our_fields_stand(layout: CardLayout, shown: FieldsShown, missing: tuple[str, ...]) -> None:
    assert layout_state(layout, OURS) == LayoutState(shown, missing)


@pytest.mark.parametrize(
    ("layout", "fresh"),
    [
        ((MAIN, MORE), OURS),
        ((MAIN, having(MORE, STATUS)), (CHECK,)),  # the administrator's place for the other one is respected
    ],
)
def test_our_section_comes_behind_and_nothing_else_moves(layout: CardLayout, fresh: tuple[str, ...]) -> None:
    *before, ours = added(layout, OURS, "Client Link")
    assert tuple(before) == layout
    assert (ours.name, ours.title, tuple(one.name for one in ours.elements)) == (SECTION, "Client Link", fresh)
    assert all(one.flags == ALWAYS for one in ours.elements), "a box that is not ticked would not be shown"


@pytest.mark.parametrize("layout", [(), (MAIN, BOTH), (having(MAIN, *OURS), MORE), (MAIN, AREA)])
def test_there_may_be_nothing_to_add(layout: CardLayout) -> None:
    assert added(layout, OURS, "Client Link") == layout


def test_adding_twice_is_adding_once() -> None:
    once = added((MAIN, MORE), OURS, "Client Link")
    assert added(once, OURS, "Something else") == once


def test_a_section_that_lost_a_field_is_completed_where_it_stands() -> None:
    moved = (replace(BOTH, title="Кабинет", elements=(Element(CHECK), Element("WEB"))), MAIN)
    section, rest = added(moved, OURS, "Client Link")
    assert (section.title, [one.name for one in section.elements], rest) == ("Кабинет", [CHECK, "WEB", STATUS], MAIN)


FORMER: CardLayout = (MAIN, MORE)
WRITTEN: CardLayout = (MAIN, MORE, BOTH)


@pytest.mark.parametrize(
    ("now", "former", "undone", "left"),
    [
        (WRITTEN, FORMER, Undone.RESTORED, FORMER),
        ((MORE, MAIN, BOTH), FORMER, Undone.REMOVED, (MORE, MAIN)),  # somebody else changed it since
        ((having(MAIN, "WEB"), MORE, BOTH), FORMER, Undone.REMOVED, (having(MAIN, "WEB"), MORE)),
        (WRITTEN, (), Undone.REMOVED, FORMER),  # nobody knows what was before
        ((MAIN, having(BOTH, "WEB")), FORMER, Undone.REMOVED, (MAIN, replace(BOTH, elements=(Element("WEB"),)))),
        ((BOTH,), FORMER, Undone.RESET, ()),
        (FORMER, FORMER, Undone.ABSENT, ()),
        ((), FORMER, Undone.ABSENT, ()),
        ((having(MAIN, *OURS), MORE), FORMER, Undone.ABSENT, ()),  # their own place for our fields is theirs
    ],
)
def test_taking_it_back(now: CardLayout, former: CardLayout, undone: Undone, left: CardLayout) -> None:
    assert taken_back(now, OURS, former, WRITTEN) == (undone, left)


def test_adding_and_taking_back_is_nothing() -> None:
    layout = (MAIN, having(MORE, STATUS))
    new = added(layout, OURS, "Client Link")
    assert taken_back(new, OURS, remembered(layout, (), ()), new) == (Undone.RESTORED, layout)


@pytest.mark.parametrize(
    ("now", "kept"),
    [
        ((MORE, MAIN), (MORE, MAIN)),  # a new section: back to how it is now
        (WRITTEN, FORMER),  # completed, untouched since: back to before the first time
        ((MORE, MAIN, BOTH), ()),  # completed after somebody's changes: those must not be undone
    ],
)
def test_what_is_remembered(now: CardLayout, kept: CardLayout) -> None:
    assert remembered(now, FORMER, WRITTEN) == kept


def test_captions_that_would_get_lost() -> None:
    named = replace(MAIN, elements=(Element("TITLE", caption="Имя фирмы"), Element("UF_CRM_1", caption="Своё")))
    assert renamed((named, MORE)) == ("Имя фирмы",)
    assert named.elements[0] == Element("TITLE"), "a caption alone is no change of the view"


def test_a_mark_tells_views_apart() -> None:
    assert mark(FORMER) == mark((MAIN, MORE))
    assert len({mark(one) for one in ((), FORMER, (MORE, MAIN), WRITTEN, (replace(MAIN, title="x"), MORE))}) == 5


def test_views_are_named_by_their_card() -> None:
    assert [str(one) for one in (LayoutKey("contact"), LayoutKey("deal", 9), LayoutKey("deal"))] == [
        "contact",
        "deal:9",
        "deal",
    ]
