"""What numbers are called on pages."""

from b24app.i18n import Words
from b24app.plug import Health
from placements.words import Noted

FILED = {"stamps": "Numbers of cards"}
JOURNAL = {"mode_changed": Noted("Numbers of cards: %(was)s → %(became)s")}
STANDING = {"refused": "Cards without the number that they should have: %(cards)s"}


def health(text: Words, one: Health) -> str:
    return text.text(STANDING[one.code], **one.values)
