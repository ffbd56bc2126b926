"""The one card that `b24app doctor --with-test-card` writes into a portal: how it is called, and how the app knows it.

Its name ends in a code that only this deployment can make, so that no client's card is ever taken for it. A card of
this name that the app does not know is passed over: it makes no person, no membership and no news.
"""

from __future__ import annotations

FIRST = "Client Link"
LAST = {"ru": "проверочная карточка, можно удалить", "en": "test card, may be deleted"}
PURPOSE = "test card"
CODE = 16  # hex digits


def last_name(language: str, code: str) -> str:
    """In the portal's language where we speak it."""
    return f"{LAST.get(language, LAST['en'])} {code}"


def code_in(title: str) -> str:
    """What a card of this title would have to prove; empty for any other card."""
    code = title[-CODE:]
    return code if title.startswith(f"{FIRST} ") and title.removesuffix(f" {code}") in _TITLES else ""


_TITLES = frozenset(f"{FIRST} {last}" for last in LAST.values())
