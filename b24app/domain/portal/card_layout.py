"""The saved view of a CRM card and our section in it: how it stands, what would be added, how it is taken back.

A view is saved for everybody ("common") or for one person, who then sees no other. Where nobody ever saved one, the
portal shows every field by itself. A saved view can only be replaced whole, so what an administrator arranged goes
back unchanged, with our section behind it, and never without being asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

SECTION = "b24app_client_link"
"""Our section's name, by which it is found again whatever it is called."""

ALWAYS = 1  # a box that is not ticked counts as empty

Option = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Element:
    """A field in a section. `flags`: the portal's, 1 shows it empty too. `caption`: another name somebody gave it; the
    portal tells it but takes none back."""

    name: str
    flags: int = 0
    options: tuple[Option, ...] = ()
    caption: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class LayoutSection:
    """`plain`: the portal takes it back; some it only tells of."""

    name: str
    title: str
    elements: tuple[Element, ...]
    plain: bool = True


CardLayout = tuple[LayoutSection, ...]
"""Empty: nobody saved one."""


@dataclass(frozen=True, slots=True, order=True)
class LayoutKey:
    """One card that has a view of its own: `contact`, `company`, a deal by its funnel, a lead by its kind (1 simple,
    2 repeated)."""

    entity: str
    variant: int = 0

    def __str__(self) -> str:
        return f"{self.entity}:{self.variant}" if self.variant else self.entity


class FieldsShown(StrEnum):
    """How our fields stand in the common view of a card."""

    BY_ITSELF = "by_itself"  # nobody saved a view: every field is shown
    PLACED = "placed"  # somebody put them where they wanted them
    OURS = "ours"  # in our section, at least one of them
    HIDDEN = "hidden"  # not all are there
    LOCKED = "locked"  # not all are there, and the portal would not take this view back


class Undone(StrEnum):
    """How our section was taken back."""

    RESTORED = "restored"  # nobody has changed the view since: it is as it was
    REMOVED = "removed"  # somebody has: only what is ours went
    RESET = "reset"  # nothing else was left in it: back to the portal's own view
    ABSENT = "absent"  # somebody was faster


@dataclass(frozen=True, slots=True)
class LayoutState:
    """`missing`: those of our fields that are not in the view, in our order."""

    shown: FieldsShown
    missing: tuple[str, ...] = ()


def layout_state(layout: CardLayout, ours: Sequence[str]) -> LayoutState:
    """How a card's common view shows our fields."""
    if not layout:
        return LayoutState(FieldsShown.BY_ITSELF)
    missing = tuple(name for name in ours if name not in names(layout))
    if missing:
        takes_back = all(section.plain for section in layout)
        return LayoutState(FieldsShown.HIDDEN if takes_back else FieldsShown.LOCKED, missing)
    return LayoutState(FieldsShown.OURS if _own(layout, ours) else FieldsShown.PLACED)


def added(layout: CardLayout, ours: Sequence[str], title: str) -> CardLayout:
    """The view with our section in it, holding what is shown nowhere yet; the same where there is nothing to add."""
    found = layout_state(layout, ours)
    if found.shown is not FieldsShown.HIDDEN:
        return layout
    fresh = tuple(Element(name, ALWAYS) for name in found.missing)
    if any(section.name == SECTION for section in layout):
        return tuple(replace(one, elements=one.elements + fresh) if one.name == SECTION else one for one in layout)
    return (*layout, LayoutSection(SECTION, title, fresh))


def remembered(layout: CardLayout, former: CardLayout, written: CardLayout) -> CardLayout:
    """What to go back to once our section is added to `layout`; empty: unknown.

    `former`, `written`: what was remembered at the last addition, where it still stands. A section that is only
    completed goes back to what was before it, unless somebody changed the view since.
    """
    if not any(section.name == SECTION for section in layout):
        return layout
    return former if layout == written else ()


def taken_back(
    layout: CardLayout, ours: Collection[str], former: CardLayout, written: CardLayout
) -> tuple[Undone, CardLayout]:
    """How to take our section out of the view as it is now, and what to write; nothing for RESET and ABSENT.

    A field of somebody else's that was put into our section stays there.
    """
    if not any(section.name == SECTION for section in layout):
        return Undone.ABSENT, ()
    if former and layout == written:
        return Undone.RESTORED, former
    left = tuple(_without(layout, ours))
    return (Undone.REMOVED, left) if left else (Undone.RESET, ())


def names(layout: CardLayout) -> frozenset[str]:
    """All fields of a view."""
    return frozenset(element.name for section in layout for element in section.elements)


def renamed(layout: CardLayout) -> tuple[str, ...]:
    """Captions that get lost when the view is written: those given to the portal's own fields."""
    elements = (element for section in layout for element in section.elements)
    return tuple(one.caption for one in elements if one.caption and not one.name.startswith("UF_"))


def mark(layout: CardLayout) -> str:
    """Short, equal for equal views: what a person looked at before pressing."""
    return hashlib.sha256(repr([_comparable(one) for one in layout]).encode()).hexdigest()[:16]


def _comparable(one: LayoutSection) -> tuple[object, ...]:
    return one.name, one.title, one.plain, [(e.name, e.flags, e.options) for e in one.elements]


def _own(layout: CardLayout, ours: Collection[str]) -> bool:
    return any(one.name == SECTION and names((one,)) & set(ours) for one in layout)


def _without(layout: CardLayout, ours: Collection[str]) -> Iterable[LayoutSection]:
    for section in layout:
        if section.name != SECTION:
            yield section
        elif kept := tuple(one for one in section.elements if one.name not in ours):
            yield replace(section, elements=kept)
