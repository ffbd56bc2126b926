"""What numbers are called on pages."""

from placements.words import Noted

FILED = {"stamps": "Numbers of cards"}
JOURNAL = {"mode_changed": Noted("Numbers of cards: %(was)s → %(became)s")}
