"""What numbers are called on pages."""

FILED = {"stamps": "Numbers of cards"}
