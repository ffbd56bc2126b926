"""Our section in a card's saved view: added without moving anything, taken back without undoing anybody's work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from b24app.domain.portal.card_layout import (
    ALWAYS,
    SECTION,
    CardView,
    Element,
    Layout,
    Section,
    Shown,
    Standing,
    Undone,
    added,
    mark,
    remembered,
    renamed,
    standing,
    taken_back,
)

CHECK, STATUS = "UF_CRM_B24APP_CHECK", "UF_CRM_B24APP_STATUS"
OURS = (CHECK, STATUS)
MAIN = Section("main", "О компании", (Element("TITLE", ALWAYS), Element("PHONE", options=(("a", "RU"),))))
MORE = Section("additional", "Дополнительно", (Element("COMMENTS"),))
BOTH = Section(SECTION, "Клиентский кабинет", (Element(CHECK, ALWAYS), Element(STATUS, ALWAYS)))
AREA = Section("area", "Область", (), plain=False)


def having(section: Section, *fields: str) -> Section:
    return replace(section, elements=section.elements + tuple(Element(one) for one in fields))


@pytest.mark.parametrize(
    ("layout", "shown", "missing"),
    [
        ((), Shown.BY_ITSELF, ()),
        ((MAIN, MORE), Shown.HIDDEN, OURS),
        ((MAIN, having(MORE, CHECK)), Shown.HIDDEN, (STATUS,)),
        ((MAIN, having(MORE, STATUS, CHECK)), Shown.PLACED, ()),
        ((MAIN, BOTH), Shown.OURS, ()),
        ((having(MAIN, STATUS), replace(BOTH, elements=BOTH.elements[:1])), Shown.OURS, ()),
        ((having(MAIN, *OURS), replace(BOTH, elements=(Element("WEB"),))), Shown.PLACED, ()),
        ((MAIN, replace(BOTH, elements=BOTH.elements[:1])), Shown.HIDDEN, (STATUS,)),
        ((MAIN, AREA), Shown.LOCKED, OURS),
        ((having(MAIN, *OURS), AREA), Shown.PLACED, ()),
    ],
)
def test_how_our_fields_stand(layout: Layout, shown: Shown, missing: tuple[str, ...]) -> None:
    assert standing(layout, OURS) == Standing(shown, missing)


@pytest.mark.parametrize(
    ("layout", "fresh"),
    [
        ((MAIN, MORE), OURS),
        ((MAIN, having(MORE, STATUS)), (CHECK,)),  # the administrator's place for the other one is respected
    ],
)
def test_our_section_comes_behind_and_nothing_else_moves(layout: Layout, fresh: tuple[str, ...]) -> None:
    *before, ours = added(layout, OURS, "Client Link")
    assert tuple(before) == layout
    assert (ours.name, ours.title, tuple(one.name for one in ours.elements)) == (SECTION, "Client Link", fresh)
    assert all(one.flags == ALWAYS for one in ours.elements), "a box that is not ticked would not be shown"


@pytest.mark.parametrize("layout", [(), (MAIN, BOTH), (having(MAIN, *OURS), MORE), (MAIN, AREA)])
def test_there_may_be_nothing_to_add(layout: Layout) -> None:
    assert added(layout, OURS, "Client Link") == layout


def test_adding_twice_is_adding_once() -> None:
    once = added((MAIN, MORE), OURS, "Client Link")
    assert added(once, OURS, "Something else") == once


def test_a_section_that_lost_a_field_is_completed_where_it_stands() -> None:
    moved = (replace(BOTH, title="Кабинет", elements=(Element(CHECK), Element("WEB"))), MAIN)
    section, rest = added(moved, OURS, "Client Link")
    assert (section.title, [one.name for one in section.elements], rest) == ("Кабинет", [CHECK, "WEB", STATUS], MAIN)


FORMER: Layout = (MAIN, MORE)
WRITTEN: Layout = (MAIN, MORE, BOTH)


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
def test_taking_it_back(now: Layout, former: Layout, undone: Undone, left: Layout) -> None:
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
def test_what_is_remembered(now: Layout, kept: Layout) -> None:
    assert remembered(now, FORMER, WRITTEN) == kept


def test_captions_that_would_get_lost() -> None:
    named = replace(MAIN, elements=(Element("TITLE", caption="Имя фирмы"), Element("UF_CRM_1", caption="Своё")))
    assert renamed((named, MORE)) == ("Имя фирмы",)
    assert named.elements[0] == Element("TITLE"), "a caption alone is no change of the view"


def test_a_mark_tells_views_apart() -> None:
    assert mark(FORMER) == mark((MAIN, MORE))
    assert len({mark(one) for one in ((), FORMER, (MORE, MAIN), WRITTEN, (replace(MAIN, title="x"), MORE))}) == 5


def test_views_are_named_by_their_card() -> None:
    assert [str(one) for one in (CardView("contact"), CardView("deal", 9), CardView("deal"))] == [
        "contact",
        "deal:9",
        "deal",
    ]
